"""Homes for the tests of the configuration: the corpus as folders, and settings as JSON."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.config.check import check_home
from gateway.config.model import Home
from gateway.config.read import read_home
from gateway.config.words import fields_of
from gateway.errors import ConfigError, Problem
from gateway.exchange import Secret

CORPUS = Path(__file__).resolve().parents[2] / "corpus" / "config"
BASE = CORPUS / "_base"
MARKER = "M4RK3R"
"""Every secret of the corpus holds this, so that a leak shows."""


@dataclass(frozen=True)
class Outcome:
    """What a home of the corpus comes to."""

    home: Home | None
    error: ConfigError | None
    problems: tuple[Problem, ...]

    @property
    def lines(self) -> list[str]:
        return [str(problem) for problem in self.problems]


def case_names() -> list[str]:
    return sorted(p.name for p in CORPUS.iterdir() if p.is_dir() and p != BASE)


def build(case: Path, target: Path) -> dict[str, str]:
    """Lay a case over the base home in `target`; return its environment."""
    for source in (BASE, case):
        if (source / "home").is_dir():
            shutil.copytree(source / "home", target, dirs_exist_ok=True)
    for name in _lines(case / "without"):
        path = target / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in target.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    environ: dict[str, str] = {}
    for line in (*_lines(BASE / "environ"), *_lines(case / "environ")):
        name, told, value = line.partition("=")
        environ[name] = value
        if not told:
            del environ[name]
    return environ


def _lines(path: Path) -> Iterator[str]:
    if path.is_file():
        yield from path.read_text(encoding="utf-8").splitlines()


def outcome(home: Path, environ: Mapping[str, str]) -> Outcome:
    """Read and check a home; the lines are those of `imsgw check`."""
    try:
        read = read_home(home, environ=environ)
    except ConfigError as error:
        return Outcome(None, error, error.problems)
    return Outcome(read, None, check_home(read))


def as_json(value: Any, home: Path) -> Any:  # noqa: PLR0911  one line a kind
    """Return settings as plain JSON values; secrets are stars, paths count from the home."""
    match value:
        case Secret():
            return "***" if value else ""
        case Home():
            told = ("state", "gateway", "bundles", "services", "consumers")
            parts = {name: getattr(value, name) for name in told}
            return as_json(parts, home)
        case Path():
            return str(value.relative_to(home)) if value.is_relative_to(home) else str(value)
        case Enum():
            return value.value
        case BaseModel():
            names = {key: getattr(value, name) for name, key in _names(value).items()}
            return as_json(names, home)
        case Mapping():
            return {key: as_json(item, home) for key, item in value.items()}
        case tuple():
            return [as_json(item, home) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _ if hasattr(value, "settings"):
            return {"wsdl": as_json(value.wsdl, home), **as_json(value.settings, home)}
        case _:
            return str(value)


def _names(model: BaseModel) -> dict[str, str]:
    keys = {id(field): key for key, field in fields_of(type(model)).items()}
    return {name: keys[id(field)] for name, field in type(model).model_fields.items()}
