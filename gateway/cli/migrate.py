"""`imsgw migrate`."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import JsonOption, problems_shown
from gateway.cli.printed_json import printed_json

if TYPE_CHECKING:
    from gateway.migrate.installation import Progress
    from gateway.migrate.report import Report


class SecretsIn(Enum):
    """Where secrets go."""

    FILES = "files"
    ENV = "env"


def _print_mapping(wanted: bool) -> None:
    if wanted:
        from gateway.migrate.mapping import shipped_text  # noqa: PLC0415  keeps --help quick

        typer.echo(shipped_text(), nl=False)
        raise typer.Exit


def migrate(
    source: Annotated[
        Path,
        typer.Argument(
            help="Folder with the files of an installation of IMS SOAP Gateway.",
            exists=True,
            file_okay=False,
            show_default=False,
        ),
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            envvar="IMSGW_HOME",
            help="The new home: a folder that is not there, or empty.",
            show_default=".",
        ),
    ] = Path(),
    mapping: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Mapping table of names, over the one that is shipped."),
    ] = None,
    passwords: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="TOML file with passwords that the installation lacks, or has wrong.",
        ),
    ] = None,
    secrets: Annotated[
        SecretsIn,
        typer.Option(help="Secrets into files of mode 600, or to be set as environment variables."),
    ] = SecretsIn.FILES,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that holds something.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 unless everything was understood and taken.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; say what would become of it.")
    ] = False,
    as_json: JsonOption = False,
    _mapping_wanted: Annotated[
        bool,
        typer.Option(
            "--print-mapping", callback=_print_mapping, is_eager=True, help="Print the mapping table and leave."
        ),
    ] = False,
) -> None:
    """Make a home of an installation of IBM's IMS SOAP Gateway: bundles, correlators, WSDLs, stores, server.

    Nothing of the installation is changed. What was taken, changed, set aside, not understood, and what to ask
    whom, stands in migration-report.md of the new home. Exit code 1: nothing usable, or see --strict.

    Example: `imsgw migrate /transfer/imssoap --to /etc/imsgw`
    """
    from gateway.migrate.mapping import read_mapping  # noqa: PLC0415  keeps --help quick
    from gateway.migrate.passwords import read_passwords  # noqa: PLC0415
    from gateway.migrate.run import Options, TargetError  # noqa: PLC0415
    from gateway.migrate.run import migrate as run  # noqa: PLC0415

    with problems_shown():
        names, known = read_mapping(mapping), read_passwords(passwords, os.environ)
    options = Options(names, known, secrets.value, force, dry_run)
    try:
        with _progress() as progress:
            report = run(source, to, options, progress)
    except (TargetError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        from gateway.migrate.report import as_data  # noqa: PLC0415

        typer.echo(printed_json(as_data(report)))
    else:
        _tell(report, to, dry_run=dry_run)
    if not report.usable or (strict and not report.clean):
        raise typer.Exit(1)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """Show on a terminal how far it is; elsewhere nothing."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def told(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield told


def _tell(report: "Report", to: Path, *, dry_run: bool) -> None:
    """Print the report in short."""
    from gateway.migrate.report import MARKDOWN_FILE  # noqa: PLC0415

    roles = Counter(one.role for one in report.services)
    typer.echo(
        f"{roles['provider']} provider(s), {roles['consumer']} consumer(s), {len(report.bundles)} bundle(s), "
        f"{len(report.aside)} set aside"
    )
    counts = {
        "damaged": report.damaged,
        "contradictions": report.contradictions,
        "not understood": report.unknown,
        "changed": report.changed,
        "questions": report.questions,
    }
    typer.echo(", ".join(f"{len(found)} {name}" for name, found in counts.items()))
    lines = [f"{one.place}: {one.text}" for one in report.damaged]
    lines += [f"set aside: {aside.unit}: {aside.reason}" for aside in report.aside]
    lines += [f"before it starts: {blocker}" for blocker in report.blockers]
    for line in lines:  # names of the installation may hold what steers a terminal
        typer.echo("".join(one if one.isprintable() else "?" for one in line))
    if report.variables:
        typer.echo(f"variables to set: {', '.join(report.variables)}")
    if not report.usable:
        typer.echo("nothing usable was found: nothing was written", err=True)
    elif dry_run:
        typer.echo("nothing was written (--dry-run)")
    else:
        typer.echo(f"written: {to}; read {to / MARKDOWN_FILE}, then imsgw check --home {to}")
