"""The gateway of the comparison: a home with four services in front of the stand-in, run by `imsgw serve`."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.comparison import processes
from bench.comparison.messages import AUDIENCE, ISSUER
from bench.comparison.place import KEYSTORE_PASSWORD, MANY, ONE, PLAIN, SUBJECTS, USERNAME, USERS, Place
from bench.comparison.processes import Server
from tests.fixtures.ports import free_port
from tests.fixtures.running_gateway import deploy_lab, toml_value

ROOT: Final = Path(__file__).parents[2]
PASSTICKET_KEY: Final = "0123456789ABCDEF"
_SIGNED: Final = {
    "security.token": "saml20",
    "security.signed": True,
    "security.issuers": [ISSUER],
    "security.audiences": [AUDIENCE],
}
_STANDIN: Final = f"""[ims_connect]
listen = "127.0.0.1:{{port}}"
racf = true
application = "IMSAPPL"
maxsoc = {{maxsoc}}
[passtickets.IMSAPPL]
key = "{PASSTICKET_KEY}"
replay_protection = false  # gateways that share no store may make equal ones; each by itself makes none twice
"""
_BUNDLE: Final = f"""[ims_connect]
host = "127.0.0.1"
port = {{port}}
datastore = "IMS1"
maxsoc = {{maxsoc}}
pool = {{{{ size = {{pool}} }}}}
[credentials]
user = "GWUSER"
password = "{USERS["GWUSER"]}"
[passticket]
application = "IMSAPPL"
key = "{PASSTICKET_KEY}"
"""


@dataclass(frozen=True)
class Shape:
    """What differs from one gateway of the measurements to the next; the defaults are those of the product."""

    tls: bool = False
    pool: int = 32
    maxsoc: int = 512
    server: Mapping[str, Any] = field(default_factory=dict)
    """Keys of `[server]`."""
    copies: int = 1
    """How many services there are like the plain one: PlainPort, Plain1Port, Plain2Port ..."""


def copy_port(number: int) -> str:
    """Return the WSDL port of one of the copies of the plain service."""
    return PLAIN if number == 0 else f"Plain{number}Port"


def _services(place: Place) -> Mapping[str, Mapping[str, Any]]:
    pinned = {"security.trust": "one", "security.truststore": {"path": str(place.senders.first)}}
    issued = {"security.trust": "chain", "security.truststore": {"path": str(place.senders.ca)}}
    return {USERNAME: {"security.token": "username"}, ONE: {**_SIGNED, **pinned}, MANY: {**_SIGNED, **issued}}


def _server_settings(place: Place, port: int, shape: Shape) -> Mapping[str, Any]:
    address = f"127.0.0.1:{port}"
    if not shape.tls:  # a proxy in front has ended TLS, and says so
        return {"https": "", "http": address, "trusted_proxies": ["127.0.0.0/8"], **shape.server}
    return {
        "https": address,
        "keystore": {"path": str(place.keystore), "password": KEYSTORE_PASSWORD},
        **shape.server,
    }


def write(home: Path, place: Place, port: int, standin: int, shape: Shape) -> None:
    """Write a home in front of the stand-in at a port."""
    (home / "bundles").mkdir(parents=True)
    bundle = _BUNDLE.format(port=standin, maxsoc=shape.maxsoc, pool=shape.pool)
    (home / "bundles/ims1.toml").write_text(bundle)
    settings = _server_settings(place, port, shape)
    lines = [f"{key} = {toml_value(value)}" for key, value in settings.items()]
    (home / "gateway.toml").write_text("\n".join(["[server]", *lines, "[admin]", 'listen = ""', ""]))
    for number in range(shape.copies):
        deploy_lab(home, f"plain{number:04}", copy_port(number))
    for name, changes in _services(place).items():
        deploy_lab(home, name.removesuffix("Port").lower(), name, changes)


def _imsgw(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway", *arguments]


def start_standin(folder: Path, maxsoc: int = 512) -> Server:
    """Start the stand-in; its CPU time is nobody's in the comparison."""
    port, config = free_port(), folder / "standin.toml"
    passwords = {**USERS, **dict.fromkeys(SUBJECTS, "UNUSED1")}
    users = "".join(f'[users.{user}]\npassword = "{password}"\n' for user, password in passwords.items())
    config.write_text(_STANDIN.format(port=port, maxsoc=maxsoc) + users)
    command = _imsgw("standin", "--config", str(config))
    made = processes.start("stand-in", port, folder / "standin.log", command, _environ())
    made.wait()
    return made


def start(name: str, place: Place, standin: Server, shape: Shape) -> Server:
    """Start a gateway on a home of its own."""
    folder, port = place.folder_of(name), free_port()
    home = folder / "home"
    write(home, place, port, standin.port, shape)
    command = _imsgw("serve", "--home", str(home))
    made = processes.start("gateway", port, folder / "log", command, _environ())
    made.wait()
    return made


def _environ() -> Mapping[str, str]:
    return {"PYTHONPATH": str(ROOT)}


def stop(servers: Iterable[Server]) -> None:
    """End servers."""
    for server in servers:
        server.stop()
