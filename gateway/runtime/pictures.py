"""What workers say of themselves, as JSON's values and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any, Final

from gateway.admin.ports import Pool, Worker
from gateway.audit.picture import AuditPicture
from gateway.control.words import MOST_BYTES, line_of
from gateway.imsconnect.stats import PoolStats
from gateway.observe.events import RequestEnded
from gateway.observe.timeline import Stretch
from gateway.observe.traffic import Bucket, Captured, Ended

_ROOM: Final = MOST_BYTES - 4096
"""Bytes of an answer that messages or requests may take; the rest is for what stands around them."""
_TOO_LONG: Final = "(not shown: longer than an answer of a worker)"

_TUPLES = ("rules", "covered")
"""Members of RequestEnded that JSON makes lists of."""


def pool_of(stats: PoolStats) -> Pool:
    """Return the picture of a pool."""
    return Pool(
        bundle=stats.bundle,
        endpoint=stats.endpoint,
        up=not stats.backing_off,
        open=stats.idle + stats.in_use,
        in_use=stats.in_use,
        waiting=stats.waiting,
        limit=stats.limit,
        opened=stats.connects,
        failed=stats.connect_failures,
    )


def worker_facts(worker: Worker) -> dict[str, Any]:
    """Return a worker's picture as JSON's values, the counts of each service as one list of numbers."""
    return {
        **asdict(replace(worker, traffic={}, audit=None)),
        "started": worker.started.isoformat(),
        "traffic": {service: list(_flat(buckets)) for service, buckets in worker.traffic.items()},
        "audit": worker.audit.facts() if worker.audit is not None else None,
    }


def _flat(buckets: Sequence[Bucket]) -> Iterator[int]:
    """Yield the start of the first bucket, and then the numbers of each: its start is told from there on."""
    first = buckets[0].start if buckets else 0
    yield first
    for one in buckets:
        yield from (one.start - first, one.answered, one.refused, one.milliseconds, one.longest)


def _buckets(flat: Iterable[Any]) -> Iterator[Bucket]:
    """Read what `_flat` gave. Raises TypeError or ValueError."""
    first, *numbers = map(int, flat)
    members = iter(numbers)
    for start, *counts in zip(*[members] * len(fields(Bucket)), strict=True):
        yield Bucket(first + start, *counts)


def worker_of(said: Mapping[str, Any]) -> Worker:
    """Read what `worker_facts` gave. Raises KeyError, TypeError or ValueError."""
    return Worker(
        pid=int(said["pid"]),
        number=int(said["number"]),
        digest=str(said["digest"]),
        started=datetime.fromisoformat(said["started"]),
        in_work=int(said["in_work"]),
        waiting=int(said["waiting"]),
        pools=tuple(Pool(**one) for one in said["pools"]),
        traffic={str(service): tuple(_buckets(flat)) for service, flat in said["traffic"].items()},
        audit=AuditPicture.of(said["audit"]) if said["audit"] is not None else None,
    )


def ended_facts(ended: Iterable[Ended]) -> list[dict[str, Any]]:
    """Return requests, newest first, as JSON's values: as many as an answer has room for."""
    return _fitting({"at": one.at.isoformat(), "event": _event_facts(one.event)} for one in ended)


def ended_of(said: Iterable[Mapping[str, Any]]) -> list[Ended]:
    """Read what `ended_facts` gave. Raises KeyError, TypeError or ValueError."""
    return [Ended(datetime.fromisoformat(one["at"]), _event(one["event"])) for one in said]


def _event_facts(event: RequestEnded) -> dict[str, Any]:
    return {**asdict(event), "received": event.received.isoformat()}


def _event(said: Mapping[str, Any]) -> RequestEnded:
    members: dict[str, Any] = {name: tuple(value) if name in _TUPLES else value for name, value in said.items()}
    members["received"] = datetime.fromisoformat(said["received"])
    members["timeline"] = tuple(Stretch(**one) for one in said["timeline"])
    return RequestEnded(**members)


def captured_facts(captured: Iterable[Captured]) -> list[dict[str, Any]]:
    """Return captured messages, newest first, as JSON's values.

    Twenty long messages that are not ASCII, which JSON escapes, are more than a line may have. As many are told
    as there is room for; the oldest of them says how many older ones are left out.
    """
    facts = [{**asdict(one), "at": one.at.isoformat()} for one in captured]
    told = _fitting(facts) or [{**one, "request": _TOO_LONG, "answer": _TOO_LONG} for one in facts[:1]]
    if len(told) < len(facts):
        told[-1]["left_out"] = len(facts) - len(told)
    return told


def _fitting(facts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first ones that go into an answer together."""
    told, left = [], _ROOM
    for one in facts:
        left -= len(line_of(one))
        if left < 0:
            break
        told.append(one)
    return told


def captured_of(said: Iterable[Mapping[str, Any]]) -> list[Captured]:
    """Read what `captured_facts` gave. Raises KeyError, TypeError or ValueError."""
    return [Captured(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in said]
