"""What of callout needs somebody's attention: asked with little patience, for a page of many things."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway.admin.console.health import Concern, Gravity
from gateway.callout.control_client import ask, living
from gateway.callout.control_words import Ask, Told
from gateway.callout.state import ListenerState
from gateway.clock import Clock
from gateway.control.words import ControlError

_PAGE: Final = "/callout"
_SECONDS: Final = 1.5
_TROUBLE: Final = frozenset({ListenerState.TROUBLE, ListenerState.FAILED, ListenerState.FULL})


def asked(state: Path, clock: Clock) -> tuple[tuple[Told, ...], tuple[Concern, ...]]:
    """Return what the processes of callout on this machine say, and those that do not."""
    told, silent = [], []
    try:
        numbers = living(state)
    except ControlError as error:
        return (), (Concern("bad", f"Callout cannot be asked: {error}", _PAGE),)
    for number in numbers:
        try:
            said = ask(state, number, Ask("list"), clock, _SECONDS)
        except ControlError as error:
            silent.append(Concern("bad", f"Callout: {error}", _PAGE))
            continue
        if said is not None:
            told.append(said)
    return tuple(told), tuple(silent)


def callout_concerns(processes: Iterable[Told]) -> Iterator[Concern]:
    """Yield listeners in trouble, and dead letters, which are the same for all processes."""
    dead: dict[str, int] = {}
    for process in processes:
        for picture in process.listeners:
            source = str(picture.source)
            dead[source] = max(dead.get(source, 0), picture.dead)
            if picture.state in _TROUBLE:
                reason = f": {picture.reason}" if picture.reason else ""
                gravity: Gravity = "warn" if picture.state is ListenerState.FULL else "bad"
                yield Concern(gravity, f"Listener {source} is in state {picture.state.value}{reason}", _PAGE)
    if letters := sum(dead.values()):
        yield Concern("warn", "1 dead letter" if letters == 1 else f"{letters} dead letters", _PAGE)
