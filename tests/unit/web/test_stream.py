"""Streams over a pair of sockets: ends, half-closing, TLS with the ssl module at the other end."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from gateway.config.model import ServerSettings
from gateway.tls import ListenerTls, server_tls
from gateway.web.stream import NotTls, PlainStream, Stream, TlsStream
from tests.fixtures.pki import Pki
from tests.fixtures.web import PATIENCE

T = TypeVar("T")
Peer = Callable[[socket.socket], object]


def with_peer(peer: Peer, ours: Callable[[socket.socket], Coroutine[Any, Any, T]]) -> T:
    """Run our end in a loop and the peer's blocking end in a thread."""
    left, right = socket.socketpair()
    right.settimeout(PATIENCE)
    left.setblocking(False)
    thread = threading.Thread(target=peer, args=(right,))

    async def bounded() -> T:
        async with asyncio.timeout(PATIENCE):
            return await ours(left)

    thread.start()
    try:
        return asyncio.run(bounded())
    finally:
        left.close()
        thread.join(PATIENCE)
        right.close()


async def everything(stream: Stream) -> bytes:
    data = b""
    while part := await stream.read():
        data += part
    return data


@pytest.fixture
def tls(pki: Pki) -> ListenerTls:
    return server_tls(ServerSettings(keystore=pki.server_keystore()))


@pytest.fixture
def client(pki: Pki) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pki.keys.ca)


def test_a_plain_stream_reads_to_the_end_and_writes_all() -> None:
    got: list[bytes] = []

    def peer(sock: socket.socket) -> None:
        sock.sendall(b"request")
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile("rb") as file:
            got.append(file.read())

    async def ours(sock: socket.socket) -> bytes:
        stream = PlainStream(sock)
        await stream.open()
        assert stream.certificate is None
        data = await everything(stream)
        await stream.write(b"x" * 3_000_000)
        await stream.finish()
        stream.close()
        return data

    assert with_peer(peer, ours) == b"request"
    assert got == [b"x" * 3_000_000]


def test_finishing_takes_what_the_peer_still_sends() -> None:
    def peer(sock: socket.socket) -> None:
        assert sock.recv(1) == b""
        sock.sendall(b"x" * 1_000_000)
        sock.close()

    async def ours(sock: socket.socket) -> None:
        await PlainStream(sock).finish()

    with_peer(peer, ours)


def test_tls_carries_large_data_both_ways_and_says_goodbye(tls: ListenerTls, client: ssl.SSLContext) -> None:
    got: list[object] = []

    def peer(sock: socket.socket) -> None:
        with client.wrap_socket(sock, server_hostname="localhost", suppress_ragged_eofs=False) as secured:
            secured.sendall(b"r" * 500_000 + b".")
            data = b""
            while part := secured.recv(65536):  # raises when the end comes without close_notify
                data += part
            got.extend((secured.version(), secured.selected_alpn_protocol(), data))

    async def ours(sock: socket.socket) -> None:
        stream = TlsStream(sock, tls)
        await stream.open()
        data = b""
        while not data.endswith(b"."):
            data += await stream.read()
        assert data == b"r" * 500_000 + b"."
        await stream.write(b"a" * 2_000_000)
        await stream.finish()
        stream.close()

    client.set_alpn_protocols(["h2", "http/1.1"])
    with_peer(peer, ours)
    assert got == ["TLSv1.3", "http/1.1", b"a" * 2_000_000]


@pytest.mark.parametrize("goodbye", [True, False])
def test_the_end_of_tls_is_the_end_with_or_without_close_notify(
    tls: ListenerTls, client: ssl.SSLContext, goodbye: bool
) -> None:
    def peer(sock: socket.socket) -> None:
        secured = client.wrap_socket(sock, server_hostname="localhost")
        secured.sendall(b"cut")
        if goodbye:
            secured.unwrap().close()
        else:
            secured.close()

    async def ours(sock: socket.socket) -> bytes:
        stream = TlsStream(sock, tls)
        await stream.open()
        data = await everything(stream)
        stream.close()
        return data

    assert with_peer(peer, ours) == b"cut"


def test_a_garbled_record_is_an_error(tls: ListenerTls, client: ssl.SSLContext) -> None:
    def peer(sock: socket.socket) -> None:
        with client.wrap_socket(sock, server_hostname="localhost") as secured, suppress(OSError):
            assert secured.recv(1) == b""

    async def ours(sock: socket.socket) -> None:
        stream = TlsStream(sock, tls)
        await stream.open()
        stream._incoming.write(b"\x17\x03\x03\x00\x20" + bytes(32))
        with pytest.raises(ssl.SSLError):
            await stream.read()
        stream.close()

    with_peer(peer, ours)


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\n\r\n", b"\x80\x2e\x01\x00\x02", b"\x15\x03\x01\x00\x02\x02\x28"]
)
def test_what_is_no_tls_handshake_is_told_from_one(tls: ListenerTls, first: bytes) -> None:
    async def ours(sock: socket.socket) -> None:
        stream = TlsStream(sock, tls)
        with pytest.raises(NotTls) as refused:
            await stream.open()
        await refused.value.stream.write(b"plain")
        stream.close()

    with_peer(lambda sock: sock.sendall(first), ours)


