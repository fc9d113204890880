"""The running gateway as management sees it: its workers and its master, over their control sockets."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.admin.ports import Worker
from gateway.clock import Clock
from gateway.control import client, seat
from gateway.control.reload import SECONDS as RELOAD_SECONDS
from gateway.control.reload import ask_reload
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.words import ControlError
from gateway.observe.traffic import Captured, Ended
from gateway.preflight.snapshot import Snapshot
from gateway.runtime import pictures
from gateway.runtime.worker import WorkerRuntime

_SECONDS: Final = 2.0
"""For a worker's answer."""
_AT_ONCE: Final = 16
"""Workers that are asked at a time."""


class GatewayView:
    """Implements `gateway.admin.ports.Gateway`."""

    def __init__(self, worker: WorkerRuntime, state: Path, instance: int, clock: Clock) -> None:
        """`instance`: the number of this gateway's seat."""
        self._worker = worker
        self._state = state
        self._folder = state / seat.SERVE
        self._instance = instance
        self._clock = clock

    def snapshot(self) -> Snapshot:
        """Return the configuration that is in force."""
        return self._worker.live.current.snapshot

    def reload(self) -> tuple[Reloaded, ...]:
        """Have the home read anew by this gateway, then by the callout processes of this state folder."""
        return (self._ask_master({"do": "reload"}), *ask_reload(self._state, self._clock, (seat.CALLOUT,)))

    def recycle(self, bundle: str) -> tuple[Reloaded, ...]:
        """Make the pools of a bundle anew though nothing has changed; the old ones are drained."""
        return (self._ask_master({"do": "recycle", "bundle": bundle}),)

    def _ask_master(self, what: Mapping[str, Any]) -> Reloaded:
        try:
            said = client.ask(self._folder, f"{self._instance}.sock", what, self._clock, RELOAD_SECONDS)
            if said is not None:
                return Reloaded.of(said)
            reason = "the master does not run any more"
        except ControlError as error:
            reason = str(error)
        snapshot = self.snapshot()
        name = f"{seat.SERVE} {self._instance}"
        return Reloaded(name, Outcome.FAILED, snapshot.number, snapshot.digest, reason=reason)

    def last_reload(self) -> tuple[Reloaded, datetime] | None:
        """Return what came of the last reload, done or refused, and when."""
        return self._worker.desk.last_reload

    def workers(self) -> tuple[Worker, ...]:
        """Return how every worker is; those that do not answer are missing."""
        said = self._ask_all({"do": "look"})
        return tuple(sorted((pictures.worker_of(one) for one in said), key=lambda one: one.started))

    def recent(self, most: int) -> tuple[Ended, ...]:
        """Return the latest requests of all workers, newest first."""
        said = self._ask_all({"do": "recent", "most": most})
        found = [one for each in said for one in pictures.ended_of(each["recent"])]
        return tuple(sorted(found, key=lambda one: one.at, reverse=True)[:most])

    def capture(self, service: str, until: datetime | None) -> None:
        """Keep messages of a service until then, in all workers; None: no more, and forget them."""
        what = {"do": "capture", "service": service, "until": until.isoformat() if until else None}
        for _ in self._ask_all(what):
            pass

    def captured(self, service: str) -> tuple[Captured, ...]:
        """Return what was kept, newest first."""
        said = self._ask_all({"do": "captured", "service": service})
        found = [one for each in said for one in pictures.captured_of(each["captured"])]
        return tuple(sorted(found, key=lambda one: one.at, reverse=True))

    def _ask_all(self, what: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        names = seat.workers(self._folder, self._instance)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ask-worker") as threads:
            yield from (said for said in threads.map(lambda name: self._ask(name, what), names) if said)

    def _ask(self, name: str, what: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            return client.ask(self._folder, name, what, self._clock, _SECONDS)
        except ControlError:
            return None
