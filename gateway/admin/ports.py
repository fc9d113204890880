"""What management sees of the running gateway, and what it can have done there.

The runtime implements `Gateway`; tests of this package give it a picture of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.audit.picture import AuditPicture
from gateway.control.reloaded import Reloaded
from gateway.observe.traffic import Bucket, Captured, Ended
from gateway.preflight.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Pool:
    """The sockets of one worker to one endpoint of a bundle at this moment."""

    bundle: str
    endpoint: str
    """``host:port``."""
    up: bool
    """Whether a connection can be had, as far as is known."""
    open: int
    in_use: int
    waiting: int
    """Callers that wait for a socket."""
    limit: int
    opened: int
    """Since the pool was made."""
    failed: int
    """Connections that failed since then."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker process as it says itself."""

    pid: int
    number: int
    """Of the snapshot that it serves."""
    digest: str
    started: datetime
    in_work: int
    """Requests that hold a thread."""
    waiting: int
    """Requests that wait for one."""
    pools: tuple[Pool, ...]
    traffic: Mapping[str, tuple[Bucket, ...]] = field(default_factory=dict)
    """By service, oldest first; services without a request lately are missing."""
    audit: AuditPicture | None = None
    """How its audit trail is."""


class Gateway(Protocol):
    """The running gateway, seen from one of its workers. Thread-safe; may block for as long as it says."""

    def snapshot(self) -> Snapshot:
        """Return the configuration that is in force."""
        ...

    def reload(self) -> tuple[Reloaded, ...]:
        """Have the home read anew by all processes of this machine that use it; returns what each of them says.

        The first is this gateway itself. Blocks until done: as long as loading takes.
        """
        ...

    def recycle(self, bundle: str) -> tuple[Reloaded, ...]:
        """Make the pools of a bundle anew though nothing has changed; the old ones are drained. As `reload`."""
        ...

    def last_reload(self) -> tuple[Reloaded, datetime] | None:
        """Return what came of the last reload of this gateway, and when; None: there was none."""
        ...

    def workers(self) -> tuple[Worker, ...]:
        """Return how every worker is. One that does not answer within a second or two is missing."""
        ...

    def recent(self, most: int) -> tuple[Ended, ...]:
        """Return the latest requests of all workers, newest first. Neither payloads nor secrets are in them."""
        ...

    def capture(self, service: str, until: datetime | None) -> None:
        """Keep messages of a service, redacted, until then, in all workers; None: no more, and forget them."""
        ...

    def captured(self, service: str) -> tuple[Captured, ...]:
        """Return what was kept, newest first; at the end of its time it is gone."""
        ...
