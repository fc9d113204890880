"""What everything that serves one tpipe works with."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from gateway.audit.ports import CalloutAudit, Unaudited
from gateway.callout.alarm import Alarm
from gateway.callout.circuits import Circuits
from gateway.callout.journal.entries import Journal
from gateway.callout.responder import Responder
from gateway.callout.slots import Slots
from gateway.callout.snapshot import Current
from gateway.callout.told import Told
from gateway.callout.values import Source
from gateway.clock import Clock
from gateway.tracecontext import TraceContext, context_of_urn


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
    traced: float | None = None
    """Share of callouts that are traced; None: traces are off, and web services are told of none."""
    audit: CalloutAudit = field(default_factory=Unaudited)
    """Nothing is begun that could not be recorded."""

    def context(self, message_id: str) -> TraceContext | None:
        """Return the context of a call that is about to be made; None: traces are off."""
        if self.traced is None:
            return None
        return context_of_urn(message_id, secrets.token_hex(8), self.traced)
