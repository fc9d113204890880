"""The master's part in a home that changes live: it reads and judges, and has all workers swap, or none.

A reload has two phases. The master loads the home; each worker loads it too and must find the same files; when
all are ready, workers that are forked from then on begin with it, and all swap. Whatever goes wrong before that
leaves everything as it was. A worker that does not swap in the end is replaced by one that begins with it.
One that has died, or that nobody can ask, is no obstacle: it cannot come to serve anything else.

Runs in the master's one thread. What takes long runs in threads that have ended when a method returns, so that
nothing is forked beside them; but for one that hangs in a module of the installation, or on a file.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from gateway.clock import Clock
from gateway.config.effect import in_effect
from gateway.config.watched import Fingerprint, changed_files, fingerprint, named_files, spoken_of
from gateway.control import client, seat
from gateway.control.line import LineError
from gateway.control.reloaded import Outcome, Reloaded, problems_of
from gateway.control.server import converse
from gateway.control.telling import tell
from gateway.control.words import ControlError, line_of, object_of
from gateway.errors import ConfigError, Problem
from gateway.preflight.serving import with_applications
from gateway.preflight.snapshot import Snapshot
from gateway.preflight.still import mark_of, read_still
from gateway.tls import ListenerTls
from gateway.web.environ import Application, ListenerName
from gateway.web.listeners import listener_tls
from gateway.web.ports import Hands

log = logging.getLogger("gateway.web")

_READY_SECONDS: Final = 100.0
"""For the master and all workers to be ready; with what follows it is less than who asked waits."""
_COMMIT_SECONDS: Final = 10.0
_TOLD_SECONDS: Final = 2.0
_COMMAND_SECONDS: Final = 2.0
"""For a command to come whole, once somebody has connected: the master does nothing else meanwhile."""
_LOOK_SECONDS: Final = 0.1
_AGAIN_SECONDS: Final = 30.0
"""At least so long after a reload that failed, though the home may be right, the watch tries again."""

T = TypeVar("T")
Said = Mapping[str, Any] | str | None
"""A worker's answer; in words why there is none; None when nobody is there to ask."""
Build = Callable[[Snapshot, int], Application]
"""Builds what a worker serves, from a snapshot and the number of the master's seat."""


_STOPPED: Final = "the gateway is being stopped"
_NEVER: Final[Fingerprint] = frozenset({("", 0, 0, 0)})
"""How no home looks."""


