"""The listening port. It accepts by itself, so that nothing is left at its end, not even half a handshake."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.standin.link import Link

BACKLOG: Final = 4096
HANDSHAKE_SECONDS: Final = 10.0
OUT_OF_FILES_SECONDS: Final = 0.1
"""Pause after an accept that failed, as it does when no more files may be open."""


class Listener:
    """A port that makes a link of every connection, if `admits` says so at that moment."""

    def __init__(
        self, accepted: Callable[[Link], None], admits: Callable[[], bool], context: ssl.SSLContext | None
    ) -> None:
        self._accepted = accepted
        self._admits = admits
        self._context = context
        self._socket: socket.socket | None = None
        self._arriving: dict[asyncio.Task[None], socket.socket] = {}

    def open(self, host: str, port: int) -> int:
        """Listen and return the port. Raises OSError when it is in use."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        self._watch()
        chosen: int = self._socket.getsockname()[1]
        return chosen

    async def close(self) -> None:
        """Stop listening and give up what is just arriving."""
        listening, self._socket = self._socket, None
        if listening is None:
            return
        asyncio.get_running_loop().remove_reader(listening)
        listening.close()
        arriving = dict(self._arriving)
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)
        for connection in arriving.values():
            connection.close()

    @property
    def arriving(self) -> int:
        """How many connections are accepted and not yet links."""
        return len(self._arriving)

    def _watch(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection, _ = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            loop.remove_reader(listening)
            loop.call_later(OUT_OF_FILES_SECONDS, self._watch)
            return
        if not self._admits():
            connection.close()
            return
        connection.setblocking(False)
        task = loop.create_task(self._welcome(connection))
        self._arriving[task] = connection
        task.add_done_callback(self._arrived)

    def _arrived(self, task: "asyncio.Task[None]") -> None:
        self._arriving.pop(task, None)

    async def _welcome(self, connection: socket.socket) -> None:
        task = asyncio.current_task()
        assert task is not None, "runs as a task"

        def accepted(link: Link) -> None:
            self._arrived(task)
            self._accepted(link)

        handshake = HANDSHAKE_SECONDS if self._context else None
        # a client that fails the handshake or leaves meanwhile is nobody's concern
        with suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Link(accepted), connection, ssl=self._context, ssl_handshake_timeout=handshake
            )
