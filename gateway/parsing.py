"""In which thread libxml2 parses.

libxml2 keeps every name it has read in a dictionary that lxml ties to the thread and never empties. In a thread
that serves for weeks, messages full of made-up names would fill the memory, a few megabytes each. So a message
is parsed in a thread that ends: in one of its own, which costs as much as parsing a small message, or in the
caller's, where whoever owns that thread has promised to end it soon (`lend_thread`).
"""

import threading
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from typing import Final, TypeVar

from gateway.errors import GatewayError, M

T = TypeVar("T")

ROOM: Final = 512 * 1024
"""Characters that a lent thread parses itself; names can take some eight times as much memory."""


class _Here(threading.local):
    """What is promised of the thread that looks at it."""

    lent = False
    room = 0


_HERE: Final = _Here()


def lend_thread() -> None:
    """Promise to end the current thread when `is_worn` says so: it may then parse by itself."""
    _HERE.lent, _HERE.room = True, ROOM


def is_worn() -> bool:
    """Tell whether the current thread was lent and has parsed what it may."""
    return _HERE.lent and _HERE.room <= 0


def run_parser(work: Callable[[], T], size: int) -> T:
    """Run a parse of `size` characters here or in a thread of its own.

    Raises what `work` raises, and GatewayError(M.BUSY) when no thread can be started.
    """
    if _HERE.room >= size:
        _HERE.room -= size
        return work()
    _HERE.room = 0
    return _in_thread_of_its_own(work)


def _in_thread_of_its_own(work: Callable[[], T]) -> T:
    results: list[T] = []
    errors: list[BaseException] = []
    done = allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  raised again by the thread that waits
            errors.append(error)
        finally:
            done.release()

    try:
        # threading.Thread would double the price of a small message
        start_new_thread(run, ())
    except RuntimeError:
        raise GatewayError(M.BUSY, private="no thread could be started to parse in") from None
    done.acquire()
    if errors:
        raise errors[0]
    return results[0]
