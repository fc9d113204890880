"""`imsgw reload`: the running processes of a home read it anew."""

import os
from pathlib import Path

import typer

from gateway.cli.options import HomeOption, JsonOption, StateOption, state_folder
from gateway.cli.printed_json import printed_json
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import STATE_VARIABLE
from gateway.control import client, seat
from gateway.control.reload import ask_reload
from gateway.control.reloaded import Reloaded
from gateway.control.words import ControlError


def reload(home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False) -> None:
    """Have the running gateway, and callout, read the home anew: nothing is restarted, no call fails.

    A home with a mistake changes nothing: the lines say what is wrong, what served before goes on serving.

    Example: `imsgw reload --home /etc/imsgw`
    """
    try:
        told = ask_reload(running_state(home, state), SYSTEM_CLOCK)
    except ControlError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(printed_json([one.facts() for one in told]))
    else:
        for one in told:
            _show(one)
    if not told:
        typer.echo(f"nothing runs that uses {running_state(home, state)}; imsgw serve starts it", err=True)
    if not told or not all(one.done for one in told):
        raise typer.Exit(1)


def running_state(home: Path, state: Path | None) -> Path:
    """Return the state folder where the processes of a home are to be found."""
    if state is not None:
        return state.absolute()
    usual = home.absolute() / (os.environ.get(STATE_VARIABLE) or "var")
    try:
        # a gateway.toml that cannot be read must not keep anybody from hearing what the gateway says of it
        runs = any(client.living(usual / process) for process in (seat.SERVE, seat.CALLOUT))
        return usual if runs else state_folder(home)
    except ControlError as error:  # it is another user's
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _show(told: Reloaded) -> None:
    if told.done:
        version = f"configuration {told.number} ({told.digest})"
        typer.echo(f"{told.process}: {version} is in force, {told.milliseconds} ms")
        for key in told.restart:
            typer.echo(f"  gateway.toml: {key} counts from the next start")
        for problem in told.problems:
            typer.echo(f"  {problem}")
        return
    for problem in told.problems:
        typer.echo(f"  {problem}", err=True)
    reason = f": {told.reason}" if told.reason else ""
    typer.echo(f"{told.process}: {told.outcome}{reason}; configuration {told.number} stays in force", err=True)
