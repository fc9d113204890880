"""From `[audit]` of a home to what writes its trail."""

import logging
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from gateway.audit.auditor import Auditor, Counted, Means
from gateway.audit.file_target import FileSettings, FileTarget
from gateway.audit.formats import FORMATS
from gateway.audit.sender_events import QueueAdopted, ReceiverReached, SenderEvent
from gateway.audit.stdout_target import StdoutTarget
from gateway.audit.syslog_settings import SyslogSettings
from gateway.audit.syslog_target import SyslogTarget
from gateway.audit.target import AuditUnavailableError, Target
from gateway.clock import Clock
from gateway.config.audit import FILE
from gateway.config.model import AuditSettings, Home
from gateway.config.receiver import parse_receiver
from gateway.tls.stores import StoreError

log = logging.getLogger("gateway.audit")

FOLDER: Final = "audit"
"""Under `state`: the spool, the lock of standard output."""
_TOLD: Final = {
    "ReceiverReached": "audit: the syslog receiver takes records",
    "ReceiverLost": "audit: the syslog receiver does not take records, they wait on the disk",
    "QueueAdopted": "audit: records that an ended process left are sent",
    "SpoolDamaged": "audit: places in the spool cannot be read",
    "SenderFailed": "audit: sending records met an error of ours",
}


def trail_path(settings: AuditSettings, state: Path) -> Path:
    """Return the file that records go to; a relative one counts from the state folder."""
    return (state / settings.to.removeprefix(FILE)).absolute()


def file_settings(settings: AuditSettings, state: Path) -> FileSettings:
    """Return how the trail is kept in files."""
    return FileSettings(
        path=trail_path(settings, state),
        max_bytes=settings.max_bytes,
        keep_files=settings.keep_files,
        group_read=settings.group_read,
        chain=settings.chain,
        chain_key=settings.chain_key,
        wait_seconds=settings.timeout_seconds,
    )


def syslog_settings(home: Home) -> SyslogSettings:
    """Return what is to be known of the receiver."""
    audit = home.gateway.audit
    receiver = parse_receiver(audit.to)
    same = {name: getattr(audit, name) for name in SyslogSettings.__dataclass_fields__ if hasattr(audit, name)}
    return SyslogSettings(
        host=receiver.host,
        port=receiver.port,
        tls=receiver.tls,
        crypto_policy=home.gateway.server.crypto_policy,
        **same,
    )


def target_of(home: Home, clock: Clock, *, sends: bool = True) -> Target:
    """Return where records go. `sends`: see `SyslogTarget`. Raises StoreError."""
    audit = home.gateway.audit
    if audit.kind == "stdout":
        return StdoutTarget(home.state / FOLDER / "stdout.lock", clock, audit.timeout_seconds)
    if audit.kind == "file":
        return FileTarget(file_settings(audit, home.state), FORMATS[audit.format].chained, clock)
    folder = home.state / FOLDER / "spool"
    shortened = FORMATS[audit.format].shortened
    return SyslogTarget(syslog_settings(home), folder, clock, _tell, sends=sends, shortened=shortened)


def auditor_of(home: Home, target: Target, process: str, counted: Counted, clock: Clock) -> Auditor:
    """Return what writes the records of this process, which people know as `process`."""
    audit = home.gateway.audit
    named = f"{process} pid {os.getpid()}"
    return Auditor(Means(target, audit.to, audit.format, audit.on_failure, clock, named, counted))


class Brief:
    """A target that is opened for each record: for gunicorn's master, which must hold nothing when it forks."""

    def __init__(self, make: Callable[[], Target]) -> None:
        self._make = make

    def write(self, line: str) -> None:
        """See `Target.write`."""
        try:
            target = self._make()
        except (OSError, StoreError) as error:
            raise AuditUnavailableError(str(error)) from error
        try:
            target.write(line)
        finally:
            target.close()

    def close(self) -> None:
        """Nothing is open."""


def _tell(event: SenderEvent) -> None:
    """Write to the log what becomes of the sender: a change, not a try."""
    name = type(event).__name__
    good = isinstance(event, ReceiverReached | QueueAdopted)
    facts = ", ".join(f"{key} {value}" for key, value in asdict(event).items())
    log.log(logging.INFO if good else logging.WARNING, "%s: %s", _TOLD.get(name, name), facts)
