"""Where one layer ends and the next begins: functions of the gateway by which the time is told apart.

A seam is `module:name` or `module:Class.method`, at the place where it is called from. The time of a layer is
that of its seams without what the seams within take.
"""

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

SEAMS: Final[Mapping[str, Sequence[str]]] = {
    "HTTP: bytes to request, reply to bytes": (
        "gateway.web.http:Exchange.receive",
        "gateway.web.http:Exchange.request",
        "gateway.web.http:Exchange.reply",
    ),
    "WSGI and the front door": (
        "bench.layers.subject:environ_of",
        "bench.layers.subject:call",
        "gateway.runtime.worker:WorkerRuntime.__call__",
        "gateway.web.wsgi:FrontDoor.__call__",
    ),
    "endpoint, journey, probe": ("gateway.runtime.services:Endpoint.answer",),
    "SOAP: version, addressing, faults": ("gateway.soap.application:SoapApplication.handle",),
    "parse": ("gateway.safexml:parse",),
    "envelope": ("gateway.provider.path:read_envelope",),
    "judge: header, timestamp, token": ("gateway.provider.path:judge",),
    "judge: ids, assertion, conditions": (
        "gateway.wss.assertion:judge_ids",
        "gateway.wss.assertion:read_assertion",
        "gateway.wss.assertion:judge_conditions",
    ),
    "judge: shape of the signature, key": (
        "gateway.wss.assertion:read_signature",
        "gateway.wss.assertion:locate",
    ),
    "judge: certificate, trust": ("gateway.wss.assertion:judge_certificate",),
    "judge: digests, signature value": ("gateway.wss.assertion:verify",),
    "judge: what is covered": (
        "gateway.wss.assertion:judge_targets",
        "gateway.wss.assertion:judge_coverage",
    ),
    "replay store": ("gateway.replay.store:GuardedStore.remember",),
    "caller": ("gateway.provider.path:Journey._named",),
    "operation and schema": ("gateway.soap.application:SoapApplication._operation",),
    "Spyne's dispatch": ("gateway.soap.application:SoapApplication._dispatch",),
    "perform": ("gateway.provider.path:Journey.perform",),
    "payload to segments": ("gateway.provider.path:request_segments",),
    "credentials, PassTicket": ("gateway.provider.path:Journey._shown",),
    "sign-on guard": (
        "gateway.identity.signon:SignOnGuard.begin",
        "gateway.identity.signon:Attempt.good",
    ),
    "IMS Connect client: places, attempts": ("gateway.provider.backend:BundleBackend.call",),
    "IMS Connect client: message and reply": ("gateway.imsconnect.session:Session.run",),
    "IMS Connect client: socket": (
        "gateway.imsconnect.transport:SocketStream.send_all",
        "gateway.imsconnect.transport:SocketStream.receive",
        "gateway.imsconnect.transport:SocketStream.is_quiet",
    ),
    "reply to payload": ("gateway.provider.path:reply_payload",),
    "record": ("gateway.provider.path:record_of",),
    "audit": ("gateway.audit.trail:Trail.request",),
    "log": ("gateway.observe.logs:LogSink.emit",),
    "metrics": ("gateway.observe.metrics:Metrics.emit",),
    "console's counts": ("gateway.observe.traffic:TrafficBoard.emit",),
}


class GoneError(Exception):
    """A seam is not there any more: the table above is to follow the code."""


def resolve(seam: str) -> tuple[Any, str]:
    """Return what holds a seam, and the name it has there; raise GoneError when it is gone."""
    module, _, path = seam.partition(":")
    *above, name = path.split(".")
    try:
        holder = importlib.import_module(module)
        for each in above:
            holder = getattr(holder, each)
        getattr(holder, name)
    except (ImportError, AttributeError) as error:
        raise GoneError(f"{seam}: {error}") from error
    return holder, name


Wrap = Callable[[str, Callable[..., Any]], Callable[..., Any]]


@contextmanager
def wrapped(wrap: Wrap) -> Iterator[None]:
    """Have every seam wrapped, until the end of the block; `wrap` gets the layer and the function."""
    changed: list[tuple[Any, str, Any]] = []
    try:
        for layer, seams in SEAMS.items():
            for seam in seams:
                holder, name = resolve(seam)
                before = vars(holder)[name]
                changed.append((holder, name, before))
                setattr(holder, name, functools.wraps(before)(wrap(layer, before)))
        yield
    finally:
        for holder, name, before in reversed(changed):
            setattr(holder, name, before)
