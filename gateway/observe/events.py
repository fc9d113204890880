"""The event records.

A step emits values; who writes them where is decided elsewhere, so tests assert them as values.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from gateway.observe.timeline import Stretch

_UNKNOWN: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """One SOAP request from its arrival to its answer."""

    tracking_id: str
    """What caller, log and audit know the request by; from the caller where he gave one."""
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
    request_id: str = ""
    """Made by the gateway, so one of its own for each request."""
    tracked_by: str = ""
    """Where the tracking id comes from; empty: it was made by the gateway."""
    traceparent: str = ""
    """W3C trace context that the caller sent, checked; empty: none."""
    tracestate: str = ""
    """What goes with it, for whoever makes spans."""
    route: str = ""
    """Path of the address that was called, as it is deployed."""
    received: datetime = _UNKNOWN
    """When HTTP had the whole request."""
    peer_port: int = 0
    """Port of the connection's other end, 0 when unknown."""
    token: str = ""
    """Kind of security token that the service asks for: "none", "username", "saml11" or "saml20"."""
    claimed: str = ""
    """The name in the token as written there; who he says he is, proven or not."""
    certificate: str = ""
    """Subject and SHA-256 fingerprint of the TLS client certificate."""
    bundle: str = ""
    datastore: str = ""
    endpoint: str = ""
    """Host and port of the IMS Connect that was called."""
    client_id: str = ""
    """Under which IMS Connect knew the call."""
    dfs: str = ""
    """Number of the message of IMS that was the answer, as DFS065; empty: none."""
    ims_code: str = ""
    """What IMS Connect or IMS refused it with, by `gateway.imsconnect.code_names`; empty: they did not."""
    status: int = 0
    """HTTP status of the answer."""
    request_bytes: int = 0
    reply_bytes: int = 0
    timeline: tuple[Stretch, ...] = field(default=())

    @property
    def own_id(self) -> str:
        """The id that no other request has."""
        return self.request_id or self.tracking_id

    @property
    def decided_by(self) -> str:
        """The rule of the judge that was broken, else the id of the error; empty: nothing refused."""
        if "!" not in "".join(self.rules):  # as of most requests: to look at eighty one by one takes longer
            return self.message_id
        broken = next((rule for rule in self.rules if rule.startswith("!")), "")
        return broken.removeprefix("!") or self.message_id


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A request that HTTP refused, or that failed, before there was an envelope to answer in."""

    tracking_id: str
    listener: str
    """"https", "http" or "admin"."""
    peer: str
    peer_port: int
    method: str
    """As far as it was read; cut."""
    path: str
    """As far as it was read; cut, without the query."""
    status: int
    """HTTP status of the answer."""
    message_id: str
    reason: str
    """Private reason. Not for the caller."""


class Sink(Protocol):
    """Takes event records. Must not raise, must not block for long."""

    def emit(self, event: RequestEnded) -> None:
        """Take the record of a request."""
        ...

    def turned_away(self, event: TurnedAway) -> None:
        """Take the record of a request that was none."""
        ...


class Sinks:
    """Passes records on to several sinks, in order."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def emit(self, event: RequestEnded) -> None:
        """Take the record of a request."""
        for sink in self._sinks:
            sink.emit(event)

    def turned_away(self, event: TurnedAway) -> None:
        """Take the record of a request that was none."""
        for sink in self._sinks:
            sink.turned_away(event)


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
