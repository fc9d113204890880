"""The target behind `to = "syslog+tls://host:6514"`."""

from collections.abc import Callable
from pathlib import Path

from gateway.audit.sender_events import SenderEvent
from gateway.audit.sender_picture import SyslogPicture
from gateway.audit.syslog_settings import SyslogSettings
from gateway.clock import Clock


class SyslogTarget:
    """In work; this is its face, which stays.

    One a process, made after the fork: it has a thread. `sends=False` is for processes that may have no thread
    beside them or end at once (gunicorn's master, a command): records go into the spool only, and a process that
    sends adopts them within a second or so. Raises gateway.tls.StoreError for the stores.
    """

    def __init__(
        self,
        settings: SyslogSettings,
        folder: Path,
        clock: Clock,
        on_event: Callable[[SenderEvent], None] = lambda _event: None,
        *,
        sends: bool = True,
    ) -> None:
        """`folder`: the spool, `STATE/audit/spool`; it is made. `on_event` is called by the sender's thread."""
        raise NotImplementedError

    def write(self, line: str) -> None:
        """See `Target.write`: the record is safe when it is in the spool."""
        raise NotImplementedError

    def picture(self) -> SyslogPicture:
        """Return how it stands; cheap, from any thread."""
        raise NotImplementedError

    def close(self) -> None:
        """Send what is left for at most `stop_seconds`, end the connection in order, let go of the spool."""
        raise NotImplementedError
