"""The command `imsgw`: one module a command, no logic of its own.

Exit codes: 0 done, 1 not right (a mistake in the configuration, a call that failed), 2 wrong usage.
"""

import typer

from gateway import __version__
from gateway.cli.commands import SETTINGS, Commands

app = typer.Typer(
    name="imsgw",
    cls=Commands,
    no_args_is_help=True,
    **SETTINGS,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imsgw {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version_wanted: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    """SOAP web services with WS-Security in front of IBM IMS Connect.

    Example, all of it at work on this machine: `imsgw demo`
    """


def main() -> None:
    """Run the command."""
    app()
