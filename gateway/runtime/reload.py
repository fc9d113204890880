"""A reload, the master's part: it reads and judges, and has all workers swap, or none.

A reload has two phases. The master loads the home; each worker loads it too and must find the same files; when
all are ready, workers that are forked from then on begin with it, and all swap. Whatever goes wrong before that
leaves everything as it was. A worker that does not swap in the end is replaced by one that begins with it.
One that has died, or that nobody can ask, is no obstacle: it cannot come to serve anything else.
"""

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from gateway.allocator import give_back
from gateway.audit.happenings import Reload
from gateway.clock import Clock
from gateway.config.watched import changed_files
from gateway.control.reloaded import Outcome, Reloaded, problems_of
from gateway.control.telling import tell
from gateway.errors import ConfigError, Problem
from gateway.preflight.snapshot import Snapshot
from gateway.preflight.still import mark_of
from gateway.runtime.aside import STOPPED
from gateway.runtime.change import Change, LastReload
from gateway.runtime.crew import Crew, Said
from gateway.runtime.reading import GivenUpError, Reader, Ready
from gateway.runtime.watch import Watch

log = logging.getLogger("gateway.web")

_READY_SECONDS: Final = 100.0
"""For the master and all workers to be ready; with what follows it is less than who asked waits."""
_COMMIT_SECONDS: Final = 10.0
_TOLD_SECONDS: Final = 2.0


class _NotDoneError(Exception):
    """The change cannot come into force; nothing has changed."""

    def __init__(self, reason: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.problems = problems


class Reloads:
    """The snapshot in force, and how others come into force behind it. For the master's thread."""

    def __init__(  # noqa: PLR0913, PLR0917  each is a thing of its own
        self,
        process: str,
        snapshot: Snapshot,
        crew: Crew,
        watch: Watch,
        clock: Clock,
        recorded: Callable[[Reload], bool] = lambda _reload: True,
    ) -> None:
        """`process`: what it is called in answers.

        `recorded` writes an audit record, and tells whether a change may come into force.
        """
        self.snapshot = snapshot
        """What is in force."""
        self.last: LastReload = None
        self._process = process
        self._crew = crew
        self._watch = watch
        self._clock = clock
        self._reader = Reader(crew.stopping, clock)
        self._recorded = recorded

    def reload(self, why: str, asker: socket.socket | None = None) -> Reloaded:
        """Read the home anew and bring it into force. Does not raise.

        `why` is for the log; `asker`: the connection of who waits for what comes of it.
        """
        started = self._clock.monotonic()
        before = self._watch.in_force
        told = self._tried(why, started + _READY_SECONDS, asker)
        told = replace(told, milliseconds=round((self._clock.monotonic() - started) * 1000))
        if not told.done:
            self._recorded(Reload(told, why))
        self._tell(told, why, changed_files(self.snapshot.home.path, before ^ self._watch.in_force))
        return told

    def _tried(self, why: str, deadline: float, asker: socket.socket | None) -> Reloaded:
        try:
            ready = self._read(deadline)
            self._swap(ready, why, deadline, asker)
        except _NotDoneError as error:
            outcome = Outcome.REFUSED if error.problems else Outcome.FAILED
            return self._said(outcome, problems=error.problems, reason=error.reason)
        except Exception:
            log.exception("a reload ended by an error of ours")
            return self._said(Outcome.FAILED, reason="internal error of the gateway; its log says more")
        return self._said(Outcome.IN_FORCE, problems=self.snapshot.warnings, restart=ready.restart)

    def _said(
        self,
        outcome: Outcome,
        *,
        problems: tuple[Problem, ...] = (),
        restart: tuple[str, ...] = (),
        reason: str = "",
    ) -> Reloaded:
        number, digest = self.snapshot.number, self.snapshot.digest
        return Reloaded(self._process, outcome, number, digest, problems, restart, reason=reason)

    def _read(self, deadline: float) -> Ready:
        """Read and judge the home. Raises _NotDoneError."""
        look = self._watch.look()
        try:
            return self._reader.read(self.snapshot, deadline)
        except GivenUpError as error:
            raise _NotDoneError(str(error)) from error
        except ConfigError as error:
            self._watch.refused(look)
            raise _NotDoneError(problems=error.problems) from error

    def _swap(self, ready: Ready, why: str, deadline: float, asker: socket.socket | None) -> None:
        """Have all workers swap. Raises _NotDoneError, and then none has, nor after an error of ours before."""
        hands = self._crew.hands
        change = Change(ready.snapshot.number, mark_of(ready.look)).facts()
        try:
            _judge(self._crew.ask({"do": "prepare", **change}, deadline - self._clock.monotonic()))
            self._still_wanted(asker)
            self._record(ready, why)
        except Exception:
            self._crew.ask({"do": "abort", **change}, _TOLD_SECONDS)
            raise
        self.snapshot = ready.snapshot
        self._watch.taken(ready.look, ready.named)
        hands.renew(ready.snapshot.home, ready.tls)
        for age, said in self._crew.ask({"do": "commit", **change}, _COMMIT_SECONDS).items():
            if not isinstance(said, Mapping):
                silence = said or "nobody is there to ask"
                log.error("worker %d has not taken the new configuration, it is replaced: %s", age, silence)
                hands.replace(age)

    def _record(self, ready: Ready, why: str) -> None:
        """Record the change before it comes into force. Raises _NotDoneError where that must be and cannot."""
        snapshot = ready.snapshot
        told = Reloaded(
            self._process, Outcome.IN_FORCE, snapshot.number, snapshot.digest, restart=ready.restart
        )
        if not self._recorded(Reload(told, why)):
            raise _NotDoneError("it could not be recorded: the audit trail cannot be written")

    def _still_wanted(self, asker: socket.socket | None) -> None:
        """Raise _NotDoneError when nobody waits any more: who has given up counts on what was before."""
        if self._crew.stopping():
            raise _NotDoneError(STOPPED)
        if asker is not None and _has_gone(asker):
            raise _NotDoneError("who asked for it does not wait for it any more")

    def _tell(self, told: Reloaded, why: str, changed: str) -> None:
        """Say what came of it: in the log, and to the workers, for metrics and the console."""
        at = self._clock.now()
        tell(log, told, why, changed)
        self.last = told, at
        said = {"do": "told", "reloaded": told.facts(), "at": at.isoformat()}
        counting = next(iter(self._crew.ages), None)
        self._crew.ask(lambda age: {**said, "count": age == counting}, _TOLD_SECONDS)
        give_back()


def _judge(answers: Mapping[int, Said]) -> None:
    """Raise _NotDoneError when a worker is not ready."""
    for age, said in answers.items():
        if isinstance(said, str):
            raise _NotDoneError(f"worker {age} is not ready: {said}")
        if said is not None and "prepared" not in said:
            problems = problems_of(said.get("problems", ()))
            raise _NotDoneError(str(said.get("reason", "")) or f"worker {age} is not ready", problems)


def _has_gone(peer: socket.socket) -> bool:
    """Tell whether the other side of a connection has closed it."""
    peer.settimeout(0)
    try:
        return not peer.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
