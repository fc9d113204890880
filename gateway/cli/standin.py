"""`imsgw standin`."""

from pathlib import Path
from typing import Annotated

import typer


def standin(
    config: Annotated[Path, typer.Option(help="Configuration of the stand-in (TOML).")] = Path("standin.toml"),
    trace: Annotated[
        int,
        typer.Option("--trace", "-t", count=True, help="Print each message and its fields; twice: bytes too."),
    ] = 0,
    transcript: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append the trace to this file instead of printing it."),
    ] = None,
) -> None:
    """Run a stand-in IMS Connect with a small IMS behind it, for tests without a mainframe.

    Passwords, PassTickets, password changes and IRM extensions of a site's own are in no trace.

    Example: `imsgw standin --config standin.toml --trace`

    Example, for a job that keeps it as an artifact: `imsgw standin --transcript standin.log`
    """
    from gateway.standin import run  # noqa: PLC0415  keeps --help quick

    raise typer.Exit(run(config, trace, transcript))
