"""`imsgw callout` killed again and again under load, and what became of every message.

IMS holds events (one-way) and ratings (whose answers go to transaction TAKE). A feeder sees to it that there
are always some; the process that fetches and delivers them is killed (-9) at a random moment, started again,
killed again. In the end each message has been delivered at least once and nothing is left, neither in IMS nor
in the journal. Used by the tests with a few kills, by `bench/callout_kills.py` with many.
"""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gateway.callout.journal import open_journal
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from tests.fixtures.callout import CalloutLab, CalloutProcess, contract, event, rating
from tests.fixtures.hostile_service import Heard, Link, Service, payload, rated
from tests.fixtures.running_gateway import wait_until

AT_ONCE = 24
"""Messages that the feeder keeps waiting in IMS."""
SLOWEST = 0.02
"""Seconds that the service takes at most for an answer."""
LATEST = 0.4
"""Seconds after the first deliveries of a new process at which it is killed at the latest."""
END_SECONDS = 120
STANDIN = {
    "transactions": {"TAKE": {"program": "gateway.standin.builtin:NoReply"}},
    "ims_connect": {"keep_seen": 10_000_000, "multirtp": True},
}


class Load:
    """Messages without end, until `stop`: those with even numbers are events, the others ratings."""

    def __init__(self, lab: CalloutLab) -> None:
        self._lab = lab
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.count = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Feed IMS for the length of the block."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._lab.left() >= AT_ONCE:
                self._stop.wait(0.005)
                continue
            number = self.count
            self._lab.post(event(number) if number % 2 == 0 else rating(f"C{number}", number))
            self.count += 1


class Kills:
    """One run: `run` returns the figures, or fails and says which message is lost."""

    def __init__(self, lab: CalloutLab, service: Service, seed: int, **callout: Any) -> None:
        """Deploy the services; `lab` has the tables of STANDIN, and its journal is set.

        `callout`: further keys of the bundle's table.
        """
        self._lab = lab
        self._service = service
        self._random = random.Random(seed)
        service.behave = self._answer
        lab.bundle(callout={"concurrency": 8, **callout})
        retry = {"attempts": 1000, "circuit_failures": 1000, "first_seconds": 0.05, "longest_seconds": 0.2}
        lab.service(contract("events", service.origin), "events", retry=retry)
        operations = {"response_transaction": "TAKE"}
        lab.service(contract("rating", service.origin), operations=operations, retry=retry)

    def _answer(self, link: Link, heard: Heard) -> None:
        self._service.stopping.wait(random.random() * SLOWEST)
        customer = heard.text("customer")
        if customer is None:
            self._service.rating(link, heard)
        else:
            payload(rated(1, customer))(link, heard)

    def run(self, processes: Sequence[CalloutProcess], kills: int) -> dict[str, Any]:
        """Kill one of the processes so many times, then wait until all is done."""

        def strike() -> None:
            for _ in range(kills):
                self._kill(self._random.choice(processes))

        return {"kills": kills, **self.under(processes, strike)}

    def under(
        self,
        processes: Sequence[CalloutProcess],
        strike: Callable[[], None],
        ended: Callable[[], Any] = lambda: None,
    ) -> dict[str, Any]:
        """Do something to the parts while messages come, mended at its end; then wait until all is done.

        `ended` is asked before the processes are stopped.
        """
        load = Load(self._lab)
        with load.running():
            strike()
        wait_until(lambda: self._done(load.count), "every message delivered", END_SECONDS)
        wait_until(lambda: self._lab.left() == 0, "an empty tpipe")
        wait_until(lambda: not self._entries(processes[0]), "an empty journal", END_SECONDS)
        told = ended()
        for process in processes:
            assert process.stop() == 0, process.log[-4000:]
        figures = self._figures(load.count)
        return figures if told is None else {**figures, "ended": told}

    def await_deliveries(self, count: int) -> None:
        """Return when the service has heard so many messages more."""
        before = len(self._service.heard)
        wait_until(lambda: len(self._service.heard) >= before + count, "deliveries", 60)

    def _kill(self, victim: CalloutProcess) -> None:
        """Let it deliver something, then kill it at a random moment and start it again."""
        self.await_deliveries(self._random.randrange(2, 21))
        self._service.stopping.wait(self._random.random() * LATEST)
        victim.kill()
        victim.start().wait_ready()

    # -- what became of the messages

    def _heard(self) -> dict[int, list[str]]:
        """MessageIDs of the deliveries, by number of the message."""
        found: dict[int, list[str]] = {}
        for heard in self._service.heard:
            number = int(heard.text("id") or heard.text("amount"))
            found.setdefault(number, []).append(heard.message_id)
        return found

    def _taken(self) -> Counter[int]:
        """How often IMS got the answer to each rating."""
        scores: Counter[int] = Counter()
        for seen in self._lab.standin.seen:
            if seen.transaction == "TAKE" and not seen.outcome.startswith("refused"):
                data = b"".join(seen.segments).decode("cp1140")
                customer = re.search(r"<who>C(\d+)</who>", data)
                assert customer, data
                scores[int(customer[1])] += 1
        return scores

    def _done(self, count: int) -> bool:
        return len({heard.text("id") or heard.text("amount") for heard in self._service.heard}) == count

    def _entries(self, process: CalloutProcess) -> dict[Any, int]:
        home = read_home(self._lab.home, environ={"IMSGW_STATE": str(process.state)})
        journal = open_journal(home.gateway.journal, home.state, SYSTEM_CLOCK)
        try:
            return {key: number for key, number in journal.counts().items() if number}
        finally:
            journal.close()

    def _figures(self, count: int) -> dict[str, Any]:
        heard, taken = self._heard(), self._taken()
        assert sorted(heard) == list(range(count)), f"lost: {set(range(count)) - set(heard)}"
        lost = {number for number in range(1, count, 2) if not taken[number]}
        assert not lost, f"answers that IMS never got: {sorted(lost)}"
        again = sum(len(ids) - len(set(ids)) for ids in heard.values())
        twice = sum(len(set(ids)) - 1 for ids in heard.values())
        return {
            "messages": count,
            "lost": 0,
            "left_behind": 0,
            "deliveries": sum(map(len, heard.values())),
            "doubles_with_the_same_message_id": again,
            "doubles_that_ims_handed_over_again": twice,
            "answers": sum(taken.values()),
            "doubles_of_answers": sum(number - 1 for number in taken.values()),
        }


def kill_one(make: Callable[..., CalloutLab], service: Service, kills: int, seed: int) -> dict[str, Any]:
    """One process, SQLite."""
    lab = make(**STANDIN)
    lab.gateway(journal={"lease_seconds": 1.0})
    run = Kills(lab, service, seed)
    return run.run([lab.spawn()], kills)


def kill_one_of_two(
    make: Callable[..., CalloutLab], service: Service, journal: dict[str, Any], kills: int, seed: int
) -> dict[str, Any]:
    """Two processes that share a journal in PostgreSQL, as two machines would; one of them is killed."""
    lab = make(**STANDIN)
    lab.gateway(journal={**journal, "lease_seconds": 1.0})
    run = Kills(lab, service, seed)
    return run.run([lab.spawn(), lab.spawn()], kills)
