"""A bundle tried out, address by address: connect, TLS, a sign of life, sign on without harm."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from gateway.bundles import connection_settings
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import Bundle
from gateway.errors import GatewayError
from gateway.imsconnect import (
    Connection,
    ConnectionSettings,
    Endpoint,
)
from gateway.preflight.own_sign_on import Guard, guarded, own_caller, sign_on
from gateway.tls import StoreError, backend_context, describe

TIMEOUT_MS: Final = 10_000
"""For each answer of IMS Connect."""
SIGN_ON: Final = "sign on"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried."""

    name: str
    """`connect`, `tls`, `ping` or `sign on`."""
    done: bool
    text: str
    """What was found, or what is wrong."""
    milliseconds: float
    skipped: bool = False
    """It was not tried, and `text` says why; that is no failure."""


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What a handshake agreed on, and what IMS Connect has shown."""

    version: str
    cipher: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Probed:
    """One address of a bundle, tried."""

    address: str
    """``host:port``."""
    steps: tuple[Step, ...]
    """In order; after one that failed there are none."""
    tls: TlsFacts | None = None

    @property
    def done(self) -> bool:
        """Whether everything went well."""
        return all(step.done or step.skipped for step in self.steps)

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        tls = self.tls
        return {
            "address": self.address,
            "done": self.done,
            "steps": [
                {
                    "name": one.name,
                    "done": one.done,
                    "skipped": one.skipped,
                    "text": one.text,
                    "milliseconds": one.milliseconds,
                }
                for one in self.steps
            ],
            "tls": None
            if tls is None
            else {
                "version": tls.version,
                "cipher": tls.cipher,
                "subject": tls.subject,
                "issuer": tls.issuer,
                "names": list(tls.names),
                "not_after": tls.not_after.isoformat(),
                "sha256": tls.sha256,
            },
        }


def probe(
    name: str,
    bundle: Bundle,
    guard: Guard,
    clock: Clock = SYSTEM_CLOCK,
    tell: Callable[[str, Step], None] = lambda *_: None,
) -> tuple[Probed, ...]:
    """Try every address of a bundle, one after the other; `tell` hears of each step as it ends.

    Does not raise for what it finds; StoreError for a store that cannot be used.
    """
    connect = bundle.ims_connect
    settings = connection_settings(name, connect, backend_context(connect.tls) if connect.tls else None)
    probed: list[Probed] = []
    for endpoint in settings.endpoints:
        # they share one RACF: a password that is wrong at one is wrong at all
        refused = any(
            step.name == SIGN_ON and not step.done and not step.skipped for one in probed for step in one.steps
        )
        probed.append(_Probe(name, settings, endpoint, bundle, clock, tell, guard, refused).run())
    return tuple(probed)


@dataclass(slots=True)
class _Probe:
    name: str
    settings: ConnectionSettings
    endpoint: Endpoint
    bundle: Bundle
    clock: Clock
    tell: Callable[[str, Step], None]
    guard: Guard
    refused: bool
    """The user was not accepted at another address."""
    steps: list[Step] = field(default_factory=list)
    tls: TlsFacts | None = None

    def run(self) -> Probed:
        examined = replace(self.endpoint, examine=self._examine) if self.endpoint.tls else self.endpoint
        connection: Connection | None = None
        with self._step("connect") as said:
            connection = Connection(replace(self.settings, endpoints=(examined,)), clock=self.clock)
            said.append("connected")
        if connection is not None:
            with connection:
                self._talk(connection)
        return Probed(str(self.endpoint), tuple(self.steps), self.tls)

    def _talk(self, connection: Connection) -> None:
        if self.tls is not None:
            tls = self.tls
            text = f"{tls.version} {tls.cipher}, {tls.subject}, valid until {tls.not_after:%Y-%m-%d}"
            self._add(Step("tls", True, text, 0.0))
        with self._step("ping") as said:
            said.append(connection.ping(TIMEOUT_MS))
        if self.steps[-1].done:
            self._sign_on(connection)

    def _sign_on(self, connection: Connection) -> None:
        user = self.bundle.credentials.user
        skipped = "the bundle has no user of its own" if not user else ""
        if self.refused:
            skipped = "not tried again: RACF revokes a user after a few wrong passwords"
        if skipped:
            self._add(Step(SIGN_ON, False, skipped, 0.0, skipped=True))
            return
        with self._step(SIGN_ON) as said:
            caller, guard = own_caller(self.bundle, self.clock.now()), self.guard
            with guarded(caller, self.name, guard, TIMEOUT_MS / 1000, self.clock) as attempt:
                if refusal := sign_on(connection, caller, attempt, TIMEOUT_MS):
                    raise refusal
            said.append(f"{user} was accepted (with RACF=N everybody is)")

    @contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Time a step and note how it ended; what is put into the list is what was found."""
        begun, said = self.clock.monotonic(), list[str]()
        try:
            yield said
        except GatewayError as error:
            self._add(Step(name, False, str(error), self._since(begun)))
        else:
            self._add(Step(name, True, "; ".join(said), self._since(begun)))

    def _since(self, begun: float) -> float:
        return round((self.clock.monotonic() - begun) * 1000, 1)

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        self.tell(str(self.endpoint), step)

    def _examine(self, connection: ssl.SSLSocket) -> str | None:
        """Keep what a handshake agreed on, and judge it as connections of the gateway are judged."""
        certificate, cipher = connection.getpeercert(binary_form=True), connection.cipher()
        assert certificate, "a server shows a certificate, or there is no handshake"
        facts = describe(x509.load_der_x509_certificate(certificate))
        self.tls = TlsFacts(
            version=connection.version() or "",
            cipher=cipher[0] if cipher else "",
            subject=facts.subject,
            issuer=facts.issuer,
            names=facts.names,
            not_after=facts.not_after,
            sha256=facts.sha256,
        )
        return self.endpoint.examine(connection) if self.endpoint.examine else None


__all__ = ["Guard", "Probed", "Step", "StoreError", "TlsFacts", "probe"]
