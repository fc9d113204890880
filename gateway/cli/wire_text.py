"""Bytes that stand in a file as hexadecimal text: plain, or as xxd, hexdump -C, od, tcpdump -X, tshark do it.

A dump with offsets is held to them: where one does not say how many bytes came before, nothing is guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_OFFSET_COLON: Final = re.compile(r"\s*(?:0[xX])?([0-9A-Fa-f]{4,16}):(?:\s|$)")
_OFFSET_PLUS: Final = re.compile(r"\s*\+([0-9A-Fa-f]{3,16})(?:\s|$)")
_OFFSET_BARE: Final = re.compile(r"\s*([0-9A-Fa-f]{4,16})(?:\s|$)")
_FOLLOW: Final = re.compile(r"={8,}$|Follow: |Filter: |Node \d: ")
"""Lines around what `tshark -z follow,tcp,raw` prints."""
_NOISE: Final = re.compile(r"0[xX]|[xX]'|[\s'\",:;-]")
"""What may stand between the digits of plain hexadecimal text."""
_GUTTER: Final = re.compile(r"\s{2,}")
_SIGN: Final = re.compile(r"\||\s>")
_REPEAT: Final = "*"
MAX_REPEAT: Final = 100_000_000
"""Bytes that a line * may stand for, so that a damaged offset does not fill the memory."""


class HexTextError(ValueError):
    """The text is not what any of these programs print; says in which line."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


def is_text(data: bytes) -> bool:
    """Tell whether a file is text. A message never is: its lengths have zero bytes."""
    try:
        return b"\x00" not in data and bool(data.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        return False


def from_text(text: str) -> list[bytes]:
    """Return the bytes; a dump whose offsets begin again at zero gives several pieces, in their order.

    Everything from ``#`` to the end of a line is a comment. Raises HexTextError.
    """
    lines = [_Line(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for pattern in (_OFFSET_COLON, _OFFSET_PLUS):
        if any(pattern.match(line.text) for line in lines):
            # other lines stand around dumps, for example the heads of tcpdump's packets
            return _dumps([line for line in lines if pattern.match(line.text)], pattern, gutter=True)
    if _has_bare_offsets(lines):
        return _dumps(lines, _OFFSET_BARE, gutter=False)
    return [_plain(lines)]


def _has_bare_offsets(lines: list[_Line]) -> bool:
    """Tell whether the first word of each line says how many bytes came before."""
    words = [line.text.split() for line in lines]
    first = words[0]
    if not _is_offset(first[0], 0) or len(first) < 2:
        return False
    if len(words) == 1:
        # two blanks behind it, or single bytes: no word of data looks so
        return bool(re.match(r"\s*\S+(?:\s{2,}\S|\s\S\S\s)", lines[0].text))
    second = words[1][0]
    return second == _REPEAT or _is_offset(second, len(_digits(lines[0], first[0], gutter=False)) // 2)


def _is_offset(word: str, value: int) -> bool:
    return len(word) >= 4 and re.fullmatch(r"[0-9A-Fa-f]+", word) is not None and int(word, 16) == value


def _dumps(lines: list[_Line], pattern: re.Pattern[str], *, gutter: bool) -> list[bytes]:
    pieces: list[bytearray] = []
    row, repeats = b"", False
    for line in lines:
        if line.text.strip() == _REPEAT:
            repeats = True
            continue
        match = pattern.match(line.text)
        if match is None:
            raise HexTextError(f"line {line.number}: no offset in a dump with offsets")
        offset = int(match.group(1), 16)
        if not pieces or (offset == 0 and pieces[-1]):
            pieces.append(bytearray())
        if repeats:
            _repeat(pieces[-1], row, offset, line.number)
            repeats = False
        if offset != len(pieces[-1]):
            there = len(pieces[-1])
            raise HexTextError(f"line {line.number}: offset {offset} (X'{offset:X}') after {there} bytes")
        row = bytes.fromhex(_digits(line, match.group(), gutter=gutter))
        pieces[-1] += row
    if repeats:
        raise HexTextError("the dump ends in a line * that nothing follows")
    return [bytes(piece) for piece in pieces]


def _repeat(piece: bytearray, row: bytes, offset: int, number: int) -> None:
    """Put in what hexdump left out: the same row again, up to `offset`."""
    missing = offset - len(piece)
    if not row or missing < 0 or missing % len(row) or missing > MAX_REPEAT:
        raise HexTextError(f"line {number}: the rows behind * do not lead to offset {offset}")
    piece += row * (missing // len(row))


def _digits(line: _Line, offset: str, *, gutter: bool) -> str:
    """Return the hexadecimal digits between the offset and the column with the text."""
    rest = line.text.strip()[len(offset.strip()) :].strip()
    # the text in the last column may look like digits: two blanks come before it, or a sign
    column = _GUTTER if gutter else _SIGN
    digits = "".join(column.split(rest, maxsplit=1)[0].split())
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", digits) is None:
        raise HexTextError(f"line {line.number}: not pairs of hexadecimal digits behind the offset")
    return digits


def _plain(lines: list[_Line]) -> bytes:
    digits = "".join(_plain_digits(lines))
    if len(digits) % 2:
        raise HexTextError(f"{len(digits)} hexadecimal digits, an odd number")
    if not digits:
        raise HexTextError("no hexadecimal digits in it")
    return bytes.fromhex(digits)


def _plain_digits(lines: list[_Line]) -> Iterator[str]:
    for line in lines:
        text = line.text.partition("#")[0]
        if _FOLLOW.match(text):
            continue
        digits = _NOISE.sub("", text)
        if re.fullmatch(r"[0-9A-Fa-f]*", digits) is None:
            raise HexTextError(f"line {line.number}: not hexadecimal digits")
        yield digits
