"""Who is signed in, and what a role may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each role includes those before it."""

    VIEWER = "viewer"
    """Looks."""
    OPERATOR = "operator"
    """Changes."""

    def allows(self, needed: "Role") -> bool:
        """Tell whether who has this role may do what needs the other."""
        return self is Role.OPERATOR or needed is Role.VIEWER


class How(StrEnum):
    """How a person has shown who it is."""

    ACCOUNT = "account"
    """Name and password of a local account."""
    TOKEN = "token"  # noqa: S105  a word, no secret
    SSO = "sso"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or a program, who has signed in."""

    name: str
    role: Role
    how: How
