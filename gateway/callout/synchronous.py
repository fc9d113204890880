"""Synchronous callouts: a program waits in an ICAL, and gets an answer or an error before its time is over.

Each runs in a thread of its tpipe. At its deadline the program is told that nothing came (1001), while the call
is listened to for a little longer: that the service did answer is worth knowing.
"""

import logging
import math
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Final

from gateway.audit.auditor import NotAuditedError
from gateway.callout.codes import (
    MEANINGS,
    RESPONSE_REFUSED,
    RESPONSE_TAKEN,
    RESPONSE_UNHEARD,
    CalloutError,
    Hope,
    Status,
)
from gateway.callout.means import Means
from gateway.callout.responder import LateError, Response
from gateway.callout.slots import Slots
from gateway.callout.snapshot import Snapshot
from gateway.callout.threads import ParsingThreads, submit
from gateway.callout.values import Aim, Call, Received, Request
from gateway.codepage import CodePage
from gateway.config.model import ConsumerOperation
from gateway.tracecontext import TraceContext

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Ical:
    """One ICAL that waits: whoever claims it first answers it, alone; its room is given back once.

    The room is held by the thread that calls, and by who tells the program at the deadline, until both have
    ended: so what is not told yet is work that is waited for, and there is never more of it than rooms.
    """

    received: Received
    request: Request
    arrived: float
    """Monotonic seconds when IMS handed it over."""
    give_back: Callable[[], None]
    """Give its room back."""
    tracking_id: str = field(default_factory=lambda: uuid.uuid4().urn)
    aim: Aim | None = None
    trace: TraceContext | None = None
    """Of the call, as the web service is told; None: traces are off."""
    _answered: bool = False
    _holders: int = 1
    _lock: Lock = field(default_factory=Lock, repr=False)

    def claim(self) -> bool:
        """Tell whether it is the caller's to answer."""
        with self._lock:
            mine, self._answered = not self._answered, True
            return mine

    def hold(self) -> None:
        """Hold its room too; `leave` it once."""
        with self._lock:
            self._holders += 1

    def leave(self) -> bool:
        """Hold its room no more, the last one gives it back; tell whether somebody still holds it."""
        with self._lock:
            self._holders -= 1
            held = self._holders > 0
        if not held:
            self.give_back()
        return held

    def move(self, give_back: Callable[[], None]) -> None:
        """Give its room back for another one, which `give_back` gives back."""
        with self._lock:
            before, self.give_back = (self.give_back if self._holders else give_back), give_back
        before()


