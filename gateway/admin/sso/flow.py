"""Single sign-on from the button on the sign-in page to the session."""

import logging
from dataclasses import dataclass
from datetime import datetime

from gateway.admin.desk import Desk
from gateway.admin.roles import How, Person
from gateway.admin.signin import Recognised, SignIn
from gateway.admin.sso.answer import Answered, AnswerError, believe
from gateway.admin.sso.metadata import own_metadata
from gateway.admin.sso.request import Form, Redirect, ask, request_id
from gateway.admin.sso.roles import role_of
from gateway.admin.sso.seen import Seen
from gateway.admin.sso.toolkit import Partners
from gateway.config.sso import SsoSettings
from gateway.tls.identity_provider import read_identity_provider

log = logging.getLogger("gateway.admin")


class RefusedError(Exception):
    """Nobody is let in; the text may be shown. It does not say what was wrong with an answer: the log does."""


class UnusableError(Exception):
    """Single sign-on does not work now, whoever comes; the log says why."""


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """All of it for one worker. Thread-safe; raises StoreError besides."""

    desk: Desk
    sign_in: SignIn
    seen: Seen

    @property
    def settings(self) -> SsoSettings | None:
        """`[admin.sso]` as it is in force; None: there is none."""
        return self.desk.settings.sso

    def ask(self, sso: SsoSettings, binding: str, to: str) -> Redirect | Form:
        """Return how the browser is sent to the provider. Raises UnusableError."""
        now = self.desk.clock.now()
        try:
            return ask(self._partners(sso, now), binding, to, now)
        except (ValueError, OSError) as error:
            raise self._unusable(error) from None

    def metadata(self, sso: SsoSettings) -> bytes:
        """Return our metadata. Raises UnusableError."""
        try:
            return own_metadata(self._partners(sso, self.desk.clock.now()))
        except (ValueError, OSError) as error:
            raise self._unusable(error) from None

    def recognise(self, sso: SsoSettings, answer: str, binding: str, peer: str) -> Recognised:
        """Return whom an answer names. `binding`: what the browser's cookie holds. Raises RefusedError."""
        now = self.desk.clock.now()
        try:
            partners = self._partners(sso, now)
        except (ValueError, OSError) as error:
            raise self._unusable(error) from None
        try:
            if not binding:
                raise AnswerError("this browser did not ask, or too long ago")  # noqa: TRY301  told like the others
            answered = believe(answer, request_id(binding), partners, now)
            self._once(answered, partners, now)
        except AnswerError as error:
            self.sign_in.refused("", How.SSO, peer, str(error))
            text = "The identity provider's answer was not accepted. Try again; the log says more."
            raise RefusedError(text) from None
        role = role_of(answered.roles, sso)
        if role is None:
            self.sign_in.refused(answered.name, How.SSO, peer, "no value of the role attribute gives a role")
            raise RefusedError("You are known, but no role at this console was given to you.")
        return Recognised(Person(answered.name, role, How.SSO), sso.stamp)

    def _once(self, answered: Answered, partners: Partners, now: datetime) -> None:
        if not self.seen.is_new(partners.provider.entity_id, answered.assertion_id, answered.until, now):
            raise AnswerError("the assertion was used before")

    def _partners(self, sso: SsoSettings, now: datetime) -> Partners:
        provider = read_identity_provider(sso.metadata.read_bytes(), sso.provider, sso.request_binding, now)
        return Partners(sso, provider, self.desk.settings.public_url)

    def _unusable(self, error: Exception) -> UnusableError:
        log.error("single sign-on cannot be used: %s", error)
        return UnusableError("Single sign-on cannot be used at this moment; the log says why.")
