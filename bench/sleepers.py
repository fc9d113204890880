"""2,000 calls to SLEEP 1000 at once, through one gateway of 2 workers: answers, peak memory, spread."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from bench.load import Caller, Result, client_context, spread, work
from bench.stage import peak_memory, stage

CALLS = 2000
THREADS = 1024
MILLISECONDS = 1000


async def _load(port: int, ca: Path, calls: int) -> dict[str, list[Result]]:
    """Make all calls at once on new connections, then all at once again on the same connections."""
    context = client_context(ca)
    callers = [Caller(port, context) for _ in range(calls)]

    async def one(number: int, turn: str) -> Result:
        text = f"{turn}-{number}"
        return await callers[number].call(work("sleep", text, MILLISECONDS), text, 120)

    try:
        return {
            turn: await asyncio.gather(*(one(number, turn) for number in range(calls)))
            for turn in ("new-connections", "kept-connections")
        }
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))


def _figures(results: list[Result]) -> dict[str, Any]:
    right = sum(r.status == 200 and r.right for r in results)
    return {
        "answered": right,
        "failures": len(results) - right,
        "seconds": spread(results),
        "failure_details": dict(Counter(r.detail[:120] for r in results if r.status != 200)),
    }


def measure(calls: int = CALLS) -> dict[str, Any]:
    """Return the figures; the pools of the gateway are cold at the start."""
    settings = {
        "workers": 2,
        "threads": THREADS,
        "waiting": THREADS,
        "waiting_seconds": 60.0,
        "worker_connections": 4096,
        "handshake_seconds": 120.0,
        "header_seconds": 120.0,
        "keepalive_seconds": 120.0,
    }
    with stage(server=settings, pool=THREADS, maxsoc=4096) as made:
        before = [peak_memory(worker) for worker in made.workers()]
        rounds = asyncio.run(_load(made.https, made.ca, calls))
        peaks = [peak_memory(worker) for worker in made.workers()]
    return {
        "calls": calls,
        "sleep_milliseconds": MILLISECONDS,
        "settings": {**settings, "pool": THREADS},
        "peak_memory_mb_before": [round(b / 1e6, 1) for b in before],
        "peak_memory_mb": [round(p / 1e6, 1) for p in peaks],
        **{turn: _figures(results) for turn, results in rounds.items()},
    }
