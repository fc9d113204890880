"""`imsgw callout dead-letters show`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.callout_letters_home import facts, host_page, journal_of, plain
from gateway.cli.options import HomeOption, JsonOption
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.callout.journal.entries import Letter

_UTF_8: Final = 1208
_LAYOUT: Final = "\n\r\t"
"""Control characters that texts have."""


def show(
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Id, the beginning of it that no other has, or the message id (urn:uuid:...).",
            show_default=False,
        ),
    ],
    home: HomeOption = Path(),
    data: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Write the message, byte by byte, into a new file; -: to standard output, and nothing else.",
            show_default=False,
        ),
    ] = "",
    ccsid: Annotated[
        int | None,
        typer.Option(
            help="Encoding of the message, 1208 for UTF-8.",
            show_default="UTF-8 if it is that, else host_ccsid of its bundle",
        ),
    ] = None,
    as_hex: Annotated[bool, typer.Option("--hex", help="Show the message as a dump.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show an entry of the journal, waiting or dead, and its message.

    Example: `imsgw callout dead-letters show 5f3a`

    Example: `imsgw callout dead-letters show 5f3a --data message.bin`
    """
    if data == "-" and as_json:
        raise typer.BadParameter("- and --json exclude each other", param_hint="--data")
    _require_page(ccsid)
    with journal_of(home) as journal:
        found = journal.letter(id_)
    if found is None:
        typer.echo(f"{plain(id_)}: no entry begins so, or more than one does", err=True)
        raise typer.Exit(1)
    letter, message = found
    if data == "-":
        sys.stdout.buffer.write(message)
        sys.stdout.buffer.flush()
        return
    if data:
        _write(Path(data), message)
    text, page = _text(message, ccsid, home, letter.source.bundle)
    if as_json:
        whole = facts(letter) | {"ccsid": page, "text": text, "hex": message.hex().upper()}
        typer.echo(printed_json(whole))
        return
    _show_facts(letter)
    if not data:
        _show_message(message, None if as_hex else text, page)


def _show_facts(letter: "Letter") -> None:
    shown = facts(letter)
    shown["tpipe"] = f"{shown.pop('bundle')}/{shown['tpipe']}"
    shown["stage"] = {"call": "call of the service", "answer": "answer to IMS"}[shown["stage"]]
    for name in ("received", "changed"):
        shown[name] = shown[name][:19] + "Z"
    shown["size"] = f"{letter.size} bytes"
    for name, value in shown.items():
        if value:
            typer.echo(f"{name.replace('_', ' '):<11} {plain(str(value))}")


def _show_message(message: bytes, text: str | None, page: int | None) -> None:
    from gateway.cli.ims_text import visible  # noqa: PLC0415  keeps --help quick
    from gateway.imsconnect.wire.anatomy_lines import dump  # noqa: PLC0415

    typer.echo(f"\nmessage, {'a dump' if text is None else f'CCSID {page}'}:")
    for line in dump(message) if text is None else (visible(line) for line in text.splitlines()):
        typer.echo(line)


def _text(message: bytes, ccsid: int | None, home: Path, bundle: str) -> tuple[str, int] | tuple[None, None]:
    """Return the text and its encoding; None: it is no text in that."""
    from gateway.codepage import CodePage  # noqa: PLC0415  keeps --help quick

    if ccsid is None:
        text = _decoded(CodePage.of(_UTF_8), message)
        if text is not None and all(char.isprintable() or char in _LAYOUT for char in text):
            return text, _UTF_8
        ccsid = host_page(home, bundle)
    text = _decoded(CodePage.of(ccsid), message)
    return (None, None) if text is None else (text, ccsid)


def _decoded(page: Any, message: bytes) -> str | None:
    try:
        return str(page.decode(message))
    except UnicodeDecodeError:
        return None


def _require_page(ccsid: int | None) -> None:
    from gateway.codepage import CodePage  # noqa: PLC0415  keeps --help quick

    try:
        CodePage.of(ccsid or _UTF_8)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--ccsid") from error


def _write(path: Path, message: bytes) -> None:
    """Write a new file that only its owner reads; leaves with 1 where it cannot."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message)
    except OSError as error:
        typer.echo(f"{path}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from error
