"""`imsgw callout dead-letters`: look at asynchronous callouts that were given up, replay or discard them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from gateway.cli.callout_asking import state_folder
from gateway.cli.callout_letters_home import counted, facts, journal_of, meant, plain
from gateway.cli.callout_letters_show import show
from gateway.cli.options import HomeOption, JsonOption
from gateway.cli.printed_json import printed_json
from gateway.cli.recorded import recorded

if TYPE_CHECKING:
    from gateway.callout.journal.entries import Letter

app = typer.Typer(
    no_args_is_help=True,
    help="Asynchronous callouts that were given up: look at them, replay or discard them.\n\n"
    "The journal is asked itself, whether or not the callout process runs.\n\n"
    "Example: `imsgw callout dead-letters list`",
)

IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID...", help="Ids, or beginnings that no other has.", show_default=False),
]
AllOption = Annotated[bool, typer.Option("--all", help="All dead letters.")]
ServiceOption = Annotated[
    str, typer.Option(metavar="NAME", help="With --all: those of this service.", show_default="all services")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_COLUMNS: Final = ("ID", "TPIPE", "SERVICE", "OPERATION", "ATTEMPTS", "SIZE", "CHANGED", "STATUS", "REASON")
_NUMBERS: Final = (4, 5, 7)
_NONE: Final = {
    "dead": "there are no dead letters",
    "waiting": "nothing waits for delivery",
    "working": "nothing is being delivered",
}


@app.command("list")
def list_letters(
    home: HomeOption = Path(),
    state: Annotated[
        Literal["dead", "waiting", "working"],
        typer.Option(help="waiting: what is to be delivered yet; working: what is being delivered."),
    ] = "dead",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show so many at most.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Show dead letters, oldest first; or what waits for delivery.

    Service and operation are empty where the message could not be read.

    Example: `imsgw callout dead-letters list --home /etc/imsgw`
    """
    from gateway.callout.journal import NoJournalError  # noqa: PLC0415  keeps --help quick
    from gateway.callout.journal.entries import State  # noqa: PLC0415

    found: Sequence[Letter] = ()
    with journal_of(home) as journal:
        try:
            found = journal.letters(State(state), limit + 1)
            if not found:
                typer.echo(_NONE[state], err=True)
        except NoJournalError as error:
            typer.echo(str(error), err=True)
    shown, more = found[:limit], len(found) > limit
    if as_json:
        whole = {"letters": [facts(letter) for letter in shown], "more": more}
        typer.echo(printed_json(whole))
        return
    if shown:
        typer.echo(_table(shown))
    if more:
        typer.echo(f"there are more than {limit}; --limit shows them", err=True)


app.command("show")(show)


@app.command("replay")
def replay(
    ids: IdsArgument = None,
    every: AllOption = False,
    service: ServiceOption = "",
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Have dead letters delivered again: due now, their deliveries counted anew, under the message id they had.

    One whose service has answered goes on with the answer to IMS. Exit code 1: nothing was changed, or another
    was faster.

    Example: `imsgw callout dead-letters replay 5f3a`

    Example: `imsgw callout dead-letters replay --all --service RATING`
    """
    with journal_of(home) as journal:
        letters = meant(journal, ids or (), every=every, service=service)
        done = _changed(home, "replay", letters, journal.replay)
    _tell("replayed", "to be delivered again", letters, done, as_json=as_json)


@app.command("discard")
def discard(
    ids: IdsArgument = None,
    every: AllOption = False,
    service: ServiceOption = "",
    yes: YesOption = False,
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Remove dead letters for good. Nothing brings them back; show --data keeps the message elsewhere.

    Example: `imsgw callout dead-letters discard 5f3a`

    Example: `imsgw callout dead-letters discard --all --service RATING --yes`
    """
    with journal_of(home) as journal:
        letters = meant(journal, ids or (), every=every, service=service)
        if letters and not yes:
            typer.echo(_table(letters), err=True)
            typer.confirm(f"discard {counted(len(letters))} for good?", abort=True, err=True)
        done = _changed(home, "discard", letters, journal.discard)
    _tell("discarded", "discarded", letters, done, as_json=as_json)


def _changed(home: Path, what: str, letters: "Sequence[Letter]", change: Callable[[Sequence[str]], int]) -> int:
    """Do something to letters, with a record of it; return to how many it was done."""
    if not letters:
        return 0
    ids = [letter.id for letter in letters]
    with recorded(home, state_folder(home.absolute()), f"dead-letters {what}", ids) as recording:
        done = change(ids)
        recording.result = f"{counted(done)} of {len(ids)}"
    return done


def _tell(key: str, words: str, letters: "Sequence[Letter]", done: int, *, as_json: bool) -> None:
    """Say what was done; leave with 1 where another was faster with some."""
    if as_json:
        typer.echo(json.dumps({key: done, "ids": [letter.id for letter in letters]}, indent=2))
    else:
        typer.echo(f"{counted(done)} {words}")
    if done < len(letters):
        typer.echo(f"{counted(len(letters) - done)} less than meant: another was faster", err=True)
        raise typer.Exit(1)


def _table(letters: "Sequence[Letter]") -> str:
    rows = [_COLUMNS, *(_row(letter) for letter in letters)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = (
        "  ".join(
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _row(letter: "Letter") -> tuple[str, ...]:
    return (
        letter.id,
        str(letter.source),
        plain(letter.service),
        plain(letter.operation),
        str(letter.attempts),
        str(letter.size),
        letter.changed.strftime("%Y-%m-%d %H:%M:%SZ"),
        str(letter.status),
        plain(letter.reason),
    )
