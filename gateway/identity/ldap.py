"""The LDAP module: passwords, groups and RACF users out of a directory. The one door to ldap3.

A UsernameToken's password is proven by binding with it as the entry that was found (RFC 4513, section 5.1.3).
An assertion has none; its user need only be there. Referrals are never followed: they would take passwords to
wherever the directory, or whoever can write into it, says. Every question has a connection of its own.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import (
    LDAPBindError,
    LDAPException,
    LDAPInvalidFilterError,
    LDAPNoSuchObjectResult,
    LDAPOperationResult,
    LDAPSizeLimitExceededResult,
)
from ldap3.operation.search import parse_filter
from ldap3.utils.conv import escape_filter_chars

from gateway import tls
from gateway.config.ldap import PLACE, LdapSettings
from gateway.config.model import BackendTls
from gateway.config.secrets import HomeFiles
from gateway.config.strict import settle
from gateway.errors import ConfigError, Problem
from gateway.exchange import Secret
from gateway.identity.authenticator import Decision, UnavailableError, Verified
from gateway.wss.verdict import TokenKind

_MEMBER: Final = "(|(member={dn})(uniqueMember={dn})(memberUid={user}))"


_NOT_ACCEPTED: Final = frozenset({19, 48, 49, 50, 53})
"""Results of a bind (RFC 4511, section 4.1.9) that are about the user: constraintViolation and
unwillingToPerform say in some directories that an account is locked, inappropriateAuthentication that it has no
password."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the directory holds of a user."""

    dn: str
    attributes: Mapping[str, tuple[str, ...]]

    def values(self, attribute: str) -> tuple[str, ...]:
        """Return the values of an attribute, whose name has no case."""
        return self.attributes.get(attribute.lower(), ())


class LdapAuthenticator:
    """Finds the user, proves the password, reads RACF user and group."""

    def __init__(self, options: Mapping[str, Any], home: Path) -> None:
        """Take the options of `config.ldap.LdapSettings`; raises ConfigError. Nothing is connected yet."""
        self._settings = settle(LdapSettings, options, "", HomeFiles(home, {}))
        _try_filter(self._settings.filter)
        self._context = _context(self._settings)

    def authenticate(self, verified: Verified) -> Decision:
        """Decide by what the directory says. Raises UnavailableError when it cannot be asked."""
        try:
            return self._decide(verified)
        except (LDAPException, OSError) as error:
            # the words of the library may hold a distinguished name, but no password
            raise UnavailableError(f"{type(error).__name__} from {self._settings.url}") from None

    @property
    def settings(self) -> LdapSettings:
        """What the options say."""
        return self._settings

    @property
    def context(self) -> ssl.SSLContext | None:
        """The TLS of connections; None: they are plain."""
        return self._context

    def attempt(self) -> str:
        """Connect, bind as whoever searches, look at the base: once each, for `imsgw check --online`.

        Returns what the directory refuses, empty: nothing. Raises UnavailableError when it cannot be asked.
        """
        settings = self._settings
        try:
            with self._connection(settings.bind_dn, settings.bind_password) as connection:
                connection.search(
                    settings.base,
                    "(objectClass=*)",
                    ldap3.BASE,
                    attributes=[ldap3.NO_ATTRIBUTES],
                    get_operational_attributes=False,
                )
        except LDAPNoSuchObjectResult:
            return f"base {settings.base} is not there, or not to be seen by {settings.bind_dn or 'nobody'}"
        except LDAPOperationResult as error:
            # the description is the name of the result code, such as invalidCredentials
            return f"{settings.bind_dn or 'an anonymous bind'} is refused: {error.description}"
        except (LDAPException, OSError) as error:
            raise UnavailableError(f"{type(error).__name__} from {settings.url}") from None
        return ""

    def _decide(self, verified: Verified) -> Decision:
        claims, with_password = verified.claims, verified.claims.token is TokenKind.USERNAME
        if with_password and not claims.password:
            # RFC 4513, section 5.1.2: a bind without a password succeeds, and says nothing
            return Decision.refuse("an empty password")
        entry, reason = self._find(claims.user)
        if with_password and not self._proves(entry, claims.password):
            return Decision.refuse(reason or "the directory does not accept the password")
        if entry is None:
            return Decision.refuse(reason)
        return self._told(entry, with_password=with_password)

    # -- what is asked ----------------------------------------------------------------------------------------

    def _find(self, user: str) -> tuple[_Entry | None, str]:
        """Return the user's entry, or None and why there is none."""
        settings = self._settings
        named = settings.filter.replace(PLACE, escape_filter_chars(user))
        wanted = [name for name in (settings.user_attribute, settings.group_attribute) if name]
        with self._connection(settings.bind_dn, settings.bind_password) as connection:
            found = _search(connection, settings.base, named, ldap3.SUBTREE, wanted)
            if len(found) != 1:
                return None, "no such entry" if not found else "several entries"
            if settings.required_group and not self._belongs(connection, found[0].dn, user):
                return None, "not in the required group"
        return found[0], ""

    def _belongs(self, connection: Any, dn: str, user: str) -> bool:
        named = _MEMBER.format(dn=escape_filter_chars(dn), user=escape_filter_chars(user))
        return bool(_search(connection, self._settings.required_group, named, ldap3.BASE, []))

    def _proves(self, entry: _Entry | None, password: Secret) -> bool:
        """Bind as the user. For nobody, bind as nobody: both take their time."""
        dn = entry.dn if entry is not None else f"cn=none,{self._settings.base}"
        try:
            with self._connection(dn, password):
                return entry is not None
        except LDAPOperationResult as error:
            if error.result in _NOT_ACCEPTED:
                return False
            raise

    def _told(self, entry: _Entry, *, with_password: bool) -> Decision:
        settings = self._settings
        users, groups = entry.values(settings.user_attribute), entry.values(settings.group_attribute)
        if settings.user_attribute and len(users) != 1:
            return Decision.refuse(f"{len(users)} values of {settings.user_attribute}")
        if len(groups) > 1:
            return Decision.refuse(f"{len(groups)} values of {settings.group_attribute}")
        drop = with_password and not settings.forward_password
        return Decision(
            user=users[0] if users else None,
            group=groups[0] if groups else None,
            password=Secret("") if drop else None,
        )

    # -- connections ------------------------------------------------------------------------------------------

    @contextmanager
    def _connection(self, dn: str, password: Secret) -> Iterator[Any]:
        """Open a connection and bind; close it whatever happens."""
        settings = self._settings
        connection = ldap3.Connection(
            _server(settings, self._context),
            user=dn or None,
            password=password.reveal() if dn else None,
            authentication=ldap3.SIMPLE if dn else ldap3.ANONYMOUS,
            read_only=True,
            raise_exceptions=True,
            auto_referrals=False,
            return_empty_attributes=False,
            receive_timeout=settings.timeout_seconds,
        )
        try:
            connection.open(read_server_info=False)
            if settings.start_tls:
                connection.start_tls(read_server_info=False)
            connection.bind(read_server_info=False)
            if not connection.bound:  # a referral raises nothing
                raise LDAPBindError("not bound")
            yield connection
        finally:
            connection.strategy.close()
            if connection.socket is not None:  # the connection was not made, or TLS failed
                connection.socket.close()


