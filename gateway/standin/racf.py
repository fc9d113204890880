"""RACF as far as IMS Connect and OTMA ask it: who a user is, and which groups are theirs.

Return codes are those of RACROUTE REQUEST=VERIFY, as IMS Connect puts them into RSM_RACFRC.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from gateway.exchange import Secret
from gateway.standin.config import User
from gateway.standin.passticket import PassTickets


class RacfCode(IntEnum):
    """RACF return codes of a verification.

    unverified: the numbers, from memory of the RACROUTE macro reference.
    """

    OK = 0x00
    USER_NOT_DEFINED = 0x04
    PASSWORD_WRONG = 0x08
    PASSWORD_EXPIRED = 0x0C
    NOT_IN_GROUP = 0x14
    REVOKED = 0x1C


@dataclass(frozen=True, slots=True)
class _Profile:
    user: User
    revoked: bool = False
    failures: int = field(default=0)


class Racf:
    """The users, and what has happened to their passwords since the start."""

    def __init__(
        self, users: Mapping[str, User], tickets: PassTickets, *, mixed_case: bool, max_bad_passwords: int
    ) -> None:
        self._tickets = tickets
        self._profiles = {name: _Profile(user, user.revoked) for name, user in users.items()}
        self._mixed_case = mixed_case
        self._max_bad_passwords = max_bad_passwords

    @property
    def revoked(self) -> frozenset[str]:
        """The users that are revoked now."""
        return frozenset(name for name, profile in list(self._profiles.items()) if profile.revoked)

    def resume(self, user: str) -> None:
        """Give a revoked user back its access, as ALTUSER RESUME does."""
        self._profiles[user] = _Profile(self._profiles[user].user)

    def verify(self, user: str, password: Secret, group: str, application: str = "") -> RacfCode:
        """Judge a sign-on with a password or a PassTicket for `application`; failures in a row revoke the user.

        The password is looked at first (How RACF processes the password or PassTicket). unverified: revocation
        before the password; that a refused PassTicket counts like a wrong password; that a PassTicket opens a
        user whose password has expired, or who has none.
        """
        profile = self._profiles.get(user)
        if profile is None:
            return RacfCode.USER_NOT_DEFINED
        if profile.revoked:
            return RacfCode.REVOKED
        by_password = self._matches(profile.user, password)
        if not by_password and not self._tickets.accept(user, application, password.reveal()):
            self._failed(user, profile)
            return RacfCode.PASSWORD_WRONG
        self._profiles[user] = _Profile(profile.user)
        if by_password and profile.user.expired:
            return RacfCode.PASSWORD_EXPIRED
        return self._in_group(profile.user, group)

    def look_up(self, user: str, group: str) -> RacfCode:
        """Judge a user without a password, as OTMA does."""
        profile = self._profiles.get(user)
        if profile is None:
            return RacfCode.USER_NOT_DEFINED
        return RacfCode.REVOKED if profile.revoked else self._in_group(profile.user, group)

    def groups(self, user: str) -> frozenset[str]:
        """Return the groups a user is connected to; none for a user that is not defined."""
        profile = self._profiles.get(user)
        return frozenset(profile.user.groups) if profile else frozenset()

    def _matches(self, user: User, password: Secret) -> bool:
        if user.password is None:
            return False
        given, wanted = password.reveal(), user.password.reveal()
        if not self._mixed_case:
            given, wanted = given.upper(), wanted.upper()
        return hmac.compare_digest(given.encode(), wanted.encode())

    def _failed(self, name: str, profile: _Profile) -> None:
        failures = profile.failures + 1
        revoked = 0 < self._max_bad_passwords <= failures
        self._profiles[name] = _Profile(profile.user, revoked, failures)

    @staticmethod
    def _in_group(user: User, group: str) -> RacfCode:
        return RacfCode.OK if not group or group in user.groups else RacfCode.NOT_IN_GROUP
