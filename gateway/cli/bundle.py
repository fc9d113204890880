"""`imsgw bundle`: made and changed, deleted, listed and shown, recycled, tried out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import completing
from gateway.cli.bundle_try import try_bundle
from gateway.cli.managing import BundleArgument, change_recorded, installation, refusals_told, table, tell
from gateway.cli.options import HomeOption, JsonOption, StateOption, show
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.manage.values import Value
    from gateway.manage.views import BundleView

app = typer.Typer(no_args_is_help=True)

AssignmentsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE...",
        help="Keys of its file, dotted. Lists and tables as in TOML; a secret as env:NAME or file:PATH.",
        show_default=False,
        autocompletion=completing.bundle_keys,
    ),
]
AskOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ask-password",
        metavar="KEY",
        help="Ask for the secret of this key, and keep it in a file of mode 600; may be repeated.",
        show_default=False,
        autocompletion=completing.secret_keys,
    ),
]


@app.callback()
def bundle() -> None:
    """Make, change and try connection bundles: how IMS Connect is reached, and who to be there.

    Example: `imsgw bundle change ims1 ims_connect.port=9998`
    """


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="BUNDLE", help="Name of the new bundle.", show_default=False)],
    assignments: AssignmentsArgument = None,
    ask_password: AskOption = None,
    home: HomeOption = Path(),
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a bundle.

    Example: `imsgw bundle create ims2 ims_connect.host=zos1 ims_connect.port=9999 ims_connect.datastore=IMS2
    credentials.user=GWUSER --ask-password credentials.password`
    """
    from gateway.manage import bundles  # noqa: PLC0415  keeps --help quick

    with refusals_told(as_json=as_json):
        values = _values(assignments or (), ask_password or (), ())
        with change_recorded(home, state, "bundle create", name):
            change = bundles.create(installation(home, state), name, values)
        tell(change, f"made bundle {name}", change.facts, as_json=as_json)


@app.command("change")
def change(
    name: BundleArgument,
    assignments: AssignmentsArgument = None,
    ask_password: AskOption = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Take a key or table out; may be repeated.", show_default=False),
    ] = None,
    home: HomeOption = Path(),
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change keys of a bundle; comments and order of its file stay. Its pools are made anew, no call fails.

    Example: `imsgw bundle change ims1 ims_connect.port=9998 credentials.password=env:IMS1_PASSWORD`
    """
    from gateway.manage import bundles  # noqa: PLC0415  keeps --help quick

    with refusals_told(as_json=as_json):
        values = _values(assignments or (), ask_password or (), unset or ())
        if not values:
            raise typer.BadParameter("nothing to change: give KEY=VALUE, --ask-password or --unset")
        with change_recorded(home, state, "bundle change", name):
            done = bundles.change(installation(home, state), name, values)
        tell(done, f"changed bundle {name}", done.facts, as_json=as_json)


@app.command("delete")
def delete(
    name: BundleArgument, home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Remove a bundle. Refused while services use it.

    Example: `imsgw bundle delete ims2`
    """
    from gateway.manage import bundles  # noqa: PLC0415  keeps --help quick

    with refusals_told(as_json=as_json):
        with change_recorded(home, state, "bundle delete", name):
            done = bundles.delete(installation(home, state), name)
        tell(done, f"deleted bundle {name}", done.facts, as_json=as_json)


@app.command("list")
def list_bundles(home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False) -> None:
    """List the bundles of the home. Exit code 1: the home has mistakes; what can be read is listed.

    Example: `imsgw bundle list`
    """
    from gateway.manage import reading  # noqa: PLC0415  Spyne takes a second to import

    picture = reading.read(installation(home, state))
    if as_json:
        typer.echo(printed_json([view.facts() for view in picture.bundles]))
    else:
        headings = ("BUNDLE", "ADDRESSES", "DATASTORE", "TLS", "USER", "SERVICES")
        for line in table(headings, map(_row, picture.bundles)):
            typer.echo(line)
        show(picture.problems)
    if picture.problems:
        raise typer.Exit(1)


@app.command("show")
def show_bundle(
    name: BundleArgument, home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Show a bundle, and what `imsgw check` says of it. Secrets are not shown.

    Example: `imsgw bundle show ims1 --json`
    """
    from gateway.manage import reading  # noqa: PLC0415  Spyne takes a second to import
    from gateway.manage.names import not_found  # noqa: PLC0415

    with refusals_told(as_json=as_json):
        views = reading.read(installation(home, state)).bundles
        view = next((view for view in views if view.name == name), None)
        if view is None:
            raise not_found("bundle", name, [view.name for view in views])
    if as_json:
        typer.echo(printed_json(view.facts()))
        return
    typer.echo(view.name)
    for line in _lines(view):
        typer.echo(f"  {line}")
    show(view.problems)


@app.command("recycle")
def recycle(
    name: BundleArgument, home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Have the running gateway make a bundle's pools anew, as after a change; requests in flight finish.

    Example: `imsgw bundle recycle ims1`
    """
    from gateway.manage import recycle as recycling  # noqa: PLC0415  keeps --help quick

    with refusals_told(as_json=as_json), change_recorded(home, state, "bundle recycle", name):
        told = recycling.recycle(installation(home, state), name)
    if as_json:
        typer.echo(printed_json([one.facts() for one in told]))
        return
    for one in told:
        typer.echo(f"{one.process}: the pools of {name} are new, {one.milliseconds} ms")


app.command("test")(try_bundle)


def _values(assignments: Sequence[str], ask: Sequence[str], unset: Sequence[str]) -> "dict[str, Value]":
    """Return what is to be set by dotted key. Raises ManageError: no such key, a secret in clear."""
    from gateway.cli.store_options import asked  # noqa: PLC0415
    from gateway.config.model import Bundle  # noqa: PLC0415
    from gateway.config.words import dotted, field_at, is_secret  # noqa: PLC0415
    from gateway.manage import values  # noqa: PLC0415
    from gateway.tls import StoreError  # noqa: PLC0415

    found = {dotted(path): value for path, value in values.assignments(Bundle, assignments).items()}
    for key in ask:
        field = field_at(Bundle, values.key_path(Bundle, key))
        if field is None or not is_secret(field):
            raise typer.BadParameter(f"{key} holds no secret", param_hint="--ask-password")
        try:
            found[key] = asked(Path(key), new=True)
        except StoreError as error:
            raise typer.BadParameter(str(error), param_hint="--ask-password") from error
    for key in unset:
        found[dotted(values.key_path(Bundle, key))] = None
    return found


def _row(view: "BundleView") -> tuple[str, ...]:
    tls = "yes" if view.tls else "no"
    return view.name, " ".join(view.addresses), view.datastore, tls, view.user or "-", str(len(view.services))


def _lines(view: "BundleView") -> list[str]:
    user = f"{view.user}, {'with' if view.has_password else 'without'} a password" if view.user else "none"
    return [
        f"addresses: {', '.join(view.addresses)}, {'TLS' if view.tls else 'plain TCP'}",
        f"datastore: {view.datastore}, exit {view.exit}",
        f"own user: {user}",
        f"pool: {view.pool_size} sockets per worker and address",
        f"tpipes: {', '.join(view.tpipes) or 'none, no callouts'}",
        f"services: {', '.join(view.services) or 'none'}",
    ]
