"""gunicorn's master: one thread that keeps workers alive, hears signals, and has commands taken in between.

SIGTERM and SIGINT stop gracefully, SIGHUP and commands have the `Master` read the home anew; no worker ends by
that. SIGUSR2 does nothing but say so in the log, nor do SIGTTIN, SIGTTOU and SIGUSR1 change anything.
The master has one thread, so that a fork is safe at any time: commands come in between its other duties.
"""

import logging
import os
import select
import signal
import time
from collections import deque
from contextlib import suppress
from queue import Empty
from typing import Final

from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from gateway.config.model import Home
from gateway.web.ports import Tls
from gateway.web.worker import STOP_ALONE

log = logging.getLogger("gateway.web")

_STOPS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
_SHORT_LIFE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0
"""Before the next fork, where one failed or its worker lived so short: what keeps it from living may stay."""
_NOT_BEGUN: Final = -3
"""What a worker exits with that could not begin in place of another; the master never gets such a status."""


class GatewayArbiter(Arbiter):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's master with the signals of a service whose configuration is one immutable value."""

    _halting = False
    _no_fork_before = 0.0

    @property
    def WORKER_BOOT_ERROR(self) -> int:  # noqa: N802  gunicorn's name
        """Return the exit status of a worker that could not begin.

        One of the first ends the server by it: nothing can be served. One that takes the place of another does
        not, for the others serve: the disk may be full for a while. It is tried again.
        """
        first: int = Arbiter.WORKER_BOOT_ERROR
        return first if self.worker_age <= self.num_workers else _NOT_BEGUN

    def start(self) -> None:
        """Begin. What waits for signals is woken by them and by commands."""
        super().start()
        self._held: deque[int] = deque()
        self._woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self.app.master.begin(self)

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Return the signals that have come, within `timeout` seconds; meanwhile commands are taken."""
        master = self.app.master
        if not self._held and self.SIG_QUEUE.empty():
            ready, _, _ = select.select([self._woken, master.commands], [], [], timeout)
            if master.commands in ready:
                master.command()
        with suppress(BlockingIOError):
            while os.read(self._woken, 1024):
                pass
        if not self.interrupted():
            master.look()
        self._drain()
        # each counts once, however often it came; who is to stop does not first read the home
        signals = sorted(dict.fromkeys(self._held), key=lambda one: one not in _STOPS)
        self._held.clear()
        return signals

    def _drain(self) -> None:
        with suppress(Empty):
            while True:
                one = self.SIG_QUEUE.get_nowait()
                if one != self.WAKEUP_REQUEST:
                    self._held.append(one)

    # -- Hands ------------------------------------------------------------------------------------------------

    def interrupted(self) -> bool:
        """Tell whether a signal to stop has come; it stays to be handled."""
        self._drain()
        return any(one in _STOPS for one in self._held)

    def renew(self, home: Home, tls: Tls) -> None:
        """Have workers that are forked from now on begin with these."""
        self.app.renew(home, tls)

    def workers(self) -> list[int]:
        """Return the ages of the workers that there are."""
        return sorted(worker.age for worker in self.WORKERS.values())

    def replace(self, age: int) -> None:
        """End a worker gracefully; another is forked in its place."""
        for pid, worker in list(self.WORKERS.items()):
            if worker.age == age:
                self.kill_worker(pid, STOP_ALONE)

    # -- workers ----------------------------------------------------------------------------------------------

    def manage_workers(self) -> None:
        """Fork what is missing; where that is not possible now, the workers that there are go on."""
        if time.monotonic() < self._no_fork_before:
            return
        try:
            super().manage_workers()
        except OSError as error:
            if os.getpid() != self.pid:  # in a worker that was forked: it must not go on as a second master
                raise
            log.error("a worker cannot be started, it is tried again: %s", error)  # noqa: TRY400  no trace needed
            self._no_fork_before = time.monotonic() + _PAUSE_SECONDS

    def spawn_worker(self) -> int:
        """Fork a worker. Its socket for commands is then its own: who asks a dead one is to hear it at once."""
        try:
            pid: int = super().spawn_worker()
        except OSError:
            if os.getpid() == self.pid:
                self.app.not_forked(self.worker_age)
            raise
        worker = self.WORKERS[pid]
        if worker.control is not None:
            worker.control.close()
        return pid

    def reap_workers(self) -> None:
        """Take note of ended workers.

        The first that could not start ends the server with its status; a second one would break that halt off.
        """
        before = dict(self.WORKERS)
        try:
            super().reap_workers()
        except HaltServer:
            if self._halting:
                return
            self._halting = True
            raise
        now = time.monotonic()
        ended = (before[pid] for pid in before.keys() - self.WORKERS.keys())
        if any(now - worker.forked < _SHORT_LIFE_SECONDS for worker in ended):
            self._no_fork_before = now + _PAUSE_SECONDS

    # -- signals ----------------------------------------------------------------------------------------------

    def handle_int(self) -> None:
        """Stop gracefully on Ctrl-C, as on SIGTERM."""
        raise StopIteration

    def handle_hup(self) -> None:
        """Read the home anew; the workers stay."""
        self.app.master.reload()

    def handle_usr2(self) -> None:
        """Say that there is no second master."""
        log.warning("SIGUSR2: ignored")

    def handle_usr1(self) -> None:
        """Reopen nothing: the log goes to standard error."""

    def handle_ttin(self) -> None:
        """Keep the number of workers: pool sizes were planned with it."""

    def handle_ttou(self) -> None:
        """Keep the number of workers."""
