"""The formats by the name that `[audit] format` calls them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from gateway.audit import cef, ecs, leef
from gateway.audit.record import AuditRecord

FormatName = Literal["json", "leef", "cef"]


@dataclass(frozen=True, slots=True)
class Format:
    """How a record becomes a line. Pure functions."""

    line: Callable[[AuditRecord], str]
    chained: Callable[[str, str], str]
    """Puts the link of a chain at the end of a line, see `gateway.audit.chain`."""
    shortened: Callable[[str, int], str]
    """Makes a long line one of so many octets, still of its format, see `gateway.audit.shorten`."""


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "json": Format(ecs.line, ecs.chained, ecs.shortened),
        "leef": Format(leef.line, leef.chained, leef.shortened),
        "cef": Format(cef.line, cef.chained, cef.shortened),
    }
)
