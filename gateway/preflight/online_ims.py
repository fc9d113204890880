"""Each IMS Connect of each bundle: connect, TLS, a sign of life, sign on once.

Signing on takes a message that IMS Connect hands to RACF and that does nothing: RESUME TPIPE for a moment, on
a tpipe of a client id that was made up for it. Nobody's message is taken.

RACF revokes a user after a few wrong passwords. So each user is tried once in a whole run, whatever bundles
name it, through the sign-on guard of the gateway where it has counted anything on this machine: who has failed
lately is not tried at all, and a refusal counts there.
"""

import secrets
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from sqlite3 import Error as SqliteError
from threading import Lock
from typing import Final

from gateway.bundles import connection_settings, credentials_of
from gateway.config.catalogue import Kind, online
from gateway.config.checks.places import bundle_file
from gateway.config.model import Bundle, Home
from gateway.errors import GatewayError, ImsError, M, SecurityError
from gateway.exchange import Caller, TrustedMark
from gateway.identity import passticket
from gateway.identity.credentials import proof
from gateway.identity.places import own_peer
from gateway.identity.signon import Attempt, SignOnGuard
from gateway.imsconnect import Connection, ConnectionSettings, Endpoint, Interaction, InteractionVerb
from gateway.preflight.online_tls import Security, Wrong, doubts, look, shown_by
from gateway.preflight.online_values import Found, Shown, Terms, Try
from gateway.tls import StoreError, backend_context

GUARD_FILE: Final = "sign_on.sqlite3"
_WAIT_MS: Final = 250
"""For a message that will not come. "No wait" would have IMS Connect wait two seconds for a RESUME TPIPE."""
_NEARBY_SECONDS: Final = 240
"""How far from now a PassTicket is made for: not for a second that the gateway may be using at the moment."""


def ims_tries(home: Home) -> Iterator[Try]:
    """Yield a try for each address of each bundle."""
    users = Users(home)
    for name, bundle in home.bundles.items():
        connect = bundle.ims_connect
        try:
            context = backend_context(connect.tls) if connect.tls else None
        except StoreError:
            continue  # told where stores are looked at
        settings = connection_settings(name, connect, context)
        for endpoint in settings.endpoints:
            run = ImsConnect(name, bundle, settings, endpoint, users).run
            yield Try("ims-connect", name, str(endpoint), bundle_file(name), "ims_connect", run)


