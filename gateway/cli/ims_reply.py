"""What IMS answered, as lines or as JSON."""

from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.ims_text import Writing
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.imsconnect import Reply


def facts_of_reply(reply: "Reply", writing: Writing) -> dict[str, Any]:
    """Return a reply for JSON; every key is always there."""
    return {
        "segments": [writing.facts(segment) for segment in reply.segments],
        "client_id": reply.client_id,
        "mod_name": reply.mod_name or None,
        "dfs": reply.dfs.identifier if reply.dfs else None,
        "conversation_open": reply.conversation_open,
        "output_queued": reply.output_queued,
        "timer_ms": reply.timer_ms,
    }


def show_reply(reply: "Reply", writing: Writing, *, raw: bool, as_json: bool, one_line: bool = False) -> None:
    """Print a reply: a line a segment, or a dump, or JSON. Notes go to standard error."""
    if as_json:
        indent = None if one_line else 2
        typer.echo(printed_json(facts_of_reply(reply, writing), indent))
        return
    for segment in reply.segments:
        for line in writing.lines(segment, raw=raw):
            typer.echo(line)
    if reply.mod_name:
        typer.echo(f"MOD name {reply.mod_name}", err=True)
    if reply.output_queued:
        typer.echo(f"more output is queued: imsgw ims drain {reply.client_id}", err=True)
