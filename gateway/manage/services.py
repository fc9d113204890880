"""Deployed services: started and stopped, undeployed."""

from pathlib import Path
from typing import Final

from gateway.config.read import CORRELATOR_FILE
from gateway.manage.change import apply
from gateway.manage.edits import PutFile
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


def _enable(installation: Installation, name: str, wanted: bool) -> Change:
    file = correlator(name)
    with changing(installation):
        _prepare(installation, name)
        data = (installation.home / file).read_bytes()
        try:
            changed = edited(data, {_ENABLED: wanted})
        except TomlEditError as error:
            raise ManageError(Why.WRONG, f"{file} {error}") from error
        if _is_enabled(data) is wanted:
            return Change(changed=False)
        return apply(installation, [PutFile(installation.home, file, changed)])


def _is_enabled(data: bytes) -> object:
    import tomllib  # noqa: PLC0415

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


def _prepare(installation: Installation, name: str) -> None:
    """Sweep what killed writers left, and see that the service is there."""
    folder = installation.home / "wsdl"
    sweep(folder)
    sweep(folder / name)
    if not (installation.home / correlator(name)).is_file():
        raise not_found("service", name, service_names(installation.home))
