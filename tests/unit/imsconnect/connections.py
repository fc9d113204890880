"""Connections under test, of either face, behind one set of blocking calls, and scripts for them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.errors import GatewayError
from gateway.imsconnect import (
    AsyncClient,
    AsyncConnection,
    AsyncMessages,
    CallNote,
    Client,
    Connection,
    ConnectionSettings,
    Credentials,
    Delivery,
    Endpoint,
    Exit,
    HeaderCode,
    Interaction,
    PoolSettings,
    Reply,
    Secret,
    SyncLevel,
)
from gateway.imsconnect.stats import PoolStats
from tests.fixtures.faces import LoopThread, is_async
from tests.fixtures.scripted_server import Expect, ScriptedServer, Send
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.worked_examples import patched, rsm
from tests.unit.standin.by_hand import example

USER = Credentials.of("USER1", "PASSW0RD")

CONVERSATION_OPEN = {wire.OUTPUT_ACK_CSM_FLAGS: "50"}
"""CSM of OUTPUT_ACK: conversational, protocol level valid, no ACK wanted."""
CONVERSATION_ACK = {wire.OUTPUT_ACK_CSM_FLAGS: "70"}
"""The same with an ACK wanted."""

CONFIRM = Interaction(
    transaction="IVTNO",
    segments=(wire.IVTNO_DATA,),
    sync_level=SyncLevel.CONFIRM,
    execution_timeout_ms=1000,
    socket_timeout_ms=20_000,
)
ASYNC_OUTPUT = bytes.fromhex("C1E2E8D5C340C3C1D3D3D6E4E340C4C1E3C1")
"""The data of worked example 23."""
TOKEN = bytes.fromhex("00280001C9D4E2F1000000001234567800000000ABCDEF01C3C1D3D3D6E4E3F1E4E2C5D9F1404040")
"""The correlation token of worked example 17."""


class LoopMessages(Iterator[Delivery]):
    """Messages for asyncio whose loop runs in another thread."""

    def __init__(self, thread: LoopThread, messages: AsyncMessages) -> None:
        self._thread = thread
        self._messages = messages

    @property
    def taken(self) -> int:
        return self._messages.taken

    @property
    def last_ack_heard(self) -> bool:
        return self._messages.last_ack_heard

    def __next__(self) -> Delivery:
        delivery = self._thread.do(self._following())
        if delivery is None:
            raise StopIteration
        return delivery

    async def _following(self) -> Delivery | None:
        return await anext(self._messages, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.do(self._messages.aclose())


class LoopConnection:
    """A connection for asyncio whose loop runs in a thread of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._thread = LoopThread()
        try:
            self._connection = self._thread.do(AsyncConnection.open(*args, **kwargs))
        except BaseException:
            self._thread.stop()
            raise

    @property
    def client_id(self) -> str:
        return self._connection.client_id

    @property
    def usable(self) -> bool:
        return self._connection.usable

    def run(self, interaction: Interaction, credentials: Credentials | None = None) -> Reply:
        return self._thread.do(self._connection.run(interaction, credentials))

    def acknowledge(self) -> None:
        self._thread.do(self._connection.acknowledge())

    def reject(self, **how: Any) -> None:
        self._thread.do(self._connection.reject(**how))

    def receive(self, interaction: Interaction) -> Delivery | None:
        return self._thread.do(self._connection.receive(interaction))

    def messages(self, interaction: Interaction, *, limit: int | None = None) -> "LoopMessages":
        return LoopMessages(self._thread, self._connection.messages(interaction, limit=limit))

    def ping(self, timeout_ms: int) -> str:
        return self._thread.do(self._connection.ping(timeout_ms))

    def change_password(self, new: Secret, credentials: Credentials | None = None) -> str:
        return self._thread.do(self._connection.change_password(new, credentials, 30_000))

    def cancel_timer(self) -> None:
        self._thread.do(self._connection.cancel_timer())

    def abort(self) -> None:
        self._thread.loop.call_soon_threadsafe(self._connection.abort)

    def close(self) -> None:
        self._thread.do(self._connection.close())
        self._thread.stop()


