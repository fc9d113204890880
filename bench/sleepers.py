"""2,000 calls to SLEEP 1000 at once, through one gateway of 2 workers: answers, peak memory, spread."""

import asyncio
from collections import Counter
from typing import Any

from bench.load import Caller, client_context, spread, work
from bench.stage import peak_memory, stage

CALLS = 2000
THREADS = 1024
MILLISECONDS = 1000


async def _load(port: int, ca: Any, calls: int) -> list[Any]:
    context = client_context(ca)
    callers = [Caller(port, context) for _ in range(calls)]

    async def one(number: int) -> Any:
        text = f"call-{number}"
        return await callers[number].call(work("sleep", text, MILLISECONDS), text, 120)

    try:
        return await asyncio.gather(*(one(number) for number in range(calls)))
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))


def measure(calls: int = CALLS) -> dict[str, Any]:
    """Run it twice on one gateway (cold pools, then warm) and return the figures."""
    settings = {
        "workers": 2,
        "threads": THREADS,
        "waiting": THREADS,
        "waiting_seconds": 60.0,
        "worker_connections": 4096,
        "handshake_seconds": 120.0,
        "header_seconds": 120.0,
    }
    rounds = {}
    with stage(server=settings, pool=THREADS, maxsoc=4096) as made:
        before = [peak_memory(worker) for worker in made.workers()]
        for name in ("cold", "warm"):
            results = asyncio.run(_load(made.https, made.ca, calls))
            rounds[name] = {
                "answered": sum(r.status == 200 and r.right for r in results),
                "failures": sum(not (r.status == 200 and r.right) for r in results),
                "statuses": dict(Counter(str(r.status) for r in results)),
                "seconds": spread(results),
                "failure_details": dict(Counter(r.detail[:120] for r in results if r.status != 200)),
            }
        peaks = [peak_memory(worker) for worker in made.workers()]
    return {
        "calls": calls,
        "sleep_milliseconds": MILLISECONDS,
        "settings": {**settings, "pool": THREADS},
        "peak_memory_mb_before": [round(b / 1e6, 1) for b in before],
        "peak_memory_mb": [round(p / 1e6, 1) for p in peaks],
        **rounds,
    }
