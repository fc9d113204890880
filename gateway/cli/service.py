"""`imsgw service`: started and stopped, undeployed, listed, shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import completing, service_deploy
from gateway.cli.managing import change_recorded, installation, refusals_told, table, tell
from gateway.cli.options import HomeOption, JsonOption, StateOption, show
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.manage.installation import Installation
    from gateway.manage.views import ServiceView

app = typer.Typer(no_args_is_help=True)

ServiceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SERVICE",
        help="Name of its folder in wsdl/.",
        show_default=False,
        autocompletion=completing.services,
    ),
]


@app.callback()
def service() -> None:
    """Deploy services, start and stop them, look at them: nothing is restarted for it.

    Example: `imsgw service list`
    """


app.command("deploy")(service_deploy.deploy)


@app.command("undeploy")
def undeploy(
    name: ServiceArgument,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove its folder for good; without it the folder is kept.")
    ] = False,
    home: HomeOption = Path(),
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a service out of the home. Its folder is kept below the state folder, under undeployed/.

    Example: `imsgw service undeploy phonebook`
    """
    from gateway.manage import services  # noqa: PLC0415  keeps --help quick

    with refusals_told(as_json=as_json):
        with change_recorded(home, state, "service undeploy", name):
            done = services.undeploy(installation(home, state), name, remove=remove)
        kept = f"kept in {done.kept}" if done.kept else "removed"
        tell(done.change, f"undeployed {name}, its folder is {kept}", done.facts, as_json=as_json)


@app.command("start")
def start(
    name: ServiceArgument, home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Have a stopped service served again.

    Example: `imsgw service start phonebook`
    """
    from gateway.manage import services  # noqa: PLC0415  keeps --help quick

    with refusals_told(as_json=as_json):
        with change_recorded(home, state, "service start", name):
            change = services.start(installation(home, state), name)
        tell(change, f"started {name}", change.facts, as_json=as_json)


@app.command("stop")
def stop(
    name: ServiceArgument, home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Have a service answer a fault that says it is stopped. It stays deployed, its WSDL can be read.

    Callouts to a stopped consumer: synchronous ones get an error response, asynchronous ones wait.

    Example: `imsgw service stop phonebook`
    """
    from gateway.manage import services  # noqa: PLC0415  keeps --help quick

    with refusals_told(as_json=as_json):
        with change_recorded(home, state, "service stop", name):
            change = services.stop(installation(home, state), name)
        tell(change, f"stopped {name}", change.facts, as_json=as_json)


@app.command("list")
def list_services(home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False) -> None:
    """List the services of the home: state, role, bundle, ports; and the configuration that is running.

    Exit code 1: the home has mistakes; what can be read is listed.

    Example: `imsgw service list --json`
    """
    from gateway.manage import reading  # noqa: PLC0415  Spyne takes a second to import

    where = installation(home, state)
    picture, running = reading.read(where), reading.running(where)
    if as_json:
        facts = [view.facts() for view in picture.services]
        typer.echo(printed_json({"services": facts, "running": [dict(one) for one in running]}))
    else:
        for line in table(("SERVICE", "STATE", "ROLE", "BUNDLE", "PORTS"), map(_row, picture.services)):
            typer.echo(line)
        _tell_running(running)
        show(picture.problems)
    if picture.problems:
        raise typer.Exit(1)


@app.command("show")
def show_service(
    name: ServiceArgument, home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Show a service: addresses, operations with their transactions, bundle, policy in words, warnings.

    Example: `imsgw service show phonebook`
    """
    from gateway.manage import reading  # noqa: PLC0415  Spyne takes a second to import

    with refusals_told(as_json=as_json):
        where = installation(home, state)
        view, running = _found(where, name), reading.running(where)
    if as_json:
        typer.echo(printed_json({**view.facts(), "running": [dict(one) for one in running]}))
        return
    typer.echo(f"{view.name}: {view.role}, {view.state}")
    for key, values in (("bundle", view.bundles), ("WSDL", (view.wsdl,)), ("address", view.addresses)):
        for value in values:
            typer.echo(f"  {key}: {value}")
    rows = [(one.name, one.transaction or "-", one.input, one.output or "one-way") for one in view.operations]
    for line in table(("OPERATION", "TRANSACTION", "TAKES", "GIVES"), rows) if rows else ():
        typer.echo(f"  {line}")
    for sentence in view.policy:
        typer.echo(f"  {sentence}")
    _tell_running(running)
    show(view.problems)


def _found(where: "Installation", name: str) -> "ServiceView":
    """Return a service, with all that `imsgw check` says of it. Raises ManageError: there is none."""
    from dataclasses import replace  # noqa: PLC0415

    from gateway.manage import reading  # noqa: PLC0415
    from gateway.manage.names import not_found  # noqa: PLC0415

    views = reading.read(where).services
    view = next((view for view in views if view.name == name), None)
    if view is None:
        raise not_found("service", name, [view.name for view in views])
    folder = f"wsdl/{name}/"
    return replace(view, problems=tuple(one for one in where.judge() if one.file.startswith(folder)))


def _row(view: "ServiceView") -> tuple[str, ...]:
    return view.name, view.state, view.role, ", ".join(view.bundles), ", ".join(view.ports)


def _tell_running(running: Any) -> None:
    for one in running:
        if "error" in one:
            typer.echo(str(one["error"]), err=True)
        else:
            typer.echo(f"{one['process']} runs configuration {one['number']} ({one['digest']})")
    if not running:
        typer.echo("no gateway runs on this home")
