"""The control channel of a running `imsgw callout`: takes one request a connection, does it, answers, closes.

Whoever may open the socket may do all of it: the socket's folder lets in its owner (and root) only. A peer that
is slow, silent or talks nonsense costs one of a few threads for a few seconds.
"""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Semaphore, Thread
from typing import Final

from gateway.callout.control_line import LineError, receive_line, send_line
from gateway.callout.control_socket import Seat
from gateway.callout.control_words import MOST_BYTES, Ask, ControlError, Told, refusal
from gateway.clock import Clock

log = logging.getLogger("gateway.callout")

_MOST_CONNECTIONS: Final = 8
_SECONDS: Final = 5.0
"""For the whole request to come, and again for the answer to be taken."""
_MOST_ASKED: Final = 65_536
"""Bytes of a request."""

Do = Callable[[Ask], Told]
"""Does what is asked. Raises ControlError."""


class ControlServer:
    """Listens at a seat from `start` to `close`."""

    def __init__(self, seat: Seat, do: Do, clock: Clock) -> None:
        """`do` is called in a thread a request; the seat is closed with this."""
        self._seat = seat
        self._do = do
        self._clock = clock
        self._room = Semaphore(_MOST_CONNECTIONS)
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[Thread] = set()
        self._closed = False
        self._accepting = Thread(target=self._accept, name="callout-control", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._accepting.start()

    def close(self) -> None:
        """Listen no more, cut off who is connected, and let go of the seat."""
        with self._lock:
            self._closed = True
            connections, threads = list(self._open), list(self._threads)
        with suppress(OSError):
            # wakes the thread that accepts
            self._seat.socket.shutdown(socket.SHUT_RDWR)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._accepting.ident is not None:
            self._accepting.join()
        for thread in threads:
            # one may be in the middle of what it was asked for; it is a daemon
            thread.join(_SECONDS)
        self._seat.close()

    def _accept(self) -> None:
        while True:
            # who comes when all are busy waits in the backlog; nobody keeps a thread for long
            self._room.acquire()
            try:
                connection, _ = self._seat.socket.accept()
            except OSError as error:
                self._room.release()
                if self._closed:
                    return
                log.warning("a command could not be taken: %s", error)
                continue
            if not self._serve_in_thread(connection):
                return

    def _serve_in_thread(self, connection: socket.socket) -> bool:
        """Return False when there is no serving any more."""
        thread = Thread(target=self._serve, args=(connection,), name="callout-command", daemon=True)
        with self._lock:
            if not self._closed:
                self._open.add(connection)
                self._threads.add(thread)
                thread.start()
                return True
        connection.close()
        self._room.release()
        return False

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._answer(connection)
        except (LineError, OSError) as error:
            log.debug("a command was not answered: %s", error)
        finally:
            self._room.release()
            with self._lock:
                self._open.discard(connection)
                self._threads = {each for each in self._threads if each.is_alive()}

    def _answer(self, connection: socket.socket) -> None:
        line = receive_line(connection, _MOST_ASKED, self._clock.monotonic() + _SECONDS, self._clock)
        try:
            answer = self._do(Ask.of(line)).line()
        except ControlError as error:
            answer = refusal(str(error))
        except Exception:
            log.exception("a command ended by an error of ours")
            answer = refusal("internal error of the gateway; its log says more")
        if len(answer) > MOST_BYTES:
            answer = refusal("there are more listeners than an answer has room for")
        send_line(connection, answer, self._clock.monotonic() + _SECONDS, self._clock)
