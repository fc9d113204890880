"""`imsgw check`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import HomeOption, JsonOption, load
from gateway.cli.printed_json import printed_json
from gateway.clock import SYSTEM_CLOCK
from gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gateway.config.model import Home
    from gateway.preflight.online import Tried


def check(
    home: HomeOption = Path(),
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Also connect: IMS Connect (PING, and one sign-on a user), Valkey, PostgreSQL, directories, "
            "syslog receiver, collector of traces, the web services called. Progress goes to standard error.",
        ),
    ] = False,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, help="With --online: how long each try may take.")
    ] = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Check the whole home: files, secrets, stores, WSDLs, values that do not fit each other.

    Prints a line `file: key: problem [id]` for each; docs/check.md explains the ids. Warnings do not fail. Exit
    code 1: something would not work.

    Example: `imsgw check --home /etc/imsgw --online`
    """
    from gateway import preflight  # noqa: PLC0415  Spyne takes a second to import; --help need not wait

    tried: tuple[Tried, ...] = ()
    try:
        read = load(home)
        problems = preflight.check(read)
        if online:
            tried = _try(read, seconds)
    except ConfigError as error:
        problems = error.problems
    problems = tuple(sorted({*problems, *(one for each in tried for one in each.problems)}))
    if as_json:
        typer.echo(printed_json(_facts(problems, tried)))
    else:
        _show(problems)
    if any(not problem.warning for problem in problems):
        raise typer.Exit(1)


def _try(home: "Home", seconds: float) -> "tuple[Tried, ...]":
    from gateway.preflight.online import tries, try_all  # noqa: PLC0415

    return try_all(tries(home), seconds=seconds, tell=_tell)


def _tell(tried: "Tried") -> None:
    what, found = tried.what, tried.found
    name = f"{what.kind} {what.name}".strip()
    told = "; ".join((*found.said, *(text for _, text in found.wrong))) or "not tried"
    typer.echo(
        f"{'ok  ' if tried.done else 'FAIL'} {name} {what.address} {tried.milliseconds} ms: {told}", err=True
    )


def _facts(problems: tuple[Problem, ...], tried: "tuple[Tried, ...]") -> dict[str, Any]:
    from gateway.config.catalogue import action_of  # noqa: PLC0415

    counted, now = _counted(problems), SYSTEM_CLOCK.now()
    lines = [
        {
            "check": one.check,
            "severity": _severity(one),
            "file": one.file,
            "key": one.key,
            "text": one.text,
            "action": action_of(one),
        }
        for one in problems
    ]
    return {
        "errors": counted["error"],
        "warnings": counted["warning"],
        "problems": lines,
        "online": [one.facts(now) for one in tried],
    }


def _show(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        typer.echo(f"{problem} [{problem.check}]" if problem.check else str(problem))
    counted = _counted(problems)
    typer.echo(f"{counted['error']} error(s), {counted['warning']} warning(s)", err=True)


def _counted(problems: tuple[Problem, ...]) -> Counter[str]:
    return Counter(map(_severity, problems))


def _severity(problem: Problem) -> str:
    return "warning" if problem.warning else "error"