class ThreadConnection(Connection):
    """The connection for threads, with the timer of the worked examples."""

    def change_password(self, new: Secret, credentials: Any = None, timeout_ms: int = 30_000) -> str:
        return super().change_password(new, credentials, timeout_ms)


Opened = ThreadConnection | LoopConnection


def settings_for(*servers: ScriptedServer, **fields: Any) -> ConnectionSettings:
    endpoints = tuple(Endpoint(server.host, server.port) for server in servers)
    return ConnectionSettings(
        **{"endpoints": endpoints, "datastore": "IMS1", "credentials": USER, "name": "ims1", **fields}
    )


@contextmanager
def connection_to(
    *servers: ScriptedServer,
    client_id: str | None = "CLIENT01",
    take_over: bool = False,
    exit: Exit = Exit.HWSSMPL1,  # noqa: A002  IBM's word
    code: HeaderCode = HeaderCode.EBCDIC,
    **fields: Any,
) -> Iterator[Opened]:
    kind = LoopConnection if is_async() else ThreadConnection
    settings = settings_for(*servers, exit=exit, code=code, **fields)
    connection = kind(settings, client_id, take_over=take_over)
    try:
        yield connection
    finally:
        connection.close()


def fails(failure: GatewayError, rule: str) -> bool:
    """Tell whether an error names this rule of interactions."""
    return failure.fields.get("rule") == rule


def request(changes: Mapping[int, str]) -> Expect:
    """Expect worked example 1 (IVTNO) with other bytes at some offsets."""
    return Expect(patched(wire.IVTNO, changes))


def asked(number: str, changes: Mapping[int, str] | None = None) -> Expect:
    """Expect an input of the corpus, with other bytes at some offsets."""
    return Expect(patched(example(f"input/{number}"), changes or {}))


def told(number: str, changes: Mapping[int, str] | None = None) -> Send:
    """Send an output of the corpus, with other bytes at some offsets."""
    return Send(patched(example(f"output/{number}"), changes or {}))


TIMER_OVER = Send(rsm(40, 0x28))
"""The timer X'28' (1 s) is over, the socket is kept."""


class LoopClient:
    """A client for asyncio whose loop runs in a thread of its own."""

    def __init__(self, settings: ConnectionSettings, **fields: Any) -> None:
        self._thread = LoopThread()
        self._client = AsyncClient(settings, **fields)

    def run(
        self,
        interaction: Interaction,
        credentials: Any = None,
        *,
        client_id: str = "",
        note: CallNote | None = None,
    ) -> Reply:
        return self._thread.do(self._client.run(interaction, credentials, client_id=client_id, note=note))

    def ping(self, timeout_ms: int) -> str:
        return self._thread.do(self._client.ping(timeout_ms))

    def change_password(self, new: Secret, credentials: Any, timeout_ms: int) -> str:
        return self._thread.do(self._client.change_password(new, credentials, timeout_ms))

    def cancel_timer(self, client_id: str) -> None:
        self._thread.do(self._client.cancel_timer(client_id))

    def stats(self) -> tuple[PoolStats, ...]:
        return self._client.stats()

    def warm(self) -> None:
        self._in_the_loop(self._client.warm)

    def drain(self, endpoint: Endpoint) -> None:
        self._in_the_loop(self._client.drain, endpoint)

    def resume(self, endpoint: Endpoint) -> None:
        self._in_the_loop(self._client.resume, endpoint)

    def close(self, drain_seconds: float = 0.0) -> None:
        self._thread.do(self._client.close(drain_seconds))

    def end(self) -> None:
        self.close()
        self._thread.stop()

    def _in_the_loop(self, function: Callable[..., None], *args: Any) -> None:
        async def call() -> None:
            function(*args)

        self._thread.do(call())


AnyClient = Client | LoopClient


@contextmanager
def client_to(*servers: ScriptedServer, clock: Clock = SYSTEM_CLOCK, **fields: Any) -> Iterator[AnyClient]:
    kind = LoopClient if is_async() else Client
    pool = PoolSettings(**fields.pop("pool", {}))
    settings = settings_for(*servers, pool=pool, **fields)
    client = kind(settings, clock=clock, client_ids=lambda _prefix: "CLIENT01")
    try:
        yield client
    finally:
        if isinstance(client, LoopClient):
            client.end()
        else:
            client.close()
