"""Sessions under test, their calls, and a stream that is only pretended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gateway.bundles import credentials_of
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Caller, CommitMode, ImsCall, Secret, SyncLevel
from gateway.imsconnect.async_session import AsyncSession
from gateway.imsconnect.async_transport import connect as async_connect
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.dialogue import Dialogue
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.session import Session
from gateway.imsconnect.transport import Endpoint, Stream, connect
from gateway.imsconnect.values import Reply
from gateway.imsconnect.wire import Exit
from gateway.provider.backend import interaction_of
from tests.fixtures.faces import in_a_loop, is_async
from tests.fixtures.scripted_server import (
    ScriptedServer,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.worked_examples import F1, F2, F3, TIMER, patched

PASSWORD = "PASSW0RD"

CALL = ImsCall(
    "IVTNO",
    (wire.IVTNO_DATA,),
    Caller("USER1", Secret(PASSWORD), "", "bundle"),
    execution_timeout_ms=30_000,
    socket_timeout_ms=20_000,
)
CONFIRM = replace(CALL, sync_level=SyncLevel.CONFIRM, execution_timeout_ms=1000)
CONFIRM_REQUEST = patched(wire.IVTNO, {TIMER: "28", F3: "01"})
CM0 = replace(CALL, commit_mode=CommitMode.COMMIT_THEN_SEND)
CM0_REQUEST = patched(wire.IVTNO, {F2: "40", F3: "05"})
CM0_ACK = patched(wire.ACK, {TIMER: "01", F2: "40", F3: "05"})
CM0_ACK_NOWAIT = patched(wire.ACK, {TIMER: "E9", F1: "02", F2: "40", F3: "05"})
OUTPUT_ACK_LEVEL_1 = patched(wire.OUTPUT_ACK, {wire.OUTPUT_ACK_CSM_LEVEL: "01"})
HURRIED = replace(CALL, socket_timeout_ms=150)


def destination(exit_name: str = "HWSSMPL1", max_message: int = 10_000_000) -> Destination:
    return Destination("IMS1", Exit[exit_name], max_message_bytes=max_message)


class Conversing(Session):
    """A session that is asked what an operation of a service asks."""

    def perform(self, call: ImsCall) -> Reply:
        return self.run(interaction_of(call), credentials_of(call.caller))

    def ping(self, timeout_ms: int) -> str:
        return self.do(self.dialogue.ping(timeout_ms))


class AsyncConversing:
    """The same over a session for asyncio; a loop runs while it is asked something."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    @property
    def reusable(self) -> bool:
        return self._session.reusable

    @property
    def lane(self) -> Lane:
        return self._session.lane

    def perform(self, call: ImsCall) -> Reply:
        return in_a_loop(self._session.run(interaction_of(call), credentials_of(call.caller)))

    def ping(self, timeout_ms: int) -> str:
        return in_a_loop(self._session.do(self._session.dialogue.ping(timeout_ms)))

    def close(self) -> None:
        self._session.close()


class AwaitedStream:
    """A pretended stream as one for asyncio."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def send_all(self, data: bytes, deadline: float) -> None:
        self._stream.send_all(data, deadline)

    async def receive(self, deadline: float) -> bytes:
        return self._stream.receive(deadline)

    def is_quiet(self) -> bool:
        return self._stream.is_quiet()

    def close(self) -> None:
        self._stream.close()

    def abort(self) -> None:
        self._stream.abort()


def session_on(stream: Stream, there: Destination | None = None) -> Conversing | AsyncConversing:
    dialogue = dialogue_for(there)
    if is_async():
        return AsyncConversing(AsyncSession(AwaitedStream(stream), dialogue))
    return Conversing(stream, dialogue)


def dialogue_for(there: Destination | None = None) -> Dialogue:
    return Dialogue(there or destination(), ClientId("CLIENT01"), "ims.example:9999", SYSTEM_CLOCK)


@contextmanager
def session_with(
    server: ScriptedServer, there: Destination | None = None
) -> Iterator[Conversing | AsyncConversing]:
    endpoint, deadline = Endpoint(server.host, server.port), SYSTEM_CLOCK.monotonic() + 20
    session: Conversing | AsyncConversing
    if is_async():
        stream = in_a_loop(async_connect(endpoint, deadline, SYSTEM_CLOCK))
        session = AsyncConversing(AsyncSession(stream, dialogue_for(there)))
    else:
        session = Conversing(connect(endpoint, deadline, SYSTEM_CLOCK), dialogue_for(there))
    try:
        yield session
    finally:
        session.close()


@dataclass
class CannedStream:
    """Gives the replies in turn; an exception among them is raised, as it is for the n-th `sends`."""

    replies: list[bytes | BaseException]
    sends: dict[int, BaseException] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)

    def send_all(self, data: bytes, deadline: float) -> None:
        self.deadlines.append(deadline)
        self.sent.append(data)
        if len(self.sent) in self.sends:
            raise self.sends[len(self.sent)]

    def receive(self, deadline: float) -> bytes:
        self.deadlines.append(deadline)
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def is_quiet(self) -> bool:
        return True

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass
