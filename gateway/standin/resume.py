"""RESUME TPIPE: a client asks for what waits on the hold queue of a tpipe.

Source: Managing the retrieval of output messages (single, single with wait, auto, noauto message control);
Retrieving synchronous callout requests with RESUME TPIPE; RESUME TPIPE error scenarios; Acknowledging receipt
of synchronous callout messages; No messages on tpipe hold queue; Timeout specifications on input messages.
"""

import asyncio
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from gateway.imsconnect.wire import F0, F2, F5, InputMessage, Irm, Verb
from gateway.imsconnect.wire.aib import TIMED_OUT
from gateway.imsconnect.wire.timer import NO_WAIT
from gateway.standin.aib import ended
from gateway.standin.datastores import RC_DATASTORE_GONE, Availability, DataStore
from gateway.standin.deliveries import Delivery
from gateway.standin.held import CalloutRequest, Kind
from gateway.standin.intake import identify
from gateway.standin.link import ClientGoneError
from gateway.standin.refusal import (
    DATASTORE_NOT_FOUND,
    INVALID_BUFFER,
    RC_EXIT,
    RC_OTMA,
    RESUME_CANCELLED,
    RESUME_COMMIT_MODE_1,
    Refusal,
)
from gateway.standin.resumed import Reader, goes_on, message_of, settle
from gateway.standin.timers import Deadline, Ending, Wait, wait_after_resumed, wait_in_resume
from gateway.standin.turns import Turn

if TYPE_CHECKING:
    from gateway.standin.session import Session

_OPTIONS: Final = F5.SWAIT | F5.NOAUTO | F5.AUTO | F5.ONE


class Option(Enum):
    """IRM_F5: how many messages, and whether to wait for them."""

    ONE = "single"
    SWAIT = "single with wait"
    NOAUTO = "noauto"
    AUTO = "auto"

    @property
    def single(self) -> bool:
        """Whether one message ends it."""
        return self in {Option.ONE, Option.SWAIT}

    @property
    def waits(self) -> bool:
        """Whether messages count that come later. OTMA tells the others at once that it has none."""
        return self in {Option.SWAIT, Option.AUTO}


async def resume_tpipe(session: "Session", number: int, message: InputMessage) -> None:
    """Serve a RESUME TPIPE, `number` in the record of inputs. Raises Refusal and ClientGoneError."""
    services, irm = session.services, message.irm
    option, kinds = _option(irm), _kinds(irm)
    try:
        identity = identify(session, number, irm)
    except Refusal as refusal:
        raise _as_resume_tpipe_tells(refusal) from None
    store = session.store = services.datastores.find(irm.datastore)
    tpipe = irm.reroute_name or session.client_id
    store.otma.judge_tpipe(identity, tpipe, exists=store.tpipes.exists(tpipe))
    turn = store.tpipes.turns.join(tpipe)
    resumed = _Resumed(session, number, store, irm, turn, option, kinds)
    try:
        await resumed.serve()
    except ClientGoneError:
        resumed.note("client gone")
        raise
    except Refusal as refusal:
        resumed.note(f"refused {refusal.label}")
        raise
    finally:
        store.tpipes.turns.leave(turn)
        resumed.note("stopped")


def _as_resume_tpipe_tells(refusal: Refusal) -> Refusal:
    """Return the refusal with the codes that RESUME TPIPE has for data stores: 4/72 unknown, 4/74 not active.

    Source: IMS Connect recorder trace for TM error scenarios. Send-receive has 8/72, 8/74 and 8/76.
    """
    if refusal.reason_code == DATASTORE_NOT_FOUND:
        return replace(refusal, return_code=RC_EXIT)
    if refusal.reason_code in {reason.value for reason in Availability if reason.value}:
        return replace(refusal, return_code=RC_EXIT, reason_code=Availability.DISCONNECTED.value)
    return refusal


def _option(irm: Irm) -> Option:
    if F2.CM0 not in irm.f2:
        raise Refusal(RC_EXIT, RESUME_COMMIT_MODE_1, "RESUME TPIPE is commit mode 0")
    flags = irm.f5 & _OPTIONS
    options = {F5.ONE: Option.ONE, F5.SWAIT: Option.SWAIT, F5.AUTO: Option.AUTO, F5.NOAUTO: Option.NOAUTO}
    if not flags:
        return Option.NOAUTO
    if flags not in options:
        # unverified: the codes for options that exclude each other
        raise Refusal(RC_EXIT, INVALID_BUFFER, f"IRM_F5 X'{int(irm.f5):02X}' names several options")
    return options[flags]


def _kinds(irm: Irm) -> tuple[Kind, ...]:
    """Return which messages are asked for, those that come first in front."""
    flags = irm.f0 & (F0.SYNONLY | F0.SYNASYN)
    if flags == F0.SYNONLY | F0.SYNASYN:
        raise Refusal(RC_EXIT, INVALID_BUFFER, "IRM_F0 asks for callout requests only, and for both")
    if not flags:
        return (Kind.ASYNC,)
    return (Kind.SYNC,) if flags == F0.SYNONLY else (Kind.SYNC, Kind.ASYNC)


