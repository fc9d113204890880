"""The master reads the home anew: as it can come into force behind the one that is, or not at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

from gateway.clock import Clock
from gateway.config.effect import in_effect
from gateway.config.watched import Fingerprint
from gateway.preflight.serving import with_applications
from gateway.preflight.snapshot import Snapshot
from gateway.preflight.still import read_still
from gateway.runtime.aside import STOPPED, begun, ended
from gateway.tls import ListenerTls
from gateway.web.environ import ListenerName
from gateway.web.listeners import listener_tls


class GivenUpError(Exception):
    """The home was not read to the end; the text says why."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A home that was read, as it can come into force."""

    snapshot: Snapshot
    look: Fingerprint
    named: frozenset[Path]
    """With the values that count from the next start: the look is that of all files named."""
    restart: tuple[str, ...]
    """Keys that count from the next start."""
    tls: Mapping[ListenerName, ListenerTls]


class Reader:
    """Reads in a thread, which has ended on return, but for one that hangs. For the master's thread."""

    def __init__(self, stopping: Callable[[], bool], clock: Clock) -> None:
        """Take `stopping`, which tells whether the server is to stop."""
        self._stopping = stopping
        self._clock = clock
        self._hanging: Thread | None = None
        """Reads a home and does not come to an end."""

    def read(self, before: Snapshot, deadline: float) -> Ready:
        """Read the home of a snapshot anew; `deadline`: the clock's monotonic seconds.

        It is given up when the server is to stop. Nor is it waited for when it does not end: the master has
        workers to look after. Raises ConfigError, GivenUpError.
        """
        if self._hanging is not None and self._hanging.is_alive():
            raise GivenUpError("an earlier reading hangs: in an authentication module, or on a file")
        made: list[Ready] = []
        raised: list[Exception] = []

        def run() -> None:
            try:
                made.append(_ready(before))
            except Exception as error:  # noqa: BLE001  it is raised again
                raised.append(error)

        threads = begun([run], "load")
        if not ended(threads, lambda: self._stopping() or self._clock.monotonic() >= deadline):
            (self._hanging,) = threads
            raise GivenUpError(STOPPED if self._stopping() else "to read and judge it takes too long")
        if raised:
            raise raised[0]
        return made[0]


def _ready(before: Snapshot) -> Ready:
    """Raise ConfigError when what there is now cannot come into force."""
    still = read_still(before.home.path, before.home.state, before)
    home, restart = in_effect(before.home, still.snapshot.home)
    snapshot = with_applications(replace(still.snapshot, home=home), before)
    ready = Ready(snapshot, still.look, still.named, restart, listener_tls(home))
    still.judge()
    return ready
