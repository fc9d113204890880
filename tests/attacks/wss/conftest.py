"""One gateway with every policy for all attacks of a worker process, and the stand-in behind it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from gateway.standin import RunningStandin
from tests.attacks.wss.catalogue import LETTER, NOW, Sent
from tests.attacks.wss.services import USERS, files, policies, port, settings
from tests.fixtures.in_process import InProcess, InProcessFactory, SoapReply
from tests.fixtures.standin import standin_config
from tests.forge.keys import Pki


class ClockAtNow:
    """Stands at the moment for which the messages are made; deadlines run on."""

    def now(self):
        return NOW

    def monotonic(self):
        return time.monotonic()


@dataclass(frozen=True)
class Target:
    """Where attacks go."""

    pki: Pki
    gateway: InProcess
    standin: RunningStandin

    def send(self, service: str, sent: Sent) -> SoapReply:
        """Send a message as its sender would."""
        certificate = getattr(self.pki, sent.tls_client).der if sent.tls_client else None
        kind = LETTER[sent.soap]
        return self.gateway.send(
            port(service), sent.content, kind, sent.headers, tls=sent.tls, certificate=certificate
        )

    @property
    def broken(self) -> str:
        """The rule that refused the last message; empty when none did."""
        return next((rule[1:] for rule in self.gateway.events.last.rules if rule.startswith("!")), "")


@pytest.fixture(scope="session")
def forge_pki() -> Pki:
    return Pki()


@pytest.fixture(scope="session")
def shared_target(forge_pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    tables = policies(forge_pki)
    labs = {(service, port(service)): settings(table) for service, table in tables.items()}
    config = standin_config(ims_connect={"racf": False}, users=USERS)
    with RunningStandin(config) as standin, ExitStack() as stack:
        factory = InProcessFactory(tmp_path_factory.mktemp("wss"), stack)
        gateway = factory(standin.port, labs=labs, extra=files(forge_pki), clock=ClockAtNow())
        yield Target(forge_pki, gateway, standin)


@pytest.fixture
def target(shared_target: Target) -> Target:
    shared_target.standin.forget()
    return shared_target
