"""`imsgw callout dead-letters show`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from gateway.cli.callout_letters_home import facts, host_page, journal_of, plain
from gateway.cli.options import HomeOption, JsonOption
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.callout.journal.entries import Letter, OpenedLetter

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
    answer: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Write its service's answer, as it goes to IMS, likewise.", show_default=False
        ),
    ] = "",
    ccsid: Annotated[
        int | None,
        typer.Option(
            help="Encoding of message and answer, 1208 for UTF-8.",
            show_default="UTF-8 if it is that, else host_ccsid of its bundle",
        ),
    ] = None,
    as_hex: Annotated[bool, typer.Option("--hex", help="Show message and answer as dumps.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show an entry of the journal, waiting or dead, its message, and the answer that IMS is yet to get.

    Example: `imsgw callout dead-letters show 5f3a`

    Example: `imsgw callout dead-letters show 5f3a --data message.bin`

    Example: `imsgw callout dead-letters show 5f3a --answer answer.bin`
    """
    files = _require_files({"--data": data, "--answer": answer}, as_json=as_json)
    _require_page(ccsid)
    opened = _opened(home, id_)
    parts = {"--data": opened.data}
    if opened.answer is not None:
        parts["--answer"] = opened.answer
    if files.keys() - parts.keys():
        typer.echo(f"{opened.letter.id}: there is no answer, its service is to be called", err=True)
        raise typer.Exit(1)
    for option, file in files.items():
        _hand_out(file, parts[option])
    if "-" in files.values():
        return
    shown = {
        option: _Shown.of(part, ccsid, home, opened.letter.source.bundle) for option, part in parts.items()
    }
    if as_json:
        answered = shown.get("--answer")
        whole = facts(opened.letter) | shown["--data"].facts()
        whole["answer"] = answered and {"size": len(answered.data)} | answered.facts()
        typer.echo(printed_json(whole))
        return
    _show_facts(opened.letter)
    for option, each in shown.items():
        if option not in files:
            what = "message" if option == "--data" else f"answer for IMS, {len(each.data)} bytes"
            each.show(what, as_hex=as_hex)


class _Shown(NamedTuple):
    """Bytes, and the text that they are in an encoding; without both where they are none."""

    data: bytes
    text: str | None
    page: int | None

    @classmethod
    def of(cls, data: bytes, ccsid: int | None, home: Path, bundle: str) -> "_Shown":
        """Find the encoding, where `ccsid` does not say it."""
        return cls(data, *_text(data, ccsid, home, bundle))

    def facts(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"ccsid": self.page, "text": self.text, "hex": self.data.hex().upper()}

    def show(self, what: str, *, as_hex: bool) -> None:
        """Print it as text, or as a dump."""
        from gateway.cli.ims_text import visible  # noqa: PLC0415  keeps --help quick
        from gateway.imsconnect.wire.anatomy_lines import dump  # noqa: PLC0415

        text = None if as_hex else self.text
        typer.echo(f"\n{what}, {'a dump' if text is None else f'CCSID {self.page}'}:")
        for line in dump(self.data) if text is None else (visible(line) for line in text.splitlines()):
            typer.echo(line)


def _opened(home: Path, id_: str) -> "OpenedLetter":
    """Return what is meant; leaves with 1 where it is no entry."""
    with journal_of(home) as journal:
        found = journal.letter(id_)
    if found is None:
        typer.echo(f"{plain(id_)}: no entry begins so, or more than one does", err=True)
        raise typer.Exit(1)
    return found


def _require_files(told: dict[str, str], *, as_json: bool) -> dict[str, str]:
    """Return the options that name a file, with it; only one thing can go to standard output."""
    files = {option: file for option, file in told.items() if file}
    for option, file in files.items():
        if file == "-" and (as_json or len(files) > 1):
            other = "--json" if as_json else "another file"
            raise typer.BadParameter(f"- and {other} exclude each other", param_hint=option)
    return files


def _hand_out(file: str, data: bytes) -> None:
    """Write to a new file or to standard output; leaves with 1 where it cannot."""
    if file == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    _write(Path(file), data)


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
