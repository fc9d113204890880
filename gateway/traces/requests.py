"""The spans of a request, out of its record: one for all of it, and one for each stretch of its timeline.

Names and attributes follow OpenTelemetry's semantic conventions for HTTP servers (stable) where these have one;
what is about SOAP, WS-Security and IMS has names of our own. No user, no address of a client, no payload and no
private reason: those who read traces are many, and the audit has them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gateway.errors import MESSAGES, Side
from gateway.observe import timeline
from gateway.observe.events import RequestEnded
from gateway.observe.timeline import Stretch
from gateway.tracecontext import TraceContext, is_picked, parse_traceparent
from gateway.traces.spans import Attribute, Ids, Kind, Span, nanoseconds, told

_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_NAMES: Final[Mapping[str, str]] = {
    timeline.PARSE: "soap.parse",
    timeline.JUDGE: "wss.validate",
    timeline.AUTHENTICATE: "wss.authenticate",
    timeline.SIGN_ON: "ims.sign_on_guard",
    timeline.REQUEST: "transform.request",
    timeline.IMS: "ims.transaction",
    timeline.REPLY: "transform.response",
}
"""Names of spans by stretch; others are called as their stretch."""


def context_of(event: RequestEnded, ratio: float, *, trust_parent: bool, span_id: str) -> TraceContext:
    """Return the context of a request: of the caller's trace, else of one whose id is that of the request.

    Whether it is traced is for us to say, by a number of our own: a caller could choose a trace id that is
    picked as well as set a flag.
    """
    parent = parse_traceparent(event.traceparent)
    trace_id = event.own_id if parent is None else parent.trace_id
    if parent is not None and trust_parent:
        return TraceContext(trace_id, span_id, parent.sampled)
    return TraceContext(trace_id, span_id, is_picked(int(event.own_id, 16), ratio))


def is_traced(event: RequestEnded, ratio: float, *, trust_parent: bool) -> bool:
    """Tell whether spans are made of a request; cheap."""
    if not _TRACE_ID.fullmatch(event.own_id):
        return False
    return context_of(event, ratio, trust_parent=trust_parent, span_id="").sampled


def spans_of(event: RequestEnded, ids: Ids) -> Iterator[Span]:
    """Yield the spans of a request that is traced: that of all of it first."""
    stretches = event.timeline
    own, *others = ids(1 + len(stretches))
    context = context_of(event, 1.0, trust_parent=False, span_id=own)
    start = nanoseconds(event.received)
    seconds = max((one.began + one.seconds for one in stretches), default=0.0)
    parent = parse_traceparent(event.traceparent)
    yield Span(
        context=context,
        parent=parent,
        name=f"POST {event.route}" if event.route else "POST",
        kind=Kind.SERVER,
        start=start,
        end=start + max(event.milliseconds * 1_000_000, _nano(seconds)),
        attributes=_of_request(event),
        error=_fault_of_ours(event),
        state=event.tracestate,
        remote_parent=parent is not None,
    )
    spans = dict(zip(map(id, stretches), others, strict=True))

    def of(stretch: Stretch | None) -> TraceContext:
        return context if stretch is None else TraceContext(context.trace_id, spans[id(stretch)], sampled=True)

    for one in sorted(stretches, key=lambda one: (one.began, -one.seconds)):
        yield _child(event, one, of(one), of(_around(one, stretches)), start)


def _around(stretch: Stretch, all_: tuple[Stretch, ...]) -> Stretch | None:
    """Return the stretch that one is within: its name says whose part it is."""
    outer = stretch.name.rpartition(".")[0]
    return next((one for one in all_ if outer and one.name == outer), None)


def _child(event: RequestEnded, stretch: Stretch, context: TraceContext, parent: TraceContext, at: int) -> Span:
    start = at + _nano(stretch.began)
    is_ims = stretch.name == timeline.IMS
    name = _NAMES.get(stretch.name, stretch.name)
    return Span(
        context=context,
        parent=parent,
        name=f"{name} {event.transaction}" if is_ims and event.transaction else name,
        kind=Kind.CLIENT if is_ims else Kind.INTERNAL,
        start=start,
        end=start + _nano(stretch.seconds),
        attributes=_of_stretch(event, stretch.name),
        error=_fault_of_ours(event) if is_ims and event.outcome == "refused" else "",
        state=event.tracestate,
    )


def _of_request(event: RequestEnded) -> dict[str, Attribute]:
    return told(
        http__request__method="POST",
        http__route=event.route,
        http__response__status_code=event.status or None,
        http__request__body__size=event.request_bytes or None,
        http__response__body__size=event.reply_bytes or None,
        url__scheme="https" if event.tls else "http",
        error__type=event.message_id,
        soap__service=event.service,
        soap__operation=event.operation,
        wss__token_type=event.token,
        ims_gateway__outcome=event.outcome,
        ims_gateway__tracking_id=event.tracking_id,
        ims_gateway__request_id=event.own_id,
        ims_gateway__bundle=event.bundle,
    )


def _of_stretch(event: RequestEnded, name: str) -> dict[str, Attribute]:
    if name == timeline.JUDGE:
        broken = event.decided_by if any(rule.startswith("!") for rule in event.rules) else ""
        return told(wss__token_type=event.token, wss__rule=broken)
    if name == timeline.IMS:
        return _of_ims(event)
    return {}


def _of_ims(event: RequestEnded) -> dict[str, Attribute]:
    """Return what is known of the call of IMS. RACF's codes are not for everybody who reads traces."""
    host, _, port = event.endpoint.rpartition(":")
    refused = event.message_id if event.outcome == "refused" else ""
    return told(
        server__address=host.strip("[]"),
        server__port=int(port) if port.isdigit() else None,
        ims__transaction=event.transaction,
        ims__datastore=event.datastore,
        ims__client_id=event.client_id,
        ims__rsm__return_code=event.return_code,
        ims__rsm__reason_code=event.reason_code,
        ims__dfs=event.dfs,
        error__type=refused,
    )


def _fault_of_ours(event: RequestEnded) -> str:
    """Return the id of the error where the caller cannot help it: his own mistake is no error of the server."""
    message = MESSAGES.get(event.message_id)
    return event.message_id if message is not None and message.side is Side.SERVER else ""


def _nano(seconds: float) -> int:
    return round(seconds * 1_000_000_000)
