"""The code pages of the host by CCSID: text to bytes and back, never with a guess.

EBCDIC X'15' is NL (U+0085) and X'25' is LF (U+000A) in every code page here, as in IBM's conversion tables
(CDRA). Where the tables come from: `single` (one byte a character) and `mixed` (one or two).
"""

from gateway.codepage.errors import CodePageNotServed, UnmappableCharacter
from gateway.codepage.page import MIXED, SUPPORTED, UTF_8, CodePage

__all__ = ["MIXED", "SUPPORTED", "UTF_8", "CodePage", "CodePageNotServed", "UnmappableCharacter"]
