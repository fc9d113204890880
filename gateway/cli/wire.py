"""`imsgw wire`."""

import sys
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.options import JsonOption
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.imsconnect.wire.anatomy import Field
    from gateway.imsconnect.wire.anatomy_stream import Captured, Told

app = typer.Typer(no_args_is_help=True)

CAPTURE_FILES: Final = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\x0a\x0d\x0d\x0a")
"""How pcap and pcapng files begin."""
TSHARK: Final = "tshark -r FILE.pcap -q -z follow,tcp,raw,0"


class From(StrEnum):
    """Who sent the messages."""

    CLIENT = "client"
    IMS_CONNECT = "ims-connect"


class ReplyExit(StrEnum):
    """Exit whose replies these are."""

    HWSSMPL0 = "HWSSMPL0"
    HWSSMPL1 = "HWSSMPL1"


@app.callback()
def wire() -> None:
    """Look into the bytes between clients and IMS Connect.

    Example: `imsgw wire decode capture.bin`
    """


@app.command("decode")
def decode(
    file: Annotated[str, typer.Argument(metavar="FILE", help="File with the bytes; - reads standard input.")],
    sender: Annotated[
        From | None, typer.Option("--from", help="Who sent them; without it each message shows that itself.")
    ] = None,
    exit_: Annotated[
        ReplyExit | None,
        typer.Option("--exit", help="Exit of the replies, where they do not show it: HWSSMPL0 sends no LLLL."),
    ] = None,
    ascii_: Annotated[
        bool, typer.Option("--ascii", help="Headers are in ASCII, where they do not show it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Explain captured messages of clients and IMS Connect, byte by byte.

    FILE holds one message or several, one after the other: as they are, or as hexadecimal text with or without
    offsets, for example what xxd, hexdump -C or tcpdump -X print. Passwords, password changes and IRM
    extensions of a site's own are never shown.

    Of a capture file the bytes of one connection (here the first, 0) come out so:

    `tshark -r FILE.pcap -q -z follow,tcp,raw,0 | imsgw wire decode -`

    Exit code 0: all was read, 1: something is damaged, and it says what and where, 2: wrong usage.

    Example: `imsgw wire decode capture.bin`

    Example: `echo 00000010 000C1002 5CC3E2D4 D6D2E85C | imsgw wire decode -`
    """
    from gateway.imsconnect.wire.anatomy_stream import captured, foreign  # noqa: PLC0415  keeps --help quick

    data = _bytes(_contents(file))
    found = [(message, list(message.fields())) for message in captured(data, _told(sender, exit_, ascii_))]
    if as_json:
        told = [_as_json(number, message, fields) for number, (message, fields) in enumerate(found, 1)]
        typer.echo(printed_json(told))
    else:
        for number, (message, fields) in enumerate(found, 1):
            _show(number, message, fields)
    damage = [_damage(number, fields) for number, (_, fields) in enumerate(found, 1) if not fields[-1].readable]
    if not found or damage:
        other = foreign(data)
        lines = [f"this looks like {other}"] if other else damage or ["there are no bytes in it"]
        typer.echo("\n".join(lines), err=True)
        raise typer.Exit(1)


def _damage(number: int, fields: "list[Field]") -> str:
    last = fields[-1]
    return f"message {number} from offset {last.offset} (X'{last.offset:X}') on {last.meaning}"


def _contents(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{name}: {error.strerror}", param_hint="FILE") from error


def _bytes(contents: bytes) -> bytes:
    """Return the messages of a file: its bytes, or those its text stands for."""
    from gateway.cli.wire_packets import PacketError, payload  # noqa: PLC0415  keeps --help quick
    from gateway.cli.wire_text import HexTextError, from_text, is_text  # noqa: PLC0415

    if contents[:4] in CAPTURE_FILES:
        raise typer.BadParameter(f"a capture file; give me what this prints: {TSHARK}", param_hint="FILE")
    if not is_text(contents):
        return contents
    try:
        pieces = from_text(contents.decode("utf-8-sig"))
        carried = payload(pieces)
    except (HexTextError, PacketError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    return b"".join(pieces) if carried is None else carried


def _told(sender: From | None, exit_: ReplyExit | None, ascii_: bool) -> "Told":
    from gateway.imsconnect.wire import Exit, HeaderCode  # noqa: PLC0415  keeps --help quick
    from gateway.imsconnect.wire.anatomy_stream import Sender, Told  # noqa: PLC0415

    return Told(
        None if sender is None else Sender(sender.value),
        None if exit_ is None else Exit[exit_.value],
        HeaderCode.ASCII if ascii_ else None,
    )


def _show(number: int, message: "Captured", fields: "list[Field]") -> None:
    from gateway.imsconnect.wire.anatomy_lines import rows  # noqa: PLC0415  keeps --help quick

    length = len(message.data)
    way = "client > IMS Connect" if message.sender.value == "client" else "IMS Connect > client"
    head = f"message {number}: {way}, {length} bytes at offset {message.offset} (X'{message.offset:X}')"
    refusal = _refusal(message, fields)
    lines = chain(["", head] if number > 1 else [head], rows(fields, dumps=True), [refusal] if refusal else [])
    typer.echo("\n".join(lines))


def _refusal(message: "Captured", fields: "list[Field]") -> str:
    """Return what IMS Connect would refuse a client's message for, empty for a good one."""
    from gateway.imsconnect.wire import InputViolation, decode_input  # noqa: PLC0415  keeps --help quick

    if message.sender.value != "client" or not all(field.readable for field in fields):
        return ""
    try:
        decode_input(message.data)
    except InputViolation as violation:
        return f"IMS Connect refuses it: {violation}"
    return ""


def _as_json(number: int, message: "Captured", fields: "list[Field]") -> dict[str, Any]:
    return {
        "number": number,
        "from": message.sender.value,
        "exit": message.exit.name,
        "code": message.code.name,
        "offset": message.offset,
        "length": len(message.data),
        "damaged": not all(field.readable for field in fields),
        "refused": _refusal(message, fields) or None,
        "fields": [
            {
                "offset": field.offset,
                "name": field.name,
                "length": len(field.data),
                "hex": None if field.hidden else field.data.hex().upper(),
                "hidden": field.hidden,
                "meaning": field.meaning,
            }
            for field in fields
        ],
    }
