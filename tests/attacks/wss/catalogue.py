"""What an attack is: a message, the service it is sent to, what must become of it, and its honest sibling."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.fixtures.in_process import SoapReply
from tests.forge.keys import Pki

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""Where the clock stands: messages are made for this moment, keys are valid at it."""
LETTER = {11: "text/xml; charset=utf-8", 12: "application/soap+xml; charset=utf-8"}

HEADER, TOKEN, KIND, ALGORITHM = (
    "InvalidSecurity",
    "InvalidSecurityToken",
    "UnsupportedSecurityToken",
    "UnsupportedAlgorithm",
)
CHECK, AUTHENTICATION, UNAVAILABLE, EXPIRED = (
    "FailedCheck",
    "FailedAuthentication",
    "SecurityTokenUnavailable",
    "MessageExpired",
)
CLIENT, MUST, VERSION = "Client", "MustUnderstand", "VersionMismatch"


@dataclass(frozen=True)
class Sent:
    """One message as it goes over the wire."""

    content: bytes
    soap: int = 11
    tls_client: str = ""
    """Which identity of the PKI shows its TLS client certificate; empty: none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: bool = True


Build = Callable[[Pki], Sent]


@dataclass(frozen=True)
class Honest:
    """A message that must be accepted at its service."""

    id: str
    service: str
    build: Build
    user: str = "ALICE"


@dataclass(frozen=True)
class Attack:
    """A message that must be refused. `id` groups variants of one idea; `variant` tells them apart."""

    id: str
    variant: str
    title: str
    source: str
    service: str
    honest: str
    build: Build
    faults: frozenset[str]
    """Local names of the fault code; several where the standards leave it open."""
    first: Sequence[Build] = ()
    """Messages that are sent before and accepted; the attack may build on what they made."""

    @property
    def name(self) -> str:
        """Both parts, for tests and files."""
        return f"{self.id}-{self.variant}" if self.variant else self.id


def fault_of(reply: SoapReply) -> str:
    """Return the local name of a reply's fault code, or what HTTP said in front of SOAP."""
    return f"HTTP{reply.status}" if reply.headers["content-type"].startswith("text/plain") else reply.fault_code


def faults(*names: str) -> frozenset[str]:
    """Return a set of fault names."""
    return frozenset(names)
