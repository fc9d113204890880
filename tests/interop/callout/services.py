"""Web services from outside that callouts reach, each in a process of its own and each with its own eyes.

A service offers `Rate(customer, amount)`, which gives `score` (amount modulo 97) and `who` calls,
`Refuse(reason)`, which gives a fault, and the one-way `Post(id, time, text)`. It listens twice, with a server
certificate (`tls`) and with client certificates demanded (`mutual`), at addresses `/POLICY/NAME`:

- NAME: `rating` (SOAP 1.1), `rating12` (SOAP 1.2), `ratingrpc` (rpc/literal, which Spyne has not), `events`;
- POLICY, which the service enforces by its own code: `open`; `basic` (HTTP Basic of USER); `username` (a
  UsernameToken, its password TOKEN_PASSWORD or none); `saml11`, `saml20` (an unsigned assertion of ISSUER,
  sender-vouches, valid now, behind a client certificate).

What a service saw of each call it writes down as JSON: see `Sight`.
"""

import json
import os
import select
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

import pytest

from gateway import testkeys
from gateway.exchange import Secret
from gateway.testkeys import TestKeys
from tests.fixtures.calling import pem_of
from tests.fixtures.running_gateway import ENDED_WITH_US, KEYSTORE_PASSWORD, REPOSITORY, wait_until
from tests.interop.outside import build, install_node, lack, need, plain_environment

HERE = Path(__file__).parent
CONTRACTS = HERE / "contracts"
ADDRESS = "https://rating.example.com/"
"""How addresses in the contracts begin."""
SHARE = Path("/usr/share/gsoap")

USER, PASSWORD = "gw", "partner-secret"
TOKEN_PASSWORD = "token-secret"
ISSUER = "ims-gateway"
CLIENT_NAME = "IMS Gateway test client"
"""Common name of the client certificate of `gateway.testkeys`."""

Listener = Literal["tls", "mutual"]
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sight:
    """What a service saw of one call, and read with its own code."""

    stack: str
    policy: str
    refused: str
    """Why it was refused; empty: it was not."""
    operation: str = ""
    """Rate, RpcRate, Refuse, Post."""
    values: Mapping[str, Any] | None = None
    basic: str | None = None
    """User of HTTP Basic."""
    certificate: str | None = None
    """Common name of the TLS client certificate."""
    soap: str = ""
    message_id: str | None = None
    action: str | None = None
    to: str | None = None
    saml: Mapping[str, Any] | None = None
    """version, name, method, issuer, audience, valid (at that moment), lifetime (seconds left)."""
    username: Mapping[str, Any] | None = None
    """user, password."""


