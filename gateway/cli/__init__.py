"""The command `imsgw`: one module a command, no logic of its own.

Exit codes: 0 done, 1 not right (a mistake in the configuration, a call that failed), 2 wrong usage.
"""

import typer

from gateway import __version__
from gateway.cli import (
    admin,
    bundle,
    call,
    callout,
    check,
    demo,
    explain,
    ims,
    keystore,
    migrate,
    reload,
    serve,
    service,
    standin,
    wire,
)

app = typer.Typer(
    name="imsgw",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
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


app.command("serve")(serve.serve)
app.command("reload")(reload.reload)
app.command("status")(reload.status)
app.command("check")(check.check)
app.command("call")(call.call)
app.command("explain")(explain.explain)
app.command("migrate")(migrate.migrate)
app.command("demo")(demo.demo)
app.command("standin")(standin.standin)
app.add_typer(admin.app, name="admin")
app.add_typer(callout.app, name="callout")
app.add_typer(service.app, name="service")
app.add_typer(bundle.app, name="bundle")
app.add_typer(keystore.app, name="keystore")
app.add_typer(wire.app, name="wire")
app.add_typer(ims.app, name="ims")


def main() -> None:
    """Run the command."""
    app()
