"""What takes long in the master, in threads beside its one: they have ended when it goes on, for it forks.

But for those that are given up: what hangs in a module of the installation, or on a file, is not waited for.
"""

from collections.abc import Callable, Iterable
from threading import Thread
from typing import Final

STOPPED: Final = "the gateway is being stopped"
"""Why something was given up, for people."""
_LOOK_SECONDS: Final = 0.1


def begun(works: Iterable[Callable[[], None]], name: str) -> list[Thread]:
    """Do each in a thread; where none can be had, at once. None of them keeps the process from ending."""
    threads = []
    for work in works:
        thread = Thread(target=work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the limit of the system
            work()
        else:
            threads.append(thread)
    return threads


def ended(threads: Iterable[Thread], give_up: Callable[[], bool]) -> bool:
    """Wait for the end of threads; False: they were given up, as `give_up`, asked ever again, told to."""
    for thread in threads:
        thread.join(_LOOK_SECONDS)
        while thread.is_alive():
            if give_up():
                return False
            thread.join(_LOOK_SECONDS)
    return True
