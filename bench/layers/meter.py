"""Tells the time of a thread apart: each layer has what passes in it and not in a layer within."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Final

_CALLS: Final = 20_000


class Meter:
    """CPU seconds by layer. Used by one thread at a time."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        """Calls of other seams that a layer made."""
        self.on = True
        """Whether calls are measured; if not, they are only passed on."""
        self._open: list[tuple[str, float]] = []

    def clear(self) -> None:
        """Forget what was measured."""
        self.seconds.clear()
        self.calls.clear()
        self.within.clear()

    def wrap(self, layer: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, measured."""
        opened, clock = self._open, time.thread_time

        def measured(*arguments: Any, **named: Any) -> Any:
            if not self.on:
                return function(*arguments, **named)
            opened.append((layer, 0.0))
            began = clock()
            try:
                return function(*arguments, **named)
            finally:
                took = clock() - began
                _, inner = opened.pop()
                self.seconds[layer] += took - inner
                self.calls[layer] += 1
                if opened:
                    outer, sum_of_inner = opened[-1]
                    opened[-1] = (outer, sum_of_inner + took)
                    self.within[outer] += 1

        return measured

    def microseconds(self, cost: "Cost", requests: int) -> dict[str, float]:
        """Return what each layer took for a request, without what measuring it took."""
        return {
            layer: max(seconds - self.calls[layer] * cost.own - self.within[layer] * cost.outer, 0.0)
            / requests
            * 1e6
            for layer, seconds in self.seconds.items()
        }


class Cost:
    """What measuring costs by itself: the layer that is measured, and the one around it."""

    def __init__(self) -> None:
        meter = Meter()
        inner = meter.wrap("inner", lambda: None)
        bare: Callable[[], None] = lambda: None  # noqa: E731  as cheap as what is wrapped

        def loop(work: Callable[[], None]) -> None:
            for _ in range(_CALLS):
                work()

        meter.wrap("outer", loop)(inner)
        began = time.thread_time()
        loop(bare)
        calls = time.thread_time() - began
        self.own = meter.seconds["inner"] / _CALLS
        self.outer = max(meter.seconds["outer"] - calls, 0.0) / _CALLS
