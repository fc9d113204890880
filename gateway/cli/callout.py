"""`imsgw callout`."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from gateway.cli import callout_letters
from gateway.cli.callout_asking import AllOption, HomeOption, InstanceOption, ListenersArgument, asked, show
from gateway.cli.options import JsonOption, problems_shown, state_folder
from gateway.cli.options import show as show_problems
from gateway.cli.printed_json import printed_json
from gateway.cli.recorded import recorded
from gateway.observe import logs

if TYPE_CHECKING:
    from gateway.callout.control_words import Told
    from gateway.callout.values import Source

app = typer.Typer(no_args_is_help=False)
app.add_typer(callout_letters.app, name="dead-letters")

_DRAIN_SECONDS: Final = 86_400.0
"""Longest that a drain may take: the process says how long it does."""


@app.callback(invoke_without_command=True)
def callout(
    context: typer.Context,
    home: HomeOption = Path(),
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="In place of callout.listen, for a second process; empty: no health, no metrics.",
            show_default=False,
        ),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="Least severe entries of the log.")
    ] = "info",
    log_format: Annotated[
        Literal["json", "text"], typer.Option(help="json: one object a line; text: for people.")
    ] = "json",
    warnings: Annotated[
        bool, typer.Option(" /--no-warnings", hidden=True, help="Somebody else prints them at the start.")
    ] = True,
) -> None:
    """Let IMS programs call web services: listen on the tpipes of the bundles until stopped.

    SIGTERM and Ctrl-C finish the callouts in work, a second one ends at once; SIGHUP and `imsgw reload` read
    the home anew, which happens by itself when its files change. With a command: ask or steer what runs.

    Example: `imsgw callout --home /etc/imsgw`

    Example: `imsgw callout list --home /etc/imsgw`
    """
    if context.invoked_subcommand is not None:
        _nothing_in_front(context)
        return
    if listen:
        _check_address(listen)
    logs.configure(level=log_level, json=log_format == "json")
    with problems_shown():
        raise typer.Exit(_run(home, listen, warnings=warnings))


def _run(home: Path, listen: str | None, *, warnings: bool) -> int:
    """Run until stopped. Raises ConfigError."""
    from gateway.callout.process import run  # noqa: PLC0415  zeep takes a second to import; --help need not wait
    from gateway.callout.runtime import CalloutRuntime  # noqa: PLC0415
    from gateway.cli.callout_home import HomeReader  # noqa: PLC0415

    read = HomeReader(home)
    loaded, look = read()
    if warnings:
        show_problems(loaded.warnings)
    return run(loaded, look, make=CalloutRuntime, read=read, listen=listen)


def _check_address(listen: str) -> None:
    from gateway.config.model import parse_listen  # noqa: PLC0415  keeps --help quick

    try:
        parse_listen(listen)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--listen") from error


def _nothing_in_front(context: typer.Context) -> None:
    """Refuse options between `callout` and the command: they would seem to count for that."""
    for name in ("home", "listen", "log_level", "log_format"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            text = f"goes behind the command: imsgw callout {context.invoked_subcommand} {option} ..."
            raise typer.BadParameter(text, param_hint=option)


@app.command("list")
def list_listeners(
    home: HomeOption = Path(), instance: InstanceOption = None, as_json: JsonOption = False
) -> None:
    """Show the listeners of the processes that run: state, messages, callouts in work, journal.

    Example: `imsgw callout list`
    """
    from gateway.callout.control_words import Ask  # noqa: PLC0415

    tell = _as_json if as_json else show
    tell(asked(home, instance, Ask("list"), tell=tell))


def _as_json(told: "Sequence[Told]") -> None:
    typer.echo(printed_json({"instances": [said.facts() for said in told]}))


@app.command("start")
def start(
    listeners: ListenersArgument = None,
    every: AllOption = False,
    home: HomeOption = Path(),
    instance: InstanceOption = None,
) -> None:
    """Have listeners retrieve again that were stopped, or that an error has stopped.

    Example: `imsgw callout start ims1/CALLOUT1`

    Example: `imsgw callout start ims1`
    """
    from gateway.callout.control_words import Ask  # noqa: PLC0415

    what = Ask("start", _named(listeners, every=every))
    with _recorded(home, "start", listeners):
        told = asked(home, instance, what)
    show(told)


@app.command("stop")
def stop(
    listeners: ListenersArgument = None,
    every: AllOption = False,
    home: HomeOption = Path(),
    instance: InstanceOption = None,
) -> None:
    """Have listeners retrieve no more; callouts in work are finished, messages stay with IMS.

    They stay stopped until `imsgw callout start`, or until the process starts anew.

    Example: `imsgw callout stop ims1/CALLOUT1 ims1/CALLOUT2`

    Example: `imsgw callout stop ims1`

    Example: `imsgw callout stop --all`
    """
    from gateway.callout.control_words import Ask  # noqa: PLC0415

    what = Ask("stop", _named(listeners, every=every))
    with _recorded(home, "stop", listeners):
        told = asked(home, instance, what)
    show(told)


@app.command("drain")
def drain(
    home: HomeOption = Path(),
    instance: InstanceOption = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=86_400,
            help="How long to wait for callouts in work.",
            show_default="callout.drain_seconds",
        ),
    ] = None,
) -> None:
    """Retrieve nothing any more and wait until no callout is in work: then the process may be ended.

    It starts nothing again before its next start. Exit code 1: something was still in work.

    Example: `imsgw callout drain --seconds 60`
    """
    from gateway.callout.control_words import Ask  # noqa: PLC0415

    most = _DRAIN_SECONDS if seconds is None else seconds
    with _recorded(home, "drain", None):
        told = asked(home, instance, Ask("drain", seconds=seconds), most)
    for said in told:
        left = sum(picture.in_work for picture in said.listeners)
        words = "nothing is in work any more" if said.drained else f"{left} callouts are still in work"
        typer.echo(f"instance {said.instance} (process {said.pid}): {words}")
    if not all(said.drained for said in told):
        raise typer.Exit(1)


def _recorded(home: Path, what: str, listeners: list[str] | None) -> AbstractContextManager[object]:
    """Record a change of listeners before and behind it."""
    return recorded(home, state_folder(home), f"callout {what}", listeners or ["all listeners"])


def _named(listeners: list[str] | None, *, every: bool) -> "tuple[Source | str, ...] | None":
    """Return the listeners and bundles that are meant; None: all."""
    from gateway.callout.control_words import named  # noqa: PLC0415
    from gateway.control.words import ControlError  # noqa: PLC0415

    if every == bool(listeners):
        raise typer.BadParameter("name listeners or bundles, or --all", param_hint="BUNDLE[/TPIPE]")
    try:
        return None if listeners is None or every else tuple(named(each) for each in listeners)
    except ControlError as error:
        raise typer.BadParameter(str(error), param_hint="BUNDLE[/TPIPE]") from error
