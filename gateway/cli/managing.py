"""What `imsgw service` and `imsgw bundle` share: the home, mistakes in words, what came of a change."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import completing
from gateway.cli.options import show
from gateway.cli.printed_json import printed_json
from gateway.cli.recorded import Recording, recorded
from gateway.cli.reload import running_state
from gateway.clock import SYSTEM_CLOCK
from gateway.manage.installation import Installation
from gateway.manage.results import Change, ManageError, Why

if TYPE_CHECKING:
    from gateway.control.reloaded import Reloaded

BundleArgument = Annotated[
    str,
    typer.Argument(
        metavar="BUNDLE",
        help="Name of its file in bundles/, without .toml.",
        show_default=False,
        autocompletion=completing.bundles,
    ),
]


def installation(home: Path, state: Path | None) -> Installation:
    """Return the home that the options name, with the processes that run on it."""
    folder = running_state(home, state)
    return Installation(home.absolute(), folder, os.environ, lambda: _activated(folder))


def _activated(state: Path) -> "tuple[Reloaded, ...]":
    from gateway.control.reload import ask_reload  # noqa: PLC0415  keeps --help quick
    from gateway.control.words import ControlError  # noqa: PLC0415

    try:
        return ask_reload(state, SYSTEM_CLOCK)
    except ControlError as error:
        raise ManageError(Why.UNREACHABLE, f"nothing was changed: {error}") from error


@contextmanager
def refusals_told(*, as_json: bool) -> Iterator[None]:
    """Print why a change was not made, and leave with exit code 1."""
    try:
        yield
    except ManageError as error:
        if as_json:
            typer.echo(printed_json(error.facts()))
        else:
            typer.echo(error.text, err=True)
            show(error.problems)
        raise typer.Exit(1) from error


def change_recorded(
    home: Path, state: Path | None, command: str, about: str
) -> AbstractContextManager[Recording]:
    """Record a change that is made inside, see `gateway.cli.recorded`."""
    return recorded(home, running_state(home, state), command, [about])


def tell(change: Change, what: str, facts: Callable[[], dict[str, Any]], *, as_json: bool) -> None:
    """Print what came of a change; leave with exit code 1 when it is written but cannot come into force."""
    if as_json:
        typer.echo(printed_json(facts()))
    else:
        for line in lines_of(change, what):
            typer.echo(line)
        show(change.warnings)
        if change.problems:
            typer.echo("written, but not in force: the home has other mistakes", err=True)
            show(change.problems)
    if change.problems:
        raise typer.Exit(1)


def lines_of(change: Change, what: str) -> Iterator[str]:
    """Yield what a change has done, for people."""
    if not change.changed:
        yield f"{what}: nothing to change, it is so already"
        return
    yield what
    for one in change.processes:
        if one.done:
            yield f"  in force in {one.process}: configuration {one.number} ({one.digest})"
    if not change.processes:
        yield "  nothing runs on this home: it counts from the next start"
    for note in change.notes:
        yield f"  {note}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield rows as columns of text below their headings."""
    whole = [headings, *rows]
    widths = [max(len(row[column]) for row in whole) for column in range(len(headings))]
    for row in whole:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