def test_a_peer_that_leaves_before_or_within_the_handshake_is_an_error(tls: ListenerTls) -> None:
    async def ours(sock: socket.socket) -> None:
        stream = TlsStream(sock, tls)
        with pytest.raises(OSError):
            await stream.open()
        stream.close()

    with_peer(lambda sock: sock.shutdown(socket.SHUT_WR), ours)

    def begins(sock: socket.socket) -> None:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        sock.shutdown(socket.SHUT_WR)

    with_peer(begins, ours)


def test_a_stream_that_nobody_opened_can_be_closed(tls: ListenerTls) -> None:
    async def ours(sock: socket.socket) -> None:
        TlsStream(sock, tls).close()

    with_peer(lambda _sock: None, ours)


# -- deadlines ----------------------------------------------------------------------------------------------


def test_a_read_that_waits_for_too_long_fails_and_the_stream_goes_on_with_another_deadline() -> None:
    said = threading.Event()

    def peer(sock: socket.socket) -> None:
        assert said.wait(PATIENCE)
        sock.sendall(b"late")

    async def ours(sock: socket.socket) -> bytes:
        stream = PlainStream(sock)
        stream.within(0.01)
        with pytest.raises(TimeoutError):
            await stream.read()
        stream.within(PATIENCE)
        said.set()
        data = await stream.read()
        stream.close()
        return data

    assert with_peer(peer, ours) == b"late"


def test_who_sends_a_byte_now_and_then_has_no_more_time_than_others() -> None:
    ended = threading.Event()

    def peer(sock: socket.socket) -> None:
        with suppress(OSError):
            while not ended.wait(0.005):
                sock.sendall(b"x")

    async def ours(sock: socket.socket) -> int:
        stream = PlainStream(sock)
        stream.within(0.1)
        got = 0
        try:
            while True:
                got += len(await stream.read())
        except TimeoutError:
            return got
        finally:
            ended.set()
            stream.close()

    assert with_peer(peer, ours) < 100


def test_a_deadline_that_was_put_off_does_not_come_early() -> None:
    def peer(sock: socket.socket) -> None:
        sock.sendall(b"1")
        assert sock.recv(1) == b"a"
        threading.Event().wait(0.1)  # longer than the first deadline
        sock.sendall(b"2")

    async def ours(sock: socket.socket) -> bytes:
        stream = PlainStream(sock)
        stream.within(0.05)
        data = await stream.read()
        stream.within(PATIENCE)
        await stream.write(b"a")
        data += await stream.read()
        stream.close()
        return data

    assert with_peer(peer, ours) == b"12"


def test_a_write_that_nobody_takes_fails_at_the_deadline() -> None:
    ended = threading.Event()

    async def ours(sock: socket.socket) -> None:
        stream = PlainStream(sock)
        stream.within(0.05)
        with pytest.raises(TimeoutError):
            await stream.write(b"x" * 50_000_000)
        ended.set()
        stream.close()

    with_peer(lambda _sock: ended.wait(PATIENCE), ours)


def test_what_comes_while_nobody_reads_is_there_when_somebody_does() -> None:
    sent = threading.Event()

    def peer(sock: socket.socket) -> None:
        sock.sendall(b"1")
        assert sock.recv(1) == b"a"
        sock.sendall(b"early")
        sent.set()
        assert sock.recv(1) == b""

    async def ours(sock: socket.socket) -> list[bytes]:
        stream = PlainStream(sock)
        data = [await stream.read()]
        await stream.write(b"a")
        await asyncio.to_thread(sent.wait, PATIENCE)  # the loop turns, and finds what nobody has asked for
        data.append(await stream.read())
        stream.close()
        return data

    assert with_peer(peer, ours) == [b"1", b"early"]


def test_handshakes_of_a_flood_take_turns_and_the_loop_goes_round_between_them(tls, client) -> None:
    hello = ssl.MemoryBIO()
    half = client.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        half.do_handshake()
    first = hello.read()

    async def flood() -> list[int]:
        rounds, steps, turn = [0], list[int](), asyncio.Lock()
        loop = asyncio.get_running_loop()

        def count() -> None:
            rounds[0] += 1
            loop.call_soon(count)

        def stream() -> tuple[TlsStream, socket.socket]:
            left, right = socket.socketpair()
            left.setblocking(False)
            right.sendall(first)
            one = TlsStream(left, tls, turn)
            whole = one._ssl.do_handshake

            def step() -> None:
                steps.append(rounds[0])
                whole()

            one._ssl = SimpleNamespace(do_handshake=step, unwrap=lambda: None)  # type: ignore[assignment]
            return one, right

        streams = [stream() for _ in range(20)]
        loop.call_soon(count)
        tasks = [asyncio.ensure_future(one.open()) for one, _ in streams]
        while len(steps) < len(streams):  # noqa: ASYNC110  the steps are counted by the test
            await asyncio.sleep(0)
        for task, (one, right) in zip(tasks, streams, strict=True):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            one.close()
            right.close()
        return steps[: len(streams)]

    async def bounded() -> list[int]:
        async with asyncio.timeout(PATIENCE):
            return await flood()

    steps = asyncio.run(bounded())
    assert len(set(steps)) == len(steps), "never two in one round of the loop"
