"""How the trail of one process is, for `imsgw status`, the console and metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from gateway.audit.sender_picture import SyslogPicture


@dataclass(frozen=True, slots=True)
class AuditPicture:
    """One moment of one process."""

    to: str
    """Where records go: "stdout", a file, or a receiver."""
    format: str
    on_failure: str
    up: bool
    since: datetime
    """Since when it has been so."""
    reason: str
    """Why it is down; empty: it is not."""
    written: int
    """Records."""
    lost: int
    """Records that could not be written."""
    waiting: int = 0
    """Records in the spool, where they go to a syslog receiver."""
    receiver: str = ""
    """Why that receiver does not take them; empty: it does, or there is none."""

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {**asdict(self), "since": self.since.isoformat()}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Read what `facts` gave. Raises KeyError, TypeError or ValueError."""
        return cls(**{**said, "since": datetime.fromisoformat(said["since"])})


def with_receiver(picture: AuditPicture, syslog: SyslogPicture) -> AuditPicture:
    """Return a picture that also tells of the syslog receiver."""
    away = "" if syslog.connected else (syslog.last_error or "not connected yet")
    members = {name: getattr(picture, name) for name in AuditPicture.__dataclass_fields__}
    return AuditPicture(**{**members, "waiting": syslog.waiting, "receiver": away})


def together(pictures: Iterable[AuditPicture]) -> AuditPicture | None:
    """Return the picture of several processes that write one trail; None: there are none."""
    found = list(pictures)
    if not found:
        return None
    worst = min(found, key=lambda one: (one.up, not one.receiver))
    return AuditPicture(
        worst.to,
        worst.format,
        worst.on_failure,
        worst.up,
        worst.since,
        worst.reason,
        sum(one.written for one in found),
        sum(one.lost for one in found),
        sum(one.waiting for one in found),
        worst.receiver,
    )


def told(picture: AuditPicture) -> str:
    """Return it as a line for people."""
    written = f"audit: {picture.written} records as {picture.format} to {picture.to}"
    if not picture.up:
        written = f"audit: {picture.to} cannot be written since {picture.since.isoformat()}: {picture.reason}"
    lost = f", {picture.lost} lost" if picture.lost else ""
    waiting = f", {picture.waiting} wait for the receiver" if picture.waiting else ""
    away = f" ({picture.receiver})" if picture.receiver else ""
    return f"{written}{lost}{waiting}{away}"
