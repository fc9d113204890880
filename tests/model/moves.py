"""What random steps are drawn from, and how they are counted."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.inside import CALLOUT_PIPE, IDS

RAW, LIBRARY = 3, 2
"""Slots for sockets of the test's own, and for connections of the library (threads, asyncio)."""
raw_slots, library_slots = st.integers(0, RAW - 1), st.integers(0, LIBRARY - 1)
tpipes = st.sampled_from([*IDS[: RAW + LIBRARY], "POOL", CALLOUT_PIPE, CALLOUT_PIPE])
rarely = st.integers(0, 9).map(lambda n: n == 9)
sometimes = st.integers(0, 3).map(lambda n: n == 3)
mostly = st.integers(0, 9).map(lambda n: n < 9)
fates = st.tuples(sometimes, sometimes, st.sampled_from(["", "POOL", "IDA", "bad"]))
transaction_codes = st.sampled_from(
    ["TAG", "TAG", "TAG", "MANY", "PUT", "GATE", "QUIET", "ABEND", "TALK", "TALK", "NOSUCH", "PING"]
)
options = st.sampled_from(["", "ONE", "SWAIT", "NOAUTO", "AUTO", "AUTO"])
kinds = st.sampled_from(["async", "async", "sync", "both", "both"])


class Tally:
    """What was run, over all examples."""

    def __init__(self) -> None:
        self.examples = 0
        self.rules: Counter[str] = Counter()
        self.failures: list[str] = []
        """What went wrong, in words."""

    @property
    def steps(self) -> int:
        """How many steps were done and held against the model."""
        return self.rules.total()


def move(**strategies: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a rule of a method. While it runs the example counts as failed, so that nothing is drained then."""

    def decorate(method: Callable[..., None]) -> Any:
        @functools.wraps(method)
        def run(self: Any, **values: Any) -> None:
            self.failed = True
            try:
                method(self, **values)
            except BaseException as error:
                self.fail(error)
                raise
            self.failed = False

        return rule(**strategies)(run)

    return decorate