class OutsideService:
    """One stack that serves."""

    def __init__(
        self, stack: str, command: Sequence[str], folder: Path, keys: TestKeys, contracts: Mapping[str, str]
    ) -> None:
        """`contracts`: text of the WSDL by NAME, with ADDRESS in front of the names; empty: ask the service."""
        self.stack = stack
        self.keys = keys
        self._contracts = contracts
        self._sights = folder / f"{stack}.sights"
        self._sights.touch()
        files = (pem_of(keys.server), keys.clients, self._sights)
        with (folder / f"{stack}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*ENDED_WITH_US, *command, *map(str, files)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=plain_environment(),
                cwd=REPOSITORY,
            )
        self._log = folder / f"{stack}.log"
        self.ports: dict[Listener, int] = self._ports()

    def _ports(self) -> dict[Listener, int]:
        out = self._process.stdout
        assert out is not None
        ready = select.select([out], [], [], START_SECONDS)[0]
        line = out.readline() if ready else b""
        if not line:
            self.close()
            pytest.fail(f"{self.stack} does not start:\n{self._log.read_text(errors='replace')[-4000:]}")
        found: dict[Listener, int] = json.loads(line)
        return found

    def address(self, name: str, policy: str = "open", listener: Listener = "tls") -> str:
        """Return the URL of a service."""
        return f"https://127.0.0.1:{self.ports[listener]}/{policy}/{name}"

    def contract(self, name: str, policy: str = "open", listener: Listener = "tls") -> str:
        """Return the WSDL of a service with the addresses of one policy in it."""
        return self._contracts[name].replace(ADDRESS, self.address("", policy, listener))

    @property
    def sights(self) -> list[Sight]:
        """What it saw so far, oldest first."""
        return [Sight(**json.loads(line)) for line in self._sights.read_text().splitlines()]

    def forget(self) -> None:
        """Begin the record anew; nothing may be under way."""
        os.truncate(self._sights, 0)

    def saw(self, count: int = 1) -> list[Sight]:
        """Return what it saw once there is so much."""
        wait_until(lambda: len(self.sights) >= count, f"{count} calls of {self.stack}")
        return self.sights

    def close(self) -> None:
        """End it."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def own_contracts() -> dict[str, str]:
    """Return the contracts of this folder; `rating12` is the one with the port of SOAP 1.2."""
    texts = {path.stem: path.read_text() for path in CONTRACTS.glob("*.wsdl")}
    return {**texts, "rating12": texts["rating"]}


ServiceMaker = Callable[[Path, TestKeys], OutsideService]


def spyne(folder: Path, keys: TestKeys) -> OutsideService:
    """Start the services by Spyne; their contracts are what Spyne makes."""
    command = (sys.executable, "-m", "tests.interop.callout.spyne_service")
    made = OutsideService("spyne", command, folder, keys, {})
    try:
        made._contracts = {name: fetched(made, name) for name in ("rating", "rating12", "events")}
    except BaseException:
        made.close()
        raise
    return made


def fetched(service: OutsideService, name: str) -> str:
    """Return the contract that a service shows, its address said as in ours."""
    address = service.address(name)
    context = ssl.create_default_context(cafile=service.keys.ca)
    with build_opener(ProxyHandler({}), HTTPSHandler(context=context)).open(f"{address}?wsdl") as answer:
        text = bytes(answer.read()).decode()
    assert f'location="{address}"' in text, text
    return text.replace(address, f"{ADDRESS}{name}")


def gsoap(folder: Path, keys: TestKeys) -> OutsideService:
    """Generate, compile and start the services by gSOAP."""
    need("wsdl2h", "soapcpp2", "cc", "pkg-config")
    if not (SHARE / "plugin" / "wsseapi.c").exists():
        lack(f"the wsse plugin is not in {SHARE} (tests/interop/install-tools.sh installs it)")
    built = folder / "gsoap"
    shutil.copytree(HERE / "gsoap", built)
    shutil.copytree(CONTRACTS, built, dirs_exist_ok=True)
    build("sh", "build.sh", ".", folder=built)
    return OutsideService("gsoap", (str(built / "server"),), folder, keys, own_contracts())


def node(folder: Path, keys: TestKeys) -> OutsideService:
    """Start the services by node-soap."""
    modules = folder / "node"
    modules.mkdir()
    install_node(modules)
    shutil.copy(HERE / "node" / "server.mjs", modules)
    command = ("node", str(modules / "server.mjs"), str(CONTRACTS))
    return OutsideService("node", command, folder, keys, own_contracts())


MAKERS: Mapping[str, ServiceMaker] = {"spyne": spyne, "gsoap": gsoap, "node": node}
STACKS = tuple(MAKERS)


class OutsideServices:
    """The stacks that a session has needed so far; each is started once."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._running: dict[str, OutsideService] = {}
        self.keys = testkeys.create(folder / "keys", password=Secret(KEYSTORE_PASSWORD))

    def __call__(self, name: str) -> OutsideService:
        """Return a running stack. Skips where its tools are missing."""
        if name not in self._running:
            made = MAKERS[name](self._folder, self.keys)
            self._stack.callback(made.close)
            self._running[name] = made
        return self._running[name]


@contextmanager
def outside(folder: Path) -> Iterator[OutsideServices]:
    """Run stacks that end with the block."""
    with ExitStack() as stack:
        yield OutsideServices(folder, stack)


@pytest.fixture(scope="session")
def outside_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OutsideServices]:
    """Give `outside_services("gsoap")` and the like for the session."""
    with outside(tmp_path_factory.mktemp("outside")) as services:
        yield services
