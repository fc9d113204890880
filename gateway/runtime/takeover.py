"""A worker's part of a reload: what is to come into force is made ready beside what serves, then swapped in."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final

from gateway.config.effect import in_effect
from gateway.control.reloaded import problem_facts
from gateway.control.words import ControlError
from gateway.errors import ConfigError
from gateway.preflight.serving import with_applications
from gateway.preflight.still import mark_of, read_still
from gateway.runtime.change import Change
from gateway.runtime.live import Live, Serving
from gateway.tls import ListenerTls
from gateway.tls.stores import StoreError
from gateway.web.environ import Floor, ListenerName
from gateway.web.listeners import listener_tls

log = logging.getLogger("gateway.web")

_TURN_SECONDS: Final = 1.0
"""How long a change waits for the one before; the master has them come one after the other."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    change: Change
    serving: Serving
    tls: Mapping[ListenerName, ListenerTls]


class Takeover:
    """Prepares one change at a time, to commit it or let it go; answers as JSON's values. Thread-safe."""

    def __init__(self, live: Live) -> None:
        """`live` is what changes."""
        self.floor: Floor | None = None
        """The service around it, which uses other certificates then; None until requests may come."""
        self._live = live
        self._changing = Lock()
        self._prepared: _Prepared | None = None
        self._wanted: Change | None = None
        """The last that was to be prepared, unless it was given up."""

    def prepare(self, change: Change) -> Mapping[str, Any]:
        """Make a change ready, or say why it cannot be. Raises ControlError."""
        with self._turn():
            self._forget_prepared()
            self._wanted = change
            try:
                prepared = self._made_ready(change)
            except ConfigError as error:
                return {"problems": problem_facts(error.problems)}
            except StoreError as error:
                return {"reason": str(error)}
            except Exception:
                log.exception("a changed home could not be made ready")
                return {"reason": "internal error of the gateway; its log says more"}
            if isinstance(prepared, str):
                return {"reason": prepared}
            if self._wanted != change:  # it took so long that the master has given it up
                self._live.drop(prepared.serving)
                return {"reason": "it was given up"}
            self._prepared = prepared
        return {"prepared": change.number}

    def commit(self, change: Change) -> Mapping[str, Any]:
        """Have what was prepared serve from the next request on. Raises ControlError."""
        with self._turn():
            prepared = self._prepared
            if prepared is None or prepared.change != change:
                raise ControlError("nothing of this number was prepared")
            self._prepared = None
            self._live.swap(prepared.serving)
            home = prepared.serving.snapshot.home
            if self.floor is not None:
                self.floor.renew(home.gateway.server, prepared.tls, home.gateway.limits)
        return {"done": change.number}

    def abort(self, change: Change) -> Mapping[str, Any]:
        """Let go of what was prepared, or is being prepared, for a change. Raises ControlError."""
        if self._wanted == change:
            self._wanted = None
        with self._turn():
            if self._prepared is not None and self._prepared.change == change:
                self._forget_prepared()
        return {"done": True}

    def _made_ready(self, change: Change) -> _Prepared | str:
        """Return what a changed home needs here, or why it cannot be. Raises ConfigError, StoreError."""
        before = self._live.current.snapshot
        still = read_still(before.home.path, before.home.state, before)
        if mark_of(still.look) != change.mark:
            return "it found other files than the master: they have changed meanwhile"
        home, _ = in_effect(before.home, still.snapshot.home)
        snapshot = with_applications(replace(still.snapshot, number=change.number, home=home), before)
        tls = listener_tls(home)
        serving = self._live.prepare(snapshot)
        try:
            still.judge()
        except ConfigError:
            self._live.drop(serving)
            raise
        return _Prepared(change, serving, tls)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Take turns at changes. Raises ControlError when the one before hangs: each would keep a thread."""
        if not self._changing.acquire(timeout=_TURN_SECONDS):
            raise ControlError("an earlier change hangs: in an authentication module, or on a file")
        try:
            yield
        finally:
            self._changing.release()

    def _forget_prepared(self) -> None:
        if self._prepared is not None:
            self._live.drop(self._prepared.serving)
            self._prepared = None
