"""The home of one demonstration: a copy of the example, with ports and keys of its own."""

import errno
import re
import shutil
import socket
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from gateway import testkeys
from gateway.admin.passwords import hashed
from gateway.demo.partner import CERTIFICATE_PORT, PORT
from gateway.exchange import Secret
from gateway.testkeys import TestKeys

HOST: Final = "127.0.0.1"

_GATEWAY_TOML: Final = """\
[server]
https = "{host}:{https}"
keystore = {{ path = "keystores/server.p12", password = {{ env = "IMSGW_KEYSTORE_PASSWORD" }} }}
client_authentication = "optional"
client_truststore = {{ path = "keystores/clients.pem" }}
[admin]
listen = "{host}:{admin}"
[callout]
listen = "{host}:{callout}"
[audit]
format = "leef"
to = "file:audit/audit.leef"
chain = true
"""
AUDIT: Final = "var/audit/audit.leef"
"""The audit trail of the demonstration, in its home."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the listeners of the demonstration are."""

    https: int
    admin: int
    standin: int
    callout: int
    """`/readyz` of the callout process."""
    partner: int
    """Web services outside that ask for no client certificate."""
    partner_certificate: int
    """Web services outside that demand one."""

    def trouble(self) -> str:
        """Say why these ports cannot be used; empty when they can."""
        wanted = astuple(self)
        if len(set(wanted)) < len(wanted):
            return "The ports must differ"
        taken: list[str] = []
        for port in wanted:
            error = _refused(port)
            if error is not None and error.errno != errno.EADDRINUSE:
                return f"Port {port} cannot be used: {error.strerror or error}"
            taken += [str(port)] * (error is not None)
        return f"Port {', '.join(taken)} is in use" if taken else ""


def example_home() -> Path:
    """Return the folder of the example home: packaged in a wheel, the root of the project in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "example"
    return packaged if packaged.is_dir() else package.parent


def lay_out(home: Path, ports: Ports, password: Secret) -> TestKeys:
    """Copy the example home into an empty folder, with these ports and with keys under this password."""
    example = example_home()
    for name in ("bundles", "wsdl"):
        shutil.copytree(example / name, home / name)
    shutil.copy(example / "standin.toml", home)
    for bundle in ("ims1.toml", "ims1-events.toml"):
        _replace(home / "bundles" / bundle, r"port = \d+", f"port = {ports.standin}")
    for wsdl in sorted(home.glob("wsdl/*/*.wsdl")):
        _move_partner(wsdl, ports)
    _replace(home / "standin.toml", r'listen = ".*"', f'listen = "{HOST}:{ports.standin}"')
    settings = _GATEWAY_TOML.format(host=HOST, https=ports.https, admin=ports.admin, callout=ports.callout)
    (home / "gateway.toml").write_text(settings)
    return testkeys.create(home / "keystores", password=password)


def add_operator(home: Path, name: str, password: Secret) -> None:
    """Write an account for the console."""
    file = home / "identity/admin.toml"
    file.parent.mkdir(mode=0o700)
    file.touch(mode=0o600)
    file.write_text(f'[[accounts]]\nname = "{name}"\nrole = "operator"\nhash = "{hashed(password)}"\n')


def _move_partner(wsdl: Path, ports: Ports) -> None:
    """Have the address in a WSDL name the partner's ports of this demonstration."""
    moved = {PORT: ports.partner, CERTIFICATE_PORT: ports.partner_certificate}

    def port(match: re.Match[str]) -> str:
        number = int(match[1])
        return f"localhost:{moved.get(number, number)}/"

    wsdl.write_text(re.sub(r"localhost:(\d+)/", port, wsdl.read_text()))


def _replace(path: Path, pattern: str, text: str) -> None:
    changed, count = re.subn(pattern, text, path.read_text())
    if count != 1:
        raise RuntimeError(f"{path.name} of the example home no longer holds one {pattern}")
    path.write_text(changed)


def _refused(port: int) -> OSError | None:
    """Return why a port cannot be listened on; None: it can."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except OSError as error:
        return error
    return None
