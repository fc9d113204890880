"""Programs and converters by dotted path: ``package.module:Class``."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from gateway.errors import ConfigError, Problem
from gateway.standin.programs import Converter, Transaction

T = TypeVar("T")


def transactions(paths: Mapping[str, str]) -> dict[str, Transaction]:
    """Return the programs by transaction code. Raises ConfigError naming each that cannot be used."""
    return _all(paths, "transactions", _transaction)


def converters(paths: Mapping[str, str]) -> dict[str, Converter]:
    """Return the converters by name. Raises ConfigError naming each that cannot be used."""
    return _all(paths, "converters", _converter)


def _all(paths: Mapping[str, str], table: str, make: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, path in paths.items():
        try:
            made[name] = make(path)
        except ValueError as error:
            problems.append(Problem("", f"{table}.{name}.program", str(error)))
    if problems:
        raise ConfigError(tuple(problems))
    return made


def _transaction(path: str) -> Transaction:
    program = _make(path)
    if not inspect.iscoroutinefunction(getattr(program, "run", None)):
        raise ValueError(f"{path} has no method `async def run(self, context)`")
    transaction: Transaction = program
    return transaction


def _converter(path: str) -> Converter:
    converter = _make(path)
    if not isinstance(converter, Converter):
        raise ValueError(f"{path} lacks to_bytes or to_xml")  # noqa: TRY004  one kind of error for the caller
    return converter


def _make(path: str) -> Any:
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise ValueError(f"{path} does not read package.module:Class")
    try:
        return getattr(importlib.import_module(module), name)()
    except Exception as error:  # a plug-in may fail in any way; it is named with its reason
        raise ValueError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
