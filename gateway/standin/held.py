"""What waits on the hold queue of a tpipe: asynchronous output and synchronous callout requests.

Source: Retrieval of output on OTMA tpipe hold queues.
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum

from gateway.standin.aib import IcalAnswer


class HoldQueueError(Exception):
    """The file of the hold queues cannot be written, for example on a full disk. Says which and why."""


class Kind(Enum):
    """The two kinds of message that RESUME TPIPE tells apart (IRM_F0)."""

    SYNC = "synchronous callout request"
    ASYNC = "asynchronous output"


@dataclass(frozen=True, slots=True)
class HeldOutput:
    """One asynchronous output: data of the segments as the program wrote it."""

    segments: tuple[bytes, ...] = field(repr=False)
    mod_name: str = ""
    transaction: str = ""
    netuid: str = ""
    """Network user id of whoever started the transaction; empty: none was sent."""
    netsid: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CalloutRequest:
    """One synchronous callout request, as long as its ICAL waits. It does not outlive the IMS that made it."""

    token: bytes
    """The 40 bytes of the correlation token."""
    data: bytes = field(repr=False)
    control: tuple[str, ...] = field(repr=False)
    """Sections ``<tag>data</tag>`` of control data."""
    netuid: str
    netsid: str
    answer: "asyncio.Future[IcalAnswer]" = field(repr=False)
    control_rest: bytes = field(default=b"", repr=False)
    """What stands behind the sections and is none."""

    def end(self, answer: IcalAnswer) -> None:
        """Give the ICAL its answer, the first one that comes."""
        if not self.answer.done():
            self.answer.set_result(answer)


Held = HeldOutput | CalloutRequest


def kind_of(held: Held) -> Kind:
    """Return which kind of message this is."""
    return Kind.SYNC if isinstance(held, CalloutRequest) else Kind.ASYNC
