"""`imsgw serve --with-callout`: both processes under one that keeps them, for small installations.

| what happens | what comes of it |
| --- | --- |
| SIGTERM, SIGINT | `serve` stops gracefully, then callout: programs of the last requests may call out |
| one of them again | both end at once |
| SIGHUP | passed on to both |
| `serve` ends | callout is stopped gracefully, and this ends with the exit code of `serve` |
| callout ends | it is started again, after a pause that grows while it keeps ending |
| this is killed | both stop gracefully (PR_SET_PDEATHSIG, prctl(2)) |

It has one thread and no handlers: signals are blocked and taken one by one, those of ended children too.
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.clock import SYSTEM_CLOCK, Clock

log = logging.getLogger("gateway.supervisor")

_TAKEN: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
_STOPS: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_PR_SET_PDEATHSIG: Final = 1
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_STEADY_SECONDS: Final = 60.0
"""A callout process that lived so long starts again without a pause that has grown."""
_FAILED: Final = 1

Spawn = Callable[[Sequence[str]], "subprocess.Popen[bytes]"]


def run(serve: Sequence[str], callout: Sequence[str], *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Run both commands until `serve` has ended; return its exit code, 128 and the signal that killed it.

    For the main thread of a process without other threads. `serve` and `callout`: arguments of `imsgw`.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
    try:
        return _Supervisor(serve, callout, _Spawner(before), clock).run()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(slots=True)
class _Supervisor:
    serve: Sequence[str]
    callout: Sequence[str]
    spawn: Spawn
    clock: Clock
    _serving: "subprocess.Popen[bytes] | None" = None
    _calling: "subprocess.Popen[bytes] | None" = None
    _pause: float = 0.0
    _started: float = 0.0
    _due: float | None = None
    """When callout starts again; None: it runs, or is to stop."""
    _stopping: bool = False
    _told: bool = False
    """A signal has told us to stop."""

    def run(self) -> int:
        self._pause = _FIRST_PAUSE
        self._serving = self.spawn(self.serve)
        self._start_callout()
        while (code := self._serving.poll()) is None:
            self._act(self._next_signal())
        self._stopping, self._due = True, None
        if _lives(self._calling):
            log.info("serve has ended with %d: callout is stopped", code)
            _send(self._calling, signal.SIGTERM)
        while _lives(self._calling):
            self._act(self._next_signal())
        return code if code >= 0 else 128 - code

    def _next_signal(self) -> signal.Signals | None:
        """Wait for a signal, or until callout is due."""
        left = None if self._due is None else max(self._due - self.clock.monotonic(), 0.0)
        if left is None:
            return signal.Signals(signal.sigwait(_TAKEN))
        taken = signal.sigtimedwait(_TAKEN, left)
        return None if taken is None else signal.Signals(taken.si_signo)

    def _act(self, number: signal.Signals | None) -> None:
        if number in _STOPS:
            self._stop(number)
        elif number is signal.SIGHUP:
            self._pass_on(signal.SIGHUP)
        elif number is signal.SIGCHLD:
            self._look_after_callout()
        elif self._due is not None and self.clock.monotonic() >= self._due:
            self._start_callout()

    def _stop(self, number: signal.Signals) -> None:
        again, self._told, self._stopping, self._due = self._told, True, True, None
        if again:
            log.warning("%s again: both end at once", number.name)
            _send(self._serving, signal.SIGQUIT)
            _send(
                self._calling, signal.SIGKILL
            )  # as safe as its own end at once: it keeps nothing in memory only
        else:
            log.info("%s: serve is stopped, callout behind it", number.name)
            _send(self._serving, signal.SIGTERM)

    def _pass_on(self, number: signal.Signals) -> None:
        _send(self._serving, number)
        _send(self._calling, number)

    def _start_callout(self) -> None:
        self._due, self._started = None, self.clock.monotonic()
        try:
            self._calling = self.spawn(self.callout)
        except OSError as error:
            log.error("callout cannot be started: %s", error)  # noqa: TRY400  no trace needed
            self._calling = None
            self._try_later()

    def _look_after_callout(self) -> None:
        if self._calling is None or (code := self._calling.poll()) is None:
            return
        self._calling = None
        if self._stopping:
            return
        if self.clock.monotonic() - self._started >= _STEADY_SECONDS:
            self._pause = _FIRST_PAUSE
        log.error("callout has ended with %d: it starts again in %g s", code, self._pause)
        self._try_later()

    def _try_later(self) -> None:
        self._due = self.clock.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def _lives(process: "subprocess.Popen[bytes] | None") -> bool:
    return process is not None and process.poll() is None


def _send(process: "subprocess.Popen[bytes] | None", number: signal.Signals) -> None:
    if process is not None and process.poll() is None:
        process.send_signal(number)


class _Spawner:
    """Starts `imsgw` as a child that gets the terminal's signals through us only, and does not outlive us."""

    def __init__(self, mask: set[int | signal.Signals]) -> None:
        """`mask`: the blocked signals that children begin with."""
        self._mask = mask
        self._ours = os.getpid()
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl

    def __call__(self, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        # PLW1509: no other thread is here, so that code may run between fork and exec
        return subprocess.Popen(self.command(arguments), preexec_fn=self._tie, start_new_session=True)  # noqa: S603, PLW1509

    def command(self, arguments: Sequence[str]) -> Sequence[str]:
        """Return what is run."""
        # -P: the current folder is no place to import from
        return [sys.executable, "-P", "-m", "gateway", *arguments]

    def _tie(self) -> None:
        """Run in the child before its program."""
        self._prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if os.getppid() != self._ours:
            os._exit(_FAILED)  # we were killed before the tie was made
