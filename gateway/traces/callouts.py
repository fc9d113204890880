"""The spans of callouts, out of their records.

The trace of a callout has the digits of its MessageID for an id. So the deliveries of an asynchronous one are
one trace, whichever instance makes them; each is a child of the span that tells when the message was kept.
"""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from gateway.observe.callout_events import CalloutEnded, CalloutKept
from gateway.tracecontext import parse_traceparent
from gateway.traces.spans import Attribute, Kind, Span, nanoseconds, told

_GOOD = frozenset({"answered", "accepted"})


def spans_of(event: CalloutEnded | CalloutKept, ended: datetime) -> Iterator[Span]:
    """Yield the span of a callout that is traced, at most one. `ended`: when its record came."""
    context = parse_traceparent(event.traceparent)
    if context is None or not context.sampled:
        return
    end = nanoseconds(ended)
    if isinstance(event, CalloutKept):
        yield Span(context, None, _name("keep", event), Kind.CONSUMER, end, end, _where(event))
        return
    asynchronous = event.kind == "asynchronous"
    yield Span(
        context=context,
        parent=context.root() if asynchronous else None,
        name=_name("deliver" if asynchronous else "call", event),
        kind=Kind.CLIENT,
        start=end - event.milliseconds * 1_000_000,
        end=end,
        attributes={**_where(event), **_call(event)},
        error="" if event.outcome in _GOOD else str(event.status or event.outcome),
    )


def _name(what: str, event: CalloutEnded | CalloutKept) -> str:
    target = "/".join(filter(None, (event.service, event.operation)))
    return f"callout {what} {target}".rstrip()


def _where(event: CalloutEnded | CalloutKept) -> dict[str, Attribute]:
    return told(
        soap__service=event.service,
        soap__operation=event.operation,
        ims__tpipe=event.tpipe,
        ims_gateway__bundle=event.bundle,
        ims_gateway__tracking_id=event.tracking_id,
    )


def _call(event: CalloutEnded) -> dict[str, Attribute]:
    address = urlsplit(event.address)
    return told(
        http__request__method="POST" if event.address else "",
        url__scheme=address.scheme,
        server__address=address.hostname or "",
        server__port=address.port,
        error__type="" if event.outcome in _GOOD else str(event.status or event.outcome),
        ims_gateway__outcome=event.outcome,
        ims_gateway__callout__status=event.status or None,
        ims_gateway__callout__attempt=event.attempt if event.kind == "asynchronous" else None,
    )
