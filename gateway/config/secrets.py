"""Secrets and paths of a home: a literal, an environment variable, a file; never in a message."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from gateway.config.document import read_bounded
from gateway.config.values import CREATE_TEST_STORE, TEST_FILES, NoSecretError, NoSuchPathError, RefusalError
from gateway.config.words import shown
from gateway.exchange import Secret

MAX_SECRET_BYTES = 4096

_SHAPE = 'must be a text, { env = "NAME" } or { file = "PATH" }'


def _without_newline(text: str) -> str:
    """Drop the one line end that editors and `echo` leave."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _reference(value: Mapping[str, Any]) -> tuple[str, str]:
    """Return "env" or "file" with what it names."""
    if len(value) == 1:
        [(kind, name)] = value.items()
        if kind in {"env", "file"} and isinstance(name, str) and name:
            return kind, name
    raise RefusalError(_SHAPE)


def _hint(name: str) -> str:
    return f"; {CREATE_TEST_STORE}" if PurePath(name).name in TEST_FILES else ""


@dataclass(frozen=True, slots=True)
class HomeFiles:
    """Resolves what a home's files refer to; paths are relative to the home."""

    home: Path
    environ: Mapping[str, str]

    def secret(self, value: str | Mapping[str, Any]) -> Secret:
        """Return the secret behind a value of a TOML file; RefusalError names the variable or file only."""
        if isinstance(value, str):
            return Secret(value)
        kind, name = _reference(value)
        return Secret(self._variable(name) if kind == "env" else self._content(name))

    def _variable(self, name: str) -> str:
        text = self.environ.get(name)
        if text is None:
            raise NoSecretError(f"environment variable {shown(name)} is not set")
        if not text:
            raise NoSecretError(f"environment variable {shown(name)} is empty")
        return text

    def _content(self, name: str) -> str:
        try:
            text = _without_newline(read_bounded(self.home / name, MAX_SECRET_BYTES).decode())
        except UnicodeDecodeError:
            raise RefusalError(f"file {shown(name)} is not UTF-8 text") from None
        except ValueError as error:
            hint = "" if os.path.lexists(self.home / name) else _hint(name)
            raise NoSecretError(f"file {shown(name)} {error}{hint}") from None
        if not text:
            raise RefusalError(f"file {shown(name)} is empty")
        return text

    def notice(self, value: Any) -> str | None:
        """Say so when a secret stands in clear, or in a file that every user of the machine can read."""
        if isinstance(value, str):
            return 'stands here in clear; { env = "NAME" } or { file = "PATH" } keeps it out' if value else None
        if not isinstance(value, Mapping) or not isinstance(value.get("file"), str):
            return None
        mode = self._mode(value["file"])
        if mode is None or not mode & stat.S_IROTH:
            return None
        return (
            f"file {shown(value['file'])} can be read by every user of this machine (mode {mode & 0o777:04o})"
        )

    def _mode(self, name: str) -> int | None:
        try:
            return (self.home / name).stat().st_mode
        except (OSError, ValueError):
            return None

    def path(self, value: str) -> Path:
        """Return the absolute path of an existing file or folder."""
        if not value:
            raise RefusalError("must not be empty")
        if self._mode(value) is None:
            raise NoSuchPathError(f"{shown(value)} does not exist{_hint(value)}")
        return self.home / value

    def file(self, value: str) -> Path:
        """Return the absolute path of an existing file."""
        found = self.path(value)
        if found.is_dir():
            raise RefusalError(f"{shown(value)} is a folder, not a file")
        return found
