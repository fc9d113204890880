"""The journal of a home for `imsgw callout dead-letters`, whether or not the callout process runs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from gateway.cli.callout_asking import state_folder
from gateway.cli.options import problems_shown
from gateway.cli.section import section
from gateway.clock import SYSTEM_CLOCK
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.callout.journal.entries import Journal, Letter

_PAGE: Final = 500


@contextmanager
def journal_of(home: Path) -> Iterator["Journal"]:
    """Open the journal that `gateway.toml` names; nothing else of the home need be right.

    Leaves with 1, saying why, where settings or journal cannot be used. A home without a journal gets none
    made: then NoJournalError comes out of the calls, and it too is said where nobody catches it.
    """
    from gateway.callout.journal import open_journal  # noqa: PLC0415  keeps --help quick
    from gateway.callout.journal.entries import JournalError  # noqa: PLC0415
    from gateway.config.model import JournalSettings  # noqa: PLC0415

    home = home.absolute()
    with problems_shown():
        settings = section(home, "journal", JournalSettings)
    try:
        journal = open_journal(settings, state_folder(home), SYSTEM_CLOCK, create=False)
        with closing(journal):
            yield journal
    except JournalError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def host_page(home: Path, bundle: str) -> int:
    """Return the code page of messages of a bundle, `callout.host_ccsid`, or its default where none is told."""
    from gateway.codepage import CodePage  # noqa: PLC0415  keeps --help quick
    from gateway.config.callout import BundleCallout  # noqa: PLC0415
    from gateway.config.read import read_toml  # noqa: PLC0415

    default = int(BundleCallout.model_fields["host_ccsid"].default)
    if Path(bundle).name != bundle:
        return default
    try:
        callout = read_toml(home.absolute() / "bundles" / f"{bundle}.toml", bundle).get("callout")
    except ConfigError:
        return default
    told = callout.get("host_ccsid") if isinstance(callout, Mapping) else None
    try:
        return CodePage.of(told).ccsid if isinstance(told, int) else default
    except ValueError:
        return default


def meant(journal: "Journal", ids: Sequence[str], *, every: bool, service: str) -> "list[Letter]":
    """Return the dead letters that are meant: those named, or all, or all of a service.

    Leaves with 1 where one that is named is none, and with 2 where it is not said which are meant.
    """
    if every == bool(ids):
        raise typer.BadParameter("name dead letters, or --all", param_hint="ID")
    if service and not every:
        raise typer.BadParameter("goes with --all", param_hint="--service")
    return _all(journal, service) if every else _named(journal, ids)


def _all(journal: "Journal", service: str) -> "list[Letter]":
    from gateway.callout.journal import NoJournalError  # noqa: PLC0415  keeps --help quick

    found: list[Letter] = []
    last = ""
    try:
        while page := journal.letters(limit=_PAGE, after=last):
            found += [letter for letter in page if service in {"", letter.service}]
            last = page[-1].id
    except NoJournalError:
        return []
    return found


def _named(journal: "Journal", ids: Sequence[str]) -> "list[Letter]":
    found: dict[str, Letter] = {}
    wrong: list[str] = []
    for id_ in ids:
        opened = journal.letter(id_)
        if opened is None:
            wrong.append(f"{plain(id_)}: no entry begins so, or more than one does")
        elif opened.letter.state.value != "dead":
            wrong.append(f"{plain(id_)}: is no dead letter, but {opened.letter.state.value}")
        else:
            found[opened.letter.id] = opened.letter
    if wrong:
        typer.echo("\n".join([*wrong, "nothing was changed"]), err=True)
        raise typer.Exit(1)
    return list(found.values())


def facts(letter: "Letter") -> dict[str, Any]:
    """Return a letter for JSON."""
    from gateway.callout.told import message_id  # noqa: PLC0415  keeps --help quick

    return {
        "id": letter.id,
        "message_id": message_id(letter.id),
        "bundle": letter.source.bundle,
        "tpipe": letter.source.tpipe,
        "service": letter.service,
        "operation": letter.operation,
        "stage": letter.stage.value,
        "state": letter.state.value,
        "attempts": letter.attempts,
        "received": letter.received.isoformat(),
        "changed": letter.changed.isoformat(),
        "status": letter.status,
        "reason": letter.reason,
        "size": letter.size,
    }


def plain(text: str) -> str:
    """Return a text without what would steer a terminal: it may hold what IMS or a service has said."""
    return "".join(char if char.isprintable() else " " for char in text)


def counted(number: int) -> str:
    """Return a number of dead letters in words."""
    return "1 dead letter" if number == 1 else f"{number} dead letters"
