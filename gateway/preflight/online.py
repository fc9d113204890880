"""`imsgw check --online`: every address that a home names is tried, many at once, each for a bounded time.

One thread a try, a few dozen at a time. A try that does not keep its time, because the system looks up a name
for minutes, is told as late and left behind: its thread is a daemon, and what it finds is no more heard.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.callout import deployment
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.catalogue import online
from gateway.config.model import Home
from gateway.preflight.online_directory import directory_tries
from gateway.preflight.online_ims import ims_tries
from gateway.preflight.online_receivers import receiver_tries
from gateway.preflight.online_services import service_tries
from gateway.preflight.online_stores import store_tries
from gateway.preflight.online_values import Found, Shown, Terms, Tried, Try

__all__ = ["SECONDS", "Shown", "Tried", "Try", "tries", "try_all"]

SECONDS: Final = 10.0
"""How long each try may take."""
AT_ONCE: Final = 32
GRACE_SECONDS: Final = 1.0
"""What a try may take beyond its time, to say in its own words that it was late."""


def tries(home: Home) -> tuple[Try, ...]:
    """Return all that there is to try. Stores and contracts that cannot be read are left out: `check` tells."""
    return (
        *ims_tries(home),
        *store_tries(home),
        *directory_tries(home),
        *receiver_tries(home),
        *service_tries(home, deployment.read_contracts(home).contracts),
    )


def try_all(
    what: tuple[Try, ...],
    *,
    seconds: float = SECONDS,
    tell: Callable[[Tried], None] = lambda _tried: None,
    now: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[Tried, ...]:
    """Try everything, and return it in order; `tell` hears of each as it ends, in the caller's thread."""
    run = _Run(deque(enumerate(what)), seconds, now or clock.now(), clock)
    found: dict[int, Tried] = {}
    for number, tried in run.ended():
        found[number] = tried
        tell(tried)
    return tuple(found[number] for number in range(len(what)))


@dataclass(slots=True)
class _Run:
    waiting: deque[tuple[int, Try]]
    seconds: float
    now: datetime
    clock: Clock
    under_way: dict[int, tuple[Try, float]] = field(default_factory=dict)
    """With the moment each began."""
    heard: "queue.SimpleQueue[tuple[int, Found]]" = field(default_factory=queue.SimpleQueue)

    def ended(self) -> Iterator[tuple[int, Tried]]:
        """Yield each try as it ends, until all have."""
        while self.waiting or self.under_way:
            while self.waiting and len(self.under_way) < AT_ONCE:
                self._begin(*self.waiting.popleft())
            yield from self._next()

    def _begin(self, number: int, what: Try) -> None:
        begun = self.clock.monotonic()
        terms = Terms(self.clock, self.now, begun + self.seconds)
        self.under_way[number] = (what, begun)
        threading.Thread(target=self._run, args=(number, what, terms), daemon=True).start()

    def _run(self, number: int, what: Try, terms: Terms) -> None:
        try:
            found = what.run(terms)
        except Exception as error:  # noqa: BLE001  a try must not take the others with it, nor be waited for in vain
            found = Found(wrong=((online.SERVICE, f"cannot be tried: {type(error).__name__}"),))
        self.heard.put((number, found))

    def _next(self) -> Iterator[tuple[int, Tried]]:
        """Wait for the next to end, or to be late."""
        longest = self.seconds + GRACE_SECONDS
        first = min(begun for _, begun in self.under_way.values()) + longest
        try:
            number, found = self.heard.get(timeout=max(first - self.clock.monotonic(), 0.001))
        except queue.Empty:
            late = [n for n, (_, begun) in self.under_way.items() if self.clock.monotonic() >= begun + longest]
            text = f"nothing is known after {self.seconds:g} s"
            yield from (self._end(one, Found(wrong=((online.TIME, text),))) for one in late)
            return
        if number in self.under_way:  # one that was late already is told already
            yield self._end(number, found)

    def _end(self, number: int, found: Found) -> tuple[int, Tried]:
        what, begun = self.under_way.pop(number)
        return number, Tried(what, found, round((self.clock.monotonic() - begun) * 1000))
