"""Callers that call all the time, each message with a text of its own, so that each answer can be checked."""

import http.client
import itertools
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bench.faults.ledger import Came, Told
from tests.fixtures.calling import Caller, header_of
from tests.fixtures.in_process import SoapReply, envelope, work

PATIENCE = 45.0
"""Seconds that a caller waits for any byte; longer than any time-out of the gateway in these scenes."""
PAUSE = 0.02
"""Seconds between an answer that is no success and the next call: no caller is a flood."""
RECOVERY = 90.0
"""Seconds in which every caller must have been served again."""
_TEXT = re.compile(rb"<(?:\w+:)?text>([^<]*)</(?:\w+:)?text>")
_ID = re.compile(rb"IGW\d{4}E")

Maker = Callable[[str], bytes]
"""Makes the message with this text."""


def echo(text: str) -> bytes:
    """Return a message that IMS echoes, without a token."""
    return envelope(work("echo", text))


def came_of(reply: SoapReply, text: str) -> tuple[Came, str]:
    """Say what an answer is to the message with this text."""
    found = _TEXT.search(reply.body)
    if reply.status == 200 and found and found[1] == text.encode():
        return Came.RIGHT, ""
    refusal = _ID.search(reply.body)
    if reply.status != 200 and refusal:
        return Came.REFUSED, refusal[0].decode()
    return Came.WRONG, f"{reply.status} {reply.body[:300]!r}"


class Load:
    """The callers of one service of a gateway. Use `running`, and in it what happens to the gateway.

    With `copies` each message is sent a second time at once, which must never work where the first has worked.
    """

    def __init__(  # noqa: PLR0913  callers differ in all of this
        self,
        url: str,
        tls: ssl.SSLContext | Path,
        *,
        service: str = "LabPort",
        make: Maker = echo,
        callers: int = 8,
        copies: bool = False,
        name: str = "m",
        patience: float = PATIENCE,
    ) -> None:
        self._url, self._tls, self._patience = url, tls, patience
        self._path = f"/imssoap/services/{service}"
        self._make = make
        self._copies = copies
        self._name = name
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._told: list[Told] = []
        self._latest_right = [0.0] * callers
        self._threads = [
            threading.Thread(target=self._repeat, args=(number,), daemon=True) for number in range(callers)
        ]

    @contextmanager
    def running(self, *, served: bool = True) -> Iterator[Self]:
        """Call for the length of the block, which begins when every caller has been served, if they can be."""
        for thread in self._threads:
            thread.start()
        try:
            if served:
                self.recovered_from(time.monotonic())
            yield self
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(2 * self._patience)
        if any(thread.is_alive() for thread in self._threads):
            raise RuntimeError("a caller hangs")

    @property
    def told(self) -> Sequence[Told]:
        """What came of every message so far."""
        with self._lock:
            return tuple(self._told)

    def pause(self, seconds: float) -> None:
        """Let the callers go on for a while."""
        time.sleep(seconds)

    def recovered_from(self, moment: float) -> float:
        """Return how long after `moment` every caller had a right answer to a message sent after it."""
        deadline = time.monotonic() + RECOVERY
        while min(self._latest_right) < moment:
            if time.monotonic() > deadline:
                last = [f"{each.came.value} {each.what}" for each in self.told[-5:]]
                raise RuntimeError(f"not every caller is served again after {RECOVERY} s: {last}")
            time.sleep(0.01)
        return time.monotonic() - moment

    def _repeat(self, number: int) -> None:
        with Caller(self._url, self._tls, timeout=self._patience) as caller:
            for count in itertools.count():
                if self._stop.is_set():
                    return
                text = f"{self._name}{number}-{count}"
                message = self._make(text)
                told = self._call(caller, message, text)
                if told.came is Came.RIGHT:
                    self._latest_right[number] = told.began
                else:
                    self._stop.wait(PAUSE)
                if self._copies:
                    self._call(caller, message, text, copy_of=told)

    def _call(self, caller: Caller, message: bytes, text: str, copy_of: Told | None = None) -> Told:
        told = call(caller, self._path, message, text, copy_of)
        with self._lock:
            self._told.append(told)
        return told


def call(caller: Caller, path: str, message: bytes, text: str, copy_of: Told | None = None) -> Told:
    """Send one message; say what came of it. `copy_of`: what came of the same bytes before."""
    began, tracking_id = time.monotonic(), ""
    try:
        reply = caller.request("POST", path, message, {"Content-Type": "text/xml; charset=utf-8"})
        came, what = came_of(reply, text)
        tracking_id = header_of(reply.headers, "x-tracking-id")
    except (OSError, http.client.HTTPException) as error:
        came, what = Came.NONE, type(error).__name__
    if copy_of and came is copy_of.came is Came.RIGHT:
        came, what = Came.WRONG, "a copy was answered as the first was"
    return Told(text, came, what, began, time.monotonic(), tracking_id, copy=copy_of is not None)
