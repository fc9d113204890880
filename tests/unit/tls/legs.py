"""Every way on which the gateway is the client of TLS: what opens the connection in the product."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway import tls
from gateway.audit import sender_connection
from gateway.audit.syslog_settings import SyslogSettings
from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import JournalError
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import BackendTls, JournalSettings, ReplaySettings, TelemetrySettings, TrustStore
from gateway.exchange import Secret
from gateway.identity.authenticator import UnavailableError
from gateway.identity.ldap import LdapAuthenticator
from gateway.imsconnect.transport import Endpoint, StreamError, connect
from gateway.replay.backend import StoreDownError
from gateway.replay.valkey import ValkeyStore
from gateway.soap.outbound.connection import SERVICE
from gateway.soap.outbound.errors import OutboundError
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.resolver import Resolver
from gateway.soap.outbound.sockets import dial
from gateway.soap.outbound.tls import Tls, secure
from gateway.tls.certificates import CryptoPolicy
from gateway.tracecontext import TraceContext
from gateway.traces.otlp import Exporter
from gateway.traces.spans import Kind, Span
from tests.unit.replay.entries import NOW, once

SECONDS = 20.0
Way = Callable[[int, TrustStore, CryptoPolicy], None]
"""Connects to localhost at a port, trusting a store; whatever the other side does then is no error here."""


def _ims_connect(port: int, trusted: TrustStore, policy: CryptoPolicy) -> None:
    settings = BackendTls.model_construct(
        truststore=trusted, keystore=None, server_name="", crypto_policy=policy
    )
    endpoint = Endpoint("localhost", port, tls.backend_context(settings))
    with suppress(StreamError):
        connect(endpoint, SYSTEM_CLOCK.monotonic() + SECONDS, SYSTEM_CLOCK).close()


def _callout(port: int, trusted: TrustStore, policy: CryptoPolicy) -> None:
    with_tls = Tls(tls.client_context(trusted, None, policy), policy)
    end = SYSTEM_CLOCK.monotonic() + SECONDS
    limits = Limits(SYSTEM_CLOCK, end, end, SECONDS, 1000)
    with suppress(OutboundError):
        sock = dial("localhost", port, Resolver(), limits, who=SERVICE)
        secure(sock, with_tls, "localhost", limits, who=SERVICE).close()


def _valkey(port: int, trusted: TrustStore, _policy: CryptoPolicy) -> None:
    store = ValkeyStore(ReplaySettings(store=f"valkeys://localhost:{port}/0", truststore=trusted))
    with suppress(StoreDownError):
        store.remember([once("a", 300)], NOW)
    store.close()


def _postgresql(port: int, trusted: TrustStore, _policy: CryptoPolicy) -> None:
    address = f"postgresql://imsgw@localhost:{port}/journal?connect_timeout=10&ssl_min_protocol_version=TLSv1"
    settings = JournalSettings(store=address, password=Secret("x"), truststore=trusted)
    journal = open_journal(settings, Path("/nonexistent"), SYSTEM_CLOCK)
    with suppress(JournalError):
        journal.counts()
    journal.close()


def _ldap(port: int, trusted: TrustStore, _policy: CryptoPolicy) -> None:
    options = {
        "url": f"ldaps://localhost:{port}",
        "base": "o=Bank",
        "bind_dn": "cn=gateway,o=Bank",
        "bind_password": "x",
        "truststore": {"path": str(trusted.path)},
    }
    with suppress(UnavailableError):
        LdapAuthenticator(options, Path("/nonexistent")).attempt()


def _syslog(port: int, trusted: TrustStore, policy: CryptoPolicy) -> None:
    settings = SyslogSettings("localhost", port, truststore=trusted, crypto_policy=policy)
    with suppress(OSError):
        sender_connection.connect(settings)


def _collector(port: int, trusted: TrustStore, _policy: CryptoPolicy) -> None:
    address = f"https://localhost:{port}/v1/traces"
    exporter = Exporter(TelemetrySettings(traces=address, truststore=trusted, timeout_seconds=1.0), "instance")
    exporter.send([Span(TraceContext("1" * 32, "2" * 16, sampled=True), None, "name", Kind.INTERNAL, 1, 2)])
    exporter.close()


LEGS: dict[str, Way] = {
    "IMS Connect": _ims_connect,
    "web services": _callout,
    "Valkey": _valkey,
    "directory (LDAP)": _ldap,
    "syslog": _syslog,
    "collector (OTLP)": _collector,
    "PostgreSQL": _postgresql,
}
OURS = [name for name in LEGS if name != "PostgreSQL"]
"""Legs whose TLS is that of gateway.tls; PostgreSQL's is that of its client library."""
WITH_POLICY = ("IMS Connect", "web services", "syslog")
"""Legs that have a `crypto_policy` of their own."""
