"""The door to OpenTelemetry: spans as OTLP in protobuf over HTTP, by the library's exporter.

Spans come ready-made, with times and ids of their own, so nothing here is of the library's tracer: the exporter
takes its `ReadableSpan`, whatever made it. TLS is that of all our connections (`gateway.tls`).
"""

import logging
from collections.abc import Iterable
from typing import Any, Final

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.status import Status, StatusCode
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from gateway import __version__
from gateway.config.model import TelemetrySettings
from gateway.tls import client_context
from gateway.tracecontext import TraceContext
from gateway.traces.spans import Kind, Span

_KINDS: Final = {
    Kind.INTERNAL: SpanKind.INTERNAL,
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.CONSUMER: SpanKind.CONSUMER,
}
# the exporter tells of each failure; the outbox tells of an outage once
logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").addFilter(lambda _record: False)
# it would quote a header of OTEL_EXPORTER_OTLP_HEADERS that it cannot read: a secret, perhaps
logging.getLogger("opentelemetry.util.re").addFilter(lambda _record: False)
_SCOPE: Final = InstrumentationScope("ims-gateway", __version__)
_UNSET: Final = Status(StatusCode.UNSET)
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class Exporter:
    """Sends spans to the collector of the settings. Used by one thread; make it after a fork."""

    def __init__(self, settings: TelemetrySettings, instance: str) -> None:
        """Connect to nothing yet. `instance`: what tells this process from others. Raises StoreError."""
        self._way = _Way(settings)
        self._exporter = OTLPSpanExporter(
            endpoint=settings.traces,
            headers=self._way.headers,
            timeout=settings.timeout_seconds,
            compression=Compression.NoCompression,
            session=self._way.session(),
        )
        self._resource = Resource(
            {
                "service.name": settings.service_name,
                "service.version": __version__,
                "service.instance.id": instance,
                **settings.resource,
            }
        )

    def send(self, spans: Iterable[Span]) -> str:
        """Send a batch, within the time of the settings; return why it failed, empty: it did not."""
        batch = [self._readable(span) for span in spans]
        if not batch:
            return ""
        if self._exporter.export(batch) is SpanExportResult.SUCCESS:
            return self._way.trouble  # to the library a redirection, which nobody followed, is a success
        return self._way.trouble or "the collector did not take them"

    def close(self) -> None:
        """Let go of the connection; what is being sent is not tried again."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _readable(self, span: Span) -> ReadableSpan:
        state = TraceState.from_header([span.state]) if span.state else None
        return ReadableSpan(
            name=span.name,
            context=_context(span.context, state),
            parent=_context(span.parent, state, remote=span.remote_parent) if span.parent else None,
            resource=self._resource,
            attributes=span.attributes,
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.error) if span.error else _UNSET,
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=_SCOPE,
        )


def _context(context: TraceContext, state: TraceState | None, *, remote: bool = False) -> SpanContext:
    return SpanContext(int(context.trace_id, 16), int(context.span_id, 16), remote, _SAMPLED, state)


class _Way(HTTPAdapter):
    """The way to the collector, which remembers what was wrong last.

    TLS is by a context of ours alone: requests would add the authorities of a list of its own, and what
    variables of the environment name. So are headers: the exporter adds those of OTEL_EXPORTER_OTLP_HEADERS
    and OTEL_EXPORTER_OTLP_TRACES_HEADERS, which may be meant for another collector.
    """

    def __init__(self, settings: TelemetrySettings) -> None:
        self.trouble = ""
        self.headers = {"Content-Type": "application/x-protobuf", "User-Agent": f"ims-gateway/{__version__}"}
        if settings.secret:
            self.headers[settings.secret_header] = settings.secret.reveal()
        secure = settings.traces.startswith("https:")
        self._context = client_context(settings.truststore, settings.keystore) if secure else None
        super().__init__(pool_connections=1, pool_maxsize=1)

    def session(self) -> requests.Session:
        """Return a session that goes this way: no proxy of the environment, no credentials of a .netrc.

        It follows no redirection: the secret in our header is for the collector alone.
        """
        session = requests.Session()
        session.trust_env = False
        session.max_redirects = 0
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)
        return session

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Send a request under headers of ours alone, and note what becomes of it."""
        request.headers = CaseInsensitiveDict(self.headers)
        request.headers["Content-Length"] = str(len(request.body or b""))
        try:
            response = super().send(request, *args, **more)
        except requests.RequestException as error:
            self.trouble = _reason(error)
            raise
        self.trouble = f"the collector answers {response.status_code}" if response.status_code >= 300 else ""
        return response

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **more)

    def build_connection_pool_key_attributes(self, request: Any, _verify: Any, _cert: Any = None) -> Any:
        return super().build_connection_pool_key_attributes(request, True, None)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Change nothing: the context says it all."""


def _reason(error: BaseException) -> str:
    """Return what is at the bottom of an error, in one line."""
    while True:
        inner = next((one for one in (getattr(error, "reason", None), *error.args) if _is_error(one)), None)
        if inner is None:
            return " ".join(str(error).split())[:300]
        error = inner


def _is_error(value: object) -> bool:
    return isinstance(value, BaseException)
