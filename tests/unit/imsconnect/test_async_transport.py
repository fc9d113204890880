"""The stream for asyncio where it differs from that for threads: cancellation, other tasks, names."""

import asyncio
import itertools
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from gateway.clock import SYSTEM_CLOCK
from gateway.imsconnect.async_transport import AsyncSocketStream, connect
from gateway.imsconnect.transport import ConnectFailed, Endpoint, StreamLost
from tests.fixtures.faces import cancelled_at, in_a_loop
from tests.fixtures.scripted_server import (
    Endless,
    ExpectNothing,
    ScriptedServer,
    Send,
    Signal,
    Stall,
    full_backlog,
)
from tests.unit.imsconnect.pooling import PATIENCE
from tests.unit.imsconnect.streaming import far, soon

AUTHORITY = trustme.CA()
HELLO = b"\x00\x00\x00\x05!"


@asynccontextmanager
async def open_to(server: ScriptedServer) -> AsyncIterator[AsyncSocketStream]:
    stream = await connect(Endpoint(server.host, server.port), far(), SYSTEM_CLOCK)
    try:
        yield stream
    finally:
        stream.close()
        assert watched() == 1, "only the loop's own wake-up socket is watched"


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    return context


def watched() -> int:
    loop = asyncio.get_running_loop()
    return len(loop._selector.get_map())  # type: ignore[attr-defined]


class TestCancellation:
    def test_while_receiving_nothing_is_consumed(self, scripted_server):
        go = threading.Event()
        server = scripted_server([Stall(go), Send(HELLO), Stall()])

        async def test() -> None:
            async with open_to(server) as stream:
                waiting = asyncio.create_task(stream.receive(far()))
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                assert watched() == 1
                go.set()
                assert await stream.receive(far()) == HELLO

        in_a_loop(test())

    def test_while_connecting_leaves_no_socket(self):
        async def test() -> None:
            with full_backlog() as listener:
                endpoint = Endpoint("127.0.0.1", listener.getsockname()[1])
                with pytest.raises(asyncio.CancelledError):
                    await cancelled_at(0, connect(endpoint, far(), SYSTEM_CLOCK))
                assert watched() == 1

        in_a_loop(test())

    def test_anywhere_in_a_handshake_leaves_no_socket(self, scripted_server, server_tls, client_tls):
        async def test() -> None:
            for step in itertools.count():
                server = scripted_server([ExpectNothing()], tls=server_tls)
                endpoint = Endpoint(server.host, server.port, client_tls)
                try:
                    stream = await cancelled_at(step, connect(endpoint, far(), SYSTEM_CLOCK))
                except asyncio.CancelledError:
                    assert watched() == 1
                    await asyncio.to_thread(server.wait_played, 1)
                    # a server may well be surprised in the middle of a handshake
                    server.failures.clear()
                else:
                    stream.close()
                    assert step > 0
                    return

        in_a_loop(test())


class TestOtherTasks:
    def test_a_close_wakes_the_task_that_waits_and_leaves_nothing_watched(self, scripted_server):
        server = scripted_server([Stall()])

        async def test() -> None:
            async with open_to(server) as stream:
                waiting = asyncio.create_task(stream.receive(far()))
                await asyncio.sleep(0)
                stream.close()
                assert watched() == 1
                with pytest.raises(StreamLost):
                    await waiting

        in_a_loop(test())

    def test_a_flood_leaves_other_tasks_their_turn(self, scripted_server):
        server = scripted_server([Endless(bytes(65_536))])

        async def test() -> None:
            turns = 0

            async def other() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            async with open_to(server) as stream:
                task = asyncio.create_task(other())
                for _ in range(200):
                    await stream.receive(far())
                task.cancel()
                await asyncio.wait({task})
            assert turns > 10

        in_a_loop(test())

    def test_what_nobody_receives_holds_the_other_side_back(self, scripted_server):
        sent = threading.Event()
        much = 50_000_000
        server = scripted_server([Send(bytes(much), piece=65_536), Signal(sent), Stall()])

        async def test() -> None:
            async with open_to(server) as stream:
                got = len(await stream.receive(far()))
                assert got <= 65_536
                assert not sent.is_set()
                while got < much:
                    got += len(await stream.receive(far()))
                assert await asyncio.to_thread(sent.wait, PATIENCE)

        in_a_loop(test())


class TestNames:
    def test_an_address_is_looked_up_nowhere(self, scripted_server, monkeypatch):
        server = scripted_server([Stall()])

        async def test() -> None:
            def asked(*_args: object, **_kwargs: object) -> None:
                pytest.fail("a name server was asked")

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", asked)
            async with open_to(server):
                pass

        in_a_loop(test())

    def test_a_name_is_looked_up_without_stopping_the_loop_and_in_time(self, monkeypatch):
        async def test() -> None:
            async def never(*_args: object, **_kwargs: object) -> None:
                await asyncio.Event().wait()

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
            with pytest.raises(ConnectFailed, match="host name not resolved: not in time"):
                await connect(Endpoint("ims.example", 9999), soon(), SYSTEM_CLOCK)

        in_a_loop(test())

    def test_a_name_leads_to_its_addresses(self, scripted_server, monkeypatch):
        server = scripted_server([Stall()])

        async def test() -> None:
            async def found(*_args: object, **_kwargs: object) -> list[tuple[object, ...]]:
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (server.host, server.port))]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
            stream = await connect(Endpoint("ims.example", 9999), far(), SYSTEM_CLOCK)
            stream.close()

        in_a_loop(test())
