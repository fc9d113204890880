"""Passwords of local accounts: argon2id, and never more of it at once than a worker can bear."""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.exchange import Secret

MEMORY_KIB: Final = 47_104
PASSES: Final = 1
LANES: Final = 1
"""OWASP's Password Storage Cheat Sheet, the first of its choices for Argon2id."""
AT_ONCE: Final = 2
"""Passwords that one worker looks at at the same time: each takes the memory of its hash."""
MOST_WAITING: Final = 8
WAIT_SECONDS: Final = 5.0
SHORTEST: Final = 12
LONGEST: Final = 1024
"""Characters of a password; argon2 would take more, for nothing."""
_LONGEST_TYPED: Final = 2 * LONGEST
"""Characters that are looked at: letters with their accents apart are twice as many."""

_HASHER: Final = PasswordHasher(PASSES, MEMORY_KIB, LANES)


class BusyError(Exception):
    """Too many passwords are being looked at; the same may be tried again."""


def hashed(password: Secret) -> str:
    """Return the hash that goes into the file. ValueError, in words, where the password is no good."""
    length = len(password.reveal())
    if length < SHORTEST:
        raise ValueError(f"the password needs at least {SHORTEST} characters")
    if length > LONGEST:
        raise ValueError(f"the password may have {LONGEST} characters at most")
    return _HASHER.hash(_normal(password))


@cache
def decoy() -> str:
    """Return the hash of a password that nobody knows: to be verified where there is no account of a name.

    It is made once; ask for it whether or not there is an account, so that the first time tells nothing.
    """
    return _HASHER.hash(secrets.token_urlsafe(32))


class Passwords:
    """Verifies passwords, a few at a time. Thread-safe; one a worker."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._line = threading.BoundedSemaphore(AT_ONCE + MOST_WAITING)

    def verify(self, text: str, password: Secret) -> bool:
        """Tell whether a password is that of a hash. Raises BusyError."""
        with self._place():
            try:
                return _HASHER.verify(text, _normal(password))
            except (VerificationError, InvalidHashError):
                return False

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._line.acquire(blocking=False):
            raise BusyError
        try:
            if not self._places.acquire(timeout=WAIT_SECONDS):
                raise BusyError
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._line.release()


def _normal(password: Secret) -> str:
    """Return what was typed in one form: keyboards differ in how they make an accented letter.

    What is beyond any password is cut off before: bringing combining marks into order takes the square of their
    number, and holds the interpreter's lock. A form of them would stop a worker for seconds.
    """
    return unicodedata.normalize("NFC", password.reveal()[:_LONGEST_TYPED])
