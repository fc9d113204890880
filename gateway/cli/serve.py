"""`imsgw serve`."""

import logging
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from gateway.cli.options import HomeOption, load, problems_shown, show
from gateway.observe import logs

log: Final = logging.getLogger("gateway.web")


def serve(
    home: HomeOption = Path(),
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="Least severe entries of the log.")
    ] = "info",
    log_format: Annotated[
        Literal["json", "text"], typer.Option(help="json: one object a line; text: for people.")
    ] = "json",
    with_callout: Annotated[
        bool,
        typer.Option(
            "--with-callout", help="Run imsgw callout beside it, as a process of its own that is kept running."
        ),
    ] = False,
) -> None:
    """Serve the deployed services until stopped (SIGTERM, Ctrl-C: requests in flight are finished).

    Example: `imsgw serve --home /etc/imsgw`
    """
    logs.configure(level=log_level, json=log_format == "json")
    if with_callout:
        from gateway import supervisor  # noqa: PLC0415

        with problems_shown():
            load(home)  # so that the mistakes of a home are told once; both judge it again
        options = ("--home", str(home), "--log-level", log_level, "--log-format", log_format)
        # serve prints the warnings of the whole home
        raise typer.Exit(supervisor.run(("serve", *options), ("callout", "--no-warnings", *options)))
    from gateway import runtime  # noqa: PLC0415  Spyne takes a second to import; --help need not wait
    from gateway.preflight.still import load_still  # noqa: PLC0415

    with problems_shown():
        snapshot, look = load_still(home, None, None)
        show(snapshot.warnings)
        if snapshot.home.consumers:
            told = "imsgw callout serves the %d services that IMS programs call; serve --with-callout runs it"
            log.info(told, len(snapshot.home.consumers))
        runtime.serve(snapshot, look)
