"""The load generator: built from load.c, given a file of requests, asked for what came of them."""

import json
import os
import struct
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench.comparison.messages import Message
from bench.comparison.processes import BenchError

SOURCE: Final = Path(__file__).with_name("load.c")
BUILT: Final = Path(__file__).parents[2] / "build/bench/load"
GRACE: Final = 150
"""Seconds beyond the run that an answer may take."""


def build() -> None:
    """Compile it, unless it is there as the source is now."""
    if BUILT.exists() and BUILT.stat().st_mtime > SOURCE.stat().st_mtime:
        return
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    making = BUILT.with_name(f"{BUILT.name}.{os.getpid()}")
    command = ["cc", "-O2", "-o", str(making), str(SOURCE), "-lssl", "-lcrypto", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(
            f"the load generator cannot be built (Debian: gcc, libc6-dev, libssl-dev):\n{done.stderr}"
        )
    making.rename(BUILT)  # whole as soon as it has its name


def request_of(message: Message, service: str) -> bytes:
    """Return the request with which every server gets the message; the scheme is what a proxy would say."""
    head = (
        f"POST /imssoap/services/{service} HTTP/1.1\r\nHost: localhost\r\n"
        f'Content-Type: text/xml; charset=utf-8\r\nSOAPAction: ""\r\n'
        f"X-Forwarded-Proto: https\r\nContent-Length: {len(message.data)}\r\n\r\n"
    )
    return head.encode() + message.data


def write(path: Path, messages: Iterable[tuple[str, Message]]) -> None:
    """Write the file of requests from services and messages."""
    with path.open("wb") as file:
        for service, message in messages:
            needle, request = message.text.encode(), request_of(message, service)
            file.write(struct.pack("=II", len(needle), len(request)) + needle + request)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the load is made."""

    file: Path
    seconds: float
    connections: int = 8
    rate: float = 0
    """Requests a second; 0: as fast as answers come."""
    once: bool = False
    """No message is sent twice: the run ends when there is none left."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load."""

    right: int
    wrong: int
    failed: int
    reconnects: int
    seconds: float
    load_cpu: float
    """Seconds of CPU that the generator used itself."""
    microseconds: dict[str, int]
    detail: str
    """The first answer that was wrong."""

    @property
    def requests(self) -> int:
        """All requests that a server had to deal with."""
        return self.right + self.wrong + self.failed


class Load:
    """A load about to start: `ready`, then `run`."""

    def __init__(self, port: int, ca: Path | None, plan: Plan) -> None:
        self._limit = plan.seconds + GRACE
        self._process = subprocess.Popen(
            [
                str(BUILT),
                str(port),
                str(ca or "-"),
                str(plan.file),
                str(plan.connections),
                str(plan.seconds),
                str(plan.rate),
                str(int(plan.once)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def ready(self) -> None:
        """Return once all connections stand."""
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            assert self._process.stderr is not None
            raise BenchError(self._process.stderr.read())

    def run(self) -> Outcome:
        """Go, and return what came of it."""
        output, errors = self._process.communicate("\n", timeout=self._limit)
        if self._process.returncode:
            raise BenchError(errors)
        found: dict[str, Any] = json.loads(output)
        return Outcome(**found)


def run(
    port: int, ca: Path | None, plan: Plan, used: Callable[[], float] = lambda: 0.0
) -> tuple[Outcome, float]:
    """Make a load; return what came of it, and by how much `used` grew between its first and last request."""
    with Load(port, ca, plan) as load:
        load.ready()
        before = used()
        outcome = load.run()
        return outcome, used() - before
