"""Which files a home is made of, and whether they have changed.

Looked at are the times and sizes of the files, not what is in them: `gateway.toml`, bundles/, wsdl/ and the
files that those name (stores, tables of users, secrets). Links are followed to the file, so that the swap of a
mounted volume's link is a change of all files behind it.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from gateway.config.model import Home
from gateway.config.read import CORRELATOR_FILE, GATEWAY_FILE, read_toml
from gateway.errors import ConfigError

_MOST_FILES: Final = 100_000
_MOST_NAMED: Final = 10

Fingerprint = frozenset[tuple[str, int, int, int]]
"""Of each file: path, inode, size, time of its last change in nanoseconds."""


def fingerprint(home: Path, named: frozenset[Path] = frozenset()) -> Fingerprint:
    """Return what tells whether files of the home, or those that it names, have changed. Does not raise."""
    return frozenset(found for path in _files(home, named) if (found := _look(path)) is not None)


def named_files(home: Home) -> frozenset[Path]:
    """Return the files and folders that the settings of a home name: stores, tables, secrets; absolute."""
    settings: list[Any] = [home.gateway, *home.bundles.values()]
    settings += [service.settings for service in home.services.values()]
    settings += [consumer.settings for consumer in home.consumers.values()]
    return frozenset(_paths(settings)) | frozenset(_secrets(home.path))


def spoken_of(home: Path) -> frozenset[Path]:
    """Return what a home that has mistakes may name, there or not: each text in its files, as a path of a file.

    For the look at a home that was refused: what it waits for may be a file that it names and that is to come.
    """
    texts = {text for table in _tables(home) for text in _texts(table)}
    return frozenset(path for text in texts if _may_be_file(path := home / text))


def changed_files(home: Path, changed: Fingerprint) -> str:
    """Return the files that have changed, for people; of folders only those whose files stayed as they are."""
    paths = {Path(path) for path, *_ in changed}
    paths -= {parent for path in paths for parent in path.parents}
    names = sorted(str(path.relative_to(home)) if path.is_relative_to(home) else str(path) for path in paths)
    left = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


def _files(home: Path, named: frozenset[Path]) -> Iterator[Path]:
    yield home / GATEWAY_FILE
    left = _MOST_FILES
    for root in (home / "bundles", home / "wsdl", *named):
        yield root
        for folder, folders, names in os.walk(root):
            # hidden ones are not read either; links to folders are followed no further
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in (*folders, *names):
                yield Path(folder, name)
            left -= len(names)
            if left < 0:
                return


def _look(path: Path) -> tuple[str, int, int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns


def _paths(value: Any) -> Iterator[Path]:
    """Yield every path in settings."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _paths(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _paths(inner)


def _secrets(home: Path) -> Iterator[Path]:
    """Yield the files of ``{ file = "PATH" }``: settings hold what was in them, not where."""
    for table in _tables(home):
        yield from (home / name for name in _file_references(table))


def _tables(home: Path) -> Iterator[Mapping[str, Any]]:
    """Yield what the files of a home say; of those that can be read."""
    files = [GATEWAY_FILE, *(f"bundles/{path.name}" for path in sorted((home / "bundles").glob("*.toml")))]
    files += [
        f"wsdl/{path.parent.name}/{path.name}" for path in sorted((home / "wsdl").glob(f"*/{CORRELATOR_FILE}"))
    ]
    for file in files:
        try:
            yield read_toml(home / file, file)
        except ConfigError:
            continue


def _file_references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if len(value) == 1 and isinstance(value.get("file"), str):
            yield value["file"]
        for inner in value.values():
            yield from _file_references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _file_references(inner)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _may_be_file(path: Path) -> bool:
    try:
        path.lstat()
        return not path.is_dir()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):  # too long a name, a NUL
        return False
