"""What the master does beside keeping workers alive: commands, signals and the watch lead to reloads.

Runs in the master's one thread. What takes long runs in threads that have ended when a method returns, so that
nothing is forked beside them; but for one that hangs in a module of the installation, or on a file.
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from gateway.audit.happenings import Reload
from gateway.audit.picture import AuditPicture, together
from gateway.clock import Clock
from gateway.config.watched import Fingerprint
from gateway.control import seat
from gateway.control.line import LineError
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.server import converse
from gateway.control.words import ControlError, line_of, object_of
from gateway.preflight.snapshot import Snapshot
from gateway.runtime.change import LastReload
from gateway.runtime.crew import Crew
from gateway.runtime.reload import Reloads
from gateway.runtime.watch import Watch
from gateway.web.environ import Application
from gateway.web.ports import Hands

log = logging.getLogger("gateway.web")

_COMMAND_SECONDS: Final = 2.0
"""For a command to come whole, once somebody has connected: the master does nothing else meanwhile."""
_RECYCLED_SECONDS: Final = 2.0
_PICTURE_SECONDS: Final = 2.0

Build = Callable[[Snapshot, int, LastReload], Application]
"""Builds what a worker serves, of a snapshot; the number is that of the master's seat."""


class Coordinator:
    """The `Master` of a gateway (`gateway.web.ports`)."""

    def __init__(  # noqa: PLR0913, PLR0917  each is a thing of its own
        self,
        snapshot: Snapshot,
        look: Fingerprint,
        build: Build,
        forget: Callable[[int], None],
        clock: Clock,
        recorded: Callable[[Reload], bool] = lambda _reload: True,
    ) -> None:
        """Take a seat for commands. Raises OSError.

        `look` is what the files of the home looked like when it was read; `forget` is called with the process
        id of each worker that has ended; `recorded` writes an audit record, and tells whether what it is about
        may come into force.
        """
        self._build = build
        self._forget = forget
        self._clock = clock
        self._watch = Watch(snapshot.home, look, clock)
        folder = snapshot.home.state / seat.SERVE
        self._seat = seat.Seat.take(folder)
        self._pid = os.getpid()
        self._crew = Crew(folder, self.number, clock)
        self._reloads = Reloads(self.name, snapshot, self._crew, self._watch, clock, recorded)

    @property
    def number(self) -> int:
        """Of the seat: which of the gateways on this state it is."""
        return self._seat.number

    @property
    def name(self) -> str:
        """What the process is called in answers."""
        return f"{seat.SERVE} {self.number}"

    def close(self) -> None:
        """Give up the seat. Does nothing in a worker, which leaves by the same way."""
        if os.getpid() == self._pid:
            self._seat.close()

    # -- gateway.web.ports.Master -----------------------------------------------------------------------------

    @property
    def commands(self) -> socket.socket:
        """Listens for commands."""
        return self._seat.socket

    def begin(self, hands: Hands) -> None:
        """Begin; workers are not there yet."""
        self._crew.begin(hands)

    def build(self) -> Application:
        """Build what a worker serves. Called in each worker."""
        return self._build(self._reloads.snapshot, self.number, self._reloads.last)

    def before_fork(self, age: int) -> socket.socket | None:
        """Return the socket at which a worker takes commands; None if none can be had, which the log tells."""
        try:
            return self._seat.for_worker(age)
        except OSError as error:
            log.error("a worker will not take commands, a reload replaces it: %s", error)  # noqa: TRY400
            return None

    def not_forked(self, age: int) -> None:
        """Take away the socket of a worker that could not be forked: there is one for each try."""
        self._seat.worker_gone(age)

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
            converse(connection, partial(self._answer, connection), self._clock, _COMMAND_SECONDS)

    def reload(self) -> None:
        """Read the home anew (SIGHUP)."""
        self._reloads.reload("SIGHUP")

    def look(self) -> None:
        """Look at the files when that is due, and read the home anew if they have changed and stand still."""
        seconds = self._reloads.snapshot.home.gateway.server.watch_seconds
        if not self._watch.calls(seconds):
            return
        if self._reloads.reload("its files have changed").outcome is Outcome.FAILED:
            self._watch.failed(seconds)

    # -- commands ---------------------------------------------------------------------------------------------

    def _answer(self, asker: socket.socket, line: bytes) -> bytes:
        said = object_of(line)
        match said.get("do"):
            case "reload":
                return line_of(self._reloads.reload("by command", asker).facts())
            case "recycle":
                return line_of(self._recycle(str(said.get("bundle")), asker).facts())
            case "status":
                return line_of(self._status())
            case _:
                raise ControlError("what is asked must be one of reload, recycle, status")

    def _recycle(self, bundle: str, asker: socket.socket) -> Reloaded:
        if bundle not in self._reloads.snapshot.home.bundles:
            raise ControlError(f"there is no bundle {bundle}")
        self._crew.ask({"do": "recycle", "bundle": bundle}, _RECYCLED_SECONDS)
        return self._reloads.reload(f"bundle {bundle} is recycled", asker)

    def _audit(self) -> Mapping[str, Any] | None:
        """Return how the trail of the workers is, all together; None where none can be asked."""
        answers = self._crew.ask({"do": "audit"}, _PICTURE_SECONDS).values()
        told = [said["audit"] for said in answers if isinstance(said, Mapping) and said.get("audit")]
        picture = together(map(AuditPicture.of, told))
        return picture.facts() if picture is not None else None

    def _status(self) -> Mapping[str, Any]:
        snapshot, last = self._reloads.snapshot, self._reloads.last
        return {
            "process": self.name,
            "number": snapshot.number,
            "digest": snapshot.digest,
            "loaded_at": snapshot.loaded_at.isoformat(),
            "workers": list(self._crew.ages),
            "audit": self._audit(),
            "last_reload": {"reloaded": last[0].facts(), "at": last[1].isoformat()} if last else None,
        }
