"""The soak: callers that send everything in turn, a reload each minute, samples all the time, a verdict."""

import http.client
import itertools
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.soak.kinds import Kinds, Sample
from bench.soak.samples import Series
from bench.soak.stage import KEYS_PASSWORD, Stage, stage
from tests.fixtures.calling import Caller, pem_of, trusting
from tests.fixtures.running_gateway import wait_until

CALLERS = 6
PAUSE = 0.02
"""Seconds between an answer and the caller's next call: load, not overload."""
SAMPLE_SECONDS = 5.0
RELOAD_SECONDS = 60.0
JUDGED_FROM = 10.0
"""Minutes; a shorter run shows its figures and does not judge whether memory is flat."""
SEED = 3
KEEP = {"Content-Type": "text/xml; charset=utf-8"}


@dataclass
class Load:
    """The callers, and what came of their messages."""

    made: Stage
    kinds: Kinds
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    no_answer: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Call for the length of the block."""
        plain = trusting(self.made.keys.ca)
        certified = trusting(self.made.keys.ca, pem_of(self.made.keys.client, KEYS_PASSWORD))
        with ThreadPoolExecutor(CALLERS) as threads:
            calls = [threads.submit(self._repeat, number, plain, certified) for number in range(CALLERS)]
            try:
                yield
            finally:
                self._stop.set()
            for call in calls:
                call.result()

    def _repeat(self, number: int, *contexts: ssl.SSLContext) -> None:
        draw = random.Random(SEED + number)
        kinds = list(self.kinds.all.items())
        url = self.made.https_url
        with Caller(url, contexts[0]) as plain, Caller(url, contexts[1]) as certified:
            for count in itertools.count():
                if self._stop.wait(PAUSE):
                    return
                name, kind = draw.choice(kinds)
                sample = kind(f"s{number}-{count:07}")
                self._one(certified if sample.certificate else plain, name, sample)

    def _one(self, caller: Caller, name: str, sample: Sample) -> None:
        try:
            reply = caller.request("POST", f"/imssoap/services/{sample.service}", sample.body, KEEP)
        except (OSError, http.client.HTTPException) as error:
            with self._lock:
                self.no_answer.append(f"{name}: {error!r}")
            return
        is_right = sample.is_right(reply)
        with self._lock:
            self.right[name] += is_right
            if not is_right:
                self.wrong.append(f"{name}: {reply.status} {reply.body[:400]!r}")


@dataclass
class Watch:
    """Samples of each process, and reloads, at their times."""

    made: Stage
    series: dict[str, Series]
    seconds: list[float] = field(default_factory=list)
    reloads: list[float] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def go_on(self, seconds: float) -> None:
        """Take samples and reload until the time is over."""
        began = time.monotonic()
        next_reload = RELOAD_SECONDS
        for tick in itertools.count():
            at = tick * SAMPLE_SECONDS
            if at > seconds:
                return
            time.sleep(max(0.0, began + at - time.monotonic()))
            self._sample(time.monotonic() - began)
            if at >= next_reload:
                next_reload += RELOAD_SECONDS
                self._reload(time.monotonic() - began)

    def _sample(self, at: float) -> None:
        self.seconds.append(round(at, 1))
        for series in self.series.values():
            series.take()

    def _reload(self, at: float) -> None:
        done = self.made.reload()
        self.reloads.append(round(at, 1))
        if done.exit_code:
            self.trouble.append(f"reload {len(self.reloads)}: {done.output} {done.errors}")


def measure(minutes: float = 20.0) -> dict[str, Any]:
    """Return the figures. Raises SystemExit for wrong or missing answers, and for what is not flat."""
    with stage() as made:
        before = made.processes()
        watch = Watch(made, {name: Series(pid) for name, pid in before.items()})
        load = Load(made, Kinds(made.cast))
        with load.running():
            watch.go_on(60 * minutes)
        lost = _lost(load)
        if made.processes() != before:
            watch.trouble.append(f"processes were replaced: {before}, {made.processes()}")
    figures = _figures(minutes, load, watch, lost)
    broken = [*watch.trouble, *load.wrong[:5], *load.no_answer[:5], *lost[:5]]
    if minutes >= JUDGED_FROM:
        broken += [each for name, series in watch.series.items() for each in series.trouble(name)]
    if broken:
        raise SystemExit("\n".join([f"{figures}", *broken]))
    return figures


def _lost(load: Load) -> list[str]:
    """Return the events that never reached the web service, which may be a little behind."""

    def missing() -> list[str]:
        arrived = {visit.event for visit in load.made.partner.visits}
        return [event for event in load.kinds.events if event not in arrived]

    try:
        wait_until(lambda: not missing(), "every event", 60)
    except AssertionError:
        return [f"event {event} was lost" for event in missing()]
    return []


def _figures(minutes: float, load: Load, watch: Watch, lost: list[str]) -> dict[str, Any]:
    return {
        "minutes": minutes,
        "judged": minutes >= JUDGED_FROM,
        "requests": sum(load.right.values()) + len(load.wrong) + len(load.no_answer),
        "requests_per_second": round(sum(load.right.values()) / watch.seconds[-1], 1),
        "right_answers": dict(sorted(load.right.items())),
        "wrong_answers": len(load.wrong),
        "without_answer": len(load.no_answer),
        "asynchronous_callouts": len(load.kinds.events),
        "asynchronous_callouts_lost": len(lost),
        "reloads": len(watch.reloads),
        "processes": {name: series.figures() for name, series in watch.series.items()},
        "series": {
            "seconds": _line(watch.seconds),
            "reloads": _line(watch.reloads),
            **{
                name: {what: _line(values) for what, values in series.named.items()}
                for name, series in watch.series.items()
            },
        },
    }


def _line(values: list[int] | list[float]) -> str:
    """Return numbers as one line of text: a file with a line for each would be read by nobody."""
    return " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
