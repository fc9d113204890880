"""`imsgw keystore`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import keystore_files, keystore_list, keystore_metadata
from gateway.cli.options import HomeOption, JsonOption
from gateway.exchange import Secret

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keystore() -> None:
    """Key stores and trust stores.

    Example: `imsgw keystore create-test`
    """


@app.command("create-test")
def create_test(
    home: HomeOption = Path(),
    folder: Annotated[
        Path | None, typer.Option(help="Where to put the stores; without it: keystores/ of the home.")
    ] = None,
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
    as_json: JsonOption = False,
) -> None:
    """Make an authority and keys for server, client, sender and security token service, to try things out.

    They are valid for a year. A PassTicket key for a bundle and the stand-in is made beside them.

    Example: `IMSGW_KEYSTORE_PASSWORD=changeit imsgw keystore create-test`
    """
    from gateway import testkeys  # noqa: PLC0415  keeps --help quick

    names = tuple(name or testkeys.LOCAL_NAMES)
    try:
        made = testkeys.create(folder or home / "keystores", names, Secret(password) if password else None)
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    shown = {} if password else {store: secret.reveal() for store, secret in made.passwords.items()}
    if as_json:
        typer.echo(json.dumps({"files": [str(path) for path in made.files], "passwords": shown}, indent=2))
        return
    for path in made.files:
        typer.echo(f"made {path}")
    for store, text in shown.items():
        typer.echo(f"password of {store}: {text}")


app.command("list")(keystore_list.list_store)
app.command("import")(keystore_files.import_certificates)
app.command("convert")(keystore_files.convert)
app.command("import-metadata")(keystore_metadata.import_metadata)
