"""The clock of the gateway stepped, forward and back, under load: libfaketime, which every process of it obeys.

Only the time of day is stepped; what measures durations (CLOCK_MONOTONIC) goes on, as when an operator or NTP
sets a clock. Callers and IMS keep the right time.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Came, Ledger, Told
from bench.faults.load import Load, call
from bench.faults.messages import with_nonce
from bench.faults.scene import CALM_SECONDS, Scene, scene
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.calling import Caller

LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/faketime",
    "/usr/lib64/faketime",
)
NAME = "libfaketimeMT.so.1"
STEPS = (3600, -3600)
"""Seconds by which the clock is wrong for a while: more than any message lives."""
SEEN_SECONDS = 1.5
"""A process looks at the file with the offset once a second."""
RECORDED = 10
"""Messages that are accepted just before a step, and sent again when it is over."""
PATH = "/imssoap/services/SecureLabPort"


def library() -> str:
    """Return the path of libfaketime; empty where it is not installed."""
    found = (path for folder in LIBRARIES for path in Path(folder).glob(f"**/{NAME}"))
    return str(next(found, ""))


class WrongClock:
    """The offset that the processes of the gateway see."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self.step(0)

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which a process sees it."""
        return {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """Set the clock so many seconds ahead of the right time; return when every process sees it."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self._file)
        time.sleep(SEEN_SECONDS)


@dataclass
class Recorder:
    """Sends messages of its own, keeps them, and sends them again later."""

    made: Scene
    told: list[Told] = field(default_factory=list)
    _count: "itertools.count[int]" = field(default_factory=itertools.count)

    def send(self, count: int, offset: int = 0) -> list[tuple[bytes, Told]]:
        """Send new messages of somebody whose clock is wrong by so much, too; return those that were right."""

        def now() -> datetime:
            return SYSTEM_CLOCK.now() + timedelta(seconds=offset)

        with self._caller() as caller:
            sent = []
            for number in itertools.islice(self._count, count):
                message = with_nonce(f"r{number}", now)
                sent.append((message, call(caller, PATH, message, f"r{number}")))
        self.told += [told for _, told in sent]
        return [(message, told) for message, told in sent if told.came is Came.RIGHT]

    def again(self, sent: list[tuple[bytes, Told]]) -> None:
        """Send the same bytes once more: none may be answered."""
        with self._caller() as caller:
            self.told += [call(caller, PATH, message, first.text, first) for message, first in sent]

    def _caller(self) -> Caller:
        return Caller(self.made.gateway.https_url, self.made.gateway.ca)


@contextmanager
def _callers(made: Scene) -> Iterator[tuple[Load, Load]]:
    """Let some call without a token and others with a nonce."""
    plain = made.load(callers=2, name="p")
    secure = made.load(callers=2, name="n", service="SecureLabPort", make=with_nonce, copies=True)
    with plain.running(), secure.running():
        yield plain, secure


def stepped(pace: Pace) -> Ledger:
    with TemporaryDirectory(prefix="imsgw-clock-") as folder:
        clock = WrongClock(Path(folder))
        with scene(environment=clock.environment) as made:
            recorder = Recorder(made)
            with _callers(made) as (plain, secure):
                for offset in STEPS * max(1, pace.times // 5):
                    before = recorder.send(RECORDED)
                    clock.step(offset)
                    along = recorder.send(2 * RECORDED, offset)
                    plain.pause(pace.seconds / 2)
                    recorder.again(before + along)
                    clock.step(0)
                    moment = time.monotonic()
                    recorder.again(before + along)
                    recovery = max(load.recovered_from(moment) for load in (plain, secure))
                calm_from = time.monotonic()
                plain.pause(CALM_SECONDS)
            ledger = made.ledger(plain, secure, calm_from=calm_from, also=recorder.told)
    ledger.recovery_seconds = recovery
    refused_plain = sum(each.came is not Came.RIGHT for each in plain.told)
    ledger.require(not refused_plain, f"{refused_plain} messages without a token were refused")
    ledger.also["recorded_and_sent_again"] = sum(each.copy for each in recorder.told)
    return ledger


FAULTS = (
    Fault(
        "clock-stepped",
        "Messages whose time is wrong by the gateway's clock are refused, others served; no copy is executed.",
        "The gateway's time of day is set an hour ahead, right again, an hour behind, right again, under load.",
        stepped,
        needs="faketime",
    ),
)
