"""`imsgw status`: what runs on a home, gateways and callout, and by which configuration."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import typer

from gateway.audit.picture import AuditPicture, told
from gateway.cli.options import HomeOption, JsonOption, StateOption
from gateway.cli.printed_json import printed_json
from gateway.cli.reload import running_state
from gateway.clock import SYSTEM_CLOCK
from gateway.control import client, seat
from gateway.control.words import ControlError

_ASK: Final = {"do": "status"}
_UNCLEAR: Final = "what the process says cannot be understood"
_OUTCOMES: Final = {"in force": "came into force", "refused": "was refused", "failed": "failed"}


def status(home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False) -> None:
    """Show what runs on a home: gateways and callout processes, and what configuration each has in force.

    Exit code 0: something runs, and all that runs has answered. 1: nothing runs, or one could not be asked. A
    reload that was refused, or callout that is not ready, is told and changes nothing of that.

    Example: `imsgw status --json`
    """
    folder = running_state(home, state)
    said = {process: _asked(folder / process) for process in (seat.SERVE, seat.CALLOUT)}
    everyone = [one for found in said.values() for one in found]
    if as_json:
        typer.echo(printed_json(everyone))
    else:
        for process, found in said.items():
            _show(process, found)
    if not everyone or any("error" in one for one in everyone):
        raise typer.Exit(1)


def _asked(folder: Path) -> list[dict[str, Any]]:
    """Return what the processes of one kind say; of one that cannot be asked its name and why, as `error`."""
    try:
        numbers = client.living(folder)
    except ControlError as error:
        return [{"process": folder.name, "error": str(error)}]
    return list(_answers(folder, numbers))


def _answers(folder: Path, numbers: list[int]) -> Iterator[dict[str, Any]]:
    for number in numbers:
        try:
            said = client.ask(folder, f"{number}.sock", _ASK, SYSTEM_CLOCK)
            if said is None:  # it has ended
                continue
            _told(said)
        except ControlError as error:
            said = {"process": f"{folder.name} {number}", "error": str(error)}
        except (AttributeError, KeyError, TypeError, ValueError):
            said = {"process": f"{folder.name} {number}", "error": _UNCLEAR}
        yield said


def _show(process: str, found: list[dict[str, Any]]) -> None:
    if not found:
        typer.echo(f"{process}: none runs")
    for one in found:
        if "error" in one:
            typer.echo(f"{one['process']}: {one['error']}", err=True)
            continue
        for line in _told(one):
            typer.echo(line)


def _told(said: Mapping[str, Any]) -> list[str]:
    """Return what one process says, for people. Raises KeyError, TypeError, AttributeError: it is unclear."""
    version = f"configuration {said['number']} ({said['digest']}) since {said['loaded_at']}"
    busy = _listeners(said) if "listeners" in said else f"{len(said['workers'])} workers"
    lines = [f"{said['process']}: {version}, {busy}"]
    last = said["last_reload"]
    if last:
        lines.append(f"  the reload at {last['at']} {_OUTCOMES[last['reloaded']['outcome']]}")
    if said.get("audit"):
        lines.append(f"  {told(AuditPicture.of(said['audit']))}")
    if "listeners" in said and not said["ready"]:
        lines.append(f"  not ready: {said['reason']}")
    return ["".join(char if char.isprintable() else " " for char in line) for line in lines]


def _listeners(said: Mapping[str, Any]) -> str:
    states = Counter(str(one["state"]) for one in said["listeners"])
    if not states:
        return "no listeners"
    each = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{states.total()} listeners: {each}"
