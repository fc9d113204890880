import asyncio
import errno
import socket

from gateway.standin.link import Link
from gateway.standin.listener import Listener


class NoMoreFiles:
    """The listening socket of a process that may open no more files."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening

    def fileno(self) -> int:
        return self._listening.fileno()

    def accept(self) -> None:
        raise OSError(errno.EMFILE, "too many open files")


def test_it_listens_again_after_it_ran_out_of_files():
    async def scenario() -> str:
        accepted: asyncio.Queue[Link] = asyncio.Queue()
        listener = Listener(accepted.put_nowait, lambda: True, None)
        port = listener.open("127.0.0.1", 0)
        listener._accept(NoMoreFiles(listener._socket))  # type: ignore[arg-type]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        link = await asyncio.wait_for(accepted.get(), 20)
        peer = link.peer
        await listener.close()
        link.abort()
        await link.lost
        writer.close()
        await writer.wait_closed()
        return peer

    assert asyncio.run(scenario()).startswith("127.0.0.1:")


def test_closing_what_is_not_open_does_nothing():
    async def scenario() -> None:
        await Listener(lambda _link: None, lambda: True, None).close()

    asyncio.run(scenario())
