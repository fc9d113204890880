"""Records of requests: of those that were answered, and of those that HTTP turned away. Pure."""

from typing import Final

from gateway.audit.deciding import DATA_IN_TEXT, decided
from gateway.audit.kinds import Kind, Outcome
from gateway.audit.record import AuditRecord, Stamp
from gateway.audit.text import REASON, bounded
from gateway.errors import M
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.observe.timeline import Stretch

_TRACE_ID: Final = slice(3, 35)
"""Where it stands in a traceparent (W3C Trace Context, 3.2.2)."""
_UNKNOWN_END: Final = frozenset(
    message.id for message in (M.CONNECTION_LOST, M.SOCKET_TIMEOUT, M.EXECUTION_TIMEOUT, M.BAD_REPLY)
)
"""Errors behind which IMS may have done what was asked."""


def of_request(event: RequestEnded, stamp: Stamp, repeats: int = 0) -> AuditRecord:
    """Return the record of a SOAP request."""
    refused = event.outcome == "refused"
    kind, category = Kind.INVOKE, "Provider"
    rule = event.decided_by
    if refused:
        kind, category = decided(event.message_id, rule, event.token)
    return AuditRecord(
        stamp=stamp,
        kind=kind,
        category=category,
        severity=kind.value.severity,
        outcome=_outcome(event, refused=refused),
        done=event.outcome,
        tracking_id=bounded(event.tracking_id),
        traced=event.traceparent[_TRACE_ID],
        claimed=bounded(event.claimed),
        user=bounded(event.user),
        origin=event.origin or event.token,
        certificate=bounded(event.certificate, REASON),
        issuer=bounded(event.issuer),
        assertion_id=bounded(event.assertion_id),
        attested_by=bounded(event.attested_by, REASON),
        issued_by=bounded(event.issued_by, REASON),
        source=event.peer,
        source_port=event.peer_port,
        tls=event.tls,
        service=event.service,
        operation=bounded(event.operation),
        transaction=event.transaction,
        bundle=event.bundle,
        datastore=event.datastore,
        endpoint=event.endpoint,
        client_id=event.client_id,
        rule=rule,
        message_id=event.message_id,
        reason=_reason(event),
        covered=event.covered,
        reached=event.reached_ims_connect,
        return_code=event.return_code,
        reason_code=event.reason_code,
        racf_code=event.racf_code,
        dfs=event.dfs,
        status=event.status,
        request_bytes=event.request_bytes,
        reply_bytes=event.reply_bytes,
        began=event.received,
        milliseconds=event.milliseconds,
        stretches=_totals(event.timeline),
        repeats=repeats,
    )


def of_turned_away(event: TurnedAway, stamp: Stamp, repeats: int = 0) -> AuditRecord:
    """Return the record of a request that was refused before there was an envelope to answer in."""
    if event.status:
        kind, category = decided(event.message_id, "", "")
    else:  # no HTTP was spoken: a certificate, or what TLS was to be
        kind, category = Kind.AUTH_FAILURE, "TLS"
    return AuditRecord(
        stamp=stamp,
        kind=kind,
        category=category,
        severity=kind.value.severity,
        outcome=Outcome.FAILURE,
        done="turned away",
        tracking_id=bounded(event.tracking_id),
        source=event.peer,
        source_port=event.peer_port,
        tls=None if event.listener == "" else event.listener != "http",
        listener=event.listener,
        method=bounded(event.method),
        path=bounded(event.path),
        rule=event.message_id,
        message_id=event.message_id,
        reason=bounded(event.reason, REASON),
        reached=False,
        status=event.status,
        repeats=repeats,
    )


def _outcome(event: RequestEnded, *, refused: bool) -> Outcome:
    if not refused:
        return Outcome.SUCCESS
    unknown = event.reached_ims_connect and event.message_id in _UNKNOWN_END
    return Outcome.UNKNOWN if unknown else Outcome.FAILURE


def _reason(event: RequestEnded) -> str:
    known = DATA_IN_TEXT.get(event.message_id)
    return bounded(event.reason if known is None else f"{known.id} {known.text}", REASON)


def _totals(timeline: tuple[Stretch, ...]) -> tuple[tuple[str, float], ...]:
    """Return how long each named part took in all, in milliseconds: there is a second try now and then."""
    totals: dict[str, float] = {}
    for stretch in timeline:
        totals[stretch.name] = totals.get(stretch.name, 0.0) + stretch.seconds * 1000
    return tuple((name, round(spent, 3)) for name, spent in totals.items())
