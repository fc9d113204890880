"""Clients under test, calls with answers that can be told apart, and an echo written by hand."""

import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Literal, Protocol

import pytest

from gateway.bundles import connection_settings, credentials_of
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import BackendTls, ImsConnectSettings, PoolSettings, TrustStore
from gateway.errors import GatewayError, M, TransportError
from gateway.exchange import Caller, ImsAnswer, ImsCall, Secret
from gateway.imsconnect import AsyncClient, ConnectionSettings
from gateway.imsconnect.async_transport import AsyncSocketStream
from gateway.imsconnect.stats import PoolStats
from gateway.imsconnect.transport import SocketStream
from gateway.provider.backend import BundleBackend, interaction_of
from tests.fixtures.faces import LoopThread, is_async
from tests.fixtures.scripted_server import (
    Expect,
    Forever,
    Link,
    Send,
    Step,
)
from tests.unit.imsconnect import worked_examples as wire

PATIENCE = 20.0
CALL = ImsCall(
    "IVTNO",
    (wire.IVTNO_DATA,),
    Caller("USER1", Secret("PASSW0RD"), "", "bundle"),
    execution_timeout_ms=30_000,
    socket_timeout_ms=20_000,
)
HURRIED = replace(CALL, socket_timeout_ms=150)
SEND_ONLY = replace(CALL, transaction="ORDERTRN", segments=(wire.SEND_ONLY_DATA,), send_only=True)
ANSWERED = (Expect(wire.IVTNO), Send(wire.OUTPUT))


class Listening(Protocol):
    """What a client connects to."""

    host: str
    port: int


@dataclass
class At:
    host: str
    port: int


NO_STORE = TrustStore.model_construct(path=Path(), password=Secret(""))
"""The test makes its own TLS context."""


class LoopBackend:
    """A backend of a bundle, as it would be over the client for asyncio."""

    def __init__(self, settings: ConnectionSettings, *, clock: Clock, client_ids: Callable[[str], str]) -> None:
        self._thread = LoopThread()
        self._client = AsyncClient(settings, clock=clock, client_ids=client_ids)

    def __repr__(self) -> str:
        return repr(self._client)

    def call(self, call: ImsCall) -> ImsAnswer:
        reply = self._thread.do(self._client.run(interaction_of(call), credentials_of(call.caller)))
        return ImsAnswer(reply.segments, reply.client_id)

    def ping(self, timeout_ms: int) -> str:
        return self._thread.do(self._client.ping(timeout_ms))

    def stats(self) -> tuple[PoolStats, ...]:
        return self._client.stats()

    def close(self, drain_seconds: float) -> None:
        self._thread.do(self._client.close(drain_seconds))

    def end(self) -> None:
        self.close(0)
        self._thread.stop()


Backend = BundleBackend | LoopBackend


@contextmanager
def client_of(
    server: Listening,
    *,
    client_ids: Callable[[str], str] = lambda _prefix: "CLIENT01",
    tls: ssl.SSLContext | None = None,
    server_name: str = "",
    max_message: int = 10_000_000,
    **pool: float,
) -> Iterator[Backend]:
    settings = ImsConnectSettings(
        host=server.host,
        port=server.port,
        datastore="IMS1",
        tls=BackendTls.model_construct(truststore=NO_STORE, server_name=server_name) if tls else None,
        pool=PoolSettings.model_validate({"size": 4, "wait_seconds": 5.0, **pool}),
        max_message_bytes=max_message,
    )
    kind = LoopBackend if is_async() else BundleBackend
    client = kind(connection_settings("ims1", settings, tls), clock=SYSTEM_CLOCK, client_ids=client_ids)
    try:
        yield client
    finally:
        if isinstance(client, LoopBackend):
            client.end()
        else:
            client.close(0)


def before(
    monkeypatch: pytest.MonkeyPatch, method: Literal["send_all", "receive"], hook: Callable[[], None]
) -> None:
    """Call something before each `method` of streams, whichever face they are of."""

    def hooked(real):
        def step(self, *args):
            hook()
            return real(self, *args)

        return step

    for kind in (SocketStream, AsyncSocketStream):
        monkeypatch.setattr(kind, method, hooked(getattr(kind, method)))


def failure_of(client: Backend, call: ImsCall = CALL) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        client.call(call)
    return caught.value


@dataclass(frozen=True)
class Echo:
    """Answer a message with its own data, read and written here by hand."""

    def play(self, link: Link) -> None:
        request = link.read_message()
        irm_length = struct.unpack(">H", request[4:6])[0]
        segments = request[4 + irm_length : -4]
        csm = bytes.fromhex("000C 10 02 5CC3E2D4D6D2E85C")
        link.sock.sendall(struct.pack(">I", 4 + len(segments) + len(csm)) + segments + csm)


ECHOES: list[Step] = [Forever((Echo(),))]


def said(number: int, turn: int) -> ImsCall:
    """A call whose answer can be told from any other."""
    return replace(CALL, segments=(f"ECHO caller {number} turn {turn} ".encode("cp037") * (1 + number % 50),))


@dataclass
class Load:
    """Callers that each check their own answers, over and over."""

    client: Backend
    wrong: list[object] = field(default_factory=list)
    answered: "count[int]" = field(default_factory=count)
    latest: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self, number: int) -> None:
        for turn in count():
            if self.stop.is_set():
                return
            call = said(number, turn)
            try:
                if self.client.call(call).segments != call.segments:
                    self.wrong.append((number, turn))
                self.latest = next(self.answered)
            except TransportError as error:
                if error.message not in {M.UNREACHABLE, M.CONNECTION_LOST, M.NO_SOCKET}:
                    self.wrong.append(error)
                self.stop.wait(0.02)

    def wait_for_more(self) -> None:
        """Wait until some more calls were answered."""
        start, pause = self.latest, threading.Event()
        for _ in range(10_000):
            if self.latest > start + 50:
                return
            pause.wait(0.002)
        pytest.fail("calls do not succeed again")


@contextmanager
def under_load(client: Backend, callers: int) -> Iterator[Load]:
    load = Load(client)
    threads = [threading.Thread(target=load.work, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(PATIENCE)


def stats_of(client: Backend) -> PoolStats:
    """The picture of the pool of the one endpoint there is."""
    (stats,) = client.stats()
    return stats
