"""RACF as far as IMS Connect and OTMA ask it: who a user is, which groups are theirs, what they may use.

Return codes are those of RACROUTE REQUEST=VERIFY, as IMS Connect puts them into RSM_RACFRC.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from threading import RLock

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.exchange import Secret
from gateway.standin.config_security import MAX_PASSWORD, User
from gateway.standin.passticket import PassTickets
from gateway.standin.racf_requests import RacfCode, RacfOptions, SignOnRequest
from gateway.standin.saf import PASSWORD_CHARACTERS, Profiles, SafClass, SafCode

__all__ = ["Racf", "RacfCode", "RacfOptions", "SignOnRequest"]


@dataclass(frozen=True, slots=True)
class _Profile:
    user: User
    password: Secret | None
    revoked: bool = False
    resumed: bool = False
    """Resumed by command, whatever the revocation date says."""
    changed: bool = False
    """The password was changed since the start, so it has not expired."""
    failures: int = 0
    history: tuple[Secret, ...] = field(default=(), repr=False)


class Racf:
    """Users and profiles, and what has happened to them since the start. Usable from any thread."""

    def __init__(
        self,
        users: Mapping[str, User],
        tickets: PassTickets,
        options: RacfOptions,
        profiles: Profiles | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.active = options.active
        """Whether RACF works; otherwise nobody signs on."""
        self.mixed_case = options.mixed_case
        self._options = options
        self._tickets = tickets
        self._users = {name: _Profile(user, user.password) for name, user in users.items()}
        self._resources = profiles or Profiles()
        self._clock = clock
        self._lock = RLock()

    # -- what an administrator does

    @property
    def revoked(self) -> frozenset[str]:
        """The users that are revoked now."""
        with self._lock:
            return frozenset(name for name, profile in self._users.items() if self._is_revoked(profile))

    def resume(self, user: str) -> None:
        """Give a revoked user back its access, as ALTUSER RESUME does. KeyError: there is no such user."""
        with self._lock:
            self._users[user] = replace(self._users[user], revoked=False, resumed=True, failures=0)

    def revoke(self, user: str) -> None:
        """Take a user's access away, as ALTUSER REVOKE does. KeyError: there is no such user."""
        with self._lock:
            self._users[user] = replace(self._users[user], revoked=True)

    def permit(self, kind: SafClass, resource: str, *names: str) -> None:
        """Let users and groups use a resource; see `Profiles.permit`."""
        self._resources.permit(kind, resource, *names)

    def forbid(self, kind: SafClass, resource: str, *names: str) -> None:
        """Take users and groups from a profile; see `Profiles.forbid`."""
        self._resources.forbid(kind, resource, *names)

    def unprotect(self, kind: SafClass, resource: str) -> None:
        """Delete a profile; see `Profiles.delete`."""
        self._resources.delete(kind, resource)

    # -- who somebody is

    def verify(self, user: str, password: Secret, group: str, application: str = "") -> RacfCode:
        """Judge a sign-on with a password or a PassTicket for `application`; see `sign_on`."""
        return self.sign_on(SignOnRequest(user, password, group, application))

    def look_up(self, user: str, group: str) -> RacfCode:
        """Judge a user without a password, as OTMA does."""
        return self.sign_on(SignOnRequest(user, None, group))

    def sign_on(self, request: SignOnRequest) -> RacfCode:
        """Judge a sign-on; wrong passwords in a row revoke the user.

        The password is looked at first (How RACF processes the password or PassTicket). unverified: revocation
        before the password; that a refused PassTicket counts like a wrong password; that a PassTicket opens a
        user whose password has expired, or who has none; the order group, terminal, application.
        """
        with self._lock:
            code = self._judge(request) if self.active else RacfCode.RACF_NOT_ACTIVE
        verify_exit = self._options.verify_exit
        if verify_exit is None:
            return code
        return RacfCode(verify_exit(request.user, request.group, request.application, int(code)))

    def change_password(self, request: SignOnRequest, new: Secret) -> RacfCode:
        """Verify the old password and put `new` in its place; one that has expired may be changed.

        A PassTicket does not do for the old password. unverified: that a wrong old password counts as a failure
        in a row; that a new password which is refused does not count.
        """
        with self._lock:
            if not self.active:
                return RacfCode.RACF_NOT_ACTIVE
            profile = self._users.get(request.user)
            code = self._judge(request, tickets=False)
            if profile is None or code not in {RacfCode.OK, RacfCode.PASSWORD_EXPIRED}:
                return code
            if not self._may_become(profile, new):
                return RacfCode.NEW_PASSWORD_INVALID
            old = () if profile.password is None else (profile.password,)
            history = (*old, *profile.history)[: self._options.password_history]
            self._users[request.user] = replace(
                self._users[request.user], password=new, changed=True, history=history
            )
        return RacfCode.OK

    def groups(self, user: str) -> frozenset[str]:
        """Return the groups a user works with; none for a user that is not defined."""
        with self._lock:
            profile = self._users.get(user)
        return profile.user.connected - {*profile.user.revoked_groups} if profile else frozenset()

    def current_group(self, user: str, group: str) -> str:
        """Return the group a sign-on runs under: the one that was named, else the user's default group."""
        with self._lock:
            profile = self._users.get(user)
        return group or (profile.user.default_group if profile else "")

    def access(self, kind: SafClass, resource: str, user: str) -> SafCode:
        """Say whether a user has READ access to a resource, by itself or by one of its groups."""
        return self._resources.check(kind, resource, {user, *self.groups(user)})

    # -- judging

    def _judge(self, request: SignOnRequest, *, tickets: bool = True) -> RacfCode:
        profile = self._users.get(request.user)
        if profile is None:
            return RacfCode.USER_NOT_DEFINED
        if self._is_revoked(profile):
            return RacfCode.REVOKED
        if request.password is not None:
            by_password = self._matches(profile, request.password, folded=request.folded)
            ticket = tickets and not by_password and self._accepts(request, request.password)
            if not by_password and not ticket:
                self._failed(request.user, profile)
                return RacfCode.PASSWORD_WRONG
            self._users[request.user] = replace(profile, failures=0)
            if by_password and not profile.changed and self._since(profile.user.expired):
                return RacfCode.PASSWORD_EXPIRED
        return self._may_enter(profile.user, request)

    def _may_enter(self, user: User, request: SignOnRequest) -> RacfCode:
        if request.group and request.group not in user.connected:
            return RacfCode.NOT_IN_GROUP
        if (request.group or user.default_group) in user.revoked_groups:
            return RacfCode.GROUP_REVOKED
        if self.access("TERMINAL", request.terminal, request.user) is SafCode.DENIED:
            return RacfCode.TERMINAL_NOT_AUTHORIZED
        if self.access("APPL", request.application, request.user) is SafCode.DENIED:
            return RacfCode.APPLICATION_NOT_AUTHORIZED
        return RacfCode.OK

    def _accepts(self, request: SignOnRequest, ticket: Secret) -> bool:
        return self._tickets.accept(request.user, request.application, ticket.reveal())

    def _matches(self, profile: _Profile, password: Secret, *, folded: bool) -> bool:
        if profile.password is None:
            return False
        given = password.reveal().upper() if folded else password.reveal()
        return hmac.compare_digest(self._as_kept(given), self._as_kept(profile.password.reveal()))

    def _as_kept(self, password: str) -> bytes:
        return (password if self.mixed_case else password.upper()).encode()

    def _may_become(self, profile: _Profile, new: Secret) -> bool:
        text = new.reveal()
        if not (1 <= len(text) <= MAX_PASSWORD and set(text) <= PASSWORD_CHARACTERS):
            return False
        old = (*(() if profile.password is None else (profile.password,)), *profile.history)
        return self._as_kept(text) not in {self._as_kept(one.reveal()) for one in old}

    def _is_revoked(self, profile: _Profile) -> bool:
        return profile.revoked or (not profile.resumed and self._since(profile.user.revoked))

    def _since(self, when: bool | date) -> bool:
        return self._clock.now().date() >= when if isinstance(when, date) else when

    def _failed(self, name: str, profile: _Profile) -> None:
        failures = profile.failures + 1
        revoked = 0 < self._options.max_bad_passwords <= failures
        self._users[name] = replace(profile, revoked=revoked, failures=failures)
