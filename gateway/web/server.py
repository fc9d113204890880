"""gunicorn's master and what it is told: addresses bound once, workers forked, a home that changes live.

SIGTERM and SIGINT stop gracefully, SIGHUP and commands have the `Master` read the home anew; no worker ends by
that. SIGUSR2 does nothing but say so in the log, nor do SIGTTIN, SIGTTOU and SIGUSR1 change anything.
The master has one thread, so that a fork is safe at any time: commands come in between its other duties.
"""

import logging
import math
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from queue import Empty
from typing import Any, Final, Protocol

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from gateway.config.checks.capacity import files_needed
from gateway.config.model import Home
from gateway.errors import ConfigError, Problem
from gateway.tls import ListenerTls, server_tls
from gateway.web.environ import Application, ListenerName
from gateway.web.listeners import Listener, allow_files, bind, wanted
from gateway.web.worker import GatewayWorker

log = logging.getLogger("gateway.web")

Tls = Mapping[ListenerName, ListenerTls]
Announce = Callable[[Mapping[ListenerName, tuple[str, int]]], None]

STUCK_SECONDS: Final = 30
"""A worker whose loop shows no sign of life for this long is killed and replaced. Busy threads do not count."""
_STOP_GRACE_SECONDS: Final = 5
"""What a worker gets beyond stop_seconds to close its pools, before the master kills it."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108  gunicorn makes and unlinks the file in one go
_STOPS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
_SHORT_LIFE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0
"""Before the next fork, where one failed or its worker lived so short: what keeps it from living may stay."""
_NOT_BEGUN: Final = -3
"""What a worker exits with that could not begin in place of another; the master never gets such a status."""
_NOT_OURS: Final = ("LISTEN_PID", "LISTEN_FDS", "GUNICORN_PID", "GUNICORN_FD")
"""Variables by which gunicorn would take over somebody's sockets in place of ours."""


class Hands(Protocol):
    """What a `Master` may have the server do. For the master's thread."""

    def interrupted(self) -> bool:
        """Tell whether a signal to stop has come: then what takes long is to be given up."""
        ...

    def renew(self, home: Home, tls: Tls) -> None:
        """Have workers that are forked from now on begin with these."""
        ...

    def workers(self) -> Iterable[int]:
        """Return the ages of the workers that there are: numbers that count from 1 and do not come again."""
        ...

    def replace(self, age: int) -> None:
        """End a worker gracefully; another is forked in its place."""
        ...


