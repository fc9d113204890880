"""What becomes of callouts, told to whoever listens: log and metrics."""

from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

from gateway.audit.ports import CalloutAudit, Unaudited
from gateway.callout.codes import CalloutError
from gateway.callout.journal.entries import Entry
from gateway.callout.values import Aim, Received, Source
from gateway.clock import Clock
from gateway.observe.callout_events import CalloutEnded, CalloutKept, CalloutSink, CircuitChanged, LateAnswer
from gateway.tracecontext import TraceContext


class Waiting(Protocol):
    """What is told of one ICAL."""

    received: Received
    arrived: float
    tracking_id: str
    aim: Aim | None
    trace: TraceContext | None


class Delivered(Protocol):
    """What is told of one delivery."""

    received: Received
    began: float
    aim: Aim | None
    trace: TraceContext | None


class Told:
    """Tells of the callouts of one tpipe. Thread-safe as its sink is."""

    def __init__(
        self, source: Source, sink: CalloutSink, clock: Clock, audit: CalloutAudit | None = None
    ) -> None:
        """`sink` gets the records; `audit` those of successes before they are told to anybody else."""
        self._source = source
        self._sink = sink
        self._audit = audit or Unaudited()
        self._clock = clock

    # -- synchronous ----------------------------------------------------------------------------------------

    def answering(self, ical: Waiting) -> None:
        """Record that an ICAL gets its answer, before it does. Raises NotAuditedError: it must not."""
        record = self._ended(ical.tracking_id, ical.received, ical.aim, "answered")
        self._audit.callout_done(replace(record, milliseconds=self._since(ical.arrived)))

    def answered(self, ical: Waiting, reason: str) -> None:
        """Tell of a response that was sent; `reason`: what IMS said to it, if it was asked."""
        self._ical(ical, "answered", 0, reason)

    def failed(self, ical: Waiting, error: CalloutError, because: CalloutError | None = None) -> None:
        """Tell of a callout that failed; `because`: what the error response would have said."""
        reason = str(error) if because is None else f"{error}; the response was to say {because}"
        self._ical(ical, "failed", error.status, reason)

    def late(self, ical: Waiting, where: str, reason: str) -> None:
        """Tell of an answer that came too late."""
        aim = ical.aim
        self._sink.callout(
            LateAnswer(
                tracking_id=ical.tracking_id,
                bundle=self._source.bundle,
                tpipe=self._source.tpipe,
                service=aim.service if aim else "",
                operation=aim.operation if aim else "",
                where=where,
                milliseconds=self._since(ical.arrived),
                reason=reason,
            )
        )

    def refused(self, received: Received, status: int, reason: str) -> None:
        """Tell of a message that gets a NAK."""
        record = self._ended("", received, None, "refused")
        self._sink.callout(replace(record, status=status, reason=reason))

    def again(self, received: Received) -> None:
        """Tell of a request that IMS handed over again while we have it: its first ACK was not heard."""
        text = "handed over again: it is in work, or answered"
        self._sink.callout(replace(self._ended("", received, None, "again"), reason=text))

    # -- asynchronous ---------------------------------------------------------------------------------------

    def buried(self, entry_id: str, received: Received, status: int, reason: str) -> None:
        """Tell of a message that is a dead letter from the beginning."""
        record = self._ended(message_id(entry_id), received, None, "dead")
        self._sink.callout(replace(record, status=status, reason=reason))

    def delivering(self, outcome: str, entry: Entry, about: Delivered) -> None:
        """Record that a delivery has come to its end, before the journal forgets it.

        Raises NotAuditedError: it must not forget it yet.
        """
        record = self._ended(message_id(entry.id), about.received, about.aim, outcome)
        spent = self._since(about.began)
        self._audit.callout_done(replace(record, attempt=entry.attempts, milliseconds=spent))

    def kept(self, entry: Entry, trace: TraceContext) -> None:
        """Tell of a message that the journal has taken; `trace` is of a delivery."""
        new = entry.new
        self._sink.callout(
            CalloutKept(
                tracking_id=message_id(entry.id),
                bundle=self._source.bundle,
                tpipe=self._source.tpipe,
                service=new.service,
                operation=new.operation,
                traceparent=str(trace.root()),
            )
        )

    def delivery(self, outcome: str, entry: Entry, about: Delivered, error: CalloutError | None) -> None:
        """Tell of one delivery: "accepted", "answered", "retried" or "dead"."""
        status, reason = (0, "") if error is None else (int(error.status), str(error))
        record = self._ended(message_id(entry.id), about.received, about.aim, outcome)
        self._sink.callout(
            replace(
                record,
                status=status,
                reason=reason,
                attempt=entry.attempts,
                milliseconds=self._since(about.began),
                traceparent=str(about.trace or ""),
            )
        )

    def circuit(self, aim: Aim, *, opened: bool, reason: str) -> None:
        """Tell that deliveries to an address pause, or go on."""
        self._sink.callout(CircuitChanged(aim.service, origin(aim), opened, reason))

    # -- records --------------------------------------------------------------------------------------------

    def _ical(self, ical: Waiting, outcome: str, status: int, reason: str) -> None:
        record = self._ended(ical.tracking_id, ical.received, ical.aim, outcome)
        milliseconds, trace = self._since(ical.arrived), str(ical.trace or "")
        self._sink.callout(
            replace(record, status=status, reason=reason, milliseconds=milliseconds, traceparent=trace)
        )

    def _ended(self, tracking_id: str, received: Received, aim: Aim | None, outcome: str) -> CalloutEnded:
        return CalloutEnded(
            tracking_id=tracking_id,
            kind="synchronous" if received.synchronous else "asynchronous",
            bundle=self._source.bundle,
            tpipe=self._source.tpipe,
            service=aim.service if aim else "",
            operation=aim.operation if aim else "",
            address=origin(aim) if aim else "",
            user=received.user,
            outcome=outcome,
        )

    def _since(self, moment: float) -> int:
        return round((self._clock.monotonic() - moment) * 1000)


def origin(aim: Aim) -> str:
    """Return scheme, host and port of the address that is called: what else is in it may be private."""
    parts = urlsplit(aim.address)
    return f"{parts.scheme}://{parts.netloc}"


def message_id(entry_id: str) -> str:
    """Return the WS-Addressing MessageID of an entry of the journal: the same at each delivery."""
    return f"urn:uuid:{entry_id[:8]}-{entry_id[8:12]}-{entry_id[12:16]}-{entry_id[16:20]}-{entry_id[20:]}"
