"""A service deployed: its contract and its correlator become a folder of the home, and come into force."""

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from gateway.config.read import CORRELATOR_FILE
from gateway.config.words import shown
from gateway.manage.change import apply
from gateway.manage.deploying import DeployResult, Gathered, Wanted
from gateway.manage.folders import PutFolder, recover
from gateway.manage.installation import Installation
from gateway.manage.lock import changing
from gateway.manage.mistakes import correlator_mistakes, refuse_new_mistakes
from gateway.manage.names import checked
from gateway.manage.plan import Plan, old_correlator
from gateway.manage.results import ManageError, Why

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")


def deploy(
    installation: Installation, gathered: Gathered, wanted: Wanted, *, dry_run: bool = False
) -> DeployResult:
    """Deploy a contract as a service, or say what would be written (`dry_run`).

    Raises ManageError: WRONG for a WSDL or setting that is not right or missing, EXISTS for a service that is
    there already, and what `change.apply` raises; nothing is changed then.
    """
    name = checked("service", wanted.name or _name_of(gathered))
    _check_names(gathered)
    if dry_run:
        plan = Plan.of(installation, gathered, wanted, name)
        return replace(plan.result(), notes=(*plan.notes, *map(str, plan.reading.warnings)))
    with changing(installation):
        recovered = recover(installation)
        plan = Plan.of(installation, gathered, wanted, name)
        if plan.missing:
            raise ManageError(Why.WRONG, f"not deployed, as it could not serve: {'; '.join(plan.missing)}")
        folder = f"wsdl/{name}"
        before = old_correlator(installation, name)
        refuse_new_mistakes(
            installation, correlator_mistakes, f"{folder}/{CORRELATOR_FILE}", (before, plan.correlator), {}
        )
        edit = PutFolder(installation, folder, plan.content)
        change = apply(installation, [edit], recovered)
        kept = edit.kept()
        notes = (*change.notes, *((f"what was there before is kept in {kept}",) if kept else ()))
        return replace(plan.result(), change=replace(change, notes=notes))


def _name_of(gathered: Gathered) -> str:
    return _NOT_IN_NAMES.sub("-", PurePosixPath(gathered.main).stem).strip("-._")[:64]


def _check_names(gathered: Gathered) -> None:
    """Raise ManageError for a file whose name a service's folder cannot hold."""
    for name in gathered.files:
        parts = PurePosixPath(name).parts
        if (
            not parts
            or name.startswith("/")
            or any(part.startswith(".") for part in parts)
            or not name.isprintable()
        ):
            raise ManageError(Why.WRONG, f"{shown(name)!r} is no name of a file in a service's folder")
        if parts[-1] == CORRELATOR_FILE:
            raise ManageError(Why.WRONG, f"{shown(name)} has the name of the correlator")
