"""What RACF is asked, how it is set, and its return codes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from gateway.exchange import Secret


class RacfCode(IntEnum):
    """RACF return codes of a verification (RACROUTE Macro Reference, RACINIT return codes)."""

    OK = 0x00
    USER_NOT_DEFINED = 0x04
    PASSWORD_WRONG = 0x08
    PASSWORD_EXPIRED = 0x0C
    NEW_PASSWORD_INVALID = 0x10
    NOT_IN_GROUP = 0x14
    FAILED_BY_EXIT = 0x18
    REVOKED = 0x1C
    RACF_NOT_ACTIVE = 0x20
    GROUP_REVOKED = 0x24
    TERMINAL_NOT_AUTHORIZED = 0x30
    APPLICATION_NOT_AUTHORIZED = 0x34


VerifyExit = Callable[[str, str, str, int], int]
"""An exit like ICHRIX02: user, group, application and return code in, return code out."""


@dataclass(frozen=True, slots=True)
class RacfOptions:
    """How RACF is set."""

    mixed_case: bool = False
    """SETROPTS PASSWORD(MIXEDCASE)."""
    max_bad_passwords: int = 3
    """SETROPTS PASSWORD(REVOKE()); 0: never."""
    password_history: int = 0
    """SETROPTS PASSWORD(HISTORY())."""
    active: bool = True
    verify_exit: VerifyExit | None = None


@dataclass(frozen=True, slots=True)
class SignOnRequest:
    """One RACROUTE REQUEST=VERIFY."""

    user: str
    password: Secret | None
    """None: the caller vouches for the user (PASSCHK=NO)."""
    group: str = ""
    application: str = ""
    terminal: str = ""
    """The client's address as class TERMINAL names it: IPv4, eight hexadecimal digits; empty: unknown."""
    folded: bool = False
    """IMS Connect has folded the password to upper case (PSWDMC). A PassTicket never is."""
