"""Records of callouts: of synchronous ones, of deliveries of asynchronous ones, of answers too late. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.audit.kinds import Kind, Outcome
from gateway.audit.record import AuditRecord, Stamp
from gateway.audit.text import REASON, bounded
from gateway.observe.callout_events import CalloutEnded, LateAnswer

_KINDS: Final[Mapping[str, tuple[Kind, Outcome]]] = MappingProxyType(
    {
        "answered": (Kind.INVOKE, Outcome.SUCCESS),
        "accepted": (Kind.INVOKE, Outcome.SUCCESS),
        "failed": (Kind.BACKEND, Outcome.FAILURE),
        "retried": (Kind.BACKEND, Outcome.FAILURE),
        "refused": (Kind.REFUSED, Outcome.FAILURE),
        "dead": (Kind.DEAD_LETTER, Outcome.FAILURE),
        "again": (Kind.REFUSED, Outcome.FAILURE),
    }
)
SUCCESSES: Final = frozenset(name for name, (_, outcome) in _KINDS.items() if outcome is Outcome.SUCCESS)
"""Outcomes of callouts that there must be a record of where `on_failure` is "refuse"."""


def of_callout(event: CalloutEnded, stamp: Stamp) -> AuditRecord:
    """Return the record of one callout, or of one delivery."""
    kind, outcome = _KINDS.get(event.outcome, (Kind.BACKEND, Outcome.UNKNOWN))
    return AuditRecord(
        stamp=stamp,
        kind=kind,
        category="CalloutSync" if event.kind == "synchronous" else "CalloutAsync",
        severity=kind.value.severity,
        outcome=outcome,
        done=event.outcome,
        tracking_id=bounded(event.tracking_id),
        user=bounded(event.user),
        origin="ims",
        service=event.service,
        operation=bounded(event.operation),
        bundle=event.bundle,
        tpipe=event.tpipe,
        endpoint=_public(event.address),
        rule=str(event.status) if event.status else "",
        reason=_reason(event.reason),
        callout_status=event.status,
        attempt=event.attempt,
        milliseconds=event.milliseconds,
    )


def of_late_answer(event: LateAnswer, stamp: Stamp) -> AuditRecord:
    """Return the record of an answer that came when its program did not wait any more."""
    return AuditRecord(
        stamp=stamp,
        kind=Kind.LATE,
        category="CalloutSync",
        severity=Kind.LATE.value.severity,
        outcome=Outcome.UNKNOWN,
        done=f"late at {event.where}",
        tracking_id=bounded(event.tracking_id),
        origin="ims",
        service=event.service,
        operation=bounded(event.operation),
        bundle=event.bundle,
        tpipe=event.tpipe,
        reason=_reason(event.reason),
        milliseconds=event.milliseconds,
    )


def _public(address: str) -> str:
    """Return scheme, host and port without a user that an address may name."""
    scheme, separator, rest = address.partition("://")
    return bounded(f"{scheme}{separator}{rest.rpartition('@')[2]}")


def _reason(reason: str) -> str:
    """Return why, as its program is told it.

    The private part behind it, in brackets, is for the log: it may quote what a web service has said.
    """
    return bounded(reason.partition(" [")[0], REASON)
