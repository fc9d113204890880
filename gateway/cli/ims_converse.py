"""`imsgw ims converse`."""

import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from gateway.cli.ims_options import Way
from gateway.cli.ims_reply import show_reply
from gateway.cli.ims_send import CodeWidthOption, LtermOption, SyncLevelOption, TransactionArgument
from gateway.cli.ims_text import DEFAULT_CCSID, CcsidOption, RawOption, TextArgument, Writing, code_field
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.imsconnect import Connection, Interaction, Reply

BLANK = " "
"""What an empty line is sent as: a segment holds something."""


def converse(
    way: Way,
    transaction: TransactionArgument,
    text: TextArgument = None,
    code_width: CodeWidthOption = None,
    ccsid: CcsidOption = DEFAULT_CCSID,
    raw: RawOption = False,
    lterm: LtermOption = "",
    sync_level: SyncLevelOption = None,
) -> None:
    r"""Hold a conversation: begin a conversational transaction, then send each line of standard input.

    End of input ends the conversation; so does Ctrl-C. With --json a line of JSON for each answer.
    Exit code 1: refused, failed, or IMS ended the conversation while there was more to send.

    Example: `printf 'SECOND\nTHIRD\n' | imsgw ims converse CONVTRAN FIRST --user ALICE`
    """
    from gateway.cli.ims_way import target  # noqa: PLC0415  keeps --help quick
    from gateway.exchange import SyncLevel  # noqa: PLC0415
    from gateway.imsconnect import Interaction  # noqa: PLC0415

    writing = Writing.of(ccsid, ascii_=way.ascii_)
    code = transaction.upper()
    where = target(way)
    field = code_field(code, code_width, writing)
    first = Interaction(
        transaction=code,
        segments=(field + writing.encode(text or ""),),
        conversational=True,
        sync_level=None if sync_level is None else SyncLevel(sync_level.value),
        lterm=lterm.upper(),
        execution_timeout_ms=way.timeout,
        socket_timeout_ms=way.socket_timeout_ms,
        # a message of IMS need not be the end of a conversation
        raise_on_dfs=False,
    )
    with where.connect() as connection:
        _Talk(connection, first, writing, raw=raw, as_json=way.as_json).hold()


@dataclass(frozen=True, slots=True)
class _Talk:
    connection: "Connection"
    first: "Interaction"
    writing: Writing
    raw: bool
    as_json: bool

    def hold(self) -> None:
        """Go on until either side ends it; Ctrl-C ends it, by closing where it is not our turn."""
        try:
            self._steps()
        except KeyboardInterrupt:
            with suppress(GatewayError):
                self._end()
            raise

    def _steps(self) -> None:
        reply = self._step(self.first)
        while reply.conversation_open:
            line = self._next_line()
            if line is None:
                self._end()
                return
            data = self.writing.encode(line or BLANK)
            step = replace(self.first, transaction="", segments=(data,), conversation_id=reply.conversation_id)
            reply = self._step(step)
        typer.echo("IMS ended the conversation", err=True)
        if reply.dfs is not None or self._more_to_send():
            raise typer.Exit(1)

    def _step(self, interaction: "Interaction") -> "Reply":
        reply = self.connection.run(interaction)
        show_reply(reply, self.writing, raw=self.raw, as_json=self.as_json, one_line=True)
        return reply

    def _next_line(self) -> str | None:
        if sys.stdin.isatty():
            typer.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None

    def _end(self) -> None:
        from gateway.imsconnect import InteractionVerb  # noqa: PLC0415  keeps --help quick

        end = replace(
            self.first,
            verb=InteractionVerb.END_CONVERSATION,
            transaction="",
            segments=(),
            conversation_id=self.connection.client_id,
        )
        self.connection.run(end)
        typer.echo("conversation ended", err=True)

    def _more_to_send(self) -> bool:
        if sys.stdin.isatty() or not sys.stdin.readline():
            return False
        typer.echo("there was more to send", err=True)
        return True
