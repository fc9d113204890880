"""What the sender tells the log, through the callback that it gets: once a change, not once a try."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReceiverReached:
    """Records flow."""

    receiver: str
    waiting: int
    """Records in this process's part of the spool."""


@dataclass(frozen=True, slots=True)
class ReceiverLost:
    """The connection ended or, at the first attempt, did not come about. Records wait in the spool."""

    receiver: str
    reason: str


@dataclass(frozen=True, slots=True)
class QueueAdopted:
    """A process ended and left records in the spool; this one sends them."""

    queue: str
    records: int


@dataclass(frozen=True, slots=True)
class SpoolDamaged:
    """Something in the spool could not be read and was skipped."""

    queue: str
    places: int


@dataclass(frozen=True, slots=True)
class SenderFailed:
    """The sender met an error that is none of the receiver's; it goes on after a pause."""

    reason: str


SenderEvent = ReceiverReached | ReceiverLost | QueueAdopted | SpoolDamaged | SenderFailed
