"""Takes one line a connection, has it answered, answers, closes: the serving end of a control socket.

Whoever may open the socket may do all of it: the socket's folder lets in its owner (and root) only. A peer that
is slow, silent or talks nonsense costs one of a few threads for a few seconds.
"""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Semaphore, Thread
from typing import Final

from gateway.clock import Clock
from gateway.control.line import LineError, receive_line, send_line
from gateway.control.words import MOST_BYTES, ControlError, refusal

log = logging.getLogger("gateway.control")

_MOST_CONNECTIONS: Final = 8
SECONDS: Final = 5.0
"""For the whole request to come, and again for the answer to be taken."""

Answer = Callable[[bytes], bytes]
"""Does what a line asks, and gives the line that answers. Raises ControlError with a text for people."""


def converse(connection: socket.socket, answer: Answer, clock: Clock, seconds: float = SECONDS) -> None:
    """Take one line from a connection and answer it. Raises LineError, OSError when the peer is no good."""
    line = receive_line(connection, MOST_BYTES, clock.monotonic() + seconds, clock)
    try:
        said = answer(line)
    except ControlError as error:
        said = refusal(str(error))
    except Exception:
        log.exception("a command ended by an error of ours")
        said = refusal("internal error of the gateway; its log says more")
    if len(said) > MOST_BYTES:
        said = refusal("there is more to tell than an answer has room for")
    send_line(connection, said, clock.monotonic() + seconds, clock)


class ControlServer:
    """Serves a listening socket, a thread a connection, from `start` to `close`."""

    def __init__(
        self, listening: socket.socket, answer: Answer, clock: Clock, seconds: float = SECONDS
    ) -> None:
        """`answer` is called in a thread a request; the socket stays the caller's to close, after this.

        `seconds`: for a request to come, and again for the answer to be taken.
        """
        self._socket = listening
        self._answer = answer
        self._clock = clock
        self._seconds = seconds
        self._room = Semaphore(_MOST_CONNECTIONS)
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[Thread] = set()
        self._closed = False
        self._accepting = Thread(target=self._accept, name="control", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._accepting.start()

    def close(self) -> None:
        """Listen no more, and cut off who is connected."""
        with self._lock:
            self._closed = True
            connections, threads = list(self._open), list(self._threads)
        with suppress(OSError):
            # wakes the thread that accepts
            self._socket.shutdown(socket.SHUT_RDWR)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._accepting.ident is not None:
            self._accepting.join()
        for thread in threads:
            # one may be in the middle of what it was asked for; it is a daemon
            thread.join(self._seconds)

    def _accept(self) -> None:
        while True:
            # who comes when all are busy waits in the backlog; nobody keeps a thread for long
            self._room.acquire()
            try:
                connection, _ = self._socket.accept()
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
        thread = Thread(target=self._serve, args=(connection,), name="control-command", daemon=True)
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
                converse(connection, self._answer, self._clock, self._seconds)
        except (LineError, OSError) as error:
            log.debug("a command was not answered: %s", error)
        finally:
            self._room.release()
            with self._lock:
                self._open.discard(connection)
                self._threads = {each for each in self._threads if each.is_alive()}
