"""Texts of strangers, made fit for a record: bounded, and valid Unicode. Each format knows its delimiters."""

import re
from typing import Final

NAME: Final = 255
"""Most characters of a name, a path, an address: what QRadar takes for a user's."""
REASON: Final = 1000
"""Most characters of a reason, or of a certificate's subject with its fingerprint."""
CUT: Final = "..."

_LONE: Final = re.compile("[\ud800-\udfff]")
"""Half a surrogate pair cannot be written as UTF-8."""


def bounded(text: str, most: int = NAME) -> str:
    """Return a text of at most so many characters, dots at its end where it was cut, without half pairs."""
    if len(text) > most:
        text = text[: most - len(CUT)] + CUT
    return text if text.isascii() else _LONE.sub("\ufffd", text)
