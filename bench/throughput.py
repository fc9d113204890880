"""Short calls (ECHO) as fast as they go, with default settings: calls a second and spread."""

import asyncio
import time
from pathlib import Path
from typing import Any

from bench.load import Caller, Result, client_context, spread, work
from bench.stage import stage

SECONDS = 8.0


async def _load(port: int, ca: Path, callers: int) -> tuple[float, list[Result]]:
    context = client_context(ca)
    connections = [Caller(port, context) for _ in range(callers)]
    results: list[Result] = []
    started = time.monotonic()

    async def repeat(number: int) -> None:
        count = 0
        while time.monotonic() - started < SECONDS:
            text = f"c{number}-{count}"
            results.append(await connections[number].call(work("echo", text), text, 60))
            count += 1

    await asyncio.gather(*(repeat(number) for number in range(callers)))
    took = time.monotonic() - started
    await asyncio.gather(*(connection.close() for connection in connections))
    return took, results


def measure() -> dict[str, Any]:
    """Return the figures for 1, 8 and 64 callers."""
    figures: dict[str, Any] = {}
    with stage() as made:
        for callers in (1, 8, 64):
            took, results = asyncio.run(_load(made.https, made.ca, callers))
            right = sum(r.status == 200 and r.right for r in results)
            figures[f"{callers} callers"] = {
                "calls_per_second": round(right / took, 1),
                "failures": len(results) - right,
                "seconds": spread(results),
            }
    return figures
