"""Spans as values: what is said of a stretch of time, before any library sees it."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from gateway.tracecontext import TraceContext

Attribute = str | int | bool
Ids = Callable[[int], Iterator[str]]
"""Gives so many ids of spans: 16 hexadecimal digits each, not all zero."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BYTES: Final = 8


class Kind(Enum):
    """What a span is to its parent, as OpenTelemetry has it."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    CONSUMER = "consumer"


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of time within a trace."""

    context: TraceContext
    """Its own ids."""
    parent: TraceContext | None
    name: str
    kind: Kind
    start: int
    """Nanoseconds since the epoch."""
    end: int
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    error: str = ""
    """Id of the error, where it is one that we or IMS have to answer for; empty: none."""
    state: str = ""
    """Its `tracestate`."""
    remote_parent: bool = False
    """The parent is a span of somebody else."""


def nanoseconds(moment: datetime) -> int:
    """Return a moment as nanoseconds since the epoch, to the microsecond."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def random_ids(count: int) -> Iterator[str]:
    """Give random ids. Not from a generator with a state, which a fork would double."""
    data = os.urandom(_BYTES * count)
    for at in range(0, len(data), _BYTES):
        yield (data[at : at + _BYTES].hex() if any(data[at : at + _BYTES]) else f"{1:016x}")


def told(**values: Attribute | None) -> dict[str, Attribute]:
    """Return attributes by name, those that are empty left out; two underscores stand for a dot."""
    return {name.replace("__", "."): value for name, value in values.items() if value not in (None, "")}
