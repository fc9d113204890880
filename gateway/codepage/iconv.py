"""The tables of mixed code pages out of the C library: iconv of glibc, which every Linux with glibc has.

Nothing else keeps them for Python: neither its library nor the package `ebcdic` has a page of two bytes, and
the binding of ICU comes without ICU. glibc's tables are IBM's (CDRA), as ICU's are. We ask for the meaning of
every byte and byte pair once and never let iconv at a message: it takes characters that come back as others.
Source: iconv(3).
"""

import ctypes
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateway.codepage.errors import CodePageNotServed

SHIFT_OUT: Final = 0x0E
SHIFT_IN: Final = 0x0F

# How EBCDIC's two-byte characters are made: X'4040' is the blank, all others have X'41' to X'FE' in both bytes.
_BLANK: Final = 0x4040
_WARDS: Final = range(0x41, 0xFF)

_UNICODE: Final = "UTF-16BE"
_FAILED: Final = ctypes.c_void_p(-1).value
_ROOM: Final = 64  # bytes for the answer to one character, with shifts

_INVARIANT: Final = "ABCXYZ 0189".encode("cp037")
_WHERE: Final = "glibc's gconv modules (Debian: libc6; Red Hat and Fedora: glibc-gconv-extra)"


@dataclass(frozen=True, slots=True)
class Tables:
    """What bytes and byte pairs of a mixed code page mean; which is written where several mean the same."""

    single: Mapping[int, str]
    double: Mapping[int, str]
    """By both bytes as one number."""
    preferred: Mapping[str, int]
    """The byte or pair to write for each character that has several."""


def read_tables(ccsid: int) -> Tables:
    """Return the tables of a mixed code page. Raises CodePageNotServed when the C library has none."""
    name = f"IBM{ccsid}"
    with _converter(ccsid, name, _UNICODE) as to_unicode:
        single = _texts(to_unicode, ((byte, bytes([byte])) for byte in _single_bytes()))
        double = _texts(to_unicode, ((pair, _shifted(pair)) for pair in _pairs()))
    if "".join(single.get(byte, "?") for byte in _INVARIANT) != _INVARIANT.decode("cp037"):
        raise CodePageNotServed(ccsid, f"what the C library calls {name} is not EBCDIC")
    meant = Counter((*single.values(), *double.values()))
    with _converter(ccsid, _UNICODE, name) as to_bytes:
        several = (character for character, times in meant.items() if times > 1)
        return Tables(single, double, {character: _written(to_bytes, character) for character in several})


class _Converter:
    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._iconv = library.iconv
        self._iconv.restype = ctypes.c_size_t
        self._handle = ctypes.c_void_p(handle)

    def convert(self, data: bytes) -> bytes | None:
        """Return what `data` is on the other side; None when it is nothing, or only nearly the same."""
        source, target = ctypes.create_string_buffer(data, len(data)), ctypes.create_string_buffer(_ROOM)
        read, written = (ctypes.c_char_p(ctypes.addressof(buffer)) for buffer in (source, target))
        left, room = ctypes.c_size_t(len(data)), ctypes.c_size_t(_ROOM)
        self._iconv(self._handle, None, None, None, None)
        arguments = (ctypes.byref(read), ctypes.byref(left), ctypes.byref(written), ctypes.byref(room))
        inexact = self._iconv(self._handle, *arguments)
        # back to the first shift state, which writes the last shift-in
        inexact += self._iconv(self._handle, None, None, *arguments[2:])
        return None if inexact or left.value else target.raw[: _ROOM - room.value]


@contextmanager
def _converter(ccsid: int, source: str, target: str) -> Iterator[_Converter]:
    try:
        library = ctypes.CDLL(None)
        opened, closed = library.iconv_open, library.iconv_close
    except (OSError, TypeError, AttributeError):
        raise CodePageNotServed(ccsid, f"its C library has no iconv; it takes {_WHERE}") from None
    opened.restype = ctypes.c_void_p
    handle = opened(target.encode(), source.encode())
    if handle is None or handle == _FAILED:
        raise CodePageNotServed(ccsid, f"its C library has no converter IBM{ccsid}; it is one of {_WHERE}")
    try:
        yield _Converter(library, handle)
    finally:
        closed(ctypes.c_void_p(handle))


def _single_bytes() -> Iterator[int]:
    return (byte for byte in range(256) if byte not in {SHIFT_OUT, SHIFT_IN})


def _pairs() -> Iterator[int]:
    yield _BLANK
    for ward in _WARDS:
        yield from (ward << 8 | point for point in _WARDS)


def _shifted(pair: int) -> bytes:
    return bytes([SHIFT_OUT, *pair.to_bytes(2), SHIFT_IN])


def _texts(converter: _Converter, asked: Iterator[tuple[int, bytes]]) -> dict[int, str]:
    answers = ((number, converter.convert(data)) for number, data in asked)
    texts = ((number, answer.decode(_UNICODE)) for number, answer in answers if answer)
    # no page here has characters that are two in Unicode; a table that did would need another encoder
    return {number: text for number, text in texts if len(text) == 1}


def _written(converter: _Converter, character: str) -> int:
    answer = converter.convert(character.encode(_UNICODE)) or b""
    return int.from_bytes(answer.strip(bytes([SHIFT_OUT, SHIFT_IN])))
