"""The master's part in a home that changes live: it reads and judges, and has all workers swap, or none.

A reload has two phases. The master loads the home; each worker loads it too and must find the same files; when
all are ready, workers that are forked from then on begin with it, and all swap. Whatever goes wrong before that
leaves everything as it was. A worker that does not swap in the end is replaced by one that begins with it.

Runs in the master's one thread. What takes long runs in threads that have ended when a method returns, so that
nothing is forked beside them.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from gateway.clock import Clock
from gateway.config.effect import in_effect
from gateway.config.watched import Fingerprint, changed_files, fingerprint, named_files
from gateway.control import client, seat
from gateway.control.line import LineError
from gateway.control.reloaded import Outcome, Reloaded, problems_of
from gateway.control.server import converse
from gateway.control.telling import tell
from gateway.control.words import ControlError, line_of, object_of
from gateway.errors import ConfigError, Problem
from gateway.preflight.serving import with_applications
from gateway.preflight.snapshot import Snapshot
from gateway.preflight.still import load_still, mark_of
from gateway.web.environ import Application
from gateway.web.server import Hands, listener_tls

log = logging.getLogger("gateway.web")

_PREPARE_SECONDS: Final = 90.0
_COMMIT_SECONDS: Final = 10.0
_TOLD_SECONDS: Final = 2.0
_COMMAND_SECONDS: Final = 2.0
"""For a command to come whole, once somebody has connected: the master does nothing else meanwhile."""
_LOOK_SECONDS: Final = 0.1
_MOST_WORKERS: Final = 32
"""That are asked at a time."""

T = TypeVar("T")
Build = Callable[[Snapshot, int], Application]
"""Builds what a worker serves, from a snapshot and the number of the master's seat."""


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
    restart: tuple[str, ...]


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

    @property
    def name(self) -> str:
        """What the process is called in answers."""
        return f"{seat.SERVE} {self._seat.number}"

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
        with connection, suppress(LineError, OSError):
            converse(connection, self._answer, self._clock, _COMMAND_SECONDS)

    def reload(self) -> None:
        """Read the home anew (SIGHUP)."""
        self._reload("SIGHUP")

    def look(self) -> None:
        """Look at the files when that is due, and read the home anew if they have changed and stand still."""
        seconds = self.snapshot.home.gateway.server.watch_seconds
        if not seconds or self._clock.monotonic() < self._due:
            return
        self._due = self._clock.monotonic() + seconds
        home = self.snapshot.home
        now = fingerprint(home.path, self._named)
        if now == self._seen:
            self._changing = None
        elif now == self._changing:
            self._seen, self._changing = now, None
            self._reload("its files have changed")
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
            ready = self._load()
            self._swap(ready)
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

    def _load(self) -> _Ready:
        """Read and judge the home. Raises _NotDoneError."""
        before = self.snapshot
        seen = fingerprint(before.home.path, self._named)
        try:
            return self._away(partial(_ready, before))
        except ConfigError as error:
            self._seen = seen
            raise _NotDoneError(problems=error.problems) from error

    def _swap(self, ready: _Ready) -> None:
        """Have all workers swap. Raises _NotDoneError, and then none has."""
        home = ready.snapshot.home
        number = {"number": ready.snapshot.number}
        try:
            tls = listener_tls(home)
            self._judge(
                self._ask_all({"do": "prepare", **number, "mark": mark_of(ready.look)}, _PREPARE_SECONDS)
            )
        except ConfigError as error:
            raise _NotDoneError(problems=error.problems) from error
        except _NotDoneError:
            self._ask_all({"do": "abort", **number}, _TOLD_SECONDS)
            raise
        assert self._hands is not None, "nobody reloads before it has begun"
        self.snapshot, self._look, self._seen = ready.snapshot, ready.look, ready.look
        self._named = named_files(home)
        self._hands.renew(home, tls)
        for age, said in self._ask_all({"do": "commit", **number}, _COMMIT_SECONDS).items():
            if not isinstance(said, Mapping):
                log.error("worker %d has not taken the new configuration, it is replaced: %s", age, said)
                self._hands.replace(age)

    @staticmethod
    def _judge(answers: Mapping[int, Mapping[str, Any] | str]) -> None:
        """Raise _NotDoneError when a worker is not ready."""
        for age, said in answers.items():
            if isinstance(said, str):
                raise _NotDoneError(f"worker {age} is not ready: {said}")
            if "prepared" not in said:
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
    ) -> dict[int, Mapping[str, Any] | str]:
        """Ask every worker; return what each said, or in words why it said nothing."""
        ages = tuple(self._ages())

        def ask(age: int) -> Mapping[str, Any] | str:
            asked = what(age) if callable(what) else what
            try:
                name = f"{self._seat.number}-{age}.sock"
                return client.ask(self._folder, name, asked, self._clock, seconds) or "it has ended"
            except ControlError as error:
                return str(error)

        with ThreadPoolExecutor(_MOST_WORKERS, thread_name_prefix="ask-worker") as threads:
            return dict(zip(ages, threads.map(ask, ages), strict=True))

    def _away(self, work: Callable[[], T]) -> T:
        """Do what takes long in a thread, which has ended on return; give up on it when the server is to stop.

        Raises what the work raises, _NotDoneError.
        """
        executor = ThreadPoolExecutor(1, thread_name_prefix="load")
        try:
            future: Future[T] = executor.submit(work)
            while not wait((future,), timeout=_LOOK_SECONDS).done:
                if self._hands is not None and self._hands.interrupted():
                    raise _NotDoneError("the gateway is being stopped")
            return future.result()
        finally:
            executor.shutdown(wait=False)


def _ready(before: Snapshot) -> _Ready:
    """Read the home of a snapshot anew. Raises ConfigError."""
    loaded, look = load_still(before.home.path, before.home.state, before)
    home, restart = in_effect(before.home, loaded.home)
    return _Ready(with_applications(replace(loaded, home=home), before), look, restart)
