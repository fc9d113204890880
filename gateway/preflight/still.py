"""Reads a home that stands still: what is loaded is what the files say at one moment, or nothing is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from gateway.config.watched import Fingerprint, fingerprint, named_files
from gateway.errors import ConfigError, Problem
from gateway.preflight.loading import load
from gateway.preflight.snapshot import Snapshot

_TRIES: Final = 5


def load_still(
    path: Path, state: Path | None, before: Snapshot | None, environ: Mapping[str, str] = os.environ
) -> tuple[Snapshot, Fingerprint]:
    """Load a home, and return it with the look of its files, which were the same before and after.

    Raises ConfigError: the home has mistakes, or keeps changing.
    """
    still = read_still(path, state, before, environ)
    return still.snapshot, still.look


@dataclass(frozen=True, slots=True)
class Still:
    """A home that was loaded while it stood still."""

    snapshot: Snapshot
    look: Fingerprint
    named: frozenset[Path]
    """The files outside of the home's own folders that it names: they are in the look, too."""

    def judge(self) -> None:
        """Raise ConfigError when the files are others by now: so may be what was made of them meanwhile."""
        if fingerprint(self.snapshot.home.path, self.named) != self.look:
            raise _moving()


def read_still(
    path: Path, state: Path | None, before: Snapshot | None, environ: Mapping[str, str] = os.environ
) -> Still:
    """Load a home as `load_still` does, for whoever makes more of its files."""
    path = path.absolute()
    named = named_files(before.home) if before else frozenset[Path]()
    known = before
    for _ in range(_TRIES):
        look = fingerprint(path, named)
        loaded = load(path, environ=environ, state=state, before=known)
        now_named = named_files(loaded.home)
        if now_named == named and fingerprint(path, named) == look:
            return Still(replace(loaded, number=before.number + 1 if before else 1), look, named)
        named, known = now_named, loaded
    raise _moving()


def _moving() -> ConfigError:
    return ConfigError(
        (Problem("", "", "the files of the home keep changing; try again when they are written"),)
    )


def mark_of(look: Fingerprint) -> str:
    """Return a look in short, to compare between processes of one machine; it is for nobody else."""
    return sha256("\n".join(map(repr, sorted(look))).encode()).hexdigest()
