"""`imsgw serve`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.cli.options import HomeOption, load, problems_shown, show
from gateway.observe import logs


def serve(
    home: HomeOption = Path(),
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="Least severe entries of the log.")
    ] = "info",
    log_format: Annotated[
        Literal["json", "text"], typer.Option(help="json: one object a line; text: for people.")
    ] = "json",
) -> None:
    """Serve the deployed services until stopped (SIGTERM, Ctrl-C: requests in flight are finished).

    Example: `imsgw serve --home /etc/imsgw`
    """
    from gateway import runtime  # noqa: PLC0415  Spyne takes a second to import; --help need not wait

    logs.configure(level=log_level, json=log_format == "json")
    with problems_shown():
        snapshot = load(home)
        show(runtime.problems_before_serving(snapshot))
        runtime.serve(snapshot)
