"""Deployed services: started and stopped, undeployed."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.config.read import CORRELATOR_FILE
from gateway.manage.change import apply
from gateway.manage.edits import PutFile
from gateway.manage.folders import TakeFolder, recover
from gateway.manage.installation import Installation
from gateway.manage.lock import changing
from gateway.manage.names import checked, not_found
from gateway.manage.results import Change, ManageError, Why
from gateway.manage.toml_edit import TomlEditError, edited
from gateway.manage.writing import sweep

_ENABLED: Final = ("enabled",)


def start(installation: Installation, name: str) -> Change:
    """Have a stopped service served again: `enabled = true` in its correlator. Raises ManageError."""
    return _enable(installation, name, True)


def stop(installation: Installation, name: str) -> Change:
    """Have a service answer that it is stopped: `enabled = false` in its correlator. Raises ManageError.

    A provider answers a fault, its contract stays readable. Callouts to a consumer: those that are waited for
    get an error response, others wait for the start.
    """
    return _enable(installation, name, False)


@dataclass(frozen=True, slots=True)
class Undeployed:
    """A service that was taken out."""

    change: Change
    kept: Path | None
    """Where its folder is now; None: it was removed."""

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {**self.change.facts(), "kept": str(self.kept) if self.kept else None}


def undeploy(installation: Installation, name: str, *, remove: bool = False) -> Undeployed:
    """Take a service out of the home; its folder is kept below the state folder, or removed.

    Raises ManageError.
    """
    folder = f"wsdl/{checked('service', name)}"
    with changing(installation):
        recovered = recover(installation)
        if not (installation.home / folder).is_dir():
            raise not_found("service", name, service_names(installation.home))
        edit = TakeFolder(installation, folder, forget=remove)
        change = apply(installation, [edit], recovered)
        return Undeployed(change, edit.kept())


def _enable(installation: Installation, name: str, wanted: bool) -> Change:
    file = correlator(name)
    with changing(installation):
        recovered = _prepare(installation, name)
        data = (installation.home / file).read_bytes()
        try:
            changed = edited(data, {_ENABLED: wanted})
        except TomlEditError as error:
            raise ManageError(Why.WRONG, f"{file} {error}") from error
        if _is_enabled(data) is wanted:
            return Change(changed=False)
        return apply(installation, [PutFile(installation.home, file, changed)], recovered)


def _is_enabled(data: bytes) -> object:
    return tomllib.loads(data.decode("utf-8-sig")).get("enabled", True)


def correlator(name: str) -> str:
    """Return the file of a service's correlator, relative to the home. Raises ManageError: no name."""
    return f"wsdl/{checked('service', name)}/{CORRELATOR_FILE}"


def service_names(home: Path) -> list[str]:
    """Return the names of the folders that hold a correlator, in order; none where they cannot be read."""
    try:
        entries = sorted(entry.name for entry in (home / "wsdl").iterdir())
    except OSError:
        return []
    return [
        name
        for name in entries
        if not name.startswith(".") and (home / "wsdl" / name / CORRELATOR_FILE).is_file()
    ]


def _prepare(installation: Installation, name: str) -> tuple[str, ...]:
    """Clear up after killed writers, and see that the service is there; return what was cleared up."""
    recovered = recover(installation)
    sweep(installation.home / "wsdl" / name)
    if not (installation.home / correlator(name)).is_file():
        raise not_found("service", name, service_names(installation.home))
    return recovered
