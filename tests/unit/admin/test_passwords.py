"""Passwords of local accounts; NFC is that of the Unicode Standard, annex 15."""

import unicodedata

import pytest

from gateway.admin import passwords
from gateway.admin.passwords import LONGEST, Passwords, hashed
from gateway.exchange import Secret


def test_a_password_is_the_same_however_its_accents_were_typed() -> None:
    text = hashed(Secret("g\u00e9n\u00e9rale-12345"))
    assert Passwords().verify(text, Secret("ge\u0301ne\u0301rale-12345"))
    assert not Passwords().verify(text, Secret("generale-12345"))


def test_the_longest_password_is_taken_and_one_character_more_is_another() -> None:
    text = hashed(Secret("x" * LONGEST))
    assert Passwords().verify(text, Secret("x" * LONGEST))
    assert not Passwords().verify(text, Secret("x" * (LONGEST + 1)))
    with pytest.raises(ValueError, match="at most"):
        hashed(Secret("x" * (LONGEST + 1)))


def test_what_is_beyond_any_password_is_not_brought_into_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Combining marks in turn take the square of their number: a form of them stops a worker for seconds."""
    lengths: list[int] = []

    class Watched:
        @staticmethod
        def normalize(form: str, text: str) -> str:
            lengths.append(len(text))
            return unicodedata.normalize(form, text[:100])  # type: ignore[arg-type]  # the stubs name four

    text = hashed(Secret("right-password"))
    monkeypatch.setattr(passwords, "unicodedata", Watched)
    assert not Passwords().verify(text, Secret("a" + "\u0301\u0316" * 60_000))
    assert lengths == [2 * LONGEST]
