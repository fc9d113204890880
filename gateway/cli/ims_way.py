"""From the common options of `imsgw ims` to settings and credentials of the IMS Connect client."""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import typer

from gateway.bundles import connection_settings
from gateway.cli.ims_options import (
    DEFAULT_DATASTORE,
    DEFAULT_HOST,
    DEFAULT_PORT,
    Way,
)
from gateway.cli.ims_secrets import key_password, password_of
from gateway.cli.store_options import asked
from gateway.config.model import Bundle, KeyStore, TrustStore
from gateway.config.read import read_toml, settle
from gateway.config.secrets import HomeFiles
from gateway.errors import ConfigError, Problem
from gateway.exchange import Secret
from gateway.imsconnect import (
    Connection,
    ConnectionSettings,
    Credentials,
    Endpoint,
    Exit,
    HeaderCode,
)
from gateway.passtickets import PassTickets
from gateway.tls import StoreError, backend_context, client_context

_IN_A_BUNDLE: Final = ("host", "port", "datastore", "exit_", "ca", "cert", "key", "tls", "server_name")
LONGEST_SEGMENT: Final = 32_767


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and as whom."""

    settings: ConnectionSettings
    client_id: str | None
    max_segment_bytes: int = LONGEST_SEGMENT
    """Longest input segment, LL and ZZ included."""
    tickets: Callable[[], Credentials] | None = None
    """In place of the credentials of the settings: a PassTicket for each interaction."""

    def connect(self) -> Connection:
        """Open a connection; raises what `Connection` does."""
        return Connection(self.settings, self.client_id, credentials=self.tickets)


def target(way: Way) -> Target:
    """Return where the options lead to. Asks for passwords that are needed and not given.

    Raises ConfigError for a bundle that is not right, BadParameter for options that do not fit each other.
    """
    found = _by_bundle(way) if way.bundle else _by_options(way)
    return replace(found, settings=replace(found.settings, code=_code(way)))


def _code(way: Way) -> HeaderCode:
    return HeaderCode.ASCII if way.ascii_ else HeaderCode.EBCDIC


def _by_options(way: Way) -> Target:
    if way.passticket:
        raise typer.BadParameter("goes with --bundle, which has the key", param_hint="--passticket")
    endpoint = Endpoint(way.host or DEFAULT_HOST, way.port or DEFAULT_PORT, _tls(way), way.server_name)
    settings = ConnectionSettings(
        endpoints=(endpoint,),
        datastore=way.datastore or DEFAULT_DATASTORE,
        exit=Exit[way.exit_ or Exit.HWSSMPL1.name],
        credentials=_credentials(way),
    )
    return Target(settings, way.client_id)


def _credentials(way: Way) -> Credentials:
    if not way.user:
        for name in ("group", "password_file", "application"):
            if getattr(way, name):
                raise typer.BadParameter("needs --user", param_hint=f"--{name.replace('_', '-')}")
        return Credentials()
    return Credentials(way.user, password_of(way), way.group, way.application)


def _by_bundle(way: Way) -> Target:
    for name in _IN_A_BUNDLE:
        if getattr(way, name):
            option = f"--{name.strip('_').replace('_', '-')}"
            raise typer.BadParameter("the bundle says it already", param_hint=option)
    bundle = read_bundle(way.home, way.bundle)
    connect = bundle.ims_connect
    try:
        context = backend_context(connect.tls) if connect.tls else None
    except StoreError as error:
        problem = Problem(_file(way.bundle), "ims_connect.tls", str(error))
        raise ConfigError((problem,)) from error
    found = Target(connection_settings(way.bundle, connect, context), way.client_id, connect.max_segment_bytes)
    if way.passticket:
        return replace(found, tickets=_tickets(way, bundle))
    return replace(found, settings=replace(found.settings, credentials=_bundle_credentials(way, bundle)))


def read_bundle(home: Path, name: str) -> Bundle:
    """Read one file of bundles/, and nothing else of the home. Raises ConfigError."""
    file, home = _file(name), home.absolute()
    return settle(Bundle, read_toml(home / file, file), file, HomeFiles(home, os.environ))


def _file(name: str) -> str:
    return f"bundles/{name}.toml"


def _bundle_credentials(way: Way, bundle: Bundle) -> Credentials:
    own = bundle.credentials
    return _credentials(way) if way.user else Credentials(own.user, own.password, way.group or own.group)


def _tickets(way: Way, bundle: Bundle) -> PassTickets:
    settings = bundle.passticket
    if settings is None:
        raise typer.BadParameter(f"{_file(way.bundle)} has no [passticket]", param_hint="--passticket")
    user, group = (way.user, way.group) if way.user else (bundle.credentials.user, bundle.credentials.group)
    try:
        return PassTickets(
            user,
            settings.application,
            settings.key,
            kind=settings.kind,
            group=group,
            replay_protection=settings.replay_protection,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--user") from error


def _tls(way: Way) -> ssl.SSLContext | None:
    if not (way.tls or way.ca or way.cert or way.key or way.server_name):
        return None
    if way.key and not way.cert:
        raise typer.BadParameter("needs --cert", param_hint="--key")
    trusted = TrustStore.model_construct(path=way.ca, password=Secret("")) if way.ca else None
    try:
        if way.cert is None:
            return client_context(trusted)
        if way.key is None:
            return _with_store(trusted, way.cert)
        return _with_key(client_context(trusted), way.cert, way.key)
    except StoreError as error:
        raise typer.BadParameter(str(error), param_hint="--ca, --cert") from error


def _with_store(trusted: TrustStore | None, path: Path) -> ssl.SSLContext:
    def opened(password: Secret) -> ssl.SSLContext:
        return client_context(trusted, KeyStore.model_construct(path=path, password=password))

    password = key_password()
    try:
        return opened(password)
    except StoreError as error:
        if password or "needs a password" not in error.reason:
            raise
        return opened(asked(path))


def _with_key(context: ssl.SSLContext, cert: Path, key: Path) -> ssl.SSLContext:
    def password() -> str:
        # called for an encrypted key only; without it OpenSSL would ask by itself, in its own words
        return (key_password() or asked(key)).reveal()

    try:
        context.load_cert_chain(cert, key, password=password)
    except ssl.SSLError as error:
        words = error.reason or "not a certificate and its key, or a wrong password"
        raise typer.BadParameter(f"{cert}, {key}: {words}", param_hint="--cert, --key") from error
    return context
