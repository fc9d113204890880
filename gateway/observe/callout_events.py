"""The event records of callout, beside those of requests in `events`."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CalloutEnded:
    """One synchronous callout, or one delivery of an asynchronous one."""

    tracking_id: str
    """The WS-Addressing MessageID of the call."""
    kind: str
    """"synchronous" or "asynchronous"."""
    bundle: str
    tpipe: str
    service: str
    """Empty when the message was refused before that was known."""
    operation: str
    address: str
    """Scheme, host and port that were called; empty: none."""
    user: str
    """IMS user that the call was made for."""
    outcome: str
    """"answered"; "accepted" (one-way, or nobody wants the response); "failed"; "refused" (NAK); "retried" (to
    be delivered again); "dead" (dead letter); "again" (IMS handed the same request over twice; served once)."""
    status: int = 0
    """Status code; 0: none."""
    reason: str = ""
    """Private reason, for the log."""
    attempt: int = 1
    """Number of the delivery; 1 for synchronous ones."""
    milliseconds: int = 0
    """From the moment that IMS handed it over, or that the delivery began."""
    traceparent: str = ""
    """W3C trace context that the web service was sent; empty: none."""


@dataclass(frozen=True, slots=True)
class CalloutKept:
    """An asynchronous callout is in the journal: its deliveries follow."""

    tracking_id: str
    bundle: str
    tpipe: str
    service: str
    operation: str
    traceparent: str
    """W3C trace context of this moment; empty: none."""


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """An answer that came when its program had been told that there is none, or did not wait any more."""

    tracking_id: str
    bundle: str
    tpipe: str
    service: str
    operation: str
    where: str
    """"service": the web service answered too late; "ims": IMS refused the response, as no ICAL waits."""
    milliseconds: int
    """After the message was handed over."""
    reason: str


@dataclass(frozen=True, slots=True)
class ListenerChanged:
    """A listener began to listen, met an error, stopped."""

    bundle: str
    tpipe: str
    state: str
    """A value of `gateway.callout.listener.ListenerState`."""
    reason: str


@dataclass(frozen=True, slots=True)
class CircuitChanged:
    """Deliveries to an address pause, or go on."""

    service: str
    address: str
    open: bool
    reason: str


CalloutEvent = CalloutEnded | CalloutKept | LateAnswer | ListenerChanged | CircuitChanged


class CalloutSink(Protocol):
    """Takes event records of callout. Must not raise, must not block for long."""

    def callout(self, event: CalloutEvent) -> None:
        """Take one record."""
        ...
