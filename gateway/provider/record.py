"""The record of a request: what is known of it when it has ended, as one value."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.errors import GatewayError, ImsError
from gateway.exchange import Arrival, Caller
from gateway.imsconnect import CallNote
from gateway.imsconnect.code_names import code_name
from gateway.observe import timeline
from gateway.observe.events import RequestEnded
from gateway.observe.timeline import Timeline
from gateway.tls.unreadable import UNREADABLE
from gateway.tracecontext import TRACEPARENT, TRACESTATE, parse_traceparent, parse_tracestate
from gateway.tracking import Tracked
from gateway.wss.certificate import REMEMBERED
from gateway.wss.verdict import TokenKind, Verdict


@dataclass(slots=True)
class Course:
    """What a request has come to know on its way."""

    bundle: str
    datastore: str
    token: TokenKind
    """The kind of token that the service asks for."""
    timeline: Timeline
    tracked: Tracked
    """What the request is known by."""
    verdict: Verdict | None = None
    caller: Caller | None = None
    operation: str = ""
    one_way: bool = False
    transaction: str = ""
    reached: bool = False
    """Whether bytes of it may have reached IMS Connect."""
    note: CallNote = field(default_factory=CallNote)
    """Where the call of IMS went."""

    def noted(self) -> None:
        """Put the times of the call into the timeline: both go by the same clock."""
        for name, spans in ((timeline.POOL, self.note.waits), (timeline.ROUND_TRIP, self.note.trips)):
            for span in spans:
                self.timeline.add(name, span.began, span.ended)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request was answered."""

    error: GatewayError | None
    status: int
    """HTTP status."""
    reply_bytes: int

    @property
    def ims(self) -> ImsError | None:
        """What IMS or IMS Connect said, where that is why it was refused."""
        error = self.error
        found = error if error is None or isinstance(error, ImsError) else error.__cause__
        return found if isinstance(found, ImsError) else None


def record_of(arrival: Arrival, course: Course, ending: Ending) -> RequestEnded:
    """Return the record of a request that has ended."""
    error, caller = ending.error, course.caller
    return RequestEnded(
        tracking_id=course.tracked.id,
        tracked_by=course.tracked.by,
        request_id=arrival.tracking_id,
        route=arrival.route,
        **_trace(arrival.headers),
        service=arrival.service,
        operation=course.operation,
        transaction=course.transaction,
        peer=arrival.peer.address,
        peer_port=arrival.peer.port,
        tls=arrival.peer.tls,
        certificate=_client(arrival.peer.certificate),
        received=arrival.received,
        token=course.token.value,
        user=caller.user if caller else "",
        origin=caller.origin if caller else "",
        outcome="refused" if error else ("accepted" if course.one_way else "answered"),
        message_id=error.message.id if error else "",
        reason=str(error) if error else "",
        reached_ims_connect=course.reached,
        bundle=course.bundle,
        datastore=course.datastore,
        endpoint=course.note.endpoint,
        client_id=course.note.client_id,
        milliseconds=round(course.timeline.seconds * 1000),
        status=ending.status,
        request_bytes=len(arrival.body),
        reply_bytes=ending.reply_bytes,
        timeline=course.timeline.stretches,
        **_codes(ending.ims),
        **_judged(course.verdict),
    )


def _trace(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the trace context that the caller sent, as far as it is valid."""
    context = parse_traceparent(headers.get(TRACEPARENT, ""))
    if context is None:
        return {}
    return {"traceparent": str(context), "tracestate": parse_tracestate(headers.get(TRACESTATE, ""))}


def _codes(ims: ImsError | None) -> dict[str, Any]:
    """Return what IMS Connect and IMS answered."""
    if ims is None:
        return {"return_code": None, "reason_code": None, "racf_code": None}
    return {
        "return_code": ims.return_code,
        "reason_code": ims.reason_code,
        "racf_code": ims.racf_code,
        "dfs": ims.dfs,
        "ims_code": code_name(ims),
    }


def _judged(verdict: Verdict | None) -> dict[str, Any]:
    """Return the rules that were tried, and what is known of an assertion that was believed."""
    if verdict is None:
        return {}
    told: dict[str, Any] = {"rules": _rules(verdict), "claimed": verdict.claimed}
    claims = verdict.claims
    if claims is None or not claims.token.saml:
        return told
    return told | {
        "issuer": claims.issuer,
        "assertion_id": claims.assertion_id,
        "attested_by": _who(claims.attesting),
        "issued_by": _who(claims.issuing),
        "covered": claims.covered,
    }


def _rules(verdict: Verdict) -> tuple[str, ...]:
    """Return the ids of the rules that were tried, in order; a broken one has an exclamation mark in front."""
    # a list first: there are some eighty in each message, and a generator would be resumed for each
    return tuple([rule.id if met else f"!{rule.id}" for rule, met, _ in verdict.findings])


@lru_cache(maxsize=REMEMBERED)
def _client(certificate: bytes | None) -> str:
    """Tell of a TLS client certificate; of one that cannot be read only that there is one."""
    if certificate is None:
        return ""
    with suppress(*UNREADABLE):
        return _who(x509.load_der_x509_certificate(certificate))
    return "unreadable"


@lru_cache(maxsize=REMEMBERED)
def _who(certificate: x509.Certificate | None) -> str:
    """Tell of a certificate by subject and fingerprint: the same few sign message after message."""
    if certificate is None:
        return ""
    return f"{certificate.subject.rfc4514_string()} sha256:{certificate.fingerprint(SHA256()).hex()}"