def _search(connection: Any, base: str, named: str, scope: str, wanted: list[str]) -> list[_Entry]:
    """Return at most two entries: one more than there may be."""
    try:
        connection.search(
            base,
            named,
            scope,
            attributes=wanted or [ldap3.NO_ATTRIBUTES],
            size_limit=2,
            get_operational_attributes=False,
        )
    except LDAPNoSuchObjectResult:
        return []
    except LDAPSizeLimitExceededResult:
        return [_Entry("", {})] * 2
    return [_entry(found) for found in connection.response if found["type"] == "searchResEntry"]


def _entry(found: Mapping[str, Any]) -> _Entry:
    attributes = {
        name.lower(): tuple(value.decode("utf-8", "replace") for value in values)
        for name, values in found["raw_attributes"].items()
    }
    return _Entry(found["dn"], attributes)


class _Tls(ldap3.Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS by a context of ours: ldap3's own leaves the version and the ciphers open."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context, self._host = context, host

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002  ldap3's signature
        """Begin TLS on a connection; the handshake checks certificate and name."""
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._host)


def _try_filter(named: str) -> None:
    """Refuse a filter that no directory understands. Raises ConfigError."""
    try:
        parse_filter(
            named.replace(PLACE, "x"),
            None,
            auto_escape=False,
            auto_encode=True,
            validator=None,
            check_names=False,
        )
    except LDAPInvalidFilterError:
        problem = Problem("", "filter", "is not an LDAP filter (RFC 4515)")
    else:
        return
    raise ConfigError((problem,))


def _server(settings: LdapSettings, context: ssl.SSLContext | None) -> Any:
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    secure = parts.scheme == "ldaps"
    return ldap3.Server(
        host,
        parts.port or (636 if secure else 389),
        use_ssl=secure,
        tls=_Tls(context, host) if context else None,
        get_info=ldap3.NONE,
        allowed_referral_hosts=[],
        connect_timeout=settings.timeout_seconds,
    )


def _context(settings: LdapSettings) -> ssl.SSLContext | None:
    if settings.plain or settings.truststore is None:
        return None
    try:
        return tls.backend_context(BackendTls(truststore=settings.truststore))
    except ValueError as error:
        text = str(error)
    raise ConfigError((Problem("", "truststore", text),))
