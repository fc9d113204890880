"""A bundle of the configuration as settings of the IMS Connect client. Both directions use it."""

import ssl
from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from gateway import tls
from gateway.clock import Clock
from gateway.config.addresses import Address
from gateway.config.model import Bundle, ImsConnectSettings
from gateway.exchange import Caller
from gateway.identity.credentials import complete
from gateway.identity.seconds import Seconds
from gateway.imsconnect import ConnectionSettings, Credentials, Endpoint, PoolSettings
from gateway.imsconnect.values import CredentialsSource
from gateway.imsconnect.wire import Exit
from gateway.observe.path_metrics import PathMetrics
from gateway.tls.backend import HandshakeCheck
from gateway.wss.verdict import Claims, TokenKind

Stores = tuple[bytes, ...]
"""Digests of what is in the key and trust stores of a bundle."""


def bundle_settings(name: str, settings: ImsConnectSettings, metrics: PathMetrics) -> ConnectionSettings:
    """Return what the client needs to know of a bundle; the metrics hear of the certificates in use.

    Raises ValueError for a store that cannot be used.
    """
    context = tls.backend_context(settings.tls) if settings.tls else None
    if settings.tls is not None and settings.tls.keystore is not None:
        own = tls.read_keystore(settings.tls.keystore).certificate
        metrics.certificate(name, "", "client", own.not_valid_after_utc)

    def seen(address: str, not_after: datetime) -> None:
        metrics.certificate(name, address, "server", not_after)

    return connection_settings(name, settings, context, seen)


def connection_settings(
    bundle: str,
    settings: ImsConnectSettings,
    ssl_context: ssl.SSLContext | None,
    seen: Callable[[str, datetime], None] = lambda _address, _not_after: None,
) -> ConnectionSettings:
    """Return what the client needs to know of a bundle.

    `seen` hears the end of each certificate that IMS Connect shows, with its address.
    """
    pool = settings.pool
    return ConnectionSettings(
        endpoints=tuple(_endpoint(settings, address, ssl_context, seen) for address in settings.addresses),
        policy=settings.policy,
        datastore=settings.datastore,
        exit=Exit[settings.exit],
        connect_seconds=pool.connect_seconds,
        max_message_bytes=settings.max_message_bytes,
        client_id_prefix=settings.client_id_prefix,
        pool=PoolSettings(
            size=pool.size,
            wait_seconds=pool.wait_seconds,
            idle_seconds=pool.idle_seconds,
            max_age_seconds=pool.max_age_seconds,
            max_age_jitter=pool.max_age_jitter,
            min_open=pool.min,
            ping_seconds=pool.ping_seconds or None,
            ping_on_use=pool.ping_on_use,
            fast_retries=pool.fast_retries,
            retry_seconds=pool.retry_seconds,
            report_seconds=pool.report_seconds,
        ),
        name=bundle,
    )


def _endpoint(
    settings: ImsConnectSettings,
    address: Address,
    ssl_context: ssl.SSLContext | None,
    seen: Callable[[str, datetime], None],
) -> Endpoint:
    if settings.tls is None:
        return Endpoint(address.host, address.port, ssl_context)
    check = HandshakeCheck(settings.tls.crypto_policy, partial(seen, str(address)))
    return Endpoint(address.host, address.port, ssl_context, settings.tls.server_name, check)


def bundle_credentials(bundle: Bundle, seconds: Seconds, clock: Clock) -> CredentialsSource:
    """Return the bundle's own identity: for RESUME TPIPE, and for what goes to IMS without a caller.

    A user without a password gets a new PassTicket for each interaction, or the trusted mark, as callers do.
    """
    own = bundle.credentials
    caller = Caller(own.user, own.password, own.group, "bundle")
    if own.password or not own.user:
        return credentials_of(caller)
    nobody = Claims(TokenKind.NONE)
    return lambda: credentials_of(complete(caller, bundle, nobody, seconds, clock.now()))


def credentials_of(caller: Caller) -> Credentials:
    """Return a caller as the client knows it."""
    return Credentials(
        user=caller.user,
        password=caller.password,
        group=caller.group,
        application=caller.application,
        network_user=caller.network_user,
        network_session=caller.network_session,
        trusted=caller.trusted,
    )


def stores_of(bundle: Bundle) -> Stores:
    """Return what the stores for IMS Connect hold: they are renewed under their names. Does not raise."""
    tls = bundle.ims_connect.tls
    if tls is None:
        return ()
    return tuple(_content(store.path) for store in (tls.truststore, tls.keystore) if store is not None)


def _content(path: Path) -> bytes:
    """Return a digest of a file, or of those in a folder; empty for what cannot be read, which others tell."""
    found = sha256()
    try:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            found.update(f"{file.name}\0".encode("utf-8", "surrogateescape"))
            found.update(sha256(file.read_bytes()).digest() if file.is_file() else b"")
    except OSError:
        return b""
    return found.digest()
