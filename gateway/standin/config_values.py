"""Kinds of values that the tables of the stand-in share."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from gateway.config.values import MisfitError, Name8Needed, Words


def as_tuple(value: Any) -> Any:
    """Return a list of the file as the tuple that a frozen value holds."""
    return tuple(value) if isinstance(value, list) else value


def named(value: Any) -> Any:
    """Check the names of tables here, where the message can say which one it is."""
    if isinstance(value, Mapping):
        MisfitError.check({str(name): _misnamed(str(name)) for name in value})
    return value


def _misnamed(name: str) -> str | None:
    right = name.isascii() and 1 <= len(name) <= 8 and not name.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$")
    return None if right else "the name of the table must be 1 to 8 characters of A-Z 0-9 @ # $"


Names = Annotated[
    tuple[Name8Needed, ...],
    BeforeValidator(as_tuple),
    Words("a list of names of 1 to 8 characters of A-Z 0-9 @ # $"),
]
"""Users and groups, as `permit` names them."""
