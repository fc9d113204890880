"""One table of `gateway.toml` by itself, for commands to which nothing else of the home need be right."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gateway.config.values import Settings

S = TypeVar("S", bound="Settings")


def section(home: Path, name: str, model: type[S]) -> S:
    """Read a table, `[journal]` for example. Raises ConfigError."""
    from gateway.config.read import GATEWAY_FILE, read_toml, require_home, settle  # noqa: PLC0415  keeps --help quick
    from gateway.config.secrets import HomeFiles  # noqa: PLC0415

    require_home(home)
    table = read_toml(home / GATEWAY_FILE, GATEWAY_FILE).get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError((Problem(GATEWAY_FILE, name, f"must be a table: [{name}]"),))
    try:
        return settle(model, table, GATEWAY_FILE, HomeFiles(home, os.environ))
    except ConfigError as error:
        wrong = [replace(problem, key=f"{name}.{problem.key}") for problem in error.problems]
        raise ConfigError(tuple(problem for problem in wrong if not problem.warning)) from None
