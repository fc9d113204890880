"""`imsgw audit`: what is done with the audit trail from the shell."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.chain import Hasher
from gateway.audit.making import trail_path
from gateway.audit.verify import NotVerifiableError, Verified, trail_of, verify
from gateway.cli.options import HomeOption, JsonOption, load, problems_shown
from gateway.cli.printed_json import printed_json
from gateway.config.audit import LEAST_KEY
from gateway.exchange import Secret

app = typer.Typer(help="The audit trail.", no_args_is_help=True)


@app.callback()
def _audit() -> None:
    """Keep `verify` a command of its own."""


@app.command("verify")
def verified(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Files of one trail, oldest first; of a trail's current file those that were put aside are "
            "found by themselves. None: the trail of the home.",
        ),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="File with the key of the chain, `audit.chain_key`.")
    ] = None,
    key_env: Annotated[str | None, typer.Option(help="Environment variable with the key of the chain.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="SEQUENCE:HASH",
            help="What an earlier run, or the log, said of the end of the chain: it must still be there.",
        ),
    ] = None,
    archive: Annotated[
        bool,
        typer.Option(
            "--archive",
            help="The files are an archived copy, or a part of a trail, without the file that names the end.",
        ),
    ] = False,
    home: HomeOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Verify the chain of an audit trail: that no line was changed, removed, inserted, or cut off.

    Tells the first thing that is wrong. Exit code 0: all is as it was written. 1: it is not. 2: nothing can be
    said: no chain, no key, or a file that cannot be read.

    Example: `imsgw audit verify var/audit/audit.log --key-file /run/secrets/audit-key`
    """
    key = _key(key_file, key_env)
    if archive and not files:
        raise typer.BadParameter("--archive goes with files: the trail of the home is no copy")
    if not files:
        files, key = _of_home(home, key)
    try:
        found = verify(trail_of(files), Hasher(key), _witness(at), archive=archive)
    except NotVerifiableError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        raise typer.BadParameter(f"{error.filename}: {error.strerror}") from None
    if as_json:
        typer.echo(printed_json(asdict(found)))
    else:
        for line in _told(found):
            typer.echo(line)
    if found.broken is not None:
        raise typer.Exit(1)


def _key(key_file: Path | None, key_env: str | None) -> Secret:
    if key_file is not None and key_env is not None:
        raise typer.BadParameter("--key-file and --key-env exclude each other")
    if key_env is not None:
        text = os.environ.get(key_env)
        if text is None:
            raise typer.BadParameter(f"the variable {key_env} is not set")
    elif key_file is not None:
        try:
            text = key_file.read_text().removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{key_file} cannot be read: {error}") from None
    else:
        return Secret("")
    if len(text) < LEAST_KEY:
        raise typer.BadParameter(f"a key has {LEAST_KEY} characters or more")
    return Secret(text)


def _of_home(home: Path, key: Secret) -> tuple[list[Path], Secret]:
    """Return the trail of a home, and its key unless another one was given."""
    with problems_shown():
        read = load(home)
    audit = read.gateway.audit
    if audit.kind != "file":
        raise typer.BadParameter(f'name a file: audit.to of the home is "{audit.to}"')
    return [trail_path(audit, read.state)], key or audit.chain_key


def _witness(at: str | None) -> tuple[int, str] | None:
    if at is None:
        return None
    sequence, _, hash_ = at.partition(":")
    if not sequence.isdecimal() or len(hash_) != 64:
        raise typer.BadParameter("--at reads SEQUENCE:HASH, as a run of this command tells them")
    return int(sequence), hash_


def _told(found: Verified) -> Iterator[str]:
    """Yield what was found, for people."""
    for note in found.notes:
        yield f"note: {note}"
    if found.broken is not None:
        place = f" line {found.broken.line}" if found.broken.line else ""
        yield f"BROKEN: {found.broken.file}{place}: {found.broken.text}"
        yield f"{found.lines} lines before it are right, up to sequence {found.last}"
        return
    yield f"{found.lines} lines are right, sequences {found.first} to {found.last}, in {_named(found)}"
    yield f"end of the chain: {found.last}:{found.hash}"
    if not found.keyed:
        yield "note: the chain has no key: whoever can write the files can make all of it anew"
    if not found.anchored:
        yield "note: no anchor was found beside the files: lines may be missing at their end"


def _named(found: Verified) -> str:
    """Name the files: whoever verifies the trail of a home need not know where it lies."""
    last = found.files[-1]
    return last if len(found.files) == 1 else f"{len(found.files)} files, the last of them {last}"
