"""Tokens of programs: 256 random bits, of which only the hash is kept."""

import hashlib
import secrets
from typing import Final

PREFIX: Final = "imsgw_"
"""Says what it is to whoever, or whatever, finds one lying about."""
_BYTES: Final = 32


def new() -> str:
    """Return a new token."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """Return what the file has of a token. It is random, so a plain hash tells nothing of it."""
    return hashlib.sha256(token.encode()).hexdigest()
