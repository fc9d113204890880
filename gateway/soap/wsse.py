"""Security headers on calls that leave the gateway: a wsse plug-in for zeep."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.clock import Clock
from gateway.exchange import Secret
from gateway.safexml import Element
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
class NamedUser:
    """A UsernameToken about the user on whose behalf a call is made."""

    user: str
    """A user id as RACF writes it: 1 to 8 of A-Z 0-9 @ # $."""
    password: Secret
    """Empty: the token has none, and the receiver believes the connection."""
    nonce: bool = False
    """Add Nonce and Created, by which the receiver can tell a copy."""
    before_seconds: float = 0
    after_seconds: float = 300
    """How long the Timestamp is valid."""

    def add(self, security: Element, lifetime: Lifetime, random_bytes: RandomBytes) -> None:
        """Add a UsernameToken. Raises ValueError for what is no user id."""
        if not is_user_id(self.user):
            raise ValueError(f"a name of {len(self.user)} characters is no user id")
        nonce, created = (random_bytes(NONCE_BYTES), lifetime.issued) if self.nonce else (b"", None)
        add_username_token(security, self.user, self.password, nonce=nonce, created=created)


class OutboundSecurity:
    """Puts a new Security header on every message: zeep's `Client(wsse=...)`. Thread-safe."""

    def __init__(
        self,
        token: VouchedUser | NamedUser,
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
