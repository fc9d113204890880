"""`imsgw ims command`."""

from typing import Annotated

import typer

from gateway.cli.ims_options import Way
from gateway.cli.ims_reply import show_reply
from gateway.cli.ims_text import DEFAULT_CCSID, CcsidOption, RawOption, Writing


def command(
    way: Way,
    text: Annotated[
        str, typer.Argument(metavar="COMMAND", help="IMS command, with its slash.", show_default=False)
    ],
    ccsid: CcsidOption = DEFAULT_CCSID,
    raw: RawOption = False,
) -> None:
    """Enter an IMS command and print the answer, which is a DFS message as a rule.

    Example: `imsgw ims command "/DISPLAY ACTIVE" --user OPER1`
    """
    from gateway.cli.ims_way import target  # noqa: PLC0415  keeps --help quick
    from gateway.imsconnect import Interaction, RequestType  # noqa: PLC0415

    if not text.startswith("/"):
        raise typer.BadParameter("a command begins with a slash", param_hint="COMMAND")
    writing = Writing.of(ccsid, ascii_=way.ascii_)
    interaction = Interaction(
        request_type=RequestType.COMMAND,
        segments=(writing.encode(text),),
        execution_timeout_ms=way.timeout,
        socket_timeout_ms=way.socket_timeout_ms,
    )
    with target(way).connect() as connection:
        reply = connection.run(interaction)
    show_reply(reply, writing, raw=raw, as_json=way.as_json)