class Master(Protocol):
    """What the master does beside keeping workers alive; all but `build` in its one thread."""

    @property
    def commands(self) -> socket.socket:
        """Listens for commands."""
        ...

    def begin(self, hands: Hands) -> None:
        """Begin; workers are not there yet."""
        ...

    def build(self) -> Application:
        """Build what a worker serves. Called in each worker, after the fork: threads and sockets may start."""
        ...

    def command(self) -> None:
        """Take a command: a connection waits at the socket. Must not raise."""
        ...

    def reload(self) -> None:
        """Read the home anew (SIGHUP). Must not raise."""
        ...

    def look(self) -> None:
        """Do what is due; called about once a second. Must not raise."""
        ...

    def before_fork(self, age: int) -> socket.socket | None:
        """Return the listening socket at which a worker that is about to be forked takes commands."""
        ...

    def in_worker(self) -> None:
        """Let go, in a forked worker, of what is the master's alone."""
        ...

    def worker_ended(self, pid: int, age: int) -> None:
        """Clean up behind a worker that has ended. Must not raise."""
        ...


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's own words, sent through our log; no access log."""

    def setup(self, cfg: Any) -> None:
        """Take the place of gunicorn's handlers and formats."""
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log = logging.getLogger("gateway.web.master")
        self.access_log = logging.getLogger("gateway.web.access")
        self.access_log.disabled = True

    def debug(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Say nothing: this is the dump of gunicorn's settings and the like."""

    def info(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log as debug: what matters to an operator we say ourselves."""
        self.error_log.debug(msg, *args, **kwargs)


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
        self.app.home, self.app.tls = home, tls
        self.cfg.set("graceful_timeout", _grace(home))

    def workers(self) -> list[int]:
        """Return the ages of the workers that there are."""
        return sorted(worker.age for worker in self.WORKERS.values())

    def replace(self, age: int) -> None:
        """End a worker gracefully; another is forked in its place."""
        for pid, worker in list(self.WORKERS.items()):
            if worker.age == age:
                self.kill_worker(pid, signal.SIGTERM)

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
        pid: int = super().spawn_worker()
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


class GatewayApplication(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """What gunicorn is told: our settings, our sockets, how to build the WSGI callable in each worker."""

    def __init__(self, home: Home, master: Master, listeners: Sequence[Listener], tls: Tls) -> None:
        self.home = home
        """The one in force: it changes, see `Hands.renew`."""
        self.names = [listener.name for listener in listeners]
        self.tls = tls
        self.master = master
        self._descriptors = [listener.socket.detach() for listener in listeners]
        super().__init__(prog="imsgw")

    def load_config(self) -> None:
        """Translate our settings."""
        server = self.home.gateway.server
        settings = {
            "bind": [f"fd://{descriptor}" for descriptor in self._descriptors],
            "workers": server.workers,
            "worker_class": GatewayWorker,
            "timeout": STUCK_SECONDS,
            "graceful_timeout": _grace(self.home),
            "logger_class": ServerLog,
            "accesslog": None,
            "control_socket_disable": True,
            "worker_tmp_dir": _heartbeat_folder(self.home),
            "proc_name": "imsgw",
            "umask": 0o077,
            "pre_fork": self._before_fork,
            "child_exit": self._worker_ended,
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def _before_fork(self, _arbiter: Any, worker: GatewayWorker) -> None:
        worker.control = self.master.before_fork(worker.age)
        worker.forked = time.monotonic()

    def _worker_ended(self, _arbiter: Any, worker: GatewayWorker) -> None:
        self.master.worker_ended(worker.pid, worker.age)

    def load(self) -> Application:
        """Build the WSGI callable. Called in each worker, after the fork."""
        signal.set_wakeup_fd(-1)
        self.master.in_worker()
        return self.master.build()

    def run(self) -> None:
        """Run the master until it is stopped."""
        GatewayArbiter(self).run()


def serve(home: Home, master: Master, announce: Announce | None = None) -> None:
    """Serve a home until a signal stops it; ends in SystemExit with gunicorn's status.

    Keys are read and addresses bound first: ConfigError tells what is wrong with them before anything runs.
    `announce` is given the addresses that are bound, in the master, before the workers start.
    """
    tls = listener_tls(home)
    listeners = bind(home)
    allow_files(files_needed(home))
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    addresses = {listener.name: listener.address for listener in listeners}
    for name, (host, port) in addresses.items():
        log.info("listening for %s on %s port %d", name, host, port)
    if announce is not None:
        announce(addresses)
    GatewayApplication(home, master, listeners, tls).run()


def listener_tls(home: Home) -> dict[ListenerName, ListenerTls]:
    """Return what the TLS listeners of a home use. Raises ConfigError.

    Made in the master, so that every worker that is forked has the same; anew by each worker at a reload.
    """
    try:
        return {
            name: server_tls(home.gateway.server, client_certificates=name == "https")
            for name in wanted(home)
            if name != "http"
        }
    except ValueError as error:
        raise ConfigError((Problem("gateway.toml", "server.keystore", str(error)),)) from error


def _grace(home: Home) -> int:
    """Return how many seconds the workers of a home get to end."""
    return math.ceil(home.gateway.server.stop_seconds) + _STOP_GRACE_SECONDS


def _heartbeat_folder(home: Home) -> str:
    """Return a folder in memory for gunicorn's heartbeat files: the root file system may be read-only."""
    return _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else str(home.state)
