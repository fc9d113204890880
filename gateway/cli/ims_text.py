"""Between what people type and read, and the bytes of segments."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.codepage import CodePage, UnmappableCharacter
from gateway.errors import GatewayError, M

if TYPE_CHECKING:
    from gateway.imsconnect import HeaderCode

DEFAULT_CCSID: Final = 37
SEGMENT_HEADER: Final = 4
"""LL and ZZ."""
CODE_WIDTH: Final = 8
VERIFICATION_CODE_WIDTH: Final = 10
_VERIFICATION: Final = re.compile(r"IVT[A-Z]{2}")
"""The transactions of IMS's installation verification, whose inputs have ten bytes for the code (DFSIVA3x)."""

TextArgument = Annotated[
    str | None, typer.Argument(metavar="TEXT", help="What is to be sent.", show_default=False)
]
CcsidOption = Annotated[int, typer.Option(help="EBCDIC code page of data; with --ascii it is ASCII.")]
HexOption = Annotated[bool, typer.Option("--hex", help="What is given to send is hexadecimal digits.")]
RawOption = Annotated[bool, typer.Option("--raw", help="Print what comes back as a dump.")]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", allow_dash=True, help="Send what stands in this file (UTF-8); - reads standard input."
    ),
]


@dataclass(frozen=True, slots=True)
class Writing:
    """How texts are written on this connection."""

    ccsid: int
    ascii: bool = False
    """The whole message is ASCII: IMS Connect translates."""

    @classmethod
    def of(cls, ccsid: int, *, ascii_: bool) -> "Writing":
        """Return a way of writing. Raises BadParameter for a code page that is not there."""
        try:
            CodePage.of(ccsid)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--ccsid") from error
        return cls(ccsid, ascii_)

    @property
    def page(self) -> int | None:
        """The code page of data for `gateway.imsconnect.texts`; None: that of the connection."""
        return None if self.ascii else self.ccsid

    @property
    def code(self) -> "HeaderCode":
        """The code of the header."""
        from gateway.imsconnect import HeaderCode  # noqa: PLC0415  keeps --help quick

        return HeaderCode.ASCII if self.ascii else HeaderCode.EBCDIC

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text. Raises GatewayError UNMAPPABLE, which names the character."""
        from gateway.imsconnect import texts  # noqa: PLC0415  keeps --help quick

        try:
            return texts.encoded(text, self.page, self.code)
        except UnmappableCharacter as error:
            ccsid = "367 (ASCII)" if self.ascii else str(self.ccsid)
            raise _unmappable(error.character, error.position, ccsid) from error

    def decode(self, data: bytes) -> str | None:
        """Return the text of bytes, None when they are not text in this code page."""
        from gateway.imsconnect import texts  # noqa: PLC0415  keeps --help quick

        try:
            return texts.decoded(data, self.page, self.code)
        except UnicodeDecodeError:
            return None

    def given(self, text: str, *, hexadecimal: bool) -> bytes:
        """Return the bytes of what was given. Raises BadParameter, GatewayError UNMAPPABLE."""
        if not hexadecimal:
            return self.encode(text)
        try:
            return bytes.fromhex(text)
        except ValueError as error:
            raise typer.BadParameter(f"{_short(text)!r} is not hexadecimal digits, two for a byte") from error

    def cut(self, data: bytes, longest: int) -> tuple[bytes, ...]:
        """Return segments of at most `longest` bytes with LL and ZZ; no character is cut in two."""
        from gateway.imsconnect import texts  # noqa: PLC0415  keeps --help quick

        width = longest - SEGMENT_HEADER
        return (data,) if len(data) <= width else texts.cut(data, self.page, code=self.code, longest=width)

    def facts(self, segment: bytes) -> dict[str, Any]:
        """Return a segment for JSON: its text, None where it is none, and its bytes."""
        return {"text": self.decode(segment), "hex": segment.hex().upper()}

    def lines(self, segment: bytes, *, raw: bool = False) -> list[str]:
        """Return a segment as a line of text, or as a dump where that was asked for or it is no text."""
        from gateway.imsconnect.wire.anatomy_lines import dump  # noqa: PLC0415  keeps --help quick

        text = None if raw else self.decode(segment)
        return list(dump(segment)) if text is None else [visible(text)]


def visible(text: str) -> str:
    r"""Return a text in which every character shows: others as Python writes them (``\x00``), ``\`` doubled.

    So it can be undone, and a terminal gets no control characters that came from IMS.
    """
    return "".join(one if one.isprintable() and one != "\\" else repr(one)[1:-1] for one in text)


def content(text: str | None, file: Path | None, *, param_hint: str = "TEXT") -> str | None:
    """Return what is to be sent: the argument, the file's content without its last new line, or nothing.

    Raises BadParameter when both are given, or the file cannot be read.
    """
    if file is None:
        return text
    if text is not None:
        raise typer.BadParameter("and --file exclude each other", param_hint=param_hint)
    try:
        found = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise typer.BadParameter(f"{file}: {words}", param_hint="--file") from error
    return found.removesuffix("\n").removesuffix("\r")


def code_field(transaction: str, width: int | None, writing: Writing) -> bytes:
    """Return the transaction code in its field. Raises BadParameter where IMS would read another code."""
    from gateway.imsconnect import texts  # noqa: PLC0415  keeps --help quick

    if width is None:
        width = VERIFICATION_CODE_WIDTH if _VERIFICATION.fullmatch(transaction) else CODE_WIDTH
    try:
        return texts.code_field(transaction, width, writing.code)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--code-width") from error


def _unmappable(character: str, position: int, ccsid: str) -> GatewayError:
    fields = {"character": f"U+{ord(character):04X}", "position": str(position), "ccsid": ccsid}
    return GatewayError(M.UNMAPPABLE, fields)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