class Users:
    """Who was tried already. Thread-safe."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = Lock()
        self._tried: dict[str, str] = {}
        for name, bundle in home.bundles.items():
            # which bundle tries a user of several does not hang on who is first
            self._tried.setdefault(bundle.credentials.user, name)
        self._begun: set[str] = set()

    def claim(self, user: str, bundle: str) -> str:
        """Return nothing to whoever may try a user, why not to everybody else."""
        with self._lock:
            if self._tried[user] != bundle:
                return f"{user} is tried over bundle {self._tried[user]}, and no user is tried twice"
            if user in self._begun:
                return f"{user} was tried at another address, and no user is tried twice"
            self._begun.add(user)
            return ""

    @contextmanager
    def guarded(self, caller: Caller, bundle: str, terms: Terms) -> Iterator[Attempt | None]:
        """Take a place at the gateway's sign-on guard, where it has counted anything on this machine.

        Raises SecurityError: the user is held back; GatewayError: it is not known whether he is.
        """
        if not (self._home.state / GUARD_FILE).is_file():
            yield None
            return
        try:
            guard = SignOnGuard(self._home.state, self._home.gateway.sign_on, terms.clock, time.sleep)
        except (OSError, SqliteError) as error:
            private = f"{self._home.state / GUARD_FILE} cannot be asked: {error}"
            raise GatewayError(M.INTERNAL, private=private) from None
        try:
            yield guard.begin(caller.user, proof(caller), own_peer(bundle), terms.left, bundle=bundle)
        finally:
            guard.close()


@dataclass(frozen=True, slots=True)
class ImsConnect:
    """One address of a bundle."""

    name: str
    bundle: Bundle
    settings: ConnectionSettings
    endpoint: Endpoint
    users: Users

    def run(self, terms: Terms) -> Found:
        """Try it."""
        return _ImsTry(self, terms).run()


@dataclass(slots=True)
class _ImsTry:
    place: ImsConnect
    terms: Terms
    said: list[str] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    shown: Shown | None = None

    def run(self) -> Found:
        endpoint = self.place.endpoint
        examined = replace(endpoint, examine=self._examine) if endpoint.tls else endpoint
        settings = replace(self.place.settings, endpoints=(examined,), connect_seconds=self.terms.left)
        try:
            connection = Connection(settings, clock=self.terms.clock)
        except GatewayError as error:
            return self._why_not(error)
        with connection:
            self._talk(connection)
        return Found(tuple(self.said), tuple(self.wrong), self.shown)

    def _why_not(self, error: GatewayError) -> Found:
        """Look at the address more closely than the client does, which only needs to know that it failed."""
        security = None
        if self.place.endpoint.tls is not None:
            assert self.place.bundle.ims_connect.tls is not None, "that is where the context comes from"
            name = self.place.endpoint.server_name or self.place.endpoint.host
            security = Security(self.place.endpoint.tls, name, self.place.bundle.ims_connect.tls.crypto_policy)
        found = look(self.place.endpoint.host, self.place.endpoint.port, security, self.terms)
        if any(kind.severity == "error" for kind, _ in found.wrong):
            return found
        return replace(found, wrong=(*found.wrong, (online.CONNECT, str(error))))

    def _talk(self, connection: Connection) -> None:
        if self.shown is not None:
            self.said.append(str(self.shown))
        try:
            self.said.append(connection.ping(self._milliseconds()).strip())
        except GatewayError as error:
            self.wrong.append((_kind_of(error, online.PING), f"no sign of life: {error}"))
            return
        if self.place.bundle.credentials.user:
            self._sign_on(connection)

    def _sign_on(self, connection: Connection) -> None:
        user = self.place.bundle.credentials.user
        if text := self.place.users.claim(user, self.place.name):
            self.said.append(text)
            return
        try:
            caller = self._caller()
            guarded = self.place.users.guarded(caller, self.place.name, self.terms)
            with guarded as attempt:
                self._show(connection, caller, attempt)
        except GatewayError as error:
            if isinstance(error, SecurityError) or error.message in {M.BUSY, M.INTERNAL}:
                self.wrong.append((online.NOT_TRIED, f"{user} was not tried: {error.private}"))
            else:
                self.wrong.append((_kind_of(error, online.PING), f"{user} could not be tried: {error}"))

    def _show(self, connection: Connection, caller: Caller, attempt: Attempt | None) -> None:
        """Sign on. Raises GatewayError when nothing was said of the user."""
        asked = Interaction(
            verb=InteractionVerb.RECEIVE, execution_timeout_ms=_WAIT_MS, socket_timeout_ms=self._milliseconds()
        )
        outcome, refused = "unknown", None
        try:
            connection.receive(asked, credentials_of(caller))
            outcome = "good"
        except ImsError as error:
            outcome, refused = ("wrong", error) if error.sign_on_failed else ("good", None)
        finally:
            if attempt is not None:
                {"good": attempt.good, "wrong": attempt.wrong, "unknown": attempt.unknown}[outcome]()
        if refused is not None:
            self.wrong.append((online.SIGN_ON, f"{caller.user} is refused: {refused}"))
        else:
            self.said.append(f"{caller.user} was accepted (with RACF=N everybody is)")

    def _caller(self) -> Caller:
        """Return who signs on, with what the bundle has to show. Raises GatewayError."""
        own, settings = self.place.bundle.credentials, self.place.bundle.passticket
        caller = Caller(own.user, own.password, own.group, "bundle")
        if own.password:
            return caller
        if self.place.bundle.trusted_user is not None:
            mark = TrustedMark(self.place.bundle.trusted_user.extension, self.place.bundle.trusted_user.value)
            return replace(caller, trusted=mark)
        if settings is None:
            return caller
        aside = timedelta(seconds=1 + secrets.randbelow(_NEARBY_SECONDS))
        ticket = passticket.make(settings, own.user, self.terms.clock.now() - aside)
        return replace(caller, password=ticket, application=settings.application)

    def _milliseconds(self) -> int:
        return max(int(self.terms.left * 1000), 1)

    def _examine(self, connection: ssl.SSLSocket) -> str | None:
        """Keep what the handshake showed, and judge it as connections of the gateway are judged."""
        self.shown = shown_by(connection)
        self.wrong.extend(doubts(connection, self.terms))
        return self.place.endpoint.examine(connection) if self.place.endpoint.examine else None


def _kind_of(error: GatewayError, otherwise: Kind) -> Kind:
    return online.TIME if error.message is M.SOCKET_TIMEOUT else otherwise
