"""Every kind of finding that `imsgw check` knows, by subject: the one home of their ids and of what to do.

A check says which kind it found and where, in words of the case: `timeouts.STOP.at(file, key, text)`.
"""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from gateway.config.catalogue import (
    audit,
    backend,
    callout,
    capacity,
    certificates,
    contracts,
    files,
    limits,
    online,
    reach,
    telemetry,
    timeouts,
    trust,
)
from gateway.config.catalogue.kind import Kind
from gateway.errors import Problem

__all__ = ["KINDS", "SUBJECTS", "Kind", "action_of", "kind_of", "kinds_of"]

SUBJECTS: Final[tuple[ModuleType, ...]] = (
    files,
    reach,
    trust,
    backend,
    capacity,
    limits,
    timeouts,
    callout,
    audit,
    telemetry,
    contracts,
    certificates,
    online,
)
"""In the order of the documentation; the first line of a module's docstring is its heading."""


def kinds_of(subject: ModuleType) -> tuple[Kind, ...]:
    """Return the kinds that a module holds, in its order."""
    return tuple(value for value in vars(subject).values() if isinstance(value, Kind))


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {kind.id: kind for subject in SUBJECTS for kind in kinds_of(subject)}
)


def kind_of(problem: Problem) -> Kind | None:
    """Return the kind of a finding; None: whoever made it did not say, an authentication module perhaps."""
    return KINDS.get(problem.check)


def action_of(problem: Problem) -> str:
    """Return what to do about a finding; empty where only its own text says it."""
    kind = kind_of(problem)
    return kind.action if kind is not None else ""
