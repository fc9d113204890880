"""Security headers on calls that leave the gateway: a wsse plug-in for zeep, and the transport to go with it.

`OutboundSecurity` puts the header on, `TokenTransport` keeps it from going anywhere it should not: to a plain
http: address, along a redirection, into a debug log (zeep's own transport writes whole messages there).
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import zeep
from zeep.exceptions import Fault

from gateway.clock import Clock
from gateway.errors import WssFault
from gateway.exchange import Secret
from gateway.safexml import Element
from gateway.wss.names import SECURITY
from gateway.wss.outbound import (
    Lifetime,
    Vouched,
    add_assertion11,
    add_assertion20,
    add_security,
    add_timestamp,
    add_username_token,
    is_user_id,
    new_id,
)
from gateway.wss.verdict import TokenKind

NONCE_BYTES: Final = 16

RandomBytes = Callable[[int], bytes]

_ASSERTIONS: Final = {TokenKind.SAML11: add_assertion11, TokenKind.SAML20: add_assertion20}
_FAULTS: Final = {fault.local_name: fault for fault in WssFault}


class InsecureAddressError(ValueError):
    """A security token would go to an address that is not https:."""

    def __init__(self, address: str) -> None:
        scheme = urlsplit(address).scheme or "no scheme"
        super().__init__(f"a security token goes to https: addresses only, not to one with {scheme}")


@dataclass(frozen=True, slots=True)
class VouchedUser:
    """An assertion about the user on whose behalf a call is made."""

    kind: TokenKind
    """SAML11 or SAML20."""
    issuer: str
    user: Callable[[], str]
    """Gives the user id of the call under way, from what IMS said of it; asked once a call."""
    audience: str = ""
    qualifier: str = ""
    before_seconds: float = 60
    """How long before now it is valid: clocks differ."""
    after_seconds: float = 300
    """How long after now it is valid."""

    def __post_init__(self) -> None:
        if self.kind not in _ASSERTIONS:
            raise ValueError(f"{self.kind.value} is no assertion")

    def add(self, security: Element, lifetime: Lifetime, random_bytes: RandomBytes) -> None:
        """Add a new assertion. Raises ValueError as `Vouched` does."""
        vouched = Vouched(
            new_id(random_bytes), self.issuer, self.user(), lifetime, self.audience, self.qualifier
        )
        _ASSERTIONS[self.kind](security, vouched)


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """User and password that the service outside has given to the gateway."""

    user: str
    password: Secret
    nonce: bool = False
    """Add Nonce and Created, by which the receiver can tell a copy."""
    before_seconds: float = 0
    after_seconds: float = 300
    """How long the Timestamp is valid."""

    def add(self, security: Element, lifetime: Lifetime, random_bytes: RandomBytes) -> None:
        """Add a UsernameToken."""
        nonce, created = (random_bytes(NONCE_BYTES), lifetime.issued) if self.nonce else (b"", None)
        add_username_token(security, self.user, self.password, nonce=nonce, created=created)


@dataclass(frozen=True, slots=True)
class NamedUser:
    """A UsernameToken about the user on whose behalf a call is made."""

    user: str
    """A user id as RACF writes it: 1 to 8 of A-Z 0-9 @ # $."""
    password: Secret
    """Empty: the token has none, and the receiver believes the connection."""
    before_seconds: float = 0
    after_seconds: float = 300
    """How long the Timestamp is valid."""

    def add(self, security: Element, _lifetime: Lifetime, _random_bytes: RandomBytes) -> None:
        """Add a UsernameToken. Raises ValueError for what is no user id."""
        if not is_user_id(self.user):
            raise ValueError(f"a name of {len(self.user)} characters is no user id")
        add_username_token(security, self.user, self.password)


class OutboundSecurity:
    """Puts a new Security header on every message: zeep's `Client(wsse=...)`. Thread-safe."""

    def __init__(
        self,
        token: VouchedUser | OwnPassword | NamedUser,
        clock: Clock,
        *,
        timestamp: bool = True,
        actor: str = "",
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        """`timestamp`: put a Timestamp first; `actor`: whom the header is for, empty: the ultimate receiver."""
        self._token = token
        self._clock = clock
        self._timestamp = timestamp
        self._actor = actor
        self._random_bytes = random_bytes

    def apply(self, envelope: Element, headers: Mapping[str, str]) -> tuple[Element, Mapping[str, str]]:
        """Add the header to a message that is about to go.

        Raises ValueError when the message has one already, or the token would say what it must not.
        """
        lifetime = Lifetime.at(
            self._clock.now(),
            before_seconds=self._token.before_seconds,
            after_seconds=self._token.after_seconds,
        )
        security = add_security(envelope, actor=self._actor)
        if self._timestamp:
            add_timestamp(security, lifetime)
        self._token.add(security, lifetime, self._random_bytes)
        return envelope, headers

    def verify(self, envelope: Element) -> None:
        """Accept a reply, whatever Security header it holds: that it comes from the service, TLS has proved."""


class TokenTransport(zeep.Transport):
    """Sends messages with a security token to https: addresses only, and never on to another address."""

    def __init__(self, session: requests.Session, *, timeout_seconds: float, allow_http: bool = False) -> None:
        """`session` holds the TLS settings, and is closed by whoever made it.

        `allow_http` is for tests and for networks that protect the way themselves. Raises ValueError for a
        session that does not check the server's certificate.
        """
        super().__init__(  # type: ignore[no-untyped-call]  # zeep is untyped
            session=session, timeout=timeout_seconds, operation_timeout=timeout_seconds
        )
        if not session.verify:
            raise ValueError("the session does not check the server's certificate")
        self._allow_http = allow_http

    def post_xml(self, address: str, envelope: Element, headers: Mapping[str, str]) -> requests.Response:
        """Send a message and return the answer. Raises InsecureAddressError, requests.RequestException."""
        if envelope.find(f"{{*}}Header/{SECURITY}") is not None and not self._allow_http:
            require_https(address)
        response: requests.Response = super().post_xml(address, envelope, headers)  # type: ignore[no-untyped-call]
        return response

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send the bytes of a message as they are, and follow no redirection: it could lead anywhere."""
        return self.session.post(
            address, data=message, headers=headers, timeout=self.operation_timeout, allow_redirects=False
        )


def require_https(address: str) -> None:
    """Raise InsecureAddressError unless a security token may go to the address."""
    if urlsplit(address).scheme != "https":
        raise InsecureAddressError(address)


def security_fault(fault: Fault) -> WssFault | None:
    """Return which fault of WS-Security a service has answered with; None when it is another.

    Its namespace is not looked at: MessageExpired is spelt with wsse and with wsu (WSS 1.1.1, section 12).
    """
    codes: list[Any] = [fault.code, *(fault.subcodes or ())]
    for code in codes:
        found = _FAULTS.get(str(code or "").rpartition("}")[2].rpartition(":")[2])
        if found is not None:
            return found
    return None


def worth_another_try(fault: Fault) -> bool:
    """Tell whether the same call may be made once more, with a new token: only where the old one was too old.

    All other refusals of WS-Security stay what they are however often one asks; and of a fault that is none of
    these this says nothing.
    """
    return security_fault(fault) is WssFault.MESSAGE_EXPIRED
