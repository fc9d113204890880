"""RACF user ids and passwords: what may go into the 8-byte fields of the IRM.

Nothing is cut, folded from other scripts or replaced: a name that does not fit is refused, since a repaired
name could be somebody else's.
"""

import re

from gateway.errors import SecurityError
from gateway.exchange import Secret

_USER_ID = re.compile(r"[A-Za-z0-9@#$]{1,8}", re.ASCII)


def is_racf_user_id(name: str) -> bool:
    """Tell whether a name is 1-8 of A-Z 0-9 @ # $, in either case."""
    return _USER_ID.fullmatch(name) is not None


def racf_user_id(name: str) -> str:
    """Return the user id in upper case. Raises SecurityError when it is not 1-8 of A-Z 0-9 @ # $."""
    if not is_racf_user_id(name):
        raise SecurityError.sign_on(f"identity.user: a name of {len(name)} characters is no RACF user id")
    return name.upper()


def racf_password(password: Secret) -> Secret:
    """Return the password as it is. Raises SecurityError when IRM_RACF_PW cannot carry it.

    RACF passwords are checked in code page 37 (APAR PI48112), so a character outside it can never be right,
    and neither can a control character.
    """
    text = password.reveal()
    try:
        text.encode("cp037")
    except UnicodeEncodeError:
        raise SecurityError.sign_on("identity.password: a character outside code page 37") from None
    if not text or not text.isprintable():
        raise SecurityError.sign_on("identity.password: empty or with control characters")
    return password
