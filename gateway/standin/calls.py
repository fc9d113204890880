"""The DL/I calls of a program that leave IMS: ICAL, and ISRT with PURG to an alternate PCB.

Source: ICAL call; ISRT call; PURG call; SOAP Gateway and asynchronous callout requests. Messages inserted to an
alternate PCB go out at commit and are dropped at back-out.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

from gateway.standin.aib import IcalAnswer, IcalCall
from gateway.standin.callout import Caller, Callouts
from gateway.standin.held import HeldOutput
from gateway.standin.segments import MAX_SEGMENT_DATA
from gateway.standin.tpipes import Tpipes
from gateway.standin.units import UnitOfWork

_NAME: Final = re.compile(r"[A-Z0-9@#$]{1,8}")


class Calls(Protocol):
    """What `Context` needs of its IMS."""

    async def ical(self, call: IcalCall) -> IcalAnswer:
        """Call out and wait."""
        ...

    def insert(self, destination: str, segments: tuple[bytes, ...], mod_name: str) -> None:
        """Insert segments to an alternate PCB."""
        ...

    def purge(self, destination: str) -> None:
        """End the message to a destination."""
        ...

    @property
    def descriptors(self) -> tuple[str, ...]:
        """The names of the destinations."""
        ...


@dataclass(slots=True)
class _Message:
    destination: str
    mod_name: str
    segments: list[bytes] = field(default_factory=list)
    closed: bool = False


class ProgramCalls:
    """The calls of one run of a program."""

    def __init__(
        self, callouts: Callouts, tpipes: Tpipes, caller: Caller, transaction: str, unit: UnitOfWork
    ) -> None:
        self._callouts = callouts
        self._tpipes = tpipes
        self._caller = caller
        self._transaction = transaction
        self._messages: list[_Message] = []
        unit.on_commit(self._send_off)

    @property
    def descriptors(self) -> tuple[str, ...]:
        """The names of the descriptors of this IMS."""
        return self._callouts.descriptors.names

    async def ical(self, call: IcalCall) -> IcalAnswer:
        """Call out and wait for the response."""
        return await self._callouts.ical(call, self._caller)

    def insert(self, destination: str, segments: tuple[bytes, ...], mod_name: str) -> None:
        """Add segments to the message for a destination. Raises ValueError for what cannot be inserted."""
        check_destination(destination)
        check_segments(segments)
        message = self._open(destination)
        if message is None:
            message = _Message(destination, mod_name)
            self._messages.append(message)
        message.segments += segments

    def purge(self, destination: str) -> None:
        """End the message for a destination, so that what is inserted next begins another one."""
        message = self._open(destination)
        if message is not None:
            message.closed = True

    def _open(self, destination: str) -> _Message | None:
        return next((m for m in self._messages if m.destination == destination and not m.closed), None)

    def _send_off(self) -> None:
        caller = self._caller
        for message in self._messages:
            tpipe, segments = self._callouts.routed(message.destination, tuple(message.segments))
            held = HeldOutput(segments, message.mod_name, self._transaction, caller.netuid, caller.netsid)
            self._tpipes.hold(tpipe, held)
        self._messages.clear()


def check_destination(name: str) -> None:
    """Raise ValueError for what can be neither a descriptor nor a tpipe."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no destination: 1 to 8 characters of A-Z 0-9 @ # $")


def check_segments(segments: tuple[bytes, ...]) -> None:
    """Raise ValueError for segments that cannot be sent."""
    if not segments:
        raise ValueError("a message has one segment at least")
    if not all(type(one) is bytes and len(one) <= MAX_SEGMENT_DATA for one in segments):
        raise ValueError(f"a segment is not bytes, or longer than {MAX_SEGMENT_DATA}")
