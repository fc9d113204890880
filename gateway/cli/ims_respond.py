"""`imsgw ims respond`."""

import json
from typing import Annotated, Final

import typer

from gateway.cli.ims_options import Way
from gateway.cli.ims_text import (
    DEFAULT_CCSID,
    CcsidOption,
    FileOption,
    HexOption,
    TextArgument,
    Writing,
    content,
)

TOKEN_BYTES: Final = 40


def _token(text: str) -> str:
    try:
        token = bytes.fromhex(text)
    except ValueError:
        token = b""
    if len(token) != TOKEN_BYTES:
        raise typer.BadParameter(f"a correlation token is {2 * TOKEN_BYTES} hexadecimal digits")
    return text


def respond(
    way: Way,
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN",
            help="Correlation token of the request, as drain prints it.",
            parser=_token,
            show_default=False,
        ),
    ],
    text: TextArgument = None,
    file: FileOption = None,
    hexadecimal: HexOption = False,
    ccsid: CcsidOption = DEFAULT_CCSID,
    reason: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Answer with an error: this number for AIBERRXT; 0: an error without number.",
        ),
    ] = None,
    no_ack: Annotated[
        bool, typer.Option("--no-ack", help="Do not wait for IMS's word that it took the answer.")
    ] = False,
) -> None:
    """Answer a synchronous callout (ICAL), with data or with an error.

    Any data store of the same IMS will do. Exit code 1: IMS did not take it, for example because it came late.

    Example: `imsgw ims respond 0028...40 "THE ANSWER"`
    """
    from gateway.cli.ims_way import target  # noqa: PLC0415  keeps --help quick
    from gateway.imsconnect import Interaction, InteractionVerb  # noqa: PLC0415

    writing = Writing.of(ccsid, ascii_=way.ascii_)
    given = content(text, file)
    if (given is None) == (reason is None):
        raise typer.BadParameter("needs TEXT, --file or --reason, one of them", param_hint="TEXT")
    data = writing.given(given, hexadecimal=hexadecimal) if given is not None else b""
    interaction = Interaction(
        verb=InteractionVerb.RESPOND if no_ack else InteractionVerb.RESPOND_ACKNOWLEDGED,
        segments=(data,) if data else (),
        correlation_token=bytes.fromhex(token),
        nak_reason=reason,
        execution_timeout_ms=way.timeout,
        socket_timeout_ms=way.socket_timeout_ms,
    )
    with target(way).connect() as connection:
        connection.run(interaction)
    if way.as_json:
        typer.echo(json.dumps({"token": token.upper(), "taken": None if no_ack else True}, indent=2))
    else:
        typer.echo("sent; nobody tells what becomes of it" if no_ack else "IMS has taken it", err=True)
