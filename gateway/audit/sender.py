"""The thread that empties the spool into a receiver, connects again and again, and never gives up."""

import contextlib
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Final

from gateway.audit.sender_connection import Connection, connect
from gateway.audit.sender_delivery import Delivery
from gateway.audit.sender_events import ReceiverLost, ReceiverReached, SenderEvent, SenderFailed
from gateway.audit.syslog_settings import SyslogSettings
from gateway.clock import Clock

_FIRST_PAUSE_SECONDS: Final = 0.2
_LINGER_SECONDS: Final = 0.02
"""After a batch: so that what comes one by one goes out together, at most so much later."""
_FULL_BATCH: Final = 64 * 1024
_IDLE_SECONDS: Final = 1.0
_END_SECONDS: Final = 1.0
"""How long the receiver may take to close after we did."""
_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the receiver."""

    connected: bool
    since: datetime
    last_error: str = ""


class Sender:
    """From `start` to `close`; `wake` when there is a new record."""

    def __init__(
        self,
        settings: SyslogSettings,
        delivery: Delivery,
        clock: Clock,
        on_event: Callable[[SenderEvent], None],
    ) -> None:
        self._settings = settings
        self._delivery = delivery
        self._clock = clock
        self._on_event = on_event
        self._random = random.SystemRandom()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._wake_lock = Lock()
        self._closed = False
        self._asleep = False
        self._stopping = Event()
        self._stop_at = 0.0
        self._connection: Connection | None = None
        self._told_lost = False
        self.standing = Standing(connected=False, since=clock.now())
        self._thread = Thread(target=self._run, name="audit-sender", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to send: costs a system call only when the sender sleeps."""
        if self._asleep:
            self._asleep = False
            self._ring()

    def close(self) -> None:
        """Send what is left for at most `stop_seconds`, then end; waits for that."""
        self._stop_at = self._clock.monotonic() + self._settings.stop_seconds
        self._stopping.set()
        self._ring()
        self._thread.join(self._settings.stop_seconds + _END_SECONDS * 2)
        if self._thread.is_alive() and (connection := self._connection) is not None:
            connection.abort()
            self._thread.join(_END_SECONDS)
        self._close_wake()

    def _ring(self) -> None:
        with self._wake_lock:
            if not self._closed:
                os.eventfd_write(self._wake, 1)

    def _close_wake(self) -> None:
        with self._wake_lock:
            if not self._closed and not self._thread.is_alive():
                self._closed = True
                os.close(self._wake)

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            self._attempt()
            if self._clock.monotonic() - began > self._settings.reconnect_seconds:
                pause = _FIRST_PAUSE_SECONDS  # it was a good one
            # each process at a time of its own, so that a receiver that comes back is not met by all at once
            self._stopping.wait(pause * self._random.uniform(0.5, 1))
            pause = min(pause * 2, self._settings.reconnect_seconds)
        self._delivery.close()

    def _attempt(self) -> None:
        """Connect and send until the connection ends."""
        try:
            self._connection = connect(self._settings)
            if self._is_over():
                return  # who waited for us may have given up, and the spool be somebody else's
            self._reached()
            self._serve(self._connection)
        except (OSError, ValueError) as error:
            self._lost(f"{type(error).__name__}: {error}"[:_TEXT])
        except Exception as error:  # noqa: BLE001  without its sender the spool only fills
            self._lost(f"{type(error).__name__}: {error}"[:_TEXT])
            self._on_event(SenderFailed(self.standing.last_error))
        finally:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._delivery.begin_again()

    def _serve(self, connection: Connection) -> None:
        while True:
            connection.check()
            self._delivery.settle(connection.unacknowledged())
            self._delivery.look_around()
            batch = None if self._is_over() else self._delivery.next_batch()
            if batch is not None:
                connection.send(batch.frames)
                self._delivery.was_sent(batch)
                if len(batch.frames) < _FULL_BATCH and not self._stopping.is_set():
                    connection.wait(_LINGER_SECONDS)
            elif self._stopping.is_set():
                self._finish(connection)
                return
            else:
                self._sleep(connection)

    def _sleep(self, connection: Connection) -> None:
        """Wait for a record, for word of the receiver, or for the time to look around."""
        self._asleep = True
        try:
            # a record that came before the line above woke nobody
            if not self._delivery.has_news() and not self._stopping.is_set():
                connection.wait(_IDLE_SECONDS, self._wake)
        finally:
            self._asleep = False
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def _is_over(self) -> bool:
        return self._stopping.is_set() and self._clock.monotonic() >= self._stop_at

    def _finish(self, connection: Connection) -> None:
        if connection.finish(_END_SECONDS):
            self._delivery.settle_all()
        self.standing = Standing(connected=False, since=self._clock.now())

    def _reached(self) -> None:
        self._told_lost = False
        self.standing = Standing(connected=True, since=self._clock.now(), last_error=self.standing.last_error)
        self._on_event(ReceiverReached(self._settings.receiver, self._delivery.waiting))

    def _lost(self, reason: str) -> None:
        since = self._clock.now() if self.standing.connected else self.standing.since
        self.standing = Standing(connected=False, since=since, last_error=reason)
        if not self._told_lost:
            self._told_lost = True
            self._on_event(ReceiverLost(self._settings.receiver, reason))
