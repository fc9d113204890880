"""How `imsgw callout` reads its home: judged as a whole, told of what callout uses."""

import os
from dataclasses import replace
from pathlib import Path

from gateway.callout.concern import concerning
from gateway.config.read import read_home
from gateway.config.watched import Fingerprint
from gateway.errors import ConfigError, Problem
from gateway.preflight.snapshot import Snapshot
from gateway.preflight.still import load_still


class HomeReader:
    """Reads a home, again and again; contracts whose files are the same are read once. One thread at a time."""

    def __init__(self, path: Path) -> None:
        """`path`: of the home."""
        self._path = path
        self._before: Snapshot | None = None

    def __call__(self) -> tuple[Snapshot, Fingerprint]:
        """Return it with the look of its files; warnings are those of what callout uses. Raises ConfigError."""
        state = self._before.home.state if self._before else None
        try:
            snapshot, look = load_still(self._path, state, self._before)
        except ConfigError as error:
            raise ConfigError(self._concerning(error.problems)) from error
        self._before = snapshot
        return replace(snapshot, warnings=concerning(snapshot.home, snapshot.warnings)), look

    def _concerning(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        try:
            home = read_home(self._path, environ=os.environ)
        except ConfigError:
            return problems
        return concerning(home, problems)
