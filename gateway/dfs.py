"""Messages of IMS itself in a transaction's output: ``DFS065 12:34:56 TRAN/LTERM STOPPED``.

IMS puts them where the program's answer would stand, as ordinary segments. Source: DFS messages (DFS, three or
four digits, a suffix or none; the time may stand behind the number); IMS messages overview (the suffixes);
ICO0079E; IMS Connect recorder trace for TM error scenarios (DFS065 and DFS1292E come as data). unverified:
which other errors come so, and which as a NAK.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.codepage import UTF_8, CodePage

HEADER_CCSID: Final = 37
"""What names and headers are in; text is read in it where nobody says."""

# D, F, S, the digits, the suffixes and the blank are the same bytes in every EBCDIC code page.
_EBCDIC: Final = re.compile(
    rb"(\xc4\xc6\xe2[\xf0-\xf9]{3,4})([\xc1\xc5\xc9\xe6\xe7]?)(?=[\x40\x00\x0d\x15\x25]|\Z)"
)
_ASCII: Final = re.compile(rb"(DFS[0-9]{3,4})([AEIWX]?)(?=[ \x00\r\n]|\Z)")

_INVARIANT: Final = 500
"""A code page for bytes that are not text in the page they are said to be in: letters and digits are right."""

SEVERITIES: Final[Mapping[str, str]] = {
    "A": "action is required before processing goes on",
    "E": "error; action may be required",
    "I": "information",
    "W": "warning of a possible error",
    "X": "must be corrected before IMS can run",
    "": "information",
}
"""What the suffix says. A message of information may come with the I or without."""

MEANINGS: Final[Mapping[str, str]] = {
    "DFS064": "there is no such transaction code or destination",
    "DFS065": "the transaction or logical terminal is stopped",
    "DFS555": "the program ended abnormally",
    "DFS0809": "OTMA had no acknowledgment in time and backed the transaction out",
    "DFS1292": "the user is not authorized to the transaction or command",
    "DFS1970": "IMS is shutting down; the transaction was discarded",
    "DFS2082": "the program ended without the reply that was due",
    "DFS2407": "purge and reroute were both asked for, so neither was done",
    "DFS2469": "the transaction was rejected for security reasons",
    "DFS3494": "OTMA had no acknowledgment of output in time",
    "DFS3649": "IMS asks for a sign-on",
    "DFS4199": "synchronous callout requests wait, and only asynchronous output was asked for",
    "DFS7444": "RESUME TPIPE could not be processed",
    "DFS9123": "the reroute name was not valid; HWS$DEF was taken",
}
"""What is known of a message, by its number without suffix."""

NOT_AUTHORIZED: Final = frozenset({"DFS1292", "DFS2469"})
"""Messages that say that the user may not run the transaction."""


@dataclass(frozen=True, slots=True)
class DfsMessage:
    """A message of IMS: ``DFS555I TRAN ...``."""

    number: str
    """DFS and three or four digits, without the suffix: ``DFS555``."""
    severity: str
    """The suffix: A, E, I, W, X, or empty; a key of `SEVERITIES`."""
    text: str = field(repr=False)
    """The whole message, number and all segments, in printable characters. It may hold data of the caller."""

    @property
    def identifier(self) -> str:
        """Number and suffix, as manuals list it: ``DFS555I``."""
        return self.number + self.severity

    @property
    def meaning(self) -> str:
        """What the message says in words; empty for one that is not in `MEANINGS`."""
        return MEANINGS.get(self.number, "")

    @property
    def not_authorized(self) -> bool:
        """Tell whether it says that the user may not do this."""
        return self.number in NOT_AUTHORIZED


def find_dfs(segments: tuple[bytes, ...], ccsid: int = HEADER_CCSID) -> DfsMessage | None:
    """Return the message of IMS that an output is, None when it is a program's.

    `segments` are without LL and ZZ; only how the first begins is looked at. The number is found in any EBCDIC
    code page and in ASCII; `ccsid` is for text in EBCDIC. Raises ValueError for a CCSID that is not supported.
    """
    first = segments[0] if segments else b""
    if found := _EBCDIC.match(first):
        page = CodePage.of(_INVARIANT if ccsid == UTF_8 else ccsid)
        number, severity = (part.decode("cp037") for part in found.groups())
        return DfsMessage(number, severity, _printable(" ".join(_text(page, part) for part in segments)))
    if found := _ASCII.match(first):
        number, severity = (part.decode("ascii") for part in found.groups())
        text = b" ".join(segments).decode("ascii", "replace").replace("\ufffd", "?")
        return DfsMessage(number, severity, _printable(text))
    return None


def _text(page: CodePage, segment: bytes) -> str:
    try:
        return page.decode(segment)
    except ValueError:
        return CodePage.of(_INVARIANT).decode(segment)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()