@dataclass(slots=True)
class _Resumed:
    """One RESUME TPIPE at work."""

    session: "Session"
    number: int
    store: DataStore
    irm: Irm
    turn: Turn
    option: Option
    kinds: tuple[Kind, ...]
    delivered: int = 0
    """How many messages the client has acknowledged."""

    async def serve(self) -> None:
        """Send message after message until the timer, the client or IMS ends it."""
        wait = wait_in_resume(self.irm)
        while True:
            delivery = await self._next(wait)
            if delivery is None:
                await self._say(wait, "timed out")
                return
            answer = await self._deliver(delivery)
            if self.option.single or not goes_on(answer):
                await self._end(answer, delivery.fate)
                return
            wait = self._wait_after(answer)

    def note(self, ending: str) -> None:
        """Note in the record how it ended; the first word on that stands."""
        self.session.services.seen.settle(self.number, f"{ending}, {self.delivered} delivered")

    @property
    def _reader(self) -> Reader:
        waiting = self.store.tpipes.depth(self.turn.tpipe) > 0
        return Reader(self.irm, self.session.client_id, self.store.port.protocol_level, waiting)

    # -- waiting for a message

    async def _next(self, wait: Wait) -> Delivery | None:
        """Return the next message, None when the timer is over before there is one."""
        tpipes, deadline, looked = self.store.tpipes, Deadline(wait), False
        while True:
            self.turn.check()
            if (self.option.waits or not looked) and tpipes.turns.has_come(self.turn):
                looked = True
                delivery = tpipes.take(self.turn.tpipe, self.kinds)
                if delivery is not None:
                    return delivery
                self._warn()
            ending = await self._change(deadline)
            if ending is Ending.GONE:
                raise ClientGoneError
            if ending is Ending.DOWN:
                # unverified: the reason code
                raise Refusal(RC_DATASTORE_GONE, 0, f"the data store {self.store.name} is gone")
            if ending is Ending.EXPIRED:
                return None

    async def _change(self, deadline: Deadline) -> Ending:
        change = self.store.tpipes.changed(self.turn.tpipe)
        try:
            return await self.session.wait_for_ims(change, deadline.left)
        finally:
            change.cancel()

    def _warn(self) -> None:
        tpipe = self.turn.tpipe
        if Kind.SYNC not in self.kinds and self.store.tpipes.requests.get(tpipe):
            self.session.note(f"IMS: DFS4199W callout requests wait at {tpipe}, and nobody asks for them")

    # -- one message and its answer

    async def _deliver(self, delivery: Delivery) -> Irm:
        """Send a message and do with it what the answer says. Whatever goes wrong puts it back.

        A callout request that a client did not take because it left stays on the queue (RESUME TPIPE error
        scenarios).
        """
        session = self.session
        session.taken_over = delivery.put_back
        try:
            taken = await session.send(message_of(self._reader, delivery.held), self.store.port.ackto_seconds)
            answer = await self._answer() if taken else None
            if answer is None:
                self.turn.check()
                self._give_up(delivery)
                raise Refusal(RC_OTMA, RESUME_CANCELLED, f"no ACK or NAK for {self.turn.tpipe} within ACKTO")
            settle(self.store, delivery, answer.irm)
        finally:
            session.taken_over = None
            delivery.put_back()
        self.delivered += answer.irm.verb is Verb.ACK
        return answer.irm

    async def _answer(self) -> InputMessage | None:
        """Return the client's answer; None: none in time, or IMS has cancelled the RESUME TPIPE."""
        session, tpipes = self.session, self.store.tpipes
        reading = asyncio.ensure_future(session.next_answer(self.store.port.ackto_seconds))
        try:
            while not reading.done() and self.turn.refusal is None:
                change = tpipes.changed(self.turn.tpipe)
                events: set[asyncio.Future[Any]] = {reading, change}
                try:
                    await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    change.cancel()
            return reading.result() if reading.done() else None
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _give_up(self, delivery: Delivery) -> None:
        """OTMA's time-out: asynchronous output stays, a callout request is discarded (DFS3494E)."""
        self.session.note(f"IMS: DFS3494E OTMA has timed out for tpipe {self.turn.tpipe}")
        if isinstance(delivery.held, CalloutRequest):
            delivery.discard()
            delivery.held.end(ended(TIMED_OUT))

    # -- the end

    def _wait_after(self, answer: Irm) -> Wait:
        timeout = self.store.port.timeout_seconds
        return wait_after_resumed(answer, timeout, single=self.option.single)

    async def _end(self, answer: Irm, fate: str) -> None:
        """Tell the end by the timer's RSM, unless the answer to a single message says NO_WAIT."""
        ending = fate if answer.verb is Verb.ACK else f"{answer.verb.name}, {fate}"
        if self.option.single and answer.timer == NO_WAIT and answer.verb is not Verb.DEALLOCATE:
            self.note(ending)
            return
        wait = self._wait_after(answer)
        await self.session.let_time_pass(wait.seconds)
        await self._say(wait, ending)

    async def _say(self, wait: Wait, ending: str) -> None:
        self.note(ending)
        await self.session.send(self.session.status(wait.return_code, wait.reason_code))
