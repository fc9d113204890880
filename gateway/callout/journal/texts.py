"""Texts from outside, made fit for a database."""

from typing import Final

LONGEST_REASON: Final = 2000
"""Characters of a reason that are kept."""


def cleaned(text: str) -> str:
    """Return a text that every database takes: PostgreSQL has no NUL, UTF-8 no lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
