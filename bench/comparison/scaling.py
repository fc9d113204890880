"""CPU time of a request to the gateway against what may grow: payload, services, requests that wait for IMS."""

import time
from collections.abc import Iterator
from statistics import median
from typing import Final

from bench.comparison import home, load
from bench.comparison.home import Shape
from bench.comparison.load import Outcome, Plan
from bench.comparison.messages import Message, payload, plain, signed
from bench.comparison.place import ONE, PLAIN, SUBJECTS, Place
from bench.comparison.processes import BenchError, Server
from bench.comparison.race import Pace, text_of
from bench.comparison.results import Results
from gateway.clock import SYSTEM_CLOCK

PAYLOADS: Final = (1_000, 10_000, 100_000, 1_000_000, 9_900_000)
"""Bytes of text; `max_request_bytes` is ten million."""
SERVICES: Final = (1, 100, 2_000)
WAITING: Final = (1, 10, 100, 1_000, 2_000)
SLEEP_LEAST: Final = 200
SLEEP_EACH: Final = 3
"""Milliseconds that IMS takes: so many for each request that waits, so that as many come back in a second."""
IDLE_SECONDS: Final = 2.0
MOST_BYTES: Final = 60_000_000
"""Of the messages of one size, all together."""
_THREADS: Final = 1_024
_WIDE: Final = Shape(
    pool=_THREADS,
    maxsoc=4_096,
    server={
        "threads": _THREADS,
        "waiting": _THREADS,
        "waiting_seconds": 60.0,
        "worker_connections": 4_096,
        "header_seconds": 120.0,
        "keepalive_seconds": 120.0,
    },
)


class Scaling:
    """Gateways of several shapes, one after another."""

    def __init__(self, place: Place, pace: Pace, results: Results, standin: Server) -> None:
        self._place = place
        self._pace = pace
        self._results = results
        self._standin = standin

    def _load(
        self, server: Server, requests: Iterator[tuple[str, Message]], plan: Plan
    ) -> tuple[Outcome, float]:
        load.write(plan.file, requests)
        outcome, cpu = load.run(server.port, None, plan, server.cpu_seconds)
        if outcome.right != outcome.requests or not outcome.right:
            raise BenchError(
                f"{outcome.wrong + outcome.failed} calls failed: {outcome.detail}\n{server.tail()}"
            )
        return outcome, cpu

    def _plan(self, connections: int, *, once: bool = False, seconds: float | None = None) -> Plan:
        file = self._place.folder / "scaling.requests"
        return Plan(file, seconds or self._pace.seconds, connections, once=once)

    # -- payload --------------------------------------------------------------------------------------------

    def payloads(self, sizes: tuple[int, ...] = PAYLOADS) -> None:
        """Measure messages that grow."""
        server = home.start("payloads", self._place, self._standin, Shape())
        try:
            for size in sizes:
                for service in (PLAIN, ONE):
                    self._payload(server, service, size)
        finally:
            server.stop()

    def _payload(self, server: Server, service: str, size: int) -> None:
        count = max(min(MOST_BYTES // size, int(self._pace.seconds * 250)), 4)
        spent: list[float] = []
        for _ in range(self._pace.rounds + 1):  # the first warms up
            made = ((service, message) for message in self._sized(service, size, count))
            outcome, cpu = self._load(server, made, self._plan(2, once=True, seconds=120))
            spent.append(cpu / outcome.requests * 1e6)
        figure = median(spent[1:])
        self._results.add(
            "payload",
            service=service,
            bytes=size,
            cpu_microseconds=round(figure, 1),
            cpu_microseconds_a_kilobyte=round(figure / size * 1000, 2),
        )

    def _sized(self, service: str, size: int, count: int) -> Iterator[Message]:
        now, sender = SYSTEM_CLOCK.now(), self._place.senders.many[0]
        for number in range(count):
            user = SUBJECTS[number % len(SUBJECTS)]
            text = f"message {number:06} " + "0123456789abcde " * (size // 16) + "."
            yield plain(text) if service == PLAIN else signed(text, sender, now, user)

    # -- services -------------------------------------------------------------------------------------------

    def services(self, counts: tuple[int, ...] = SERVICES) -> None:
        """Measure gateways with more and more services, all called in turn."""
        for count in counts:
            shape = Shape(copies=count)
            server = home.start(f"services-{count}", self._place, self._standin, shape)
            try:
                self._service_count(server, count)
            finally:
                server.stop()

    def _service_count(self, server: Server, count: int) -> None:
        spent = [self._called_in_turn(server, count) for _ in range(self._pace.rounds + 1)]
        self._results.add("services", services=count, cpu_microseconds=round(median(spent[1:]), 1))

    def _called_in_turn(self, server: Server, count: int) -> float:
        requests = (
            (home.copy_port(number % count), plain(text_of(number))) for number in range(max(count, 200))
        )
        outcome, cpu = self._load(server, requests, self._plan(self._pace.connections))
        return cpu / outcome.requests * 1e6

    # -- waiting --------------------------------------------------------------------------------------------

    def waiting(self, counts: tuple[int, ...] = WAITING) -> None:
        """Measure one gateway while more and more requests wait for IMS."""
        server = home.start("waiting", self._place, self._standin, _WIDE)
        try:
            self._load(server, iter([(PLAIN, plain("warm"))]), self._plan(self._pace.connections))
            idle = _idle(server)
            for count in counts:
                self._waiting(server, count, idle)
        finally:
            server.stop()

    def _waiting(self, server: Server, count: int, idle: float) -> None:
        sleep = max(SLEEP_LEAST, SLEEP_EACH * count)
        text = f"sleeper of {count}"
        request = (PLAIN, plain(text, payload(text, "sleep", sleep)))
        self._load(server, iter([request]), self._plan(count, seconds=sleep / 1000))  # warms up
        seconds = max(2 * self._pace.seconds, 2.5 * sleep / 1000)
        outcome, cpu = self._load(server, iter([request]), self._plan(count, seconds=seconds))
        self._results.add(
            "waiting",
            waiting=count,
            cpu_microseconds=round(max(cpu - idle * outcome.seconds, 0) / outcome.requests * 1e6, 1),
            requests_per_second=round(outcome.requests / outcome.seconds),
            sleep_milliseconds=sleep,
            added_milliseconds={at: round(outcome.microseconds[at] / 1000 - sleep, 2) for at in ("p50", "p99")},
            idle_cpu_milliseconds_a_second=round(idle * 1000, 2),
        )


def _idle(server: Server) -> float:
    """Return the CPU seconds that a server uses in a second in which nobody asks for anything."""
    before = server.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    return (server.cpu_seconds() - before) / IDLE_SECONDS
