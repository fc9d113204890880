"""IMS Connect killed under load and restarted, several times: nobody waits too long, no answer goes astray."""

import asyncio
import time
from collections import Counter
from typing import Any

from bench.load import Caller, Result, client_context, spread, work
from bench.stage import Stage, stage

CALLERS = 64
OUTAGES = 5
UP_SECONDS = 3.0
DOWN_SECONDS = 1.5
CALL_TIMEOUT = 35.0
"""socket_timeout_ms of the lab service and a bit: by then every caller must have an answer or a fault."""


async def _load(made: Stage) -> tuple[list[Result], list[float]]:
    context = client_context(made.ca)
    callers = [Caller(made.https, context) for _ in range(CALLERS)]
    results: list[Result] = []
    recoveries: list[float] = []
    going = True

    async def repeat(number: int) -> None:
        count = 0
        while going:
            text = f"c{number}-{count}"
            results.append(await callers[number].call(work("sleep", text, 20), text, CALL_TIMEOUT))
            count += 1
            if results[-1].status != 200:
                await asyncio.sleep(0.02)

    load = [asyncio.create_task(repeat(number)) for number in range(CALLERS)]
    for _ in range(OUTAGES):
        await asyncio.sleep(UP_SECONDS)
        await asyncio.to_thread(made.kill_standin)
        await asyncio.sleep(DOWN_SECONDS)
        await asyncio.to_thread(made.start_standin)
        recoveries.append(await _recovered(Caller(made.https, context)))
    going = False
    await asyncio.gather(*load)
    await asyncio.gather(*(caller.close() for caller in callers))
    return results, recoveries


async def _recovered(caller: Caller) -> float:
    """Return how many seconds after the restart a call succeeds."""
    started = time.monotonic()
    while (await caller.call(work("echo", "back"), "back", CALL_TIMEOUT)).status != 200:
        if time.monotonic() - started > 60:
            raise RuntimeError("calls do not succeed again")
        await asyncio.sleep(0.02)
    await caller.close()
    return round(time.monotonic() - started, 3)


def measure() -> dict[str, Any]:
    """Return the figures."""
    with stage(server={"threads": CALLERS}, pool=CALLERS) as made:
        results, recoveries = asyncio.run(_load(made))
    return {
        "callers": CALLERS,
        "outages": OUTAGES,
        "calls": len(results),
        "statuses": dict(Counter(str(r.status) for r in results)),
        "answered_right": sum(r.status == 200 and r.right for r in results),
        "answers_to_the_wrong_caller": sum(r.status == 200 and not r.right for r in results),
        "without_answer_or_fault": sum(r.status == 0 for r in results),
        "slowest_seconds": spread(results).get("max"),
        "recovery_seconds": recoveries,
    }
