"""What a pool counts, and the picture of it that people and metrics get."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from gateway.errors import M, Message

CountName = Literal[
    "requests",
    "queued",
    "wait_timeouts",
    "connects",
    "connect_failures",
    "backoff_refusals",
    "reuses",
    "checks",
    "stale",
    "expired",
    "aged",
    "evicted",
    "dropped",
    "socket_timeouts",
    "execution_timeouts",
    "protocol_errors",
    "connections_lost",
]

Counts = dict[CountName, int]

COUNTED: Final[Mapping[Message, CountName]] = {
    M.SOCKET_TIMEOUT: "socket_timeouts",
    M.EXECUTION_TIMEOUT: "execution_timeouts",
    M.BAD_REPLY: "protocol_errors",
    M.CONNECTION_LOST: "connections_lost",
}
"""Errors that end a conversation, by the counter they raise."""


def new_counts() -> Counts:
    """Return all counters at zero."""
    return dict.fromkeys(get_args(CountName), 0)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PoolStats:
    """A pool at one moment: gauges first, then counters since its start."""

    bundle: str
    endpoint: str
    size: int
    """Most sockets there may be."""
    limit: int
    """Most there may be for the time being: fewer, when IMS Connect lets us have no more."""
    idle: int
    in_use: int
    connecting: int
    waiting: int
    """Requests that wait for a socket."""
    backing_off: float
    """Seconds until a connection is tried again; 0 while nothing is wrong."""
    draining: bool
    """Whether the path was taken out of use."""
    closed: bool

    requests: int
    """Leases asked for."""
    queued: int
    """Requests that had to wait."""
    wait_timeouts: int
    """Requests that waited in vain."""
    connects: int
    connect_failures: int
    backoff_refusals: int
    """Requests refused at once because IMS Connect could not be reached a moment ago."""
    reuses: int
    """Leases of a socket that had been used before."""
    checks: int
    """Sockets that the housekeeper opened, or on which IMS Connect answered its ping."""
    stale: int
    """Idle sockets that IMS Connect had closed, or sent unasked-for bytes on."""
    expired: int
    """Sockets closed because they were idle too long."""
    aged: int
    """Sockets closed because of their age."""
    evicted: int
    """Idle sockets closed to make room for one of another lane."""
    dropped: int
    """Sockets closed because their last conversation left them in doubt."""
    socket_timeouts: int
    execution_timeouts: int
    protocol_errors: int
    connections_lost: int

    @property
    def open(self) -> int:
        """Sockets that are connected."""
        return self.idle + self.in_use

    @property
    def state(self) -> str:
        """Whether it serves, in a word or two."""
        if self.closed or self.draining:
            return "closed" if self.closed else "draining"
        return f"back-off {self.backing_off:.1f} s" if self.backing_off else "up"

    def __repr__(self) -> str:
        where = f" {self.endpoint}" if self.endpoint else ""
        most = f"{self.size}" if self.limit == self.size else f"{self.size} (for now {self.limit})"
        return (
            f"<pool {self.bundle}{where} {self.state}: {self.open} of {most} open, {self.in_use} in use, "
            f"{self.idle} idle, {self.connecting} connecting, {self.waiting} waiting; "
            f"{self.requests} requests, {self.connects} connects, {self.reuses} reuses, "
            f"{self.stale} stale, {self.dropped} dropped, "
            f"{self.connect_failures} connect failures, {self.wait_timeouts} waits in vain>"
        )
