"""Options that several commands share, and how a mistake in a home is shown."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gateway.config.model import Home

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home", envvar="IMSGW_HOME", help="Folder with gateway.toml, bundles/ and wsdl/.", show_default="."
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state", help="Folder that the running processes write to.", show_default="that of the home"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


@contextmanager
def problems_shown() -> Iterator[None]:
    """Print the lines of a ConfigError and leave with exit code 1."""
    try:
        yield
    except ConfigError as error:
        show(error.problems)
        raise typer.Exit(1) from error


def show(problems: tuple[Problem, ...]) -> None:
    """Print one line a problem on standard error."""
    for problem in problems:
        typer.echo(str(problem), err=True)


def load(home: Path) -> "Home":
    """Read a home; raises ConfigError."""
    from gateway.config.read import read_home  # noqa: PLC0415  not every command reads one

    return read_home(home, environ=os.environ)


def state_folder(home: Path) -> Path:
    """Return where the processes of a home keep their state, by `gateway.toml` alone: the rest may be wrong."""
    from gateway.config.read import GATEWAY_FILE, STATE_VARIABLE, read_toml, require_home  # noqa: PLC0415

    home = home.absolute()
    with problems_shown():
        require_home(home)
        server = read_toml(home / GATEWAY_FILE, GATEWAY_FILE).get("server")
    told = server.get("state") if isinstance(server, dict) else None
    return home / (os.environ.get(STATE_VARIABLE) or (told if isinstance(told, str) else "var"))
