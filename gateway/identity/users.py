"""From the name in a token to a RACF user: the table of users, or the name itself.

A name is compared exactly as it was written, case and all: what is folded, trimmed or cut could become somebody
else's. Nothing here proves anything; it says who a caller is whose token was believed.
"""

import re
from dataclasses import dataclass
from typing import Final

from gateway.config.model import UserRow, UsersTable
from gateway.errors import SecurityError, WssFault
from gateway.identity.userid import is_racf_user_id, racf_user_id
from gateway.wss.saml.names import USER_ITSELF
from gateway.wss.senders import is_sender
from gateway.wss.verdict import Claims

MAX_NAME: Final = 1024
"""Characters of a name that is looked up: longer than any distinguished name in use."""

_GROUP: Final = re.compile(r"\\([1-9])")
_NO_TABLE: Final = UsersTable()


@dataclass(frozen=True, slots=True)
class RacfUser:
    """A RACF user, and the group it signs on with; empty: the default group."""

    user: str
    group: str = ""


class Users:
    """Who is who at one service."""

    def __init__(self, table: UsersTable | None = None) -> None:
        self._table = table or _NO_TABLE

    def find(self, claims: Claims) -> RacfUser | None:
        """Return who the claims name; None when no row fits and the name itself is no RACF user id.

        Raises SecurityError: the row that fits leads to nobody, the user is on the deny list, or an attribute
        that decides is there twice or with another number of values than one.
        """
        if len(claims.user) > MAX_NAME:
            raise SecurityError.sign_on(f"identity.users: a name of {len(claims.user)} characters")
        for number, row in enumerate(self._table.rows, start=1):
            user = _fitting(row, claims)
            if user is not None:
                return self.allowed(RacfUser(_as_user_id(user, number), row.group))
        return self._itself(claims)

    def user_of(self, claims: Claims) -> RacfUser:
        """Return who the claims name. Raises SecurityError as `find` does, and when it is nobody."""
        found = self.find(claims)
        if found is None:
            raise SecurityError.sign_on("identity.users: no row fits, and the name is no RACF user id")
        return found

    def allowed(self, user: RacfUser) -> RacfUser:
        """Return the user. Raises SecurityError when it is on the deny list."""
        if user.user in self._table.deny:
            raise SecurityError.sign_on(f"identity.users: {user.user} is denied")
        return user

    def _itself(self, claims: Claims) -> RacfUser | None:
        if claims.name_format not in USER_ITSELF:
            return None  # an address or a distinguished name: only a row says who that is
        if not is_racf_user_id(claims.user):
            return None
        return self.allowed(RacfUser(racf_user_id(claims.user)))


def _as_user_id(user: str, number: int) -> str:
    try:
        return racf_user_id(user)
    except SecurityError:
        raise SecurityError.sign_on(f"identity.users: row {number} leads to no RACF user id") from None


def _fitting(row: UserRow, claims: Claims) -> str | None:
    """Return the user of a row that fits, the groups of its pattern put in; None when it does not fit."""
    if row.issuer and row.issuer != claims.issuer:
        return None
    if row.qualifier and row.qualifier != claims.qualifier:
        return None
    if row.certificate and not (claims.attesting and is_sender(claims.attesting, (row.certificate,))):
        return None
    value = _attribute(row, claims) if row.attribute else claims.user
    if value is None or (row.name and row.name != value):
        return None
    if row.pattern is None:
        return row.user
    groups = row.pattern.match(value) if len(value) <= MAX_NAME else None
    return None if groups is None else _filled(row.user, groups)


def _filled(template: str, groups: tuple[str | None, ...]) -> str:
    """Put in what the groups matched; empty, so nobody, when one that is needed took no part in the match."""
    parts = {number: groups[int(number) - 1] for number in _GROUP.findall(template)}
    if not all(parts.values()):
        return ""
    return _GROUP.sub(lambda found: parts[found[1]] or "", template)


def _attribute(row: UserRow, claims: Claims) -> str | None:
    """Return the value of the attribute that a row speaks of, None when the assertion does not have it."""
    space = row.attribute_namespace
    found = [
        attribute
        for attribute in claims.attributes
        if attribute.name == row.attribute and space in {None, attribute.space}
    ]
    if not found:
        return None
    values = [value for attribute in found for value in attribute.values]
    if len(found) > 1 or len(values) != 1:
        detail = f"identity.users: attribute {row.attribute} {len(found)} times, {len(values)} values"
        raise SecurityError.header(WssFault.INVALID_SECURITY_TOKEN, detail)
    return values[0]
