"""The table's figures: every contestant, every kind of message, over HTTP and HTTPS, in turns."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

from bench.comparison import forged, load
from bench.comparison.contestants import Contestant
from bench.comparison.load import Outcome, Plan
from bench.comparison.messages import Message, plain, signed, username
from bench.comparison.place import MANY, PLAIN, SERVICES, SUBJECTS, USERNAME, USERS, Place
from bench.comparison.processes import BenchError, Server, proportional_memory
from bench.comparison.results import Results
from gateway.clock import SYSTEM_CLOCK

BARELY_FASTER: Final = 0.97
"""What a load has to take of the best one before it, to show that warming up still helps."""
KILOBYTE: Final = "".join(f"{number:04} is a word; " for number in range(100))[:1000].rstrip() + "."


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the measurements take."""

    seconds: float
    """Of one load."""
    rounds: int
    """Loads of each figure, the contestants in turns; the median counts."""
    connections: int
    fastest: int
    """Signed messages made for each second of a load: more are not answered in one."""
    warmest: int = 12
    """Loads at most with which a contestant is warmed up that compiles as it runs."""


def text_of(number: int) -> str:
    """Return a kilobyte of text that no other message has."""
    return f"message {number:06} {KILOBYTE}"


def messages(service: str, place: Place, count: int, now: datetime) -> Iterator[Message]:
    """Make messages for a service, no two alike."""
    for number in range(count):
        text = text_of(number)
        if service == PLAIN:
            yield plain(text)
        elif service == USERNAME:
            yield username(text, USERS["ALICE"])
        else:
            many = place.senders.many
            sender = many[number % len(many)] if service == MANY else many[0]
            yield signed(text, sender, now, SUBJECTS[number % len(SUBJECTS)])


@dataclass
class Racer:
    """A contestant at one transport."""

    contestant: Contestant
    server: Server
    ca: Path | None
    rounds: dict[str, list[tuple[Outcome, float]]] = field(default_factory=dict)

    @property
    def transport(self) -> str:
        """As the table calls it."""
        return "HTTPS" if self.ca else "HTTP"

    def load(self, file: Path, seconds: float, connections: int) -> tuple[Outcome, float]:
        """Put a load on it, and check every answer."""
        plan = Plan(file, seconds, connections, once=self.contestant.replay)
        outcome, cpu = load.run(self.server.port, self.ca, plan, self.server.cpu_seconds)
        if outcome.wrong or outcome.failed or not outcome.right:
            raise BenchError(
                f"{self.server.name}, {self.transport}: {outcome.wrong} answers are wrong, {outcome.failed} "
                f"never came; {outcome.detail}\n{self.server.tail()}"
            )
        return outcome, cpu


