"""Keeps messages of a service for a few minutes, redacted, when an operator asks for it.

Nothing is kept unless asked for: then what comes is redacted at once, bounded, held in memory only, and gone
when its time is over.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from gateway.clock import Clock
from gateway.exchange import Arrival
from gateway.observe.traffic import Captured

MOST_MESSAGES: Final = 20
"""Of a service, in a worker; older ones make room."""
LONGEST: Final = timedelta(hours=1)

log = logging.getLogger("gateway.runtime")

Redact = Callable[[bytes], str]
"""Turns a message into what may be shown of it. Must not raise."""


@dataclass(slots=True)
class _Capture:
    until: datetime
    kept: deque[Captured] = field(default_factory=lambda: deque(maxlen=MOST_MESSAGES))


class Probe:
    """What is captured in one worker. Thread-safe."""

    def __init__(self, redact: Redact, clock: Clock) -> None:
        self._redact = redact
        self._clock = clock
        self._lock = Lock()
        self._captures: dict[str, _Capture] = {}

    def capture(self, service: str, until: datetime | None) -> None:
        """Keep messages of a service until then, an hour at most; None: no more, and forget them."""
        with self._lock:
            if until is None:
                self._captures.pop(service, None)
                return
            latest = min(until, self._clock.now() + LONGEST)
            self._captures.setdefault(service, _Capture(latest)).until = latest

    def captured(self, service: str) -> tuple[Captured, ...]:
        """Return what was kept, newest first."""
        with self._lock:
            self._forget_old()
            found = self._captures.get(service)
            return tuple(reversed(found.kept)) if found else ()

    def answered(self, arrival: Arrival, status: int, body: bytes, tracking_id: str = "") -> None:
        """Keep a message and its answer if they are wanted. Costs nothing when nobody wants any.

        `tracking_id`: what its caller knows it by, if not by the one that was made.

        Never raises: IMS has done its work by now, and who looks on must not cost the caller the answer.
        """
        if not self._captures:
            return
        try:
            self._keep(arrival, status, body, tracking_id or arrival.tracking_id)
        except Exception:
            log.exception("a message was not captured tracking_id=%s", arrival.tracking_id)

    def _keep(self, arrival: Arrival, status: int, body: bytes, tracking_id: str) -> None:
        now = self._clock.now()
        with self._lock:
            self._forget_old()
            found = self._captures.get(arrival.service)
        if found is None:
            return
        kept = Captured(
            at=now,
            tracking_id=tracking_id,
            request_id=arrival.tracking_id,
            service=arrival.service,
            status=status,
            request=self._redact(arrival.body),
            answer=self._redact(body),
        )
        with self._lock:
            found.kept.append(kept)

    def _forget_old(self) -> None:
        now = self._clock.now()
        for service in [name for name, one in self._captures.items() if one.until <= now]:
            del self._captures[service]
