"""From a home to a server: keys are read and addresses bound once, then gunicorn's master runs."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Final

from gateway.config.checks.capacity import files_needed
from gateway.config.model import Home
from gateway.web.application import GatewayApplication
from gateway.web.environ import ListenerName
from gateway.web.listeners import allow_files, bind, listener_tls
from gateway.web.ports import Master

log = logging.getLogger("gateway.web")

Announce = Callable[[Mapping[ListenerName, tuple[str, int]]], None]

_NOT_OURS: Final = ("LISTEN_PID", "LISTEN_FDS", "GUNICORN_PID", "GUNICORN_FD")
"""Variables by which gunicorn would take over somebody's sockets in place of ours."""


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
