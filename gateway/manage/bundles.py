"""Connection bundles: made, changed, deleted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.config.document import read_toml
from gateway.config.model import Bundle
from gateway.config.read import CORRELATOR_FILE
from gateway.errors import ConfigError
from gateway.exchange import Secret
from gateway.manage.change import apply
from gateway.manage.edits import PutFile, RemoveFile
from gateway.manage.installation import Installation
from gateway.manage.lock import changing
from gateway.manage.mistakes import bundle_mistakes, refuse_new_mistakes
from gateway.manage.names import checked, not_found
from gateway.manage.results import Change, ManageError, Why
from gateway.manage.services import service_names
from gateway.manage.toml_edit import KeyPath, TomlEditError, edited
from gateway.manage.values import Value, for_file, plain, refuse_clear
from gateway.manage.writing import sweep

_SECRET_MODE: Final = 0o600
_SECRETS: Final = ("identity", "keystores")
_DOCUMENT: Final = b"# Written by imsgw; docs/configuration.md explains the keys.\n"


def create(installation: Installation, name: str, values: Mapping[str, Value]) -> Change:
    """Make a bundle. `values`: by dotted key, as of `change`. Raises ManageError."""
    file = bundle_file(name)
    with changing(installation):
        _sweep(installation.home)
        if (installation.home / file).exists():
            raise ManageError(
                Why.EXISTS, f"there is a bundle {name} already: imsgw bundle change {name} KEY=VALUE"
            )
        return _write(installation, name, None, plain(Bundle, values))


def change(installation: Installation, name: str, values: Mapping[str, Value], *, seen: str = "") -> Change:
    """Set keys of a bundle; comments and order of its file stay. Raises ManageError.

    `values` by dotted key, for example ``{"ims_connect.port": 9998, "credentials.group": None}``: None takes a
    key out. Secrets are tables ``{"env": NAME}`` or ``{"file": PATH}``, or a `Secret`: that goes into a file of
    mode 600 below identity/ or keystores/, and the key names the file. In clear they are refused.

    `seen`: the `file_tag` that the file had when whoever asks looked at it; CHANGED when it has another by now.
    """
    file = bundle_file(name)
    with changing(installation):
        _sweep(installation.home)
        if not (installation.home / file).is_file():
            raise not_found("bundle", name, bundle_names(installation.home))
        _require_same(installation.home, file, seen)
        data = (installation.home / file).read_bytes()
        return _write(installation, name, data, plain(Bundle, values))


def delete(installation: Installation, name: str, *, seen: str = "") -> Change:
    """Remove a bundle that no service uses; `seen` as of `change`.

    Raises ManageError: IN_USE names those that do.
    """
    file = bundle_file(name)
    with changing(installation):
        if not (installation.home / file).is_file():
            raise not_found("bundle", name, bundle_names(installation.home))
        _require_same(installation.home, file, seen)
        users = users_of(installation.home, name)
        if users:
            raise ManageError(
                Why.IN_USE, f"bundle {name} is used by {', '.join(users)}: undeploy or change those first"
            )
        return apply(installation, [RemoveFile(installation.home, file)])


def bundle_file(name: str) -> str:
    """Return a bundle's file, relative to the home. Raises ManageError: no name."""
    return f"bundles/{checked('bundle', name)}.toml"


def file_tag(path: Path) -> str:
    """Return what tells versions of a file apart, and nothing of what it says; empty where there is none.

    Every change by us is a new file, so inode and time differ.
    """
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def _require_same(home: Path, file: str, seen: str) -> None:
    if seen and seen != file_tag(home / file):
        raise ManageError(Why.CHANGED, f"{file} has changed since: look at it again")


def bundle_names(home: Path) -> list[str]:
    """Return the names of the bundles, in order; none where they cannot be read."""
    return sorted(path.stem for path in (home / "bundles").glob("*.toml") if not path.name.startswith("."))


def users_of(home: Path, bundle: str) -> list[str]:
    """Return the services whose correlators name a bundle, in order; one that cannot be read names none."""
    return [name for name in service_names(home) if bundle in _named(home, name)]


def _named(home: Path, service: str) -> list[Any]:
    file = f"wsdl/{service}/{CORRELATOR_FILE}"
    try:
        table = read_toml(home / file, file)
    except ConfigError:
        return []
    named = table.get("bundles")
    return [table.get("bundle"), *(named if isinstance(named, list) else [])]


def _write(
    installation: Installation, name: str, before: bytes | None, changes: dict[KeyPath, Value]
) -> Change:
    """Write a bundle's file, and the secrets that are files of their own."""
    file = bundle_file(name)
    refuse_clear(Bundle, changes)
    secrets = {_secret_file(name, path): value for path, value in changes.items() if isinstance(value, Secret)}
    for path, value in changes.items():
        if isinstance(value, Secret):
            changes[path] = {"file": _secret_file(name, path)}
    try:
        after = edited(
            _DOCUMENT if before is None else before, {path: for_file(value) for path, value in changes.items()}
        )
    except TomlEditError as error:
        raise ManageError(Why.WRONG, f"{file} {error}") from error
    if after == before and not secrets:
        return Change(changed=False)
    refuse_new_mistakes(installation, bundle_mistakes, file, (before, after), secrets)
    edits = [PutFile(installation.home, kept, secret, _SECRET_MODE) for kept, secret in secrets.items()]
    return apply(installation, [*edits, PutFile(installation.home, file, after)])


def _sweep(home: Path) -> None:
    """Remove what killed writers left where bundles and their secrets are kept: it may be a secret."""
    for folder in ("bundles", *_SECRETS):
        sweep(home / folder)


def _secret_file(name: str, path: KeyPath) -> str:
    """Return where a secret of a bundle is kept: beside the stores when it opens one."""
    identity, keystores = _SECRETS
    folder = keystores if {"keystore", "truststore"} & set(path) else identity
    return f"{folder}/{name}-{'-'.join(path)}.secret"
