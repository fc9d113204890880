"""A record as one line of JSON, with the field names of the Elastic Common Schema (ECS 8).

What ECS has no name for stands under `imsgw`. docs/audit.md has the table; `tests/unit/audit/test_ecs.py` holds
every line against the types that ECS gives its fields. ASCII only: whatever a text holds is escaped by JSON.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

from gateway import __version__
from gateway.audit.kinds import Kind
from gateway.audit.record import AuditRecord
from gateway.audit.shorten import cap_of
from gateway.audit.text import CUT

ECS_VERSION: Final = "8.17.0"
_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, separators=(",", ":"), check_circular=False
)


_ECS: Final = {"version": ECS_VERSION}
_OBSERVER: Final = {"product": "IMS Gateway", "type": "gateway", "version": __version__}


def line(record: AuditRecord) -> str:
    """Return the line."""
    written = time_of(record.stamp.time)
    return _ENCODE.encode(
        {
            "@timestamp": written,
            "ecs": _ECS,
            "event": _event(record, written),
            **_parts(record),
            "observer": _OBSERVER,
            "imsgw": _ours(record),
        }
    )


def chained(text: str, chain: str) -> str:
    """Return a line with its link of the chain, as the last member of the object."""
    return f'{text[:-1]},"chain":"{chain}"}}'


def shortened(text: str, octets: int) -> str:
    """Return a line of at most so many octets: long texts are cut, last members left out."""
    record = json.loads(text)
    cap = cap_of(_sizes(record), len(text) - octets)
    record = _capped(record, cap)
    made = _ENCODE.encode(record)
    while len(made) > octets and record["imsgw"]:
        record["imsgw"].popitem()
        made = _ENCODE.encode(record)
    return made


def _sizes(value: Any) -> Iterator[int]:
    """Yield how long the texts in a value are as JSON."""
    if isinstance(value, str):
        yield _size(value)
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _sizes(one)


def _capped(value: Any, cap: int) -> Any:
    if isinstance(value, dict):
        return {name: _capped(one, cap) for name, one in value.items()}
    if isinstance(value, list):
        return [_capped(one, cap) for one in value]
    return _cut(value, cap) if isinstance(value, str) and _size(value) > cap else value


def _cut(text: str, cap: int) -> str:
    """Return the beginning of a text that has at most so many octets as JSON: an emoji has twelve."""
    room = cap - len(CUT)
    for position, character in enumerate(text):
        room -= _size(character)
        if room < 0:
            return text[:position] + CUT
    return text


def _size(text: str) -> int:
    return len(_ENCODE.encode(text)) - len('""')


_NO_ZONE: Final = -len("+00:00")


def time_of(time: datetime) -> str:
    """Return a time in UTC, to the microsecond."""
    if time.tzinfo is not UTC:  # the gateway's own clock is in UTC already
        time = time.astimezone(UTC)
    return f"{time.isoformat(timespec='microseconds')[:_NO_ZONE]}Z"


def action_of(kind: Kind) -> str:
    """Return what ECS's event.action has: the id in lower case with hyphens."""
    return _ACTIONS[kind]


def _lower(name: str) -> str:
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in name).lstrip("-")


_ACTIONS: Final = {kind: _lower(kind.value.id) for kind in Kind}


def _event(record: AuditRecord, written: str) -> dict[str, Any]:
    stamp, about = record.stamp, record.kind.value
    event: dict[str, Any] = {
        "id": stamp.event_id,
        "sequence": stamp.sequence,
        "kind": "event",
        "category": about.categories,
        "type": about.types,
        "action": _ACTIONS[record.kind],
        "outcome": record.outcome.value,
        "severity": record.severity,
        "module": "imsgw",
        "dataset": "imsgw.audit",
    }
    if record.message_id:
        event["code"] = record.message_id
    if record.reason:
        event["reason"] = record.reason
    if record.began is not None:
        event["start"] = time_of(record.began)
        event["end"] = written
    if record.milliseconds is not None:
        event["duration"] = record.milliseconds * 1_000_000  # nanoseconds
    return event


def _parts(record: AuditRecord) -> dict[str, Any]:
    """Return what ECS has names of its own for."""
    parts: dict[str, Any] = {"process": {"name": record.stamp.process}}
    if record.user:
        parts["user"] = {"name": record.user, "roles": [record.role]} if record.role else {"name": record.user}
    if record.source:
        parts["source"] = _source(record)
    if record.service:
        parts["service"] = {"name": record.service}
    if record.rule:
        parts["rule"] = {"id": record.rule}
    if record.traced:
        parts["trace"] = {"id": record.traced}
    if record.path:
        parts["url"] = {"path": record.path}
    if http := _http(record):
        parts["http"] = http
    return parts


def _source(record: AuditRecord) -> dict[str, Any]:
    source: dict[str, Any] = {"address": record.source}
    if is_address(record.source):
        source["ip"] = record.source
    if record.source_port:
        source["port"] = record.source_port
    return source


@lru_cache(maxsize=1024)
def is_address(text: str) -> bool:
    """Tell whether a text is an IP address, which types of fields insist on."""
    try:
        return not getattr(ip_address(text), "scope_id", None)
    except ValueError:
        return False


def _http(record: AuditRecord) -> dict[str, Any]:
    request: dict[str, Any] = {"method": record.method} if record.method else {}
    if record.request_bytes is not None:
        request["body"] = {"bytes": record.request_bytes}
    response: dict[str, Any] = {"status_code": record.status} if record.status else {}
    if record.reply_bytes is not None:
        response["body"] = {"bytes": record.reply_bytes}
    found = {"request": request, "response": response}
    return {name: value for name, value in found.items() if value}


_TEXTS: Final = (
    "category", "done", "tracking_id", "claimed", "origin", "certificate", "issuer", "assertion_id",
    "attested_by", "issued_by", "listener", "operation", "transaction", "bundle", "datastore", "tpipe",
    "endpoint", "client_id", "dfs", "callout_status", "attempt", "configuration", "digest", "version",
    "repeats", "lost",
)  # fmt: skip
"""Members that are left out where they are empty, or 0."""
_VALUES: Final = ("tls", "reached", "return_code", "reason_code", "racf_code")
"""Members that are left out where they are None only."""


def _ours(record: AuditRecord) -> dict[str, Any]:
    ours: dict[str, Any] = {}
    for name in _TEXTS:
        if value := getattr(record, name):
            ours[name] = value
    for name in _VALUES:
        if (value := getattr(record, name)) is not None:
            ours[name] = value
    if record.covered:
        ours["covered"] = record.covered
    if record.stretches:
        ours["milliseconds"] = dict(record.stretches)
    return ours
