"""`imsgw check`."""

import json
from dataclasses import asdict
from pathlib import Path

import typer

from gateway.cli.options import HomeOption, JsonOption, load
from gateway.errors import ConfigError, Problem


def check(home: HomeOption = Path(), as_json: JsonOption = False) -> None:
    """Check the whole home: files, secrets, stores, WSDLs, values that do not fit each other.

    Prints a line `file: key: problem` for each; warnings do not fail. Exit code 1: something would not work.

    Example: `imsgw check --home /etc/imsgw`
    """
    from gateway import preflight  # noqa: PLC0415  Spyne takes a second to import; --help need not wait

    try:
        problems = preflight.check(load(home))
    except ConfigError as error:
        problems = error.problems
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], indent=2))
    else:
        _show(problems)
    if any(not problem.warning for problem in problems):
        raise typer.Exit(1)


def _show(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        typer.echo(str(problem))
    errors = sum(not problem.warning for problem in problems)
    warnings = len(problems) - errors
    typer.echo(f"{errors} error(s), {warnings} warning(s)", err=True)