class Race:
    """All racers of a run; those that cannot start, or accept what is forged, are left out and say why."""

    def __init__(self, place: Place, pace: Pace, results: Results) -> None:
        self._place = place
        self._pace = pace
        self._results = results
        self.racers: list[Racer] = []

    def start(self, stack: ExitStack, chosen: Sequence[Contestant], standin: Server) -> None:
        """Start everybody; they end with the stack."""
        for contestant in chosen:
            missing = contestant.missing()
            if missing:
                self._results.lacks(contestant.name, [f"not installed: {', '.join(missing)}"])
                continue
            try:
                self._start(stack, contestant, standin)
            except BenchError as error:
                self._results.lacks(contestant.name, [str(error)])

    def _start(self, stack: ExitStack, contestant: Contestant, standin: Server) -> None:
        for ca in (None, self._place.tls_ca):
            server = contestant.start(self._place, ca is not None, standin)
            stack.callback(server.stop)
            server.wait()
            self.racers.append(Racer(contestant, server, ca))
        self._results.describe(contestant)

    def run(self) -> None:
        """Measure kind after kind."""
        for service in SERVICES:
            entered = [racer for racer in self.racers if self._verifies(racer, service)]
            entered = self._warm_up(entered, service)
            for _ in range(self._pace.rounds):
                entered = self._round(entered, service)
            for racer in entered:
                self._results.add("rows", **_figures(racer, service))
        for racer in self.racers:
            self._memory(racer)

    def _verifies(self, racer: Racer, service: str) -> bool:
        if service not in racer.contestant.services:
            return False
        try:
            found = forged.refusals(racer.server, racer.ca, service, self._place, SYSTEM_CLOCK.now())
        except BenchError as error:
            self._results.lacks(racer.contestant.name, [str(error)])
            return False
        if found:
            self._results.add(
                "refused",
                server=racer.contestant.name,
                transport=racer.transport,
                service=service,
                refused=found,
            )
        return True

    def _requests(self, service: str, *, once: bool) -> Path:
        """Make messages: as many as a load may need that sends none twice, or each sender's."""
        count = len(self._place.senders.many)
        if once:
            count = max(int(self._pace.seconds * self._pace.fastest), count)
        file = self._place.folder / f"{service}.requests"
        made = messages(service, self._place, count, SYSTEM_CLOCK.now())
        load.write(file, ((service, message) for message in made))
        return file

    def _warm_up(self, racers: Sequence[Racer], service: str) -> list[Racer]:
        return [racer for racer in racers if self._warmed_up(racer, service)]

    def _warmed_up(self, racer: Racer, service: str) -> bool:
        """Put loads on one: a single one, or as many as make it faster; tell whether it did well."""
        best, tired = float("inf"), 0
        for _ in range(self._pace.warmest if racer.contestant.compiles else 1):
            file = self._requests(service, once=racer.contestant.replay)  # new ones: messages grow old
            done = self._loaded(racer, file, self._pace.seconds)
            if done is None:
                return False
            spent = done[1] / done[0].requests
            tired = 0 if spent < best * BARELY_FASTER else tired + 1
            best = min(best, spent)
            if tired == 2:
                break
        return True

    def _round(self, racers: Sequence[Racer], service: str) -> list[Racer]:
        """Measure one after the other; return those who answered as they should."""
        file = self._requests(service, once=any(racer.contestant.replay for racer in racers))
        found = [(racer, self._loaded(racer, file, self._pace.seconds)) for racer in racers]
        for racer, done in found:
            if done is not None:
                racer.rounds.setdefault(service, []).append(done)
        return [racer for racer, done in found if done is not None]

    def _loaded(self, racer: Racer, file: Path, seconds: float) -> tuple[Outcome, float] | None:
        try:
            return racer.load(file, seconds, self._pace.connections)
        except BenchError as error:
            self._results.lacks(racer.contestant.name, [str(error)])
            return None

    def _memory(self, racer: Racer) -> None:
        workers = [round(proportional_memory(each.pid) / 1e6, 1) for each in racer.server.workers()]
        self._results.add(
            "memory", server=racer.contestant.name, transport=racer.transport, worker_megabytes=workers
        )


def _microseconds(cpu: float, requests: int) -> float:
    return round(cpu / requests * 1e6, 1)


def _figures(racer: Racer, service: str) -> dict[str, object]:
    rounds = racer.rounds[service]
    spent = [_microseconds(cpu, done.requests) for done, cpu in rounds]
    times = [median(done.microseconds[at] for done, _ in rounds) / 1000 for at in ("p50", "p99")]
    return {
        "server": racer.contestant.name,
        "transport": racer.transport,
        "service": service,
        "cpu_microseconds": round(median(spent), 1),
        "cpu_microseconds_least_most": [min(spent), max(spent)],
        "requests_per_second": round(median(done.requests / done.seconds for done, _ in rounds)),
        "milliseconds_p50_p99": [round(time, 2) for time in times],
        "load_cpu_microseconds": median(_microseconds(done.load_cpu, done.requests) for done, _ in rounds),
        "requests": sum(done.requests for done, _ in rounds),
    }
