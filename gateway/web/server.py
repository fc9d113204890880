"""gunicorn from our settings: the master binds, reads keys, forks the workers and keeps their number.

What signals do to the master: SIGTERM and SIGINT stop gracefully, a second SIGINT or SIGQUIT stops at once;
SIGHUP and SIGUSR2 do nothing but say so in the log (a changed configuration needs a restart), nor do SIGTTIN,
SIGTTOU and SIGUSR1 change anything.
"""

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

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

Build = Callable[[Home], Application]
WorkerEnded = Callable[[int], None]
Announce = Callable[[Mapping[ListenerName, tuple[str, int]]], None]

STUCK_SECONDS: Final = 30
"""A worker whose loop shows no sign of life for this long is killed and replaced. Busy threads do not count."""
_STOP_GRACE_SECONDS: Final = 5
"""What a worker gets beyond stop_seconds to close its pools, before the master kills it."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108  gunicorn makes and unlinks the file in one go
_NOT_OURS: Final = ("LISTEN_PID", "LISTEN_FDS", "GUNICORN_PID", "GUNICORN_FD")
"""Variables by which gunicorn would take over somebody's sockets in place of ours."""


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

    def reap_workers(self) -> None:
        """Take note of ended workers.

        The first that could not start ends the server with its status; a second one would break that halt off.
        """
        try:
            super().reap_workers()
        except HaltServer:
            if self._halting:
                return
            self._halting = True
            raise

    def handle_int(self) -> None:
        """Stop gracefully on Ctrl-C, as on SIGTERM."""
        raise StopIteration

    def handle_hup(self) -> None:
        """Say that nothing is reloaded."""
        log.warning("SIGHUP: nothing is reloaded; restart to load a changed configuration")

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

    def __init__(
        self,
        home: Home,
        build: Build,
        listeners: Sequence[Listener],
        tls: Mapping[ListenerName, ListenerTls],
        worker_ended: WorkerEnded,
    ) -> None:
        self.home = home
        self.names = [listener.name for listener in listeners]
        self.tls = tls
        self._build = build
        self._worker_ended = worker_ended
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
            "graceful_timeout": math.ceil(server.stop_seconds) + _STOP_GRACE_SECONDS,
            "logger_class": ServerLog,
            "accesslog": None,
            "control_socket_disable": True,
            "worker_tmp_dir": _heartbeat_folder(self.home),
            "proc_name": "imsgw",
            "umask": 0o077,
            "child_exit": lambda _arbiter, worker: self._worker_ended(worker.pid),
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self) -> Application:
        """Build the WSGI callable. Called in each worker, after the fork."""
        return self._build(self.home)

    def run(self) -> None:
        """Run the master until it is stopped."""
        GatewayArbiter(self).run()


def serve(
    home: Home,
    build: Build,
    announce: Announce | None = None,
    worker_ended: WorkerEnded = lambda _pid: None,
) -> None:
    """Serve a home until a signal stops it; ends in SystemExit with gunicorn's status.

    Keys are read and addresses bound first: ConfigError tells what is wrong with them before anything runs.
    `build` is called in each worker after the fork, so threads and sockets may start in it. `announce` is given
    the addresses that are bound, in the master, before the workers start; `worker_ended` the process id of each
    worker that has ended, in the master too, and must not raise.
    """
    tls = _tls(home)
    listeners = bind(home)
    allow_files(files_needed(home))
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    addresses = {listener.name: listener.address for listener in listeners}
    for name, (host, port) in addresses.items():
        log.info("listening for %s on %s port %d", name, host, port)
    if announce is not None:
        announce(addresses)
    GatewayApplication(home, build, listeners, tls, worker_ended).run()


def _tls(home: Home) -> dict[ListenerName, ListenerTls]:
    """Make the contexts in the master, so that every worker, a replaced one too, has the same."""
    try:
        return {
            name: server_tls(home.gateway.server, client_certificates=name == "https")
            for name in wanted(home)
            if name != "http"
        }
    except ValueError as error:
        raise ConfigError((Problem("gateway.toml", "server.keystore", str(error)),)) from error


def _heartbeat_folder(home: Home) -> str:
    """Return a folder in memory for gunicorn's heartbeat files: the root file system may be read-only."""
    return _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else str(home.state)
