"""Messages that are small on the wire and large in memory: compressed, and by XML's own means."""

import gzip
import http.client
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.scene import Scene, scene
from bench.stage import peak_memory
from gateway.errors import M
from tests.fixtures.calling import Caller
from tests.fixtures.in_process import envelope

MOST_GROWTH = 150_000_000
"""Bytes by which a worker's peak memory may grow: a few of the largest messages that are taken."""
UNPACKED = 300_000_000
XML = {"Content-Type": "text/xml; charset=utf-8"}


@dataclass(frozen=True)
class Bomb:
    """One message, and the id of the refusal that it must meet."""

    body: bytes
    headers: Mapping[str, str]
    refused_by: str


def _laughs() -> bytes:
    """Return entities that become 10^9 times their size."""
    entities = ['<!ENTITY a0 "ha">']
    entities += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    return f"<!DOCTYPE lolz [{''.join(entities)}]>".encode() + envelope("&a9;")


def _quadratic() -> bytes:
    """Return one large entity that is used many times."""
    return f'<!DOCTYPE b [<!ENTITY a "{"a" * 100_000}">]>'.encode() + envelope("&a;" * 10_000)


def bombs() -> dict[str, Bomb]:
    """Return one of each kind."""
    attributes = " ".join(f"a{number}=''" for number in range(100_000))
    packed = gzip.compress(envelope(" " * UNPACKED), compresslevel=9)
    return {
        "gzip": Bomb(packed, XML | {"Content-Encoding": "gzip"}, M.CONTENT_CODING.id),
        "deflate": Bomb(packed, XML | {"Content-Encoding": "deflate"}, M.CONTENT_CODING.id),
        "gzip, not said": Bomb(packed, XML, M.CHARSET.id),
        "entities of entities": Bomb(_laughs(), XML, M.DOCTYPE.id),
        "a large entity, often": Bomb(_quadratic(), XML, M.DOCTYPE.id),
        "deep": Bomb(envelope("<a>" * 100_000 + "</a>" * 100_000), XML, M.XML_BOUNDS.id),
        "many elements": Bomb(envelope("<a/>" * 1_000_000), XML, M.XML_BOUNDS.id),
        "many attributes": Bomb(envelope(f"<a {attributes}/>"), XML, M.XML_BOUNDS.id),
    }


def _throw(made: Scene, thrown: Mapping[str, Bomb], times: int) -> tuple[Counter[str], list[str]]:
    """Send each bomb so many times; return what they met, and what they should not have met."""
    met: Counter[str] = Counter()
    wrong: list[str] = []
    for name, bomb in thrown.items():
        for _ in range(times):
            with Caller(made.gateway.https_url, made.gateway.ca) as caller:
                try:
                    reply = caller.request("POST", "/imssoap/services/LabPort", bomb.body, bomb.headers)
                    said = reply.body.decode(errors="replace")
                except (OSError, http.client.HTTPException) as error:
                    said = repr(error)
            met[f"{name}: {bomb.refused_by}"] += bomb.refused_by in said
            if bomb.refused_by not in said:
                wrong.append(f"{name}: {said[:200]}")
    return met, wrong


def _memory(made: Scene) -> int:
    """Return the highest resident set that a worker has had so far, in bytes."""
    return max(peak_memory(psutil.Process(pid)) for pid in made.gateway.workers)


def thrown(pace: Pace) -> Ledger:
    made_of = bombs()
    with scene() as made:
        before = _memory(made)
        load = made.load(callers=4)
        with load.running():
            met, wrong = _throw(made, made_of, pace.times)
            load.pause(0.5)
        growth = _memory(made) - before
        ledger = made.ledger(load)
    ledger.also |= {"refused_bombs": dict(met), "memory_growth_bytes": growth}
    ledger.wrong += wrong
    ledger.require(growth < MOST_GROWTH, f"a worker grew by {growth} bytes")
    return ledger


FAULTS = (
    Fault(
        "bombs",
        "Each is refused for what it is, without being unpacked; memory stays; nobody else notices.",
        "Compressed bodies of 300 MB, entities of entities, deep and wide XML, again and again, beside a load.",
        thrown,
        felt=False,
    ),
)
