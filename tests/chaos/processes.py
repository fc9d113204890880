"""Stand-ins as processes that can be killed as a machine dies, each with a ledger, and callers that go on."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import psutil

from tests.chaos.ledger import Book, Entries, Ledger
from tests.chaos.programs import LEDGER
from tests.fixtures.calling import Background
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY, wait_until


class StandinProcess:
    """`imsgw standin` with ledger programs: LEDGER for text, ECHO for XML."""

    host = "127.0.0.1"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (self.port,) = free_ports(1)
        self.ledger = Ledger(folder / "ledger")
        self.ledger.path.touch()
        self._config = folder / "standin.toml"
        self._config.write_text(
            f'[ims_connect]\nlisten = "127.0.0.1:{self.port}"\n'
            '[transactions.LEDGER]\nprogram = "tests.chaos.programs:Enter"\n'
            '[transactions.ECHO]\nprogram = "tests.chaos.programs:EnterXml"\n'
        )
        self._output = (folder / "standin.log").open("ab")
        self.start()

    def start(self) -> None:
        """Start it, again on the same port; returns once it listens."""
        self.process = subprocess.Popen(
            [*ENDED_WITH_US, sys.executable, "-m", "gateway", "standin", "--config", str(self._config)],
            cwd=REPOSITORY,
            env={**os.environ, LEDGER: str(self.ledger.path)},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        wait_until(self._listens, "the stand-in listens", 60)

    def _listens(self) -> bool:
        assert self.process.poll() is None, "the stand-in has ended"
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    @property
    def done(self) -> int:
        """How many entries it has committed so far."""
        return sum(self.ledger.read().kept.values())

    @property
    def connections(self) -> int:
        """How many connections it has."""
        sockets = psutil.Process(self.process.pid).net_connections("tcp4")
        return sum(sock.status == psutil.CONN_ESTABLISHED for sock in sockets)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.kill()
        self._output.close()


@dataclass
class Load:
    """Callers that go on until they are told to stop. `call` makes one entry and notes what it was told."""

    call: Callable[[str], object]
    callers: int
    book: Book
    prefix: str = "L"
    begun: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._going = threading.Event()
        self._going.set()
        self._lock = threading.Lock()
        self._rounds = [0] * self.callers
        self._background = Background([partial(self._repeat, number) for number in range(self.callers)])

    def _repeat(self, number: int) -> None:
        for turn in count(1):
            if not self._going.is_set():
                return
            entry = self.book.new(self.prefix)
            with self._lock:
                self.begun.add(entry)
            self.call(entry)
            with self._lock:
                self.ended.add(entry)
            self._rounds[number] = turn

    def wait_for_more(self, rounds: int = 3) -> None:
        """Wait until every caller has made so many calls more."""
        wanted = [each + rounds for each in self._rounds]
        wait_until(lambda: all(a >= b for a, b in zip(self._rounds, wanted, strict=True)), "more calls", 60)

    def during(self, event: Callable[[], object]) -> set[str]:
        """Make something happen; return the entries that were under way at some moment of it."""
        with self._lock:
            ended = set(self.ended)
        event()
        with self._lock:
            return self.begun - ended

    def stop(self) -> None:
        """End it; raises what a caller has raised."""
        self._going.clear()
        self._background.results()


def together(*standins: StandinProcess) -> Entries:
    """Return what several stand-ins did."""
    first, *others = (standin.ledger.read() for standin in standins)
    for other in others:
        first |= other
    return first
