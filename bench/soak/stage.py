"""The parts of the soak: the example home, and the lab once for each kind of token.

`imsgw standin`, `imsgw serve` with two workers and `imsgw callout` are processes of their own; the web services
outside and the callers are here.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from gateway.demo.caller import Cast
from gateway.demo.home import HOST, Ports, lay_out
from gateway.demo.messages import AUDIENCE, PORTAL, STS
from gateway.demo.partner import Partner, PartnerKeys
from gateway.demo.processes import Done, Program, Programs
from gateway.exchange import Secret
from gateway.testkeys import TestKeys
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import change_correlator, deploy_lab, with_settings

KEYS_PASSWORD = "keys-for-soak"
BUNDLE_PASSWORD = "GWPASS1"
USERS = [f"S{number:04}" for number in range(200)]
"""Of assertions. One user has one PassTicket a second, so there are many."""
CLIENT = "CN=IMS Gateway test client,O=IMS Gateway test keys"
_SAML = {"audiences": [AUDIENCE]}
_UNSIGNED = {**_SAML, "unsigned_senders": "mtls", "senders": [CLIENT], "issuers": [PORTAL]}
_SENDER = {
    **_SAML,
    "signed": True,
    "signed_by": "sender",
    "trust": "one",
    "truststore": {"path": "keystores/senders.pem"},
    "issuers": [PORTAL],
}
_STS = {
    **_SAML,
    "signed": True,
    "signed_by": "sts",
    "sts_body": "tls-client",
    "trust": "one",
    "truststore": {"path": "keystores/sts.pem"},
    "senders": [CLIENT],
    "issuers": [STS],
}
LABS: Mapping[str, Mapping[str, Any]] = {
    "LabPort": {},
    "SecureLabPort": {"token": "username"},
    **{
        f"{kind}{version}Port": {**security, "token": f"saml{version}"}
        for version in (11, 20)
        for kind, security in (("Unsigned", _UNSIGNED), ("Sender", _SENDER), ("Sts", _STS))
    },
}
"""The lab by WSDL port, with its table `security`."""


@dataclass
class Stage:
    """All that runs."""

    home: Path
    ports: Ports
    keys: TestKeys
    cast: Cast
    partner: Partner
    programs: Programs
    gateway: Program
    callout: Program
    _reloads: int = 0

    @property
    def https_url(self) -> str:
        return f"https://localhost:{self.ports.https}"

    def processes(self) -> dict[str, int]:
        """Return the processes of the gateway by name."""
        workers = sorted(child.pid for child in psutil.Process(self.gateway.process.pid).children())
        named = {f"worker {number}": pid for number, pid in enumerate(workers, 1)}
        return {"master": self.gateway.process.pid, **named, "callout": self.callout.process.pid}

    def reload(self) -> Done:
        """Change something that IMS is told, and have all processes take it into force."""
        self._reloads += 1
        change_correlator(
            self.home / "wsdl/labport/correlator.toml", {"operations.WhoAmI.lterm": f"LT{self._reloads:05}"}
        )
        return self.programs.run("reload")


@contextmanager
def stage() -> Iterator[Stage]:
    """Start everything; it ends with the block."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imsgw-soak-")))
        ports = Ports(*free_ports(6))
        keys = lay_out(home, ports, Secret(KEYS_PASSWORD))
        _deploy(home)
        _start_standin(home, ports.standin, stack)
        known_by = PartnerKeys(keys.partner, keys.partner_password, keys.ca, keys.partner_basic)
        partner = stack.enter_context(Partner(known_by, ports.partner, ports.partner_certificate))
        secrets = {"IMSGW_KEYSTORE_PASSWORD": KEYS_PASSWORD, "IMS1_PASSWORD": BUNDLE_PASSWORD}
        programs = Programs(home, secrets)
        gateway, callout = (programs.start(command) for command in ("serve", "callout"))
        for program, port in ((gateway, ports.https), (callout, ports.callout)):
            stack.callback(program.stop)
            if not program.is_ready(f"https://localhost:{port}/readyz", keys.ca):
                raise RuntimeError(f"{program.log.name}: {program.last_words}")
        cast = Cast.of(f"https://localhost:{ports.https}/imssoap/services", keys)
        made = Stage(home, ports, keys, cast, partner, programs, gateway, callout)
        while len(made.processes()) < 4:
            time.sleep(0.05)
        yield made


def _deploy(home: Path) -> None:
    for port, security in LABS.items():
        deploy_lab(home, port.lower(), port, {f"security.{key}": value for key, value in security.items()})
    config = home / "gateway.toml"
    config.write_text(with_settings(config.read_text(), {"sign_on.failures_per_peer": 100_000}))
    users = "".join(f'\n[users.{user}]\ngroups = ["SALES"]\n' for user in USERS)
    standin = home / "standin.toml"
    standin.write_text(standin.read_text() + users)


def _start_standin(home: Path, port: int, stack: ExitStack) -> None:
    command = [sys.executable, "-m", "gateway", "standin", "--config", str(home / "standin.toml")]
    log = stack.enter_context((home / "standin.log").open("wb"))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    deadline = time.monotonic() + 60
    while not any(each.laddr.port == port for each in psutil.Process(process.pid).net_connections("tcp")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(
                f"the stand-in does not listen on {HOST}:{port}: {(home / 'standin.log').read_text()}"
            )
        time.sleep(0.05)
