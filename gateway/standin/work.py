"""Work for IMS: an input as OTMA hands it over, its run, and what the run leaves for the client."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.imsconnect.wire import F1, Irm
from gateway.standin.held import HeldOutput
from gateway.standin.sign_on import Identity
from gateway.standin.units import UnitOfWork

COMMAND_MARK: Final = "/"


@dataclass(frozen=True, slots=True)
class Work:
    """One input as OTMA hands it to IMS."""

    connection: int
    transaction: str
    segments: tuple[bytes, ...] = field(repr=False)
    data: bytes = field(repr=False)
    """What follows the transaction code; at a later step of a conversation all of it."""
    identity: Identity
    lterm: str
    client_id: str
    datastore: str
    netuid: str
    netsid: str
    acee_user: str = ""
    """The user whose ACEE the dependent region has; see `OtmaAuthorization.acee_user`."""
    serial: bool = False
    """Inputs of the same client and transaction run one after the other (IRM_F3 X'10')."""
    spa: bytes | None = field(default=None, repr=False)
    """Scratch pad area of the conversation; None at its first step, and outside conversations."""
    ignore_purg: bool = True
    """What the program inserts is one message, whatever its PURG calls (commit mode 1; IRM_F3 X'20')."""
    expires: float | None = None
    """When OTMA discards the input if it still waits, by the loop's clock; None: never."""

    denied: bool = False
    """The user may not run it: IMS answers with DFS1292E in place of the program."""

    @property
    def is_command(self) -> bool:
        """Tell whether this is an IMS command. Inside a conversation it would be data."""
        return self.spa is None and self.transaction.startswith(COMMAND_MARK)


@dataclass(frozen=True, slots=True)
class Output:
    """What a run left for the client; no segments: the program did not answer."""

    segments: tuple[bytes, ...] = field(repr=False)
    mod_name: str = ""
    by_ims: bool = False
    """A DFS message of IMS itself; its unit of work has ended already."""
    spa: bytes | None = field(default=None, repr=False)
    """The conversation goes on with this; None: it is over, or there was none."""
    purged: tuple[tuple[bytes, ...], ...] = field(default=(), repr=False)
    """Further messages of the same run, one for each PURG call."""
    discarded: bool = False
    """The input expired: what IMS says of it goes to who still waits, and is queued for nobody."""

    @property
    def messages(self) -> tuple[tuple[bytes, ...], ...]:
        """The messages of the run, segments each; none when the program did not answer."""
        return (self.segments, *self.purged) if self.segments else self.purged


@dataclass(frozen=True, slots=True)
class Run:
    """A program at work."""

    work: Work
    unit: UnitOfWork
    task: "asyncio.Task[Output]"

    def then(self, end: Callable[[Output], None]) -> None:
        """Have `end` called with the output when nobody waits for it any more."""
        self.task.add_done_callback(lambda task: None if task.cancelled() else end(task.result()))


def held_outputs(work: Work, output: Output) -> tuple[HeldOutput, ...]:
    """Return the messages of a run as they wait on a hold queue."""
    return tuple(
        HeldOutput(segments, output.mod_name, work.transaction, work.netuid, work.netsid)
        for segments in output.messages
    )


def expiring(work: Work, irm: Irm, now: float, seconds: float | None) -> Work:
    """Return the work with the time when OTMA discards it, if the client asks for that (IRM_F1 X'01').

    Source: IMS Connect transaction expiration support. `seconds` is what IRM_TIMER means; None: no time.
    """
    if F1.TRNEXP not in irm.f1 or seconds is None:
        return work
    return replace(work, expires=now + seconds)
