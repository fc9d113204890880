"""Names of hosts to addresses, without waiting longer than a call may.

The system's resolver cannot be told of deadlines, so it works in a thread of its own, which lives as long as
its one question. Calls that ask the same at the same time wait for the same answer.
"""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.soap.outbound.errors import network
from gateway.soap.outbound.limits import Limits

MOST_QUESTIONS: Final = 32
"""Questions that are open at the same time, in one resolver."""

Address = tuple[int, Any]
"""Family, and what `socket.connect` takes."""
LookUp = Callable[..., Any]
"""`socket.getaddrinfo`."""


@dataclass(slots=True)
class _Question:
    """One question to the system's resolver."""

    answered: threading.Event = field(default_factory=threading.Event)
    addresses: tuple[Address, ...] = ()
    error: str = ""


class Resolver:
    """Looks names up. Any thread."""

    def __init__(self, look_up: LookUp = socket.getaddrinfo) -> None:
        self._look_up = look_up
        self._lock = threading.Lock()
        self._open: dict[tuple[str, int], _Question] = {}

    def addresses(self, host: str, port: int, limits: Limits, *, who: str) -> tuple[Address, ...]:
        """Return the addresses of a host, one at least; `who` is whose they are, for texts.

        Raises OutboundError: there are none. TimeoutError: not known in time.
        """
        try:
            return _numeric(host, port)
        except (OSError, UnicodeError):
            pass  # a name
        question = self._ask(host, port)
        if not question.answered.wait(limits.left()):
            raise TimeoutError
        if not question.addresses:
            raise network(f"the name of {who}'s host is not known", question.error)
        return question.addresses

    def _ask(self, host: str, port: int) -> _Question:
        with self._lock:
            question = self._open.get((host, port))
            if question is not None:
                return question
            if len(self._open) >= MOST_QUESTIONS:
                raise network("the system's resolver does not answer", f"{MOST_QUESTIONS} questions are open")
            question = self._open[host, port] = _Question()
        thread = threading.Thread(
            target=self._answer, args=(host, port, question), name="callout-resolver", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            self._close(host, port, question)
            raise network("no thread can be started to look the host up") from None
        return question

    def _answer(self, host: str, port: int, question: _Question) -> None:
        try:
            found = self._look_up(host, port, type=socket.SOCK_STREAM)
            question.addresses = tuple((family, address) for family, _, _, _, address in found)
        except (OSError, UnicodeError) as error:
            question.error = str(getattr(error, "strerror", "") or type(error).__name__)
        finally:
            self._close(host, port, question)

    def _close(self, host: str, port: int, question: _Question) -> None:
        with self._lock:
            del self._open[host, port]
        question.answered.set()


def _numeric(host: str, port: int) -> tuple[Address, ...]:
    """Return the address that a host is already. Raises OSError, UnicodeError: it is a name."""
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return tuple((family, address) for family, _, _, _, address in found)
