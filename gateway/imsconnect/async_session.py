"""A dialogue on one stream, for asyncio. Owned by one task at a time, `abort` apart."""

from typing import TypeVar

from gateway.imsconnect.async_transport import AsyncStream
from gateway.imsconnect.dialogue import Dialogue, misuse
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.line import Await, Steps
from gateway.imsconnect.session import lane_after
from gateway.imsconnect.values import Credentials, Delivery, Interaction, Rejection, Reply

T = TypeVar("T")


async def drive_async(steps: Steps[T], stream: AsyncStream) -> T:
    """Do what the steps ask for on a stream; return what they return, raise what they raise.

    A task that is cancelled meanwhile ends the steps where they wait, like any error there.
    """
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Await):
                    data = await stream.receive(step.deadline)
                else:
                    data = b""
                    await stream.send_all(step.data, step.deadline)
            except BaseException as error:  # noqa: BLE001  the steps see it where they wait, and raise
                step = steps.throw(error)
            else:
                step = steps.send(data)
    except StopIteration as done:
        result: T = done.value
        return result


class AsyncSession:
    """One stream with its dialogue; each method runs the steps of the same name and raises what they raise.

    Where another task is still using it, GatewayError INTERACTION: nothing was sent.
    """

    def __init__(
        self,
        stream: AsyncStream,
        dialogue: Dialogue,
        lane: Lane = Lane.REPLIES,
    ) -> None:
        self.dialogue = dialogue
        self.lane = lane
        self._stream = stream
        self._in_use = False

    @property
    def client_id(self) -> str:
        """The client id (IRM_CLIENTID)."""
        return self.dialogue.line.client_id.text

    @property
    def endpoint(self) -> str:
        """Host and port of its IMS Connect."""
        return self.dialogue.line.endpoint

    @property
    def reusable(self) -> bool:
        """Tell whether another conversation may start: the last one came to a known end."""
        return not self._in_use and self.dialogue.line.reusable

    def is_quiet(self) -> bool:
        """Tell whether IMS Connect neither closed nor sent anything while the session was idle."""
        return self._stream.is_quiet()

    def close(self) -> None:
        """Close the stream."""
        self.dialogue.line.in_doubt = True
        self._stream.close()

    def abort(self) -> None:
        """Make the conversation under way fail at once."""
        self._stream.abort()

    async def run(self, interaction: Interaction, credentials: Credentials, *, checked: bool = False) -> Reply:
        """Run an interaction, the verbs that receive apart."""
        self.lane = lane_after(self.lane, interaction.verb)
        return await self.do(self.dialogue.run(interaction, credentials, checked=checked))

    async def acknowledge(self) -> None:
        """Say ACK to what is owed."""
        await self.do(self.dialogue.acknowledge())

    async def reject(self, how: Rejection) -> None:
        """Say NAK to what is owed."""
        await self.do(self.dialogue.reject(how))

    async def receive(self, interaction: Interaction, credentials: Credentials) -> Delivery | None:
        """Begin a RESUME TPIPE and return its first message."""
        return await self.do(self.dialogue.receive(interaction, credentials))

    async def following(self) -> Delivery | None:
        """Return the next message of the RESUME TPIPE."""
        return await self.do(self.dialogue.following())

    async def do(self, steps: Steps[T]) -> T:
        """Run steps of this session's dialogue."""
        if self._in_use:
            raise misuse("connection", "another task is using this connection")
        self._in_use = True
        try:
            return await drive_async(steps, self._stream)
        finally:
            self._in_use = False
