"""Writes the records of one process, and knows whether they can be written.

Where `on_failure` is "refuse" nothing succeeds that has no record: whoever is about to have something done asks
`require` before and is refused while records cannot be written; what was done is recorded before its answer
goes out, and where that fails the caller gets an error in its place. Where it is "count" everything goes on,
and what has no record is counted. A loss is told once an outage, not once a record. While records cannot be
written nobody waits for a target in trouble: `look` alone tries it again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal, Protocol
from uuid import uuid4

from gateway.audit.formats import FORMATS, FormatName
from gateway.audit.happenings import Resumed, of_resumed
from gateway.audit.picture import AuditPicture
from gateway.audit.record import AuditRecord, Stamp
from gateway.audit.target import AuditUnavailableError, Target
from gateway.clock import Clock
from gateway.errors import GatewayError, M
from gateway.outcome import Outcome

log = logging.getLogger("gateway.audit")

RETRY_SECONDS: Final = 1.0
"""How often it is tried again while records cannot be written."""

Make = Callable[[Stamp], AuditRecord]
"""Makes a record of what happened, given its stamp."""


class NotAuditedError(GatewayError):
    """There is no record of what was asked for, so the caller gets no answer but this.

    `known` says what became of it.
    """

    def __init__(self, private: str, known: Outcome) -> None:
        sent = known is not Outcome.NOT_SENT
        super().__init__(M.NOT_AUDITED if sent else M.AUDIT_DOWN, private=private)
        self.known = known

    @property
    def outcome(self) -> Outcome:
        """What is known of the request to IMS."""
        return self.known


class Counted(Protocol):
    """Counts; `gateway.observe.audit_metrics.AuditMetrics`. Must not raise."""

    def written(self) -> None:
        """Count a record that was written."""
        ...

    def lost(self) -> None:
        """Count one that could not be."""
        ...

    def usable(self, usable: bool) -> None:
        """Note whether records can be written."""
        ...


class Uncounted:
    """Counts nothing, where there are no metrics."""

    def written(self) -> None:
        """Count nothing."""

    def lost(self) -> None:
        """Count nothing."""

    def usable(self, usable: bool) -> None:
        """Note nothing."""


@dataclass(frozen=True, slots=True)
class Means:
    """What an auditor works with."""

    target: Target
    to: str
    """What the target is called, for people."""
    format: FormatName
    on_failure: Literal["refuse", "count"]
    clock: Clock
    process: str
    counted: Counted


class Auditor:
    """One a process, made after any fork. Thread-safe."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._line = FORMATS[means.format].line
        self._lock = Lock()
        self._sequence = 0
        self._written = 0
        self._lost = 0
        self._lost_told = 0
        """Of those lost, what a record behind an outage has told."""
        self._down = ""
        """Why records cannot be written; empty: they can."""
        self._since = means.clock.now()
        self._down_at = 0.0
        self._tried = 0.0
        means.counted.usable(usable=True)

    @property
    def refuses(self) -> bool:
        """Whether nothing may succeed without a record."""
        return self._means.on_failure == "refuse"

    @property
    def open(self) -> bool:
        """Whether something may be begun: it can be recorded as far as is known, or need not be."""
        return not (self._down and self.refuses)

    def require(self) -> None:
        """Raise NotAuditedError where something must not be begun now, as it could not be recorded."""
        if self._down and self.refuses:
            raise NotAuditedError(f"the audit trail cannot be written: {self._down}", Outcome.NOT_SENT)

    def record(self, make: Make, event_id: str = "") -> bool:
        """Write a record; tell whether what it is about may be told to succeed."""
        stamp = self._stamp(event_id)
        if self._down:
            self._failed(self._down)
            return not self.refuses
        try:
            self._means.target.write(self._line(make(stamp)))
        except AuditUnavailableError as error:
            self._failed(str(error))
            return not self.refuses
        except Exception as error:  # a mistake of ours must not answer requests unrecorded either
            log.exception("an audit record could not be made")
            self._failed(f"internal error: {type(error).__name__}")
            return not self.refuses
        self._succeeded()
        return True

    def look(self) -> None:
        """Try whether records can be written again, where they could not; call it once a second or so."""
        now = self._means.clock.monotonic()
        if not self._down or now - self._tried < RETRY_SECONDS:
            return
        self._tried = now
        lost = self._lost - self._lost_told
        resumed = Resumed(lost, self._down, now - self._down_at)
        stamp = self._stamp("")
        try:
            self._means.target.write(self._line(of_resumed(resumed, stamp)))
        except AuditUnavailableError as error:
            self._still_down(str(error), stamp)
            return
        except Exception as error:  # as in `record`: the next look must come
            log.exception("it could not be tried whether audit records can be written again")
            self._still_down(f"internal error: {type(error).__name__}", stamp)
            return
        self._resumed(lost, now)

    def picture(self) -> AuditPicture:
        """Return how it is."""
        means = self._means
        return AuditPicture(
            means.to,
            means.format,
            means.on_failure,
            not self._down,
            self._since,
            self._down,
            self._written,
            self._lost,
        )

    def missed(self) -> None:
        """Count a record that was given up before it was made: there were too many at once."""
        self._stamp("")  # which no record gets: it shows as a gap
        self._failed("", down=False)

    def close(self) -> None:
        """Let go of the target."""
        self._means.target.close()

    def _stamp(self, event_id: str) -> Stamp:
        with self._lock:
            self._sequence += 1
            sequence = self._sequence
        means = self._means
        return Stamp(event_id or uuid4().hex, sequence, means.process, means.clock.now())

    def _still_down(self, reason: str, stamp: Stamp) -> None:
        self._down = reason
        self._unstamp(stamp)

    def _unstamp(self, stamp: Stamp) -> None:
        """Take a sequence back that no record came to have: only what is lost leaves a gap."""
        with self._lock:
            if self._sequence == stamp.sequence:
                self._sequence -= 1

    def _succeeded(self) -> None:
        with self._lock:
            self._written += 1
        self._means.counted.written()

    def _failed(self, reason: str, *, down: bool = True) -> None:
        with self._lock:
            began = down and not self._down
            if began:
                self._since = self._means.clock.now()
                self._down_at = self._tried = self._means.clock.monotonic()
            if down:
                self._down = reason
            self._lost += 1
        self._means.counted.lost()
        if began:
            self._means.counted.usable(usable=False)
            what = "nothing is answered without a record" if self.refuses else "requests go on unrecorded"
            log.error("the audit trail cannot be written, %s: %s", what, reason)

    def _resumed(self, lost: int, now: float) -> None:
        with self._lock:
            self._written += 1
            self._lost_told += lost
            down_at, self._down = self._down_at, ""
            self._since = self._means.clock.now()
        self._means.counted.written()
        self._means.counted.usable(usable=True)
        log.warning("the audit trail is written again after %.0f s; %d records are lost", now - down_at, lost)
