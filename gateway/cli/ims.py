"""`imsgw ims`."""

import typer

from gateway.cli import (
    ims_codes,
    ims_command,
    ims_converse,
    ims_drain,
    ims_ping,
    ims_respond,
    ims_send,
)
from gateway.cli.ims_options import on_the_way

app = typer.Typer(no_args_is_help=True)


@app.callback()
def ims() -> None:
    """Talk to IMS through IMS Connect from the shell: any IMS Connect, no home needed.

    Example: `imsgw ims send IVTNO "DISPLAY LAST1" --host zos1 --user ALICE`
    """


app.command("ping")(on_the_way(ims_ping.ping, runs=False))
app.command("send")(on_the_way(ims_send.send))
app.command("converse")(on_the_way(ims_converse.converse))
app.command("command")(on_the_way(ims_command.command))
app.command("drain")(on_the_way(ims_drain.drain, runs=False))
app.command("respond")(on_the_way(ims_respond.respond))
app.command("cancel-timer")(on_the_way(ims_ping.cancel_timer, runs=False))
app.command("password")(on_the_way(ims_ping.change_password))
app.command("codes")(ims_codes.codes)
