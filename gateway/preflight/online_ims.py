"""Each IMS Connect of each bundle: connect, TLS, a sign of life, sign on once.

How it signs on without harm says `own_sign_on`. RACF revokes a user after a few wrong passwords. So each user
is tried once in a whole run, whatever bundles name it, through the sign-on guard of the gateway.
"""

import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from threading import Lock

from gateway.bundles import connection_settings
from gateway.config.catalogue import Kind, online
from gateway.config.checks.places import bundle_file
from gateway.config.model import Bundle, Home
from gateway.errors import GatewayError, M, SecurityError
from gateway.exchange import Caller
from gateway.identity.signon import Attempt
from gateway.imsconnect import Connection, ConnectionSettings, Endpoint
from gateway.preflight.online_tls import Security, Wrong, doubts, look, shown_by
from gateway.preflight.online_values import Found, Shown, Terms, Try
from gateway.preflight.own_sign_on import Guard, guarded, own_caller, sign_on
from gateway.tls import StoreError, backend_context


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

    def guarded(self, caller: Caller, bundle: str, terms: Terms) -> AbstractContextManager[Attempt | None]:
        """Take a place at the sign-on guard, see `own_sign_on.guarded`."""
        guard = Guard(self._home.state, self._home.gateway.sign_on)
        return guarded(caller, bundle, guard, terms.left, terms.clock)


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
            caller = own_caller(self.place.bundle, self.terms.clock.now())
            guarded = self.place.users.guarded(caller, self.place.name, self.terms)
            with guarded as attempt:
                self._show(connection, caller, attempt)
        except GatewayError as error:
            if isinstance(error, SecurityError) or error.message in {M.BUSY, M.INTERNAL}:
                self.wrong.append((online.NOT_TRIED, f"{user} was not tried: {error.private}"))
            else:
                self.wrong.append((_kind_of(error, online.SERVICE), f"{user} could not be tried: {error}"))

    def _show(self, connection: Connection, caller: Caller, attempt: Attempt | None) -> None:
        """Sign on. Raises GatewayError when nothing was said of the user."""
        refused = sign_on(connection, caller, attempt, self._milliseconds())
        if refused is not None:
            self.wrong.append((online.SIGN_ON, f"{caller.user} is refused: {refused}"))
        else:
            self.said.append(f"{caller.user} was accepted (with RACF=N everybody is)")

    def _milliseconds(self) -> int:
        return max(int(self.terms.left * 1000), 1)

    def _examine(self, connection: ssl.SSLSocket) -> str | None:
        """Keep what the handshake showed, and judge it as connections of the gateway are judged."""
        self.shown = shown_by(connection)
        self.wrong.extend(doubts(connection, self.terms))
        return self.place.endpoint.examine(connection) if self.place.endpoint.examine else None


def _kind_of(error: GatewayError, otherwise: Kind) -> Kind:
    return online.TIME if error.message is M.SOCKET_TIMEOUT else otherwise
