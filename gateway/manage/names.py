"""Names of services and bundles: what may become the name of a folder or file."""

import re
from typing import Final

from gateway.config.words import nearest, shown
from gateway.manage.results import ManageError, Why

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""As `config.read` takes them."""
_IGNORED: Final = re.compile(r".*~|.*\.(?:bak|orig|rej|sw[a-p]|tmp)|README.*", re.IGNORECASE)
"""Names that a home passes over (`config.read`)."""


def checked(kind: str, name: str) -> str:
    """Return a name that may be given to a service or bundle. Raises ManageError with WRONG."""
    if not _NAME.fullmatch(name):
        rule = "it has 1 to 64 characters of A-Z a-z 0-9 . _ - and begins with a letter or digit"
        text = f"{shown(name)!r} is no name of a {kind}: {rule}"
        raise ManageError(Why.WRONG, text)
    if _IGNORED.fullmatch(name):
        raise ManageError(Why.WRONG, f"{name!r} is a name that a home passes over, like those of backups")
    return name


def not_found(kind: str, name: str, known: list[str]) -> ManageError:
    """Return the error for a service or bundle that there is not."""
    near = nearest(name, known)
    hint = (
        f"; did you mean {near}?"
        if near
        else f"; there are: {', '.join(known)}"
        if known
        else "; there is none"
    )
    return ManageError(Why.NOT_FOUND, f"there is no {kind} {shown(name)!r}{hint}")