class SynchronousDesk:
    """Answers the ICALs of one tpipe. Thread-safe."""

    def __init__(self, means: Means) -> None:
        """Begin with nothing in work."""
        self._means = means
        self._told = means.told
        self._lingering = Slots(means.concurrency)
        self._telling = Slots(sys.maxsize)
        # those whose program was told 1001 keep their threads for a while
        self._threads = ParsingThreads(2 * means.concurrency, "callout-sync")

    def begin(self, received: Received, request: Request, arrived: float) -> None:
        """Begin with an ICAL that IMS was told we have; its room is taken."""
        ical = Ical(received, request, arrived, self._means.slots.give_back)
        ical.trace = self._means.context(ical.tracking_id)
        self._threads.submit(partial(self._run, ical))

    def close(self) -> None:
        """Wait for what is in work. Nothing may begin after that."""
        self._threads.close()
        self._telling.wait_idle(self._means.clock, math.inf)

    # -- one ICAL -------------------------------------------------------------------------------------------

    def _run(self, ical: Ical) -> None:
        try:
            with self._means.current.use() as snapshot:
                self._serve(ical, snapshot)
        except Exception:  # noqa: BLE001  its program must get an answer whatever happens
            _LOG.exception("a callout of %s ended by an error of ours", ical.received.source)
            ical.claim()
            # whatever it was told before: IMS takes one response for a token
            self._tell_anyhow(ical, CalloutError(Status.INVOKING, "internal error of the gateway"), None)
        finally:
            ical.leave()

    def _serve(self, ical: Ical, snapshot: Snapshot) -> None:
        try:
            aim = ical.aim = snapshot.reader.aim(ical.request, ical.received)
        except CalloutError as error:
            self._fail(ical, error, None)
            return
        if not snapshot.enabled(aim):
            self._fail(ical, CalloutError(Status.STOPPED, MEANINGS[Status.STOPPED], hope=Hope.LATER), None)
            return
        settings = snapshot.operation(aim)
        call = self._call(ical, aim, settings)
        deadline = self._means.alarm.at(call.deadline, lambda: self._too_late(ical, settings))
        try:
            payload = snapshot.outbound.call(call)
            data = b"" if payload is None else snapshot.reader.response(aim, payload)
        except CalloutError as error:
            deadline.cancel()
            self._fail(ical, error, settings)
        else:
            deadline.cancel()
            self._answer(ical, aim, settings, data)

    @staticmethod
    def _call(ical: Ical, aim: Aim, settings: ConsumerOperation) -> Call:
        deadline = _deadline(ical, settings)
        received = ical.received
        return Call(
            aim=aim,
            source=received.source,
            message_id=ical.tracking_id,
            deadline=deadline,
            give_up=deadline + settings.late_answer_ms / 1000,
            user=received.user,
            network_user=received.network_user,
            network_session=received.network_session,
            traceparent=str(ical.trace or ""),
        )

    # -- its end --------------------------------------------------------------------------------------------

    def _answer(self, ical: Ical, aim: Aim, settings: ConsumerOperation, data: bytes) -> None:
        if not ical.claim():
            self._told.late(ical, "service", "the service has answered")
            return
        with_adapter = settings.adapter == "xml"
        response = Response(
            token=ical.received.correlation_token,
            data=data,
            acknowledge=settings.acknowledge,
            adapter=settings.adapter_name if with_adapter else "",
            converter=(aim.converter or settings.converter) if with_adapter else "",
            until=_deadline(ical, settings),
        )
        try:
            self._told.answering(ical)
        except NotAuditedError:
            self._tell(ical, _unrecorded(), settings)
            return
        try:
            self._means.responder.respond(response)
        except LateError as error:
            self._told.late(ical, "ims", f"{RESPONSE_REFUSED}: {error}")
        except CalloutError as error:
            self._report(ical, error, settings)
        else:
            self._told.answered(ical, RESPONSE_TAKEN if settings.acknowledge else "")

    def _too_late(self, ical: Ical, settings: ConsumerOperation) -> None:
        """Tell the program that its time is over; its thread goes on listening, others may have its room."""
        if not ical.claim():
            return
        error = CalloutError(
            Status.NO_RESPONSE, f"no response within {settings.timeout_ms} ms", maybe_done=True
        )
        ical.hold()
        self._telling.take_more(1)
        submit(self._means.late, lambda: self._tell_late(ical, error, settings))

    def _tell_late(self, ical: Ical, error: CalloutError, settings: ConsumerOperation) -> None:
        try:
            self._tell_anyhow(ical, error, settings)
        finally:
            if ical.leave() and self._lingering.take_more(1):
                ical.move(self._lingering.give_back)
            self._telling.give_back()

    def _tell_anyhow(self, ical: Ical, error: CalloutError, settings: ConsumerOperation | None) -> None:
        try:
            self._tell(ical, error, settings)
        except Exception:  # noqa: BLE001  nobody else would ever hear of it
            _LOG.exception("a program of %s could not be told: %s", ical.received.source, error)

    def _fail(self, ical: Ical, error: CalloutError, settings: ConsumerOperation | None) -> None:
        if ical.claim():
            self._tell(ical, error, settings)
        else:
            self._told.late(ical, "service", str(error))

    def _report(self, ical: Ical, error: CalloutError, settings: ConsumerOperation) -> None:
        """Tell of a response that could not be sent; one that is too long can still be told to the program."""
        if error.status is Status.RESPONSE_SIZE:
            self._tell(ical, error, settings)
        else:
            unheard = f"{RESPONSE_UNHEARD}: {error.private}" if settings.acknowledge else error.private
            self._told.failed(ical, replace(error, private=unheard))

    def _tell(self, ical: Ical, error: CalloutError, settings: ConsumerOperation | None) -> None:
        """Send an error response."""
        response = Response(
            token=ical.received.correlation_token,
            data=_text(error, ical.request.ccsid),
            reason=error.status,
            acknowledge=settings is not None and settings.acknowledge,
            until=0.0 if settings is None else _deadline(ical, settings),
        )
        try:
            self._means.responder.respond(response)
        except LateError as late:
            self._told.late(ical, "ims", f"{error}; {late}")
        except CalloutError as unsent:
            self._told.failed(ical, unsent, because=error)
        else:
            self._told.failed(ical, error)


def _unrecorded() -> CalloutError:
    """Return what a program is told in place of an answer that there is no record of."""
    text = "the gateway could not record the callout: the web service has done it, its answer is withheld"
    return CalloutError(Status.INVOKING, text, maybe_done=True)


def _deadline(ical: Ical, settings: ConsumerOperation) -> float:
    """Return when the time of its program is over (monotonic seconds)."""
    return ical.arrived + settings.timeout_ms / 1000


def _text(error: CalloutError, ccsid: int) -> bytes:
    """Return the text of an error response in the encoding of the message that it answers."""
    page = CodePage.of(ccsid)
    try:
        return page.encode(error.response)
    except ValueError:
        return page.encode(error.response.encode("ascii", "replace").decode())
