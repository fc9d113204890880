"""Certificates that expire while the gateway runs: its own, and that of a signer of messages."""

import itertools
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.messages import signed_echo
from bench.faults.scene import scene
from bench.faults.standin import StandinProcess
from gateway.clock import SYSTEM_CLOCK
from gateway.demo.messages import AUDIENCE, PORTAL
from gateway.demo.signing import Signer
from gateway.exchange import Secret
from gateway.testkeys import LOCAL_NAMES, TestAuthority
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, deploy_lab
from tests.fixtures.standin import USERS

LIFE = timedelta(seconds=25)
"""Long enough for a gateway to start on a busy machine and serve for a while."""
TICKET_KEY = "0123456789ABCDEF"
SECRET = Secret(KEYSTORE_PASSWORD)
SIGNED_FOR = [f"F{number:03}" for number in range(50)]
"""Users of the assertions: each has one PassTicket a second, and some minutes' worth of them to take from."""


@dataclass
class Expiring:
    """An authority whose certificates live as long as they are told."""

    authority: TestAuthority = field(default_factory=lambda: TestAuthority(name="fault CA"))
    ends: datetime = field(default_factory=SYSTEM_CLOCK.now)
    """End of the latest certificate."""

    def store(self, name: str, life: timedelta, *, signing: bool) -> bytes:
        """Return PKCS#12 of a new one: a server's, or a signer's of messages."""
        self.ends = SYSTEM_CLOCK.now() + life
        return self.authority.issue(name, () if signing else LOCAL_NAMES, SECRET, life, signing=signing)

    def signer(self, life: timedelta) -> Signer:
        """Return a new signer of messages."""
        store = pkcs12.load_pkcs12(self.store("sender", life, signing=True), KEYSTORE_PASSWORD.encode())
        assert store.cert is not None
        return Signer(store.key, store.cert.certificate)  # type: ignore[arg-type]  # our own keys are EC

    def write_ca(self, path: Path) -> None:
        """Write the authority's certificate, PEM."""
        path.write_bytes(self.authority.certificate.public_bytes(Encoding.PEM))

    def wait_until_expired(self) -> None:
        """Return when the latest certificate has ended."""
        while SYSTEM_CLOCK.now() <= self.ends:
            time.sleep(0.05)


def server_expired(pace: Pace) -> Ledger:
    keys = Expiring()

    def renew(home: Path, life: timedelta) -> None:
        new = home / "keystores/server.new"
        new.write_bytes(keys.store("server", life, signing=False))
        new.replace(home / "keystores/server.p12")

    def prepare(home: Path) -> None:
        keys.write_ca(home / "keystores/ca.pem")
        renew(home, LIFE)

    settings = {"server.keepalive_seconds": 0, "server.watch_seconds": 1}
    with scene(settings, prepare=prepare) as made:
        ledger = made.under(
            keys.wait_until_expired,
            lambda: renew(made.gateway.home, timedelta(days=1)),
            pace.seconds,
        )
    ledger.require("SSLCertVerificationError" in ledger.no_answer, "no caller met the expired certificate")
    return ledger


def signer_expired(pace: Pace) -> Ledger:
    keys = Expiring()

    def prepare(home: Path) -> None:
        keys.write_ca(home / "keystores/senders-ca.pem")
        security = {
            "token": "saml20",
            "signed": True,
            "signed_by": "sender",
            "trust": "chain",
            "truststore": {"path": "keystores/senders-ca.pem"},
            "issuers": [PORTAL],
            "audiences": [AUDIENCE],
        }
        settings = {f"security.{key}": value for key, value in security.items()}
        deploy_lab(home, "lab-signed", "SignedLabPort", settings)

    def standin(folder: Path) -> StandinProcess:
        users: dict[str, dict[str, str]] = {user: {} for user in SIGNED_FOR}
        tables = {"passtickets": {"IMSAPPL": {"key": TICKET_KEY}}, "users": {**USERS, **users}}
        return StandinProcess(folder, tables)

    with scene(prepare=prepare, standin=standin, bundle={"passticket.key": TICKET_KEY}) as made:
        signers = [keys.signer(timedelta(seconds=6))]
        in_turn = itertools.cycle(SIGNED_FOR)

        def mend() -> None:
            signers.append(keys.signer(timedelta(days=1)))

        ends = keys.ends
        ledger = made.under(
            keys.wait_until_expired,
            mend,
            pace.seconds,
            service="SignedLabPort",
            callers=2,
            make=lambda text: signed_echo(text, signers[-1], next(in_turn)),
        )
    ledger.require(bool(ledger.refused), "no message met the expired certificate")
    ledger.also["certificate_lived_seconds"] = 6
    ledger.require(ends < keys.ends, "the certificate was never renewed")
    return ledger


FAULTS = (
    Fault(
        "server-certificate-expired",
        "Callers refuse the old certificate; a new key store is taken into force by itself, no restart.",
        "The gateway's certificate ends while it runs; later a new key store stands in its place.",
        server_expired,
    ),
    Fault(
        "signer-certificate-expired",
        "From the moment a signer's certificate has ended its messages are refused, none is executed.",
        "The certificate of a sender of signed messages ends while it calls; later it signs with a new one.",
        signer_expired,
    ),
)
