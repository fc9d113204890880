"""How it stands between this process and its syslog receiver: for metrics and `imsgw status`."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SyslogPicture:
    """One moment. Counts are of this process and only rise, but for `waiting`; processes may be summed."""

    receiver: str
    connected: bool
    since: datetime
    """Since when it has been so."""
    last_error: str
    """Why the latest connection ended or did not come about; empty: none has failed."""
    taken: int
    """Records that are or were safe in the spool."""
    refused: int
    """Records that the spool did not take: the callers of `write` were told."""
    cut: int
    """Of those taken: longer than `message_bytes`, so cut."""
    sent: int
    """Messages handed to the network, repeats included, those of processes that died too."""
    resent: int
    """Of those sent: repeats, since a connection ended shortly after they were sent."""
    damaged: int
    """Places in the spool that could not be read and were skipped; one that `write` confirmed only after a
    loss of power or a fault of the disk."""
    waiting: int
    """Records in the spool that this process has to send and has not, or has to again."""
    spool_bytes: int
    """What the spool of this home takes on the disk, of all processes: the same in each of them."""
