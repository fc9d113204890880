"""What the C library keeps of memory that is free again.

glibc gives threads arenas of their own, up to eight a core, and each keeps most of what it ever needed. Threads
here come and go (`gateway.parsing`) and all do everything, so over hours each arena grows to what a busy minute
took. Python lets one thread work at a time: two arenas are enough. What a reload replaced is given back to the
system, as the next is minutes or months away. (glibc manual, "Malloc Tunable Parameters"; malloc_trim(3).)

Another C library (musl) has neither function, and nothing is done.
"""

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
"""Of glibc's malloc.h."""
_ARENAS: Final = 2


def _library() -> ctypes.CDLL | None:
    """Return the C library if it is glibc."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


_GLIBC: Final = _library()


def use_few_arenas() -> bool:
    """Bound the arenas of this process and of those that it forks; tell whether that can be done here.

    Call it early: arenas that are there stay.
    """
    return _GLIBC is not None and bool(_GLIBC.mallopt(_M_ARENA_MAX, _ARENAS))


def give_back() -> bool:
    """Give free memory back to the system, which takes milliseconds; tell whether there was any to give."""
    return _GLIBC is not None and bool(_GLIBC.malloc_trim(0))
