"""`imsgw ims send`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli.ims_options import Way
from gateway.cli.ims_reply import show_reply
from gateway.cli.ims_text import (
    DEFAULT_CCSID,
    CcsidOption,
    FileOption,
    HexOption,
    RawOption,
    TextArgument,
    Writing,
    code_field,
    content,
)

if TYPE_CHECKING:
    from gateway.imsconnect import InteractionVerb, Undeliverable

COMMIT: Final = "Commit and delivery"

TransactionArgument = Annotated[
    str, typer.Argument(metavar="TRAN", help="Transaction code.", show_default=False)
]
CodeWidthOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=256,
        show_default="8; 10 for IMS's IVTxx",
        help="Characters that the program's input has for the code.",
    ),
]
LtermOption = Annotated[str, typer.Option(help="LTERM override: what the program finds in its I/O PCB.")]
ModNameOption = Annotated[str, typer.Option(help="MFS MOD name of the input.")]
ShowModNameOption = Annotated[bool, typer.Option("--show-mod-name", help="Ask for the MOD name of the output.")]


class SyncLevelName(StrEnum):
    """Sync level."""

    NONE = "none"
    CONFIRM = "confirm"


SyncLevelOption = Annotated[
    SyncLevelName | None,
    typer.Option(
        help="With confirm the change is committed once we have the answer.",
        show_default="none with commit mode 1, confirm with 0",
        rich_help_panel=COMMIT,
    ),
]


def send(
    way: Way,
    transaction: TransactionArgument,
    text: TextArgument = None,
    file: FileOption = None,
    segment: Annotated[
        list[str] | None, typer.Option(help="A further segment; may be repeated.", show_default=False)
    ] = None,
    hexadecimal: HexOption = False,
    code_width: CodeWidthOption = None,
    ccsid: CcsidOption = DEFAULT_CCSID,
    raw: RawOption = False,
    lterm: LtermOption = "",
    mod_name: ModNameOption = "",
    show_mod_name: ShowModNameOption = False,
    commit_mode: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=1,
            show_default="1; 0 for --send-only",
            help="0: commit, then send; 1: send, then commit.",
            rich_help_panel=COMMIT,
        ),
    ] = None,
    sync_level: SyncLevelOption = None,
    send_only: Annotated[
        bool, typer.Option("--send-only", help="Wait for no answer.", rich_help_panel=COMMIT)
    ] = False,
    ack: Annotated[
        bool,
        typer.Option("--ack", help="With --send-only: hear that IMS has queued it.", rich_help_panel=COMMIT),
    ] = False,
    in_order: Annotated[
        bool,
        typer.Option(
            "--in-order", help="With --send-only: processed in the order sent.", rich_help_panel=COMMIT
        ),
    ] = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="Drop output that cannot be delivered.", rich_help_panel=COMMIT)
    ] = False,
    reroute: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Put output that cannot be delivered on this tpipe.", rich_help_panel=COMMIT
        ),
    ] = "",
    hold: Annotated[
        bool,
        typer.Option(
            "--hold",
            help="Keep output that cannot be delivered on the client id's tpipe.",
            rich_help_panel=COMMIT,
        ),
    ] = False,
    expires: Annotated[
        bool,
        typer.Option(
            "--expires", help="IMS drops it when it has not begun within --timeout.", rich_help_panel=COMMIT
        ),
    ] = False,
) -> None:
    r"""Run a transaction and print what it answers, a line a segment.

    TEXT follows the code's field. A text that is longer than a segment is cut. Characters that do not show are
    printed as \\x00, a backslash twice. Exit code 1: refused, failed, or IMS answered with a DFS message.

    Example: `imsgw ims send IVTNO "DISPLAY LAST1"`

    Example: `imsgw ims send ORDERS --file order.txt --send-only --ack --user ALICE`
    """
    from gateway.cli.ims_way import target  # noqa: PLC0415  keeps --help quick
    from gateway.exchange import CommitMode, SyncLevel  # noqa: PLC0415
    from gateway.imsconnect import Interaction  # noqa: PLC0415

    writing = Writing.of(ccsid, ascii_=way.ascii_)
    code = transaction.upper()
    first = code_field(code, code_width, writing)
    first += writing.given(content(text, file) or "", hexadecimal=hexadecimal)
    others = [writing.given(each, hexadecimal=hexadecimal) for each in segment or ()]
    verb = _verb(send_only=send_only, ack=ack)
    where = target(way)
    pieces = [piece for data in (first, *others) for piece in writing.cut(data, where.max_segment_bytes)]
    interaction = Interaction(
        verb=verb,
        transaction=code,
        segments=tuple(pieces),
        commit_mode=None if commit_mode is None else CommitMode(commit_mode),
        sync_level=None if sync_level is None else SyncLevel(sync_level.value),
        lterm=lterm.upper(),
        mod_name=mod_name.upper(),
        return_mod_name=show_mod_name,
        execution_timeout_ms=way.timeout,
        socket_timeout_ms=way.socket_timeout_ms,
        expires=expires,
        in_order=in_order,
        undeliverable=_fate(purge=purge, reroute=reroute, hold=hold),
        reroute_name=reroute.upper(),
    )
    with where.connect() as connection:
        reply = connection.run(interaction)
    if verb.sends and not way.as_json:
        typer.echo("IMS has queued it" if ack else "sent; nobody tells what becomes of it", err=True)
        return
    show_reply(reply, writing, raw=raw, as_json=way.as_json)


def _verb(*, send_only: bool, ack: bool) -> "InteractionVerb":
    from gateway.imsconnect import InteractionVerb  # noqa: PLC0415  keeps --help quick

    if ack and not send_only:
        raise typer.BadParameter("goes with --send-only", param_hint="--ack")
    if not send_only:
        return InteractionVerb.SEND_RECEIVE
    return InteractionVerb.SEND_ACKNOWLEDGED if ack else InteractionVerb.SEND


def _fate(*, purge: bool, reroute: str, hold: bool) -> "Undeliverable | None":
    from gateway.exchange import Undeliverable  # noqa: PLC0415  keeps --help quick

    if sum((purge, bool(reroute), hold)) > 1:
        raise typer.BadParameter("exclude each other", param_hint="--purge, --reroute, --hold")
    if purge:
        return Undeliverable.PURGE
    if reroute:
        return Undeliverable.REROUTE
    return Undeliverable.HOLD if hold else None
