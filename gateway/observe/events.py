"""The event records.

A step emits values; who writes them where is decided elsewhere, so tests assert them as values.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """One SOAP request from its arrival to its answer."""

    tracking_id: str
    service: str
    operation: str
    """Empty when the request was refused before its operation was known."""
    transaction: str
    peer: str
    tls: bool
    user: str
    """The user that IMS was, or would have been, told; empty when unknown."""
    origin: str
    """Where the identity came from: "bundle", "username", "saml11" or "saml20"."""
    outcome: str
    """"answered", "accepted" (one-way) or "refused"."""
    message_id: str
    """Id of the error's message, empty when there is none."""
    reason: str
    """Private reason: rules, codes. Not for the caller."""
    return_code: int | None
    reason_code: int | None
    racf_code: int | None
    reached_ims_connect: bool
    milliseconds: int
    rules: tuple[str, ...] = field(default=())
    """Rules of the judge that were tried, in order; a broken one has an exclamation mark in front."""
    issuer: str = ""
    """Issuer of the assertion that was believed."""
    assertion_id: str = ""
    attested_by: str = ""
    """Subject and SHA-256 fingerprint of the certificate that vouched for the caller."""
    issued_by: str = ""
    """The same of the certificate that signed the assertion."""
    covered: tuple[str, ...] = field(default=())
    """What verified signatures covered."""


class Sink(Protocol):
    """Takes event records. Must not raise, must not block for long."""

    def emit(self, event: RequestEnded) -> None:
        """Take one record."""
        ...


@dataclass(frozen=True, slots=True)
class PathOpened:
    """A connection failed while none was open: callers are refused at once until one comes to be again."""

    bundle: str
    endpoint: str
    reason: str
    """What socket or TLS said, in words."""


@dataclass(frozen=True, slots=True)
class StillDown:
    """Tries still fail. Told at most once per reporting interval, however often it is tried."""

    bundle: str
    endpoint: str
    since: float
    """Seconds that the path has been down."""
    tries: int
    """Connections that failed in that time."""
    reason: str
    """Of the latest."""


@dataclass(frozen=True, slots=True)
class PathRestored:
    """A connection came to be again."""

    bundle: str
    endpoint: str
    after: float
    """Seconds that the path was down."""
    tries: int
    """Connections that failed in that time."""


@dataclass(frozen=True, slots=True)
class SocketsRefused:
    """No more sockets can be had while those that are open work: IMS Connect may be at its MAXSOC.

    Told at most once per reporting interval.
    """

    bundle: str
    endpoint: str
    sockets: int
    """Those that are open: the pool does with them for a while."""
    reason: str


PathEvent = PathOpened | StillDown | PathRestored | SocketsRefused


class PathSink(Protocol):
    """Takes what happens to the ways to IMS Connect. Must not raise, must not block for long."""

    def path_changed(self, event: PathEvent) -> None:
        """Take one event."""
        ...
