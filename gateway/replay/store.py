"""What the judge gets: a store that never raises, and what becomes of messages while it cannot be used.

A store that fails is not asked again for each message: a server that does not answer would hold up every one of
them for the whole timeout. A thread of its own tries until it works, with an entry as a message would bring it.
"""

import logging
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from gateway.clock import Clock
from gateway.config.model import ReplaySettings
from gateway.replay.backend import Backend, StoreDownError
from gateway.replay.sqlite import FILE_NAME, SqliteStore
from gateway.replay.valkey import ValkeyStore
from gateway.wss.replay import Once, OnceKind, Remembered

_LOG: Final = logging.getLogger(__name__)
_PROBE_SECONDS: Final = 1.0
_PROBE_LIFE: Final = timedelta(seconds=1)


class Observer(Protocol):
    """Is told what becomes of the store and of messages. Must not raise, must not block: a lock may be held."""

    def replay_failed(self, *, accepted: bool) -> None:
        """Note a message that the store could not be asked for, and whether it was accepted all the same."""
        ...

    def replay_full(self) -> None:
        """Note a message that there was no room for."""
        ...

    def replay_usable(self, usable: bool, /) -> None:
        """Note that the store can be used from now on, or cannot."""
        ...


class Unobserved:
    """Notes nothing."""

    def replay_failed(self, *, accepted: bool) -> None:
        """Do nothing."""

    def replay_full(self) -> None:
        """Do nothing."""

    def replay_usable(self, usable: bool, /) -> None:
        """Do nothing."""


def open_store(
    settings: ReplaySettings, state: Path, clock: Clock, observer: Observer | None = None
) -> "GuardedStore":
    """Open the store that the settings name; call it in every worker after the fork.

    A store that cannot be used now is no error: see `GuardedStore.ready`. Raises gateway.tls.StoreError when
    the trust store of the settings cannot be read.
    """
    backend: Backend
    if settings.store == "sqlite":
        backend = SqliteStore(state / FILE_NAME, settings.max_entries, settings.timeout_seconds)
    else:
        backend = ValkeyStore(settings)
    return GuardedStore(backend, clock, accept=settings.on_failure == "accept", observer=observer)


class GuardedStore:
    """A `gateway.wss.replay.ReplayStore`. Thread-safe."""

    def __init__(
        self,
        backend: Backend,
        clock: Clock,
        *,
        accept: bool,
        observer: Observer | None = None,
        probe_seconds: float = _PROBE_SECONDS,
    ) -> None:
        """`accept`: messages are accepted without protection while the store cannot be used."""
        self._backend = backend
        self._clock = clock
        self._observer = observer or Unobserved()
        self._failed = Remembered.UNPROTECTED if accept else Remembered.FAILED
        self._probe_seconds = probe_seconds
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._prober: threading.Thread | None = None
        self._full = False
        self.failures = 0
        """Messages that the store could not be asked for."""
        self.accepted_unprotected = 0
        """Those of them that were accepted all the same."""
        self.refused_full = 0
        """Messages for which there was no room."""
        if self._try():
            self._observer.replay_usable(True)

    @property
    def down(self) -> bool:
        """Whether the store cannot be used."""
        return self._prober is not None

    @property
    def ready(self) -> bool:
        """Whether messages can be accepted; for the readiness of the worker. Does not block."""
        return not self.down or self._failed is Remembered.UNPROTECTED

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:
        """Insert all entries at once unless one of them is there, see `gateway.wss.replay.ReplayStore`."""
        if not entries:
            return Remembered.NEW
        if self.down:
            return self._failure()
        try:
            result = self._ask(entries, now)
        except StoreDownError as error:
            self._lost(str(error))
            return self._failure()
        self._note_room(full=result is Remembered.FULL)
        return result

    def close(self) -> None:
        """Stop trying, and let go of files and sockets."""
        self._closed.set()
        prober = self._prober
        if prober is not None:
            prober.join()
        self._backend.close()
        if self.failures or self.refused_full:
            _LOG.warning("replay store closed; %s", self._counted())

    def _ask(self, entries: Sequence[Once], now: datetime) -> Remembered:
        try:
            return self._backend.remember(entries, now)
        except StoreDownError:
            raise
        except Exception as error:  # whatever it is: the judge was promised an answer
            _LOG.exception("unexpected error of the replay store")
            raise StoreDownError(type(error).__name__) from error

    def _try(self) -> bool:
        """Use the store as a message would. Returns whether it works."""
        now = self._clock.now()
        probe = Once.of(OnceKind.NONCE, [b"probe", secrets.token_bytes(16)], now + _PROBE_LIFE)
        try:
            self._ask([probe], now)
        except StoreDownError as error:
            self._lost(str(error))
            return False
        self._advise()
        return True

    def _advise(self) -> None:
        try:
            advice = self._backend.advice()
        except Exception:  # noqa: BLE001  it works; what can be said of it is not worth a message
            _LOG.exception("unexpected error while looking at the replay store")
            return
        if advice:
            _LOG.warning("replay store: %s", advice)

    def _failure(self) -> Remembered:
        with self._lock:
            self.failures += 1
            self.accepted_unprotected += self._failed is Remembered.UNPROTECTED
        self._observer.replay_failed(accepted=self._failed is Remembered.UNPROTECTED)
        return self._failed

    def _lost(self, reason: str) -> None:
        """Tell of a loss, once, and start trying."""
        with self._lock:
            if self._prober is not None or self._closed.is_set():
                return
            fate = "accepted WITHOUT protection" if self._failed is Remembered.UNPROTECTED else "refused"
            self._observer.replay_usable(False)
            _LOG.error("replay store lost, messages are %s: %s", fate, reason)
            self._prober = threading.Thread(target=self._probe, name="replay-store-probe", daemon=True)
            self._prober.start()

    def _probe(self) -> None:
        while not self._closed.wait(self._probe_seconds):
            if self._try():
                with self._lock:
                    _LOG.warning("replay store back; %s", self._counted())
                    self._observer.replay_usable(True)
                    self._prober = None
                return

    def _note_room(self, *, full: bool) -> None:
        if full:
            self._observer.replay_full()
        with self._lock:
            self.refused_full += full
            if full == self._full:
                return
            self._full = full
        if full:
            _LOG.error("replay store is full: messages are refused until entries expire")
        else:
            _LOG.warning("replay store has room again; %s", self._counted())

    def _counted(self) -> str:
        return (
            f"messages since the start that it could not be asked for: {self.failures}, of these accepted "
            f"without protection: {self.accepted_unprotected}; refused as it was full: {self.refused_full}"
        )
