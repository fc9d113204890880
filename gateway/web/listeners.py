"""The listening sockets, bound once by the master, what TLS uses on them, and the limit of open files."""

import logging
import resource
import socket
from dataclasses import dataclass
from typing import Final

from gateway.config.model import Home, parse_listen
from gateway.errors import ConfigError, Problem
from gateway.tls import ListenerTls, server_tls
from gateway.web.environ import ListenerName

log = logging.getLogger("gateway.web")

BACKLOG: Final = 2048
"""Connections the kernel completes while no worker accepts; net.core.somaxconn may cut it."""
ADMIN_CONNECTIONS: Final = 64
"""Connections per worker on the admin listener; counted apart, so that nobody shuts the operators out."""

_KEYS: Final[dict[ListenerName, str]] = {
    "https": "server.https",
    "http": "server.http",
    "admin": "admin.listen",
}


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound, listening socket with its role."""

    name: ListenerName
    socket: socket.socket

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it is bound to."""
        host, port = self.socket.getsockname()[:2]
        return host, port


def wanted(home: Home) -> dict[ListenerName, str]:
    """Return the addresses that are set."""
    server = home.gateway.server
    addresses: dict[ListenerName, str] = {
        "https": server.https,
        "http": server.http,
        "admin": home.gateway.admin.listen,
    }
    return {name: address for name, address in addresses.items() if address}


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


def bind(home: Home) -> tuple[Listener, ...]:
    """Bind every address that is set. Raises ConfigError with a Problem for each that cannot be bound."""
    bound: list[Listener] = []
    problems: list[Problem] = []
    for name, address in wanted(home).items():
        try:
            bound.append(Listener(name, _listening(*parse_listen(address))))
        except OSError as error:
            text = f"cannot listen on {address}: {error.strerror or error}"
            problems.append(Problem("gateway.toml", _KEYS[name], text))
    if problems:
        for listener in bound:
            listener.socket.close()
        raise ConfigError(tuple(problems))
    return tuple(bound)


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def allow_files(needed: int) -> bool:
    """Raise the soft limit of open files to `needed`; log and return False where the hard limit is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    reachable = needed if hard == unlimited else min(needed, hard)
    if soft not in {unlimited, reachable} and soft < reachable:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    fits = reachable == needed
    if not fits:
        log.warning("each worker may need %d open files, the limit (nofile) is %d", needed, hard)
    return fits
