"""Where audit records and traces go, a syslog receiver and a collector: TCP and TLS, nothing more.

Nothing is sent: a receiver would keep it as a record, a collector as a span.
"""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from gateway.audit.making import syslog_settings
from gateway.audit.sender_connection import tls_context
from gateway.audit.syslog_settings import SyslogSettings
from gateway.config.checks.places import GATEWAY_FILE
from gateway.config.model import Home, TelemetrySettings
from gateway.preflight.online_tls import Security, look
from gateway.preflight.online_values import Found, Terms, Try
from gateway.tls import StoreError, client_context


def receiver_tries(home: Home) -> Iterator[Try]:
    """Yield a try for the receiver of `[audit] to` and the collector of `[telemetry] traces`, if any."""
    if home.gateway.audit.kind == "syslog":
        settings = syslog_settings(home)
        yield Try("syslog", "", settings.receiver, GATEWAY_FILE, "audit.to", partial(_syslog, settings))
    telemetry = home.gateway.telemetry
    if telemetry.traces:
        host, port = _place(telemetry.traces)
        run = partial(_collector, telemetry)
        yield Try("collector", "", f"{host}:{port}", GATEWAY_FILE, "telemetry.traces", run)


def _syslog(settings: SyslogSettings, terms: Terms) -> Found:
    """Look as the sender connects: its stores, its name, its policy."""
    try:
        context = tls_context(settings)
    except StoreError:
        return Found()  # told where stores are looked at
    name = settings.server_name or settings.host
    security = Security(context, name, settings.crypto_policy) if context is not None else None
    return look(settings.host, settings.port, security, terms)


def _collector(settings: TelemetrySettings, terms: Terms) -> Found:
    """Look as the exporter connects: no proxy, and TLS by the stores of `[telemetry]` alone."""
    host, port = _place(settings.traces)
    security = None
    if urlsplit(settings.traces).scheme == "https":
        try:
            security = Security(client_context(settings.truststore, settings.keystore), host)
        except StoreError:
            return Found()  # told where stores are looked at
    return look(host, port, security, terms)


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
