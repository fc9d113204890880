"""Plug-ins: programs and converters by dotted path, ``package.module:Class``, and what they may answer."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from gateway.errors import ConfigError, Problem
from gateway.standin.programs import Converter, Reply, Transaction
from gateway.standin.segments import MAX_SEGMENT_DATA

T = TypeVar("T")

NAME_LENGTH: Final = 8
MAX_SPA: Final = 32_767
"""Longest scratch pad area (SPA= of the TRANSACT macro)."""


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


def checked(reply: Any, *, conversational: bool) -> Reply:
    """Return what a program answered if it is what its type promises. Raises TypeError, which says why not."""
    if not isinstance(reply, Reply):
        raise TypeError(f"run() returned {type(reply).__name__}, not Reply")
    messages: Any = (reply.segments, *_tuple(reply.purged, "purged"))
    for message in messages:
        for segment in _tuple(message, "segments"):
            if not isinstance(segment, bytes) or len(segment) > MAX_SEGMENT_DATA:
                raise TypeError(f"a segment is not bytes, or longer than {MAX_SEGMENT_DATA}")
    name: Any = reply.mod_name
    if not isinstance(name, str) or not name.isascii() or len(name) > NAME_LENGTH:
        raise TypeError(f"mod_name is not ASCII, or longer than {NAME_LENGTH}")
    _check_spa(reply, conversational=conversational)
    return reply


def _tuple(value: Any, what: str) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise TypeError(f"{what} is {type(value).__name__}, not a tuple")
    return value


def _check_spa(reply: Reply, *, conversational: bool) -> None:
    spa: Any = reply.spa
    if spa is None:
        return
    if not conversational:
        raise TypeError("spa of a program that is not conversational")
    if not isinstance(spa, bytes) or len(spa) > MAX_SPA:
        raise TypeError(f"spa is not bytes, or longer than {MAX_SPA}")
    if not reply.segments:
        raise TypeError("spa without a segment: the client could not go on")
