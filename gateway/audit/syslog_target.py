"""The target behind `to = "syslog+tls://host:6514"`: messages into the spool, a sender beside it."""

import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from gateway import __version__
from gateway.audit.sender import Sender
from gateway.audit.sender_connection import tls_context
from gateway.audit.sender_delivery import Delivery
from gateway.audit.sender_events import SenderEvent
from gateway.audit.sender_picture import SyslogPicture
from gateway.audit.spool import Spool
from gateway.audit.syslog import Header, Messages, cut, payload
from gateway.audit.syslog_settings import SyslogSettings
from gateway.audit.target import AuditUnavailableError
from gateway.clock import Clock

_LOG: Final = logging.getLogger(__name__)


class SyslogTarget:
    """A `Target`. One a process, made after the fork: it has a thread.

    `sends=False` is for processes that may have no thread beside them or end at once (gunicorn's master, a
    command): records go into the spool only, and a process that sends adopts them within a second or so.
    """

    def __init__(  # noqa: PLR0913  each by name
        self,
        settings: SyslogSettings,
        folder: Path,
        clock: Clock,
        on_event: Callable[[SenderEvent], None] = lambda _event: None,
        *,
        sends: bool = True,
        shortened: Callable[[str, int], str] = lambda line, _octets: line,
    ) -> None:
        """`folder`: the spool, `STATE/audit/spool`; it is made. `on_event` is called by the sender's thread.

        `shortened` makes a line that is too long one of so many octets; what is too long even so is cut.
        Raises gateway.tls.StoreError for a store that cannot be used, ValueError for a facility, severity
        or framing that does not exist.
        """
        if sends:
            tls_context(settings)  # only for the error; each connection makes its own
        self._settings = settings
        self._shortened = shortened
        self._clock = clock
        self._messages = Messages(_header(settings))
        self._spool = Spool(folder, clock, settings.spool_bytes, sync=settings.spool_sync)
        self._lock = Lock()
        self._sequence = self._taken = self._refused = self._cut = 0
        self._began = clock.now()
        self._process = os.getpid()
        self._told = on_event
        self._delivery = Delivery(self._spool, clock, settings, self._tell)
        self._sender = Sender(settings, self._delivery, clock, self._tell) if sends else None
        if self._sender is not None:
            self._sender.start()

    def write(self, line: str) -> None:
        """See `Target.write`: the record is safe when it is in the spool. Raises AuditUnavailableError."""
        if os.getpid() != self._process:
            raise AuditUnavailableError("the audit target was made before a fork: both would write one file")
        with self._lock:
            self._sequence += 1
            sequence = self._sequence
        message, is_cut = self._message(line, sequence)
        try:
            self._spool.append(message)
        except AuditUnavailableError:
            with self._lock:
                self._refused += 1
            raise
        self._count(is_cut=is_cut)

    def _message(self, line: str, sequence: int) -> tuple[bytes, bool]:
        """Return a record as a message that is not too long, and whether something of it was left out."""
        now, most = self._clock.now(), self._settings.message_bytes
        message = self._messages.message(line, now, sequence)
        if len(message) <= most:
            return message, False
        header = len(message) - len(payload(line))
        return cut(self._messages.message(self._shortened(line, most - header), now, sequence), most), True

    def picture(self) -> SyslogPicture:
        """Return how it stands, from any thread; looks into the spool's folder, so not for every request."""
        standing = self._sender.standing if self._sender is not None else None
        return SyslogPicture(
            receiver=self._settings.receiver,
            connected=standing is not None and standing.connected,
            since=standing.since if standing is not None else self._began,
            last_error=standing.last_error if standing is not None else "",
            taken=self._taken,
            refused=self._refused,
            cut=self._cut,
            sent=self._delivery.sent,
            resent=self._delivery.resent,
            damaged=self._delivery.damaged,
            waiting=self._delivery.waiting if self._sender is not None else 0,
            spool_bytes=self._spool.used_bytes(),
        )

    def close(self) -> None:
        """Send what is left for at most `stop_seconds`, end the connection in order, let go of the spool."""
        if os.getpid() != self._process:
            return  # what there is belongs to the process that made it
        if self._sender is not None:
            self._sender.close()
        self._spool.close()

    def _tell(self, event: SenderEvent) -> None:
        try:
            self._told(event)
        except Exception:  # noqa: BLE001  whoever listens must not end the sender
            _LOG.exception("what is told of the audit's sender met an error")

    def _count(self, *, is_cut: bool) -> None:
        with self._lock:
            self._taken += 1
            self._cut += is_cut
        if self._sender is not None:
            self._sender.wake()
        else:
            self._spool.release()


def _header(settings: SyslogSettings) -> Header:
    return Header(
        facility=settings.facility,
        severity=settings.severity,
        hostname=settings.hostname or socket.gethostname(),
        app_name=settings.app_name,
        procid=os.getpid(),
        software=__version__ if settings.structured_data else "",
    )
