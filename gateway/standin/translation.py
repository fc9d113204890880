"""ASCII and EBCDIC: what the message exits do to data, with a plain table over every byte.

Source: Message translation. An ASCII IRM_ID has the exit translate transaction code and data on the way in
and the data on the way out, unless the client says that it translated itself (IRM_F5 X'40') or that the data
is Unicode.
"""

from typing import Final

from gateway.imsconnect.wire import F1, F5, HeaderCode, Irm
from gateway.standin.refusal import INVALID_UNICODE, RC_EXIT, Refusal

_BYTES: Final = bytes(range(256))
_TO_EBCDIC: Final = _BYTES.decode("latin-1").encode("cp037")
"""unverified: the exits' own table beyond printable ASCII; here code page 37 to ISO 8859-1."""
_TO_ASCII: Final = _BYTES.decode("cp037").encode("latin-1")

_UTF_8: Final = 1
_ASCII_BLANK: Final = b" "


def inbound(irm: Irm, segments: tuple[bytes, ...], *, with_code: bool = True) -> tuple[bytes, ...]:
    """Return the segments as the exit hands them to OTMA: the transaction code always in EBCDIC.

    `with_code`: they begin with it, as all do but the later inputs of a conversation.
    """
    if F1.UC in irm.f1 or F1.UCTC in irm.f1:
        return _unicode(irm, segments, with_code=with_code)
    if _translates(irm):
        return tuple(segment.translate(_TO_EBCDIC) for segment in segments)
    return segments


def outbound(irm: Irm, segments: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the segments of a reply as the exit sends them to the client of `irm`."""
    if F1.UC not in irm.f1 and _translates(irm):
        return tuple(segment.translate(_TO_ASCII) for segment in segments)
    return segments


def _translates(irm: Irm) -> bool:
    return irm.code is HeaderCode.ASCII and F5.NOTRANS not in irm.f5


def _unicode(irm: Irm, segments: tuple[bytes, ...], *, with_code: bool) -> tuple[bytes, ...]:
    if irm.encoding != _UTF_8:
        raise Refusal(
            RC_EXIT, INVALID_UNICODE, "of the Unicode encodings only UTF-8 (IRM_ES X'01') is read here"
        )
    if not segments or not with_code or not (F1.UCTC in irm.f1 or _translates(irm)):
        return segments
    first = segments[0]
    code = first[:8].split(_ASCII_BLANK, 1)[0]
    blanks = len(first) - len(code) - len(first[len(code) :].lstrip(_ASCII_BLANK))
    translated = first[: len(code) + blanks].translate(_TO_EBCDIC) + first[len(code) + blanks :]
    return (translated, *segments[1:])
