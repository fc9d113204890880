"""What a pool counts, and the picture of it that people and metrics get."""

from dataclasses import dataclass
from typing import Literal, get_args

CountName = Literal[
    "requests",
    "queued",
    "wait_timeouts",
    "connects",
    "connect_failures",
    "backoff_refusals",
    "reuses",
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


def new_counts() -> Counts:
    """Return all counters at zero."""
    return dict.fromkeys(get_args(CountName), 0)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PoolStats:
    """A pool at one moment: gauges first, then counters since its start."""

    bundle: str
    size: int
    """Most sockets there may be."""
    idle: int
    in_use: int
    connecting: int
    waiting: int
    """Requests that wait for a socket."""
    backing_off: float
    """Seconds until a connection is tried again; 0 while nothing is wrong."""
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
    stale: int
    """Idle sockets that IMS Connect had closed, or sent unasked-for bytes on."""
    expired: int
    """Sockets closed because they were idle too long."""
    aged: int
    """Sockets closed because of their age."""
    evicted: int
    """Idle sockets closed to make room for one of the other lane."""
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

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"back-off {self.backing_off:.1f} s" if self.backing_off else "up"
        return (
            f"<pool {self.bundle} {state}: {self.open} of {self.size} open, {self.in_use} in use, "
            f"{self.idle} idle, {self.connecting} connecting, {self.waiting} waiting; "
            f"{self.requests} requests, {self.connects} connects, {self.reuses} reuses, "
            f"{self.stale} stale, {self.dropped} dropped, "
            f"{self.connect_failures} connect failures, {self.wait_timeouts} waits in vain>"
        )
