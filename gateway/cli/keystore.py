"""`imsgw keystore`."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.exchange import Secret

app = typer.Typer(help="Key stores and trust stores.", no_args_is_help=True)


@app.callback()
def keystore() -> None:
    """Key stores and trust stores."""


@app.command("create-test")
def create_test(
    folder: Annotated[Path, typer.Option(help="Where to put the stores.")] = Path("keystores"),
    name: Annotated[
        list[str] | None, typer.Option(help="Host name or address in the server certificate; may be repeated.")
    ] = None,
    password: Annotated[
        str,
        typer.Option(
            envvar="IMSGW_KEYSTORE_PASSWORD",
            help="Password of the PKCS#12 stores; made at random and printed when none is given.",
            show_envvar=True,
        ),
    ] = "",
) -> None:
    """Make a certificate authority, a server key and a client key for trying things out, valid for a year.

    Example: `IMSGW_KEYSTORE_PASSWORD=changeit imsgw keystore create-test`
    """
    from gateway import testkeys  # noqa: PLC0415  keeps --help quick

    names = tuple(name or testkeys.LOCAL_NAMES)
    try:
        made = testkeys.create(folder, names, Secret(password) if password else None)
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for path in made.files:
        typer.echo(f"made {path}")
    if not password:
        typer.echo(f"password of {made.server.name}: {made.server_password.reveal()}")
        typer.echo(f"password of {made.client.name}: {made.client_password.reveal()}")
