"""How the commands of `imsgw callout` reach the processes that run, and show what those say."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli.options import HomeOption, state_folder
from gateway.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from gateway.callout.control_words import Ask, Told
    from gateway.callout.state import ListenerPicture

InstanceOption = Annotated[
    int | None,
    typer.Option(
        "--instance",
        min=1,
        help="Only the instance with this number.",
        show_default="all that run on this state",
    ),
]
ListenersArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="BUNDLE[/TPIPE]...", help="Listeners; BUNDLE: all of that bundle.", show_default=False
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All listeners.")]

_COLUMNS: Final = ("LISTENER", "STATE", "SINCE", "RECEIVED", "REFUSED", "IN WORK", "WAITING", "DEAD", "REASON")
_NUMBERS: Final = range(3, 8)


def show(told: "Sequence[Told]") -> None:
    """Print the listeners of each instance as a table."""
    for said in told:
        typer.echo(f"instance {said.instance} (process {said.pid}): {_readiness(said)}")
        if said.listeners:
            typer.echo(table([_row(picture) for picture in said.listeners]))
        else:
            typer.echo("  no listeners: no bundle has [callout]")


def asked(
    home: Path,
    instance: int | None,
    what: "Ask",
    seconds: float = 0,
    tell: "Callable[[Sequence[Told]], None]" = show,
) -> "tuple[Told, ...]":
    """Ask every instance, or one, and return what they say; leaves with 1 when none runs or one fails.

    `seconds`: what is asked may take as long; `tell` shows what the others said when one fails.
    """
    from gateway.callout.control_client import SECONDS, ask, living  # noqa: PLC0415  keeps --help quick
    from gateway.control.words import ControlError  # noqa: PLC0415

    state = state_folder(home)
    errors: list[str] = []

    def one(number: int) -> "Told | None":
        try:
            return ask(state, number, what, SYSTEM_CLOCK, seconds + SECONDS)
        except ControlError as error:
            errors.append(f"instance {number}: {error}")
            return None

    try:
        numbers = [number for number in living(state) if instance in {None, number}]
    except ControlError as error:
        typer.echo(str(error), err=True)
        tell(())
        raise typer.Exit(1) from error
    with ThreadPoolExecutor(max(len(numbers), 1)) as threads:
        told = tuple(said for said in threads.map(one, numbers) if said is not None)
    if not told and not errors:
        which = "no process" if instance is None else f"no instance {instance}"
        errors.append(f"{which} of callout runs on {state}; imsgw callout --home {home} starts one")
    for text in sorted(errors):
        typer.echo(text, err=True)
    if errors:
        tell(told)
        raise typer.Exit(1)
    return told


def _readiness(said: "Told") -> str:
    if said.ready:
        return "ready"
    # what listeners are in trouble for stands in the table
    if any(said.reason.startswith(f"{picture.source} is in state ") for picture in said.listeners):
        return "not ready"
    return f"not ready: {_plain(said.reason)}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as columns of text below their headings."""
    whole = [_COLUMNS, *rows]
    widths = [max(len(row[column]) for row in whole) for column in range(len(_COLUMNS))]
    lines = (
        "  ".join(
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in whole
    )
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def _row(picture: "ListenerPicture") -> tuple[str, ...]:
    counts = (picture.received, picture.refused, picture.in_work, picture.waiting, picture.dead)
    since = picture.since.strftime("%Y-%m-%d %H:%M:%SZ")
    numbers = (str(count) for count in counts)
    return (str(picture.source), picture.state.value, since, *numbers, _plain(picture.reason))


def _plain(text: str) -> str:
    """Return a text without what would steer a terminal: it may hold what IMS or a service has said."""
    return "".join(char if char.isprintable() else " " for char in text)


__all__ = ["AllOption", "HomeOption", "InstanceOption", "ListenersArgument", "asked", "show", "state_folder"]
