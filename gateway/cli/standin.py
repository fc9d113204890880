"""`imsgw standin`."""

from pathlib import Path
from typing import Annotated

import typer


def standin(
    config: Annotated[Path, typer.Option(help="Configuration of the stand-in (TOML).")] = Path("standin.toml"),
    trace: Annotated[
        int, typer.Option("--trace", "-t", count=True, help="Print a line a message; twice: bytes too.")
    ] = 0,
) -> None:
    """Run a stand-in IMS Connect with a small IMS behind it, for tests without a mainframe.

    Example: `imsgw standin --config standin.toml --trace`
    """
    from gateway.standin import run  # noqa: PLC0415  keeps --help quick

    raise typer.Exit(run(config, trace))
