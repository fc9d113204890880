"""Where attacks go: one gateway with a service for every policy, and the stand-in behind it."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.standin import RunningStandin
from tests.attacks.wss.catalogue import LETTER, NOW, Sent
from tests.attacks.wss.services import USERS, files, policies, port, settings
from tests.fixtures.in_process import InProcess, InProcessFactory, SoapReply
from tests.fixtures.standin import standin_config
from tests.forge.keys import Pki


class ClockAtNow:
    """Stands at the moment for which the messages are made; deadlines run on."""

    def now(self) -> datetime:
        """Return that moment."""
        return NOW

    def monotonic(self) -> float:
        """Return the machine's seconds."""
        return time.monotonic()


@dataclass(frozen=True)
class Target:
    """A gateway, and who knows its keys."""

    pki: Pki
    gateway: InProcess
    standin: RunningStandin

    def send(self, service: str, sent: Sent) -> SoapReply:
        """Send a message as its sender would."""
        certificate = getattr(self.pki, sent.tls_client).der if sent.tls_client else None
        self.gateway.events.events.clear()
        kind = LETTER[sent.soap]
        return self.gateway.send(
            port(service), sent.content, kind, sent.headers, tls=sent.tls, certificate=certificate
        )

    @property
    def reason(self) -> str:
        """What the log says of the last message."""
        return "".join(event.reason for event in self.gateway.events.events)

    def refused_by(self, reply: SoapReply) -> str:
        """Return what refused a message: a rule of the judge or of identity, else the id in the answer."""
        if not self.gateway.events.events:
            return reply.body[:8].decode()  # HTTP did
        event = self.gateway.events.last
        broken = [rule[1:] for rule in event.rules if rule.startswith("!")]
        identity = re.search(r"\[(identity\.\w+):", event.reason)
        return broken[0] if broken else identity[1] if identity else event.message_id


@contextmanager
def running_target(folder: Path, pki: Pki) -> Iterator[Target]:
    """Lay out a home and serve it in this process."""
    labs = {(service, port(service)): settings(table) for service, table in policies(pki).items()}
    config = standin_config(ims_connect={"racf": False}, users=USERS)
    with RunningStandin(config) as standin, ExitStack() as stack:
        factory = InProcessFactory(folder, stack)
        gateway = factory(standin.port, labs=labs, extra=files(pki), clock=ClockAtNow())
        yield Target(pki, gateway, standin)
