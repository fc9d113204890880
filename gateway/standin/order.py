"""One send-receive input on its way: who asked, what for, and what is noted of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.imsconnect.wire import CsmFlags, Irm, OutputMessage
from gateway.standin.adapter import XmlAdapter
from gateway.standin.datastores import DataStore
from gateway.standin.dfs import is_message_of_ims
from gateway.standin.programs import HOST, Converter
from gateway.standin.services import Services
from gateway.standin.translation import outbound
from gateway.standin.work import Output, Run

if TYPE_CHECKING:
    from gateway.standin.session import Session


@dataclass(frozen=True, slots=True)
class Order:
    """An admitted input of a session; `number` is its place in the record of inputs."""

    session: "Session"
    number: int
    irm: Irm
    converter: Converter | None
    run: Run
    store: DataStore
    """The data store whose IMS is at work on it."""

    @property
    def services(self) -> Services:
        """What the session shares with others."""
        return self.session.services

    def outcome(self, text: str) -> None:
        """Note what became of the input; the first word on it stands."""
        self.services.seen.settle(self.number, text)

    def correct(self, text: str) -> None:
        """Note that the input ended otherwise than was said."""
        self.services.seen.update(self.number, outcome=text)

    def outbound(self, segments: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return what the client gets for what the program wrote. Raises Refusal when it does not convert."""
        if self.converter is None or is_message_of_ims(segments):
            # unverified: messages of IMS pass the XML adapter as they are
            return outbound(self.irm, segments)
        return XmlAdapter.outbound(self.converter, segments)

    def output(self, output: Output, *, ack: bool) -> OutputMessage:
        """Return a program's output as the client gets it. Raises Refusal when it does not convert."""
        segments = self.outbound(output.segments)
        flags = CsmFlags.NONE if output.spa is None else CsmFlags.CONVERSATION
        if output.purged:
            flags |= CsmFlags.ASYNC_QUEUED
        return self.session.complete(self.irm, segments, output.mod_name, ack=ack, flags=flags)

    async def say(self, return_code: int, reason_code: int) -> None:
        """Send an RSM. Raises ClientGoneError."""
        await self.session.send(self.session.status(return_code, reason_code))


def name_of(output: Output) -> str:
    """Return the message number of a message of IMS, DFSnnnn; empty for a program's own output."""
    return HOST.decode(output.segments[0]).split(" ", 1)[0] if output.by_ims else ""
