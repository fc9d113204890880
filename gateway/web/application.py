"""What gunicorn is told: our settings, our sockets, our log, and how a worker builds what it serves."""

import logging
import math
import os
import signal
import time
from collections.abc import Sequence
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from gateway.config.model import Home
from gateway.web.arbiter import GatewayArbiter
from gateway.web.environ import Application
from gateway.web.listeners import BACKLOG, Listener
from gateway.web.ports import Master, Tls
from gateway.web.tallies import Tallies
from gateway.web.worker import GatewayWorker

STUCK_SECONDS: Final = 30
"""A worker whose loop shows no sign of life for this long is killed and replaced. Busy threads do not count."""
_STOP_GRACE_SECONDS: Final = 5
"""What a worker gets beyond stop_delay_seconds and stop_seconds to close its pools, or the master kills it."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108  gunicorn makes and unlinks the file in one go


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


class GatewayApplication(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """What gunicorn is told: our settings, our sockets, how to build the WSGI callable in each worker."""

    def __init__(self, home: Home, master: Master, listeners: Sequence[Listener], tls: Tls) -> None:
        self.home = home
        """The one in force: it changes, see `renew`."""
        self.names = [listener.name for listener in listeners]
        self.tls = tls
        self.master = master
        self._tallies = Tallies(home.gateway.server.workers)
        self._descriptors = [listener.socket.detach() for listener in listeners]
        super().__init__(prog="imsgw")

    def load_config(self) -> None:
        """Translate our settings."""
        server = self.home.gateway.server
        settings = {
            "bind": [f"fd://{descriptor}" for descriptor in self._descriptors],
            "workers": server.workers,
            "backlog": BACKLOG,
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
        worker.tally = self._tallies.of(worker.age)
        worker.forked = time.monotonic()

    def _worker_ended(self, _arbiter: Any, worker: GatewayWorker) -> None:
        self._tallies.ended(worker.age)
        self.master.worker_ended(worker.pid, worker.age)

    def not_forked(self, age: int) -> None:
        """Take note that a worker could not be forked."""
        self._tallies.ended(age)
        self.master.not_forked(age)

    def load(self) -> Application:
        """Build the WSGI callable. Called in each worker, after the fork."""
        signal.set_wakeup_fd(-1)
        self.master.in_worker()
        return self.master.build()

    def renew(self, home: Home, tls: Tls) -> None:
        """Have workers that are forked from now on begin with these."""
        self.home, self.tls = home, tls
        self.cfg.set("graceful_timeout", _grace(home))

    def run(self) -> None:
        """Run the master until it is stopped."""
        GatewayArbiter(self).run()


def _grace(home: Home) -> int:
    """Return how many seconds the workers of a home get to end."""
    server = home.gateway.server
    return math.ceil(server.stop_delay_seconds + server.stop_seconds) + _STOP_GRACE_SECONDS


def _heartbeat_folder(home: Home) -> str:
    """Return a folder in memory for gunicorn's heartbeat files: the root file system may be read-only."""
    return _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else str(home.state)
