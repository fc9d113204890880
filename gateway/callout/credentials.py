"""Who a call is made for, and what shows it: tokens, HTTP Basic, what an authentication module says."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.callout.authentication import (
    CalloutAuthenticator,
    CalloutDecision,
    OutgoingCall,
    consult,
    load_callout_authenticator,
)
from gateway.callout.codes import CalloutError, Status
from gateway.callout.values import Call
from gateway.clock import Clock
from gateway.config.checks.places import correlator_file
from gateway.config.model import BasicAuthentication, Consumer, ConsumerSecurity
from gateway.exchange import Secret
from gateway.soap.outbound.caller import BasicCredentials
from gateway.soap.wsse import NamedUser, OutboundSecurity, VouchedUser
from gateway.wss.verdict import TokenKind

_ASSERTIONS: Final = {"saml11": TokenKind.SAML11, "saml20": TokenKind.SAML20}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What goes out with one call."""

    token: OutboundSecurity | None = None
    basic: BasicCredentials | None = None
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    """What nobody may be told of it."""


class CredentialsOf:
    """Makes the credentials for calls of one service. Any thread."""

    def __init__(self, consumer: Consumer, clock: Clock, home: Path) -> None:
        """Raise ConfigError where there is no such authentication module, or it cannot be made."""
        self._name = consumer.name
        self._security: ConsumerSecurity = consumer.settings.security
        self._clock = clock
        self._module: CalloutAuthenticator | None = None
        if self._security.authenticator:
            options = self._security.authenticator_options or {}
            file = correlator_file(consumer.name)
            self._module = load_callout_authenticator(self._security.authenticator, options, home, file)

    def of(self, call: Call, basic: BasicAuthentication | None) -> Credentials:
        """Return what goes out with a call; `basic` is that of its bundle.

        Raises CalloutError IDENTITY: the module refuses, or a token is due and there is no user to name.
        """
        decision = self._decide(call)
        configured = self._security.basic or basic
        shown = decision.basic or (
            BasicCredentials(configured.user, configured.password) if configured else None
        )
        password = self._security.password if decision.password is None else decision.password
        return Credentials(self._token(call, decision, password), shown, (password,) if password else ())

    def _decide(self, call: Call) -> CalloutDecision:
        if self._module is None:
            return CalloutDecision()
        aim = call.aim
        seen = OutgoingCall(
            service=self._name,
            operation=aim.operation,
            bundle=call.source.bundle,
            tpipe=call.source.tpipe,
            address=aim.address,
            synchronous=call.synchronous,
            user=call.user,
            network_user=call.network_user,
            network_session=call.network_session,
        )
        return consult(self._module, seen)

    def _token(self, call: Call, decision: CalloutDecision, password: Secret) -> OutboundSecurity | None:
        kind = self._security.token
        if decision.password and kind != "username":
            text = "the authentication module gives a password for a token that takes none"
            raise CalloutError(Status.IDENTITY, text)
        if kind == "none":
            return None
        user = call.user if decision.user is None else decision.user
        if not user:
            raise CalloutError(Status.IDENTITY, "the call needs a user to name, and IMS names none")
        return OutboundSecurity(self._made(kind, user, password), self._clock)

    def _made(self, kind: str, user: str, password: Secret) -> VouchedUser | NamedUser:
        security = self._security
        if kind == "username":
            return NamedUser(user, password, after_seconds=security.lifetime_seconds)
        return VouchedUser(
            _ASSERTIONS[kind],
            security.issuer,
            lambda: user,
            audience=security.audience,
            qualifier=security.name_qualifier,
            after_seconds=security.lifetime_seconds,
        )
