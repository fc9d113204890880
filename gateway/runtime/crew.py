"""The workers as the master sees them: asked all at the same time, over their control sockets."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.control import client
from gateway.control.words import ControlError
from gateway.runtime.aside import STOPPED, begun, ended
from gateway.web.ports import Hands

log = logging.getLogger("gateway.web")

Said = Mapping[str, Any] | str | None
"""A worker's answer; in words why there is none; None when nobody is there to ask."""


class Crew:
    """The workers that there are. For the master's thread."""

    def __init__(self, folder: Path, number: int, clock: Clock) -> None:
        """`folder` has the sockets, `number` is that of the master's seat."""
        self._folder = folder
        self._number = number
        self._clock = clock
        self._hands: Hands | None = None

    def begin(self, hands: Hands) -> None:
        """Begin; workers are not there yet."""
        self._hands = hands

    @property
    def hands(self) -> Hands:
        """What the server can be had to do, once it has begun."""
        assert self._hands is not None, "nobody reloads before it has begun"
        return self._hands

    @property
    def ages(self) -> tuple[int, ...]:
        """Those of the workers that there are: numbers that do not come again."""
        return tuple(self._hands.workers()) if self._hands else ()

    def stopping(self) -> bool:
        """Tell whether the server is to stop: then what takes long is to be given up."""
        return self._hands is not None and self._hands.interrupted()

    def ask(
        self, what: Mapping[str, Any] | Callable[[int], Mapping[str, Any]], seconds: float
    ) -> dict[int, Said]:
        """Ask every worker, or by its age each something of its own; return what each said.

        Does not raise; breaks off when the server is to stop.
        """
        ages = self.ages
        answers: dict[int, Said] = dict.fromkeys(ages, STOPPED)

        def ask(age: int) -> None:
            answers[age] = self._ask(age, what(age) if callable(what) else what, seconds)

        ended(begun([partial(ask, age) for age in ages], "ask-worker"), self.stopping)
        return dict(answers)

    def _ask(self, age: int, what: Mapping[str, Any], seconds: float) -> Said:
        try:
            return client.ask(self._folder, f"{self._number}-{age}.sock", what, self._clock, seconds)
        except ControlError as error:
            return str(error)
        except Exception:
            log.exception("worker %d was asked in vain", age)
            return "internal error of the gateway; its log says more"
