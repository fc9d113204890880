"""What everything that serves one tpipe works with."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gateway.callout.alarm import Alarm
from gateway.callout.circuits import Circuits
from gateway.callout.journal.entries import Journal
from gateway.callout.responder import Responder
from gateway.callout.slots import Slots
from gateway.callout.snapshot import Current
from gateway.callout.told import Told
from gateway.callout.values import Source
from gateway.clock import Clock


@dataclass(frozen=True, slots=True)
class Means:
    """Of one tpipe; all of it may be used by any thread."""

    source: Source
    slots: Slots
    """Callouts in work."""
    concurrency: int
    current: Current
    journal: Journal
    responder: Responder
    circuits: Circuits
    told: Told
    clock: Clock
    alarm: Alarm
    late: ThreadPoolExecutor
    """Threads for answers at a deadline, whose own threads still wait for the service."""
