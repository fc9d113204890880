"""Ctrl-C and SIGTERM at moments of our choice."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """SIGTERM and Ctrl-C as KeyboardInterrupt, but only from the first `arm` on, and not while `held`.

    An interrupt in the middle of starting a process would let it go on without us.
    """

    def __init__(self) -> None:
        self._armed = self._came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def arm(self) -> None:
        """From now on raise; at once when a signal came before."""
        self._armed = True
        if self._came:
            raise KeyboardInterrupt

    def disarm(self) -> None:
        """From now on do not raise any more."""
        self._armed = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise nothing inside, and at its end what came meanwhile."""
        self.disarm()
        yield
        self.arm()

    def _take(self, _signal: int, _frame: object) -> None:
        self._came = True
        if self._armed:
            raise KeyboardInterrupt
