"""What the server and the gateway that it serves want of each other, in the process of gunicorn's master."""

import socket
from collections.abc import Iterable, Mapping
from typing import Protocol

from gateway.config.model import Home
from gateway.tls import ListenerTls
from gateway.web.environ import Application, ListenerName

Tls = Mapping[ListenerName, ListenerTls]
"""What the TLS listeners use."""


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

    def not_forked(self, age: int) -> None:
        """Clean up behind a worker that could not be forked. Must not raise."""
        ...

    def in_worker(self) -> None:
        """Let go, in a forked worker, of what is the master's alone."""
        ...

    def worker_ended(self, pid: int, age: int) -> None:
        """Clean up behind a worker that has ended. Must not raise."""
        ...
