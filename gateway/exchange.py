"""The frozen records that one request carries from step to step.

Reading order is the order of a request: `Arrival` (HTTP is done with it), `Caller` (who IMS is told
is calling), `ImsCall` (what is sent), `ImsAnswer` (what came back).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any, Self


class Secret:
    """A text that shows itself only when asked by name; repr, str, format and pickling hide it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of the HTTP connection, after trusted proxies were believed."""

    address: str
    tls: bool
    certificate: bytes | None = None
    """The TLS client certificate, DER, verified by the TLS layer or by a trusted proxy."""
    port: int = 0
    """Port at that address; 0: not known, as behind a proxy."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One SOAP request as HTTP delivered it, complete and within bounds."""

    service: str
    """Name of the deployed service (its folder), from the address."""
    tracking_id: str
    """Made by the gateway: what the request is known by until more is known of it, and its own for good."""
    received: datetime
    peer: Peer
    content_type: str
    """The Content-Type header as sent."""
    soap_action: str | None
    """The SOAPAction header as sent, None when there is none."""
    body: bytes = field(repr=False)
    endpoint: str = ""
    """The address of the service as `public_url` makes it; empty without one. What a caller's own Host header
    says is no use against assertions that were made for somebody else."""
    route: str = ""
    """Path of the address, as it is deployed."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """HTTP headers that say what the request is known by, with names in lower case: trace context and those
    that the configuration names. Several of a name are joined with commas."""


class CommitMode(IntEnum):
    """Commit mode and synchronization level definitions: 0 commit-then-send, 1 send-then-commit."""

    COMMIT_THEN_SEND = 0
    SEND_THEN_COMMIT = 1


class SyncLevel(Enum):
    """Synchronization level; SYNCPT needs RRS and is not for TCP/IP clients of ours."""

    NONE = "none"
    CONFIRM = "confirm"


class Undeliverable(Enum):
    """What IMS does with commit-then-send output that cannot be delivered."""

    PURGE = "purge"
    REROUTE = "reroute"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class TrustedMark:
    """What tells IMS Connect's exit that the gateway has authenticated the user: an extension of the site's."""

    extension: str
    """Id of the extension, for example *TRSTUS*."""
    value: Secret


@dataclass(frozen=True, slots=True)
class TrackingMark:
    """What tells IMS Connect which request a message is of, for its traces: an extension."""

    extension: str
    """Its id: *TRCKID*, which IBM's HWSSOAP1 knows, or one that the site's exit knows."""
    value: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who IMS is told is calling."""

    user: str
    """1-8 characters of the RACF alphabet, upper case, or empty."""
    password: Secret
    """A RACF password, or a PassTicket when `application` is set; empty: none."""
    group: str
    origin: str
    """Where the identity comes from: "bundle" or a kind of token."""
    application: str = ""
    """Application name that `password` is a PassTicket for (IRM_APPL_NM)."""
    network_user: str = ""
    """Distributed identity, for IMS's records (*NETUID*): the name as the token has it."""
    network_session: str = ""
    """Who issued the token (*NETSID*)."""
    trusted: TrustedMark | None = None

    @classmethod
    def nobody(cls) -> Self:
        """Return the caller of a bundle without credentials."""
        return cls("", Secret(""), "", "bundle")


@dataclass(frozen=True, slots=True)
class ImsCall:
    """One transaction input, ready for IMS Connect. Texts are upper case and fit their 8-byte fields."""

    transaction: str
    segments: tuple[bytes, ...] = field(repr=False)
    """Segment data without LL and ZZ; the first starts with the transaction code unless an adapter adds it."""
    caller: Caller
    commit_mode: CommitMode = CommitMode.SEND_THEN_COMMIT
    sync_level: SyncLevel = SyncLevel.NONE
    send_only: bool = False
    receipt: bool = False
    """With `send_only`: IMS Connect says whether it took the message, so that a refused sign-on shows."""
    lterm: str = ""
    adapter: str = ""
    """Adapter of IMS Connect that converts, e.g. HWSXMLA0; empty: none."""
    converter: str = ""
    execution_timeout_ms: int = 5000
    socket_timeout_ms: int = 10000
    undeliverable: Undeliverable = Undeliverable.PURGE
    reroute_name: str = ""
    """Tpipe for rerouted output; empty: IMS Connect's default."""
    tracking: TrackingMark | None = None


@dataclass(frozen=True, slots=True)
class ImsAnswer:
    """What IMS answered: segment data without LL and ZZ, in order; none for send-only."""

    segments: tuple[bytes, ...] = field(repr=False)
    client_id: str = ""
    """The client id the call went out under (tpipe of commit-then-send output)."""
    endpoint: str = ""
    """Host and port of the IMS Connect that answered."""
