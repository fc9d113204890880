"""What LEEF and CEF have in common: values of a record, how fields become shorter."""

from collections.abc import Callable, Iterable
from datetime import datetime

from gateway.audit.record import AuditRecord
from gateway.audit.shorten import cap_of, fields_within, size_of

Pairs = Iterable[tuple[str, str | int | None]]
"""Keys with values; a value that is empty, or None, is left out, 0 is told."""


def epoch_ms(time: datetime) -> int:
    """Return a time as 13 digits: milliseconds since 1970, which need no format to be told."""
    return int(time.timestamp() * 1000)


def yes_no(value: bool | None) -> str:
    """Return a truth in words; empty where it is not known."""
    return "" if value is None else ("yes" if value else "no")


def positive(value: int) -> int | None:
    """Return a count that says nothing where it is 0."""
    return value or None


def code_of(record: AuditRecord) -> str:
    """Return what IMS or IMS Connect said, in the shortest form: DFS message, or return and reason code."""
    if record.dfs:
        return record.dfs
    if record.return_code is None:
        return str(record.callout_status) if record.callout_status else ""
    return f"{record.return_code}/{record.reason_code}"


def main_times(record: AuditRecord) -> str:
    """Return where the time went, as `name:1.234 name:...` in milliseconds, longest first; at most five."""
    longest = sorted(record.stretches, key=lambda one: -one[1])[:5]
    return " ".join(f"{name}:{spent:.12g}" for name, spent in longest)


def shorter(head: str, fields: Iterable[str], glue: str, octets: int, cut: Callable[[str, int], str]) -> str:
    """Return a line of at most so many octets: the longest values are `cut`, last fields left out."""
    whole = list(fields)
    pairs = [field.partition("=") for field in whole]
    excess = size_of(head + glue.join(whole)) - octets
    cap = cap_of((size_of(value) for _, _, value in pairs), excess)
    return fields_within([f"{key}={cut(value, cap)}" for key, _, value in pairs], head, glue, octets)