class _NotDoneError(Exception):
    """The change cannot come into force; nothing has changed."""

    def __init__(self, reason: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Ready:
    """A home that was read, as it can come into force."""

    snapshot: Snapshot
    look: Fingerprint
    named: frozenset[Path]
    """With the values that count from the next start: the look is that of all files named."""
    restart: tuple[str, ...]
    tls: Mapping[ListenerName, ListenerTls]


class Coordinator:
    """The `Master` of a gateway (`gateway.web.server`)."""

    def __init__(
        self, snapshot: Snapshot, look: Fingerprint, build: Build, forget: Callable[[int], None], clock: Clock
    ) -> None:
        """Take a seat for commands. Raises OSError.

        `look` is what the files of the home looked like when it was read; `forget` is called with the process
        id of each worker that has ended.
        """
        self.snapshot = snapshot
        self._look = look
        """Of the home in force."""
        self._seen = look
        """At the last look: what was refused is not tried again until it changes."""
        self._named = named_files(snapshot.home)
        """Files that the home in force names; to find them is too much work for every look."""
        self._hoped: frozenset[Path] = frozenset()
        """Files that a home may name that was refused: if they come, or change, it may be right."""
        self._changing: Fingerprint | None = None
        self._due = clock.monotonic()
        self._build = build
        self._forget = forget
        self._clock = clock
        self._folder = snapshot.home.state / seat.SERVE
        self._seat = seat.Seat.take(self._folder)
        self._pid = os.getpid()
        self._hands: Hands | None = None
        self._last: dict[str, Any] | None = None
        self._asker: socket.socket | None = None
        """Who waits for what he has asked for."""
        self._hanging: Thread | None = None
        """Reads a home and does not come to an end."""

    @property
    def number(self) -> int:
        """Of the seat: which of the gateways on this state it is."""
        return self._seat.number

    @property
    def name(self) -> str:
        """What the process is called in answers."""
        return f"{seat.SERVE} {self.number}"

    def close(self) -> None:
        """Give up the seat. Does nothing in a worker, which leaves by the same way."""
        if os.getpid() == self._pid:
            self._seat.close()

    # -- gateway.web.server.Master ----------------------------------------------------------------------------

    @property
    def commands(self) -> socket.socket:
        """Listens for commands."""
        return self._seat.socket

    def begin(self, hands: Hands) -> None:
        """Begin; workers are not there yet."""
        self._hands = hands

    def build(self) -> Application:
        """Build what a worker serves. Called in each worker."""
        return self._build(self.snapshot, self._seat.number)

    def before_fork(self, age: int) -> socket.socket | None:
        """Return the socket at which a worker takes commands; None if none can be had, which the log tells."""
        try:
            return self._seat.for_worker(age)
        except OSError as error:
            log.error("a worker will not take commands, a reload replaces it: %s", error)  # noqa: TRY400
            return None

    def in_worker(self) -> None:
        """Let go, in a worker, of the master's socket."""
        self._seat.socket.close()

    def worker_ended(self, pid: int, age: int) -> None:
        """Clean up behind a worker that has ended."""
        self._seat.worker_gone(age)
        self._forget(pid)

    def command(self) -> None:
        """Take a command and do it."""
        try:
            connection, _ = self._seat.socket.accept()
        except OSError as error:
            log.warning("a command could not be taken: %s", error)
            return
        self._asker = connection
        with connection, suppress(LineError, OSError):
            converse(connection, self._answer, self._clock, _COMMAND_SECONDS)
        self._asker = None

    def reload(self) -> None:
        """Read the home anew (SIGHUP)."""
        self._reload("SIGHUP")

    def look(self) -> None:
        """Look at the files when that is due, and read the home anew if they have changed and stand still."""
        seconds = self.snapshot.home.gateway.server.watch_seconds
        if not seconds or self._clock.monotonic() < self._due:
            return
        self._due = self._clock.monotonic() + seconds
        now = self._looks()
        if now == self._seen:
            self._changing = None
        elif now == self._changing:
            self._seen, self._changing = now, None
            if self._reload("its files have changed").outcome is Outcome.FAILED:
                # the home may be right: it is not for another change of files to bring it into force
                self._seen, self._due = _NEVER, self._clock.monotonic() + max(seconds, _AGAIN_SECONDS)
        else:
            self._changing = now
            self._due = self._clock.monotonic()  # what is being written is looked at again soon

    # -- commands ---------------------------------------------------------------------------------------------

    def _answer(self, line: bytes) -> bytes:
        said = object_of(line)
        match said.get("do"):
            case "reload":
                return line_of(self._reload("by command").facts())
            case "recycle":
                bundle = str(said.get("bundle"))
                if bundle not in self.snapshot.home.bundles:
                    raise ControlError(f"there is no bundle {bundle}")
                return line_of(self._recycle(bundle).facts())
            case "status":
                return line_of(self._status())
            case _:
                raise ControlError("what is asked must be one of reload, recycle, status")

    def _status(self) -> Mapping[str, Any]:
        snapshot = self.snapshot
        return {
            "process": self.name,
            "number": snapshot.number,
            "digest": snapshot.digest,
            "loaded_at": snapshot.loaded_at.isoformat(),
            "workers": list(self._ages()),
            "last_reload": self._last,
        }

    def _recycle(self, bundle: str) -> Reloaded:
        self._ask_all({"do": "recycle", "bundle": bundle}, _TOLD_SECONDS)
        return self._reload(f"bundle {bundle} is recycled")

    # -- a reload ---------------------------------------------------------------------------------------------

    def _reload(self, why: str) -> Reloaded:
        """Read the home anew and bring it into force. Does not raise."""
        started = self._clock.monotonic()
        before = self._look
        try:
            ready = self._load(started + _READY_SECONDS)
            self._swap(ready, started + _READY_SECONDS)
            restart, problems = ready.restart, self.snapshot.warnings
            outcome, reason = Outcome.IN_FORCE, ""
        except _NotDoneError as error:
            restart, problems, reason = (), error.problems, error.reason
            outcome = Outcome.REFUSED if problems else Outcome.FAILED
        except Exception:
            log.exception("a reload ended by an error of ours")
            restart, problems = (), ()
            outcome, reason = Outcome.FAILED, "internal error of the gateway; its log says more"
        milliseconds = round((self._clock.monotonic() - started) * 1000)
        snapshot = self.snapshot
        told = Reloaded(
            self.name,
            outcome,
            snapshot.number,
            snapshot.digest,
            problems,
            restart,
            milliseconds,
            reason,
        )
        self._tell(told, why, changed_files(snapshot.home.path, before ^ self._look))
        return told

    def _load(self, deadline: float) -> _Ready:
        """Read and judge the home. Raises _NotDoneError."""
        before = self.snapshot
        seen = self._looks()
        try:
            return self._away(partial(_ready, before), deadline)
        except ConfigError as error:
            self._seen, self._hoped = seen, spoken_of(before.home.path)
            raise _NotDoneError(problems=error.problems) from error

    def _looks(self) -> Fingerprint:
        return fingerprint(self.snapshot.home.path, self._named | self._hoped)

    def _swap(self, ready: _Ready, deadline: float) -> None:
        """Have all workers swap. Raises _NotDoneError, and then none has."""
        home = ready.snapshot.home
        mark = mark_of(ready.look)
        change = {"number": ready.snapshot.number, "mark": mark}
        try:
            self._judge(self._ask_all({"do": "prepare", **change}, deadline - self._clock.monotonic()))
            self._still_wanted()
        except _NotDoneError:
            self._ask_all({"do": "abort", **change}, _TOLD_SECONDS)
            raise
        assert self._hands is not None, "nobody reloads before it has begun"
        self.snapshot, self._look, self._seen = ready.snapshot, ready.look, ready.look
        self._named, self._hoped = ready.named, frozenset()
        self._hands.renew(home, ready.tls)
        for age, said in self._ask_all({"do": "commit", **change}, _COMMIT_SECONDS).items():
            if not isinstance(said, Mapping):
                why = said or "nobody is there to ask"
                log.error("worker %d has not taken the new configuration, it is replaced: %s", age, why)
                self._hands.replace(age)

    def _still_wanted(self) -> None:
        """Raise _NotDoneError when nobody waits any more: who has given up counts on what was before."""
        if self._stopping():
            raise _NotDoneError(_STOPPED)
        if self._asker is not None and _has_gone(self._asker):
            raise _NotDoneError("who asked for it does not wait for it any more")

    @staticmethod
    def _judge(answers: Mapping[int, Said]) -> None:
        """Raise _NotDoneError when a worker is not ready."""
        for age, said in answers.items():
            if isinstance(said, str):
                raise _NotDoneError(f"worker {age} is not ready: {said}")
            if said is not None and "prepared" not in said:
                problems = problems_of(said.get("problems", ()))
                raise _NotDoneError(str(said.get("reason", "")) or f"worker {age} is not ready", problems)

    def _tell(self, told: Reloaded, why: str, changed: str) -> None:
        """Say what came of it: in the log, and to the workers, for metrics and the console."""
        at = self._clock.now()
        tell(log, told, why, changed)
        self._last = {"reloaded": told.facts(), "at": at.isoformat()}
        counting = next(iter(self._ages()), None)
        last = self._last
        self._ask_all(lambda age: {"do": "told", **last, "count": age == counting}, _TOLD_SECONDS)

    # -- asking the workers -----------------------------------------------------------------------------------

    def _ages(self) -> Iterable[int]:
        return self._hands.workers() if self._hands else ()

    def _ask_all(
        self, what: Mapping[str, Any] | Callable[[int], Mapping[str, Any]], seconds: float
    ) -> dict[int, Said]:
        """Ask every worker; return what each said. Does not raise; breaks off when the server is to stop."""
        ages = tuple(self._ages())
        answers: dict[int, Said] = dict.fromkeys(ages, _STOPPED)

        def ask(age: int) -> None:
            asked = what(age) if callable(what) else what
            try:
                answers[age] = client.ask(
                    self._folder, f"{self._seat.number}-{age}.sock", asked, self._clock, seconds
                )
            except ControlError as error:
                answers[age] = str(error)
            except Exception:
                log.exception("worker %d was asked in vain", age)
                answers[age] = "internal error of the gateway; its log says more"

        self._wait(_begun([partial(ask, age) for age in ages], "ask-worker"))
        return dict(answers)

    def _away(self, work: Callable[[], T], deadline: float) -> T:
        """Do what takes long in a thread, which has ended on return; give up on it when the server is to stop.

        Nor is it waited for when it does not end: the master has workers to look after. Raises what the work
        raises, _NotDoneError.
        """
        if self._hanging is not None and self._hanging.is_alive():
            raise _NotDoneError("an earlier reading hangs: in an authentication module, or on a file")
        made: list[T] = []
        raised: list[Exception] = []

        def run() -> None:
            try:
                made.append(work())
            except Exception as error:  # noqa: BLE001  it is raised again
                raised.append(error)

        threads = _begun([run], "load")
        if not self._wait(threads, deadline):
            (self._hanging,) = threads
            raise _NotDoneError(_STOPPED if self._stopping() else "to read and judge it takes too long")
        if raised:
            raise raised[0]
        return made[0]

    def _wait(self, threads: Sequence[Thread], deadline: float | None = None) -> bool:
        """Wait for the end of threads; False: they were given up, for the server is to stop or it is late."""
        for thread in threads:
            thread.join(_LOOK_SECONDS)
            while thread.is_alive():
                if self._stopping() or (deadline is not None and self._clock.monotonic() >= deadline):
                    return False
                thread.join(_LOOK_SECONDS)
        return True

    def _stopping(self) -> bool:
        return self._hands is not None and self._hands.interrupted()


def _has_gone(peer: socket.socket) -> bool:
    """Tell whether the other side of a connection has closed it."""
    peer.settimeout(0)
    try:
        return not peer.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _begun(works: Iterable[Callable[[], None]], name: str) -> list[Thread]:
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


def _ready(before: Snapshot) -> _Ready:
    """Read the home of a snapshot anew. Raises ConfigError."""
    still = read_still(before.home.path, before.home.state, before)
    home, restart = in_effect(before.home, still.snapshot.home)
    snapshot = with_applications(replace(still.snapshot, home=home), before)
    ready = _Ready(snapshot, still.look, still.named, restart, listener_tls(home))
    still.judge()
    return ready
