"""Which of several endpoints of one bundle a call tries first, second, and so on.

No lock, no thread, no I/O: whoever shares a `Paths` between threads guards it with a lock of his own. Every
endpoint has a pool with a circuit breaker of its own, so a path that is down costs a call no time: its pool
refuses at once.

`order`: the first healthy one in the order of the configuration. One that was down comes back to its rank after
`SETTLED_SECONDS` without a failure, so that calls do not flutter between an unsteady host and a steady one.
`balance`: the one with the least load (requests in use and waiting, as the pools tell), equals in turn. All
numbers are those of this process, so there is no need to draw lots as where loads are old or costly to know.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from gateway.clock import Clock
from gateway.errors import TransportError
from gateway.imsconnect.unserved import DRAINED, unreachable

PathPolicy = Literal["order", "balance"]

SETTLED_SECONDS: Final = 30.0
"""How long a path has to be healthy again before it is preferred."""

FIRST_AWAY_SECONDS: Final = 15.0
LONGEST_AWAY_SECONDS: Final = 240.0
"""How long a path is left alone whose IMS Connect said that it cannot serve; twice as long each time."""

DOWN_SECONDS: Final = 15.0
"""How long a path counts as down when nothing more is heard of it. A call that tries it then loses no time: the
pool refuses at once while its breaker is open."""

BUSY_SECONDS: Final = 1.0
"""How long a path without a free socket ranks behind the others."""


class Tried(Enum):
    """How a try on a path ended, as far as that says something of the path."""

    WORKED = "worked"
    """A conversation came to its end, whatever IMS answered."""
    DOWN = "down"
    """No connection could be made (UNREACHABLE, `PathOpened`)."""
    UP = "up"
    """A connection could be made again (`PathRestored`)."""
    ELSEWHERE = "elsewhere"
    """IMS Connect is there and cannot serve now (`CodeMeaning.retry` is ELSEWHERE: DSCLOSE, ...)."""
    BUSY = "busy"
    """No socket became free in time (NO_SOCKET)."""


@dataclass(slots=True)
class _Path:
    """What is known of one endpoint."""

    down_since: float | None = None
    down_until: float = 0.0
    restored_at: float | None = None
    away_until: float = 0.0
    away_seconds: float = FIRST_AWAY_SECONDS
    busy_until: float = 0.0
    drained: bool = False
    reason: str = ""

    def usable(self, now: float) -> bool:
        return not (self.drained or now < self.down_until or now < self.away_until)

    def rank(self, now: float, settled: float) -> int:
        """Return how much hope there is: 0 most."""
        if now < self.down_until:
            return 4
        if now < self.away_until:
            return 3
        if now < self.busy_until:
            return 2
        return 1 if self.restored_at is not None and now < self.restored_at + settled else 0

    def since(self, now: float) -> float:
        """Return what sorts hopeless paths: back soonest, then gone latest."""
        if now < self.down_until and self.down_since is not None:
            return -self.down_since
        return self.away_until


class Paths:
    """The endpoints of one bundle, by index."""

    def __init__(
        self,
        names: Sequence[str],
        policy: PathPolicy,
        clock: Clock,
        *,
        settled_seconds: float = SETTLED_SECONDS,
    ) -> None:
        """`names` say the endpoints in errors; ValueError when there is none."""
        if not names:
            raise ValueError("a bundle has at least one endpoint")
        self._names = tuple(names)
        self._policy = policy
        self._clock = clock
        self._settled = settled_seconds
        self._paths = tuple(_Path() for _ in names)
        self._turn = 0

    def candidates(self, now: float, load: Callable[[int], int] | None = None) -> tuple[int, ...]:
        """Return all paths that are not drained, the one to try first at the front.

        `load` tells how many requests a path has in work (balance only; without it the paths take turns).
        """
        if len(self._paths) == 1:
            return () if self._paths[0].drained else (0,)
        open_paths = [index for index, path in enumerate(self._paths) if not path.drained]
        if self._policy == "order" or len(open_paths) < 2:
            return tuple(sorted(open_paths, key=lambda index: self._key(index, now)))
        turn, count = self._turn, len(self._paths)
        self._turn = (turn + 1) % count
        loads = {index: load(index) if load else 0 for index in open_paths}
        return tuple(
            sorted(
                open_paths,
                key=lambda index: (*self._key(index, now)[:2], loads[index], (index - turn) % count),
            )
        )

    def desperate(self, now: float) -> bool:
        """Tell whether no path is healthy: the first candidate is then to be tried eagerly (`Pool.borrow`)."""
        return not any(path.usable(now) for path in self._paths)

    def note(self, index: int, outcome: Tried, reason: str = "") -> None:
        """Take the outcome of a try into account; `reason` is for `unreachable`."""
        now, path = self._clock.monotonic(), self._paths[index]
        match outcome:
            case Tried.WORKED:
                _recover(path, now)
                if now >= path.away_until:  # else it is the end of what was under way before
                    path.away_seconds = FIRST_AWAY_SECONDS
            case Tried.UP:
                _recover(path, now)
            case Tried.DOWN:
                if path.down_since is None:
                    path.down_since = now
                path.down_until = path.restored_at = now + DOWN_SECONDS
                path.reason = reason
            case Tried.ELSEWHERE:
                _send_away(path, now)
                path.reason = reason
            case Tried.BUSY:
                path.busy_until = now + BUSY_SECONDS

    def learns(self, index: int) -> bool:
        """Tell whether WORKED would change anything of a path."""
        path = self._paths[index]
        return path.down_since is not None or path.away_seconds != FIRST_AWAY_SECONDS

    def drain(self, index: int) -> None:
        """Take a path out of use until `resume`."""
        self._paths[index].drained = True

    def resume(self, index: int) -> None:
        """Take a drained path into use again."""
        self._paths[index].drained = False

    def healthy(self, index: int, now: float) -> bool:
        """Tell whether calls go to the path."""
        return self._paths[index].usable(now)

    def unreachable(self, bundle: str, reasons: Mapping[int, str] | None = None) -> TransportError:
        """Return the error for a call that no path could take: it names all of them.

        `reasons` are those of this call, by index; for the other paths the latest that is known.
        """
        told = reasons or {}
        words = "; ".join(f"{name}: {self._reason(index, told)}" for index, name in enumerate(self._names))
        return unreachable(bundle, words)

    def _reason(self, index: int, told: Mapping[int, str]) -> str:
        path = self._paths[index]
        return DRAINED if path.drained else told.get(index) or path.reason or "not tried"

    def _key(self, index: int, now: float) -> tuple[int, float, int]:
        path = self._paths[index]
        rank = path.rank(now, self._settled if self._policy == "order" else 0.0)
        return rank, path.since(now) if rank >= 3 else 0.0, index


def _recover(path: _Path, now: float) -> None:
    if path.down_since is not None:
        path.down_since, path.down_until, path.restored_at = None, 0.0, now


def _send_away(path: _Path, now: float) -> None:
    """Leave a path alone for a while. What was already under way and hears the same is no second time."""
    if now < path.away_until:
        return
    path.away_until = now + path.away_seconds
    path.away_seconds = min(path.away_seconds * 2, LONGEST_AWAY_SECONDS)
    path.restored_at = path.away_until
