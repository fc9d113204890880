"""Texts as they may be shown: what is said of secrets in them, what looks like one, and what may hold one."""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Final

MASK: Final = "***"
"""Stands for a value, whatever its length."""
CONTAINED: Final = 6
"""A name of so many letters is masked inside of others, too: NewPassword1. A shorter one as a word: userPin."""
_LETTERS: Final = re.compile(r"[\W_]+")
_MARKUP: Final = re.compile(r"<[A-Za-z/!?_]|&(?:lt|#60|#x3c);", re.IGNORECASE)
_CREDENTIALS: Final = re.compile(
    r"(?<![A-Za-z0-9])(?i:bearer|basic|negotiate)\s{1,10}(?=\S{0,200}[0-9=]|\S{20})[A-Za-z0-9+/=._~-]{6}"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,4}"
)
"""What `Authorization` holds, and JSON Web Tokens (RFC 7519), wherever they stand."""
_CODED: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_CODED_STARTS: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<[A-Za-z!?_]|\xff\xfe<\x00|\xfe\xff\x00<|\x1f\x8b\x08|PK\x03\x04|\{\s*\"|-----BEGIN"
)
"""XML, gzip, zip, JSON, PEM."""
_USER: Final = re.compile(r"://[^/\s@]{1,200}@")
_PAN: Final = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")


def plain(text: str, spoken_of: re.Pattern[str]) -> str:
    """Return a text that may be shown in place of this one. `spoken_of`: as `spoken` makes it."""
    if not text or text.isspace():
        return text
    if _MARKUP.search(text):
        return f"({len(text)} characters with markup: not shown)"
    if spoken_of.search(text) or _CREDENTIALS.search(text):
        return MASK
    if _is_coded(text):
        return f"({len(text)} characters of base64: not shown)"
    return _PAN.sub(_card, _USER.sub(f"://{MASK}@", text))


def folded(name: str) -> str:
    """Return a name without what does not count in it: case, hyphens, underscores."""
    return _LETTERS.sub("", name.casefold())


def spoken(folded_names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds `password=`, `"newPassword":`, `userPin: ` in a text: as in names of elements."""
    longest = sorted(folded_names, key=len, reverse=True)
    inside = "|".join("[ _-]?".join(map(re.escape, name)) for name in longest if len(name) >= CONTAINED)
    words = "|".join(map(re.escape, longest))
    if not words:
        return re.compile(r"(?!)")
    begins = r"(?<![A-Za-z])|(?<=[a-z])(?=[A-Z])"
    names = rf"(?:{begins})(?i:{words})" + (rf"|(?i:{inside})" if inside else "")
    return re.compile(rf"(?:{names})[A-Za-z0-9_-]{{0,40}}[\"']?\s{{0,40}}[:=]")


def _is_coded(text: str) -> bool:
    """Tell base64 (RFC 4648, 4 and 5) of markup, or of something packed: an assertion may stand in it."""
    start = "".join(text[:200].split())[:48]
    if not _CODED.fullmatch(start):
        return False
    head = start.rstrip("=").replace("-", "+").replace("_", "/")
    head = head[: len(head) // 4 * 4]
    try:
        data = base64.b64decode(head, validate=True)
    except binascii.Error:
        return False
    return bool(_CODED_STARTS.match(data))


def _card(found: re.Match[str]) -> str:
    """Mask digits that check as a card number does (ISO/IEC 7812-1, annex B), but for the last four."""
    digits = [int(char) for char in found[0] if char.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    valid = (sum(digits[-1::-2]) + doubled) % 10 == 0
    return f"{MASK}{found[0][-4:]}" if valid else found[0]
