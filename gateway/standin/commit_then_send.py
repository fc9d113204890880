"""Commit mode 0: IMS commits first and sends then; output waits on the tpipe until it is acknowledged.

Source: Commit-then-send topics; Socket processing for transactions; Specifying the purge function for
undeliverable commit-then-send output. After the ACK the client gets what else is queued for it, until the
ACK's timer is over. What is sent belongs to the tpipe from the commit on, so nothing is lost whatever ends.
"""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.exchange import Undeliverable
from gateway.imsconnect.wire import F3, CsmFlags, InputMessage, Irm, Verb
from gateway.standin import dfs
from gateway.standin.deliveries import Delivery
from gateway.standin.demands import Fallback, fallback
from gateway.standin.held import HeldOutput, HoldQueueError
from gateway.standin.link import ClientGoneError
from gateway.standin.order import Order, name_of
from gateway.standin.send_then_commit import late_answer
from gateway.standin.timers import Deadline, Ending, Wait, is_unanswered, wait_for_more
from gateway.standin.work import Output, held_outputs


@dataclass(slots=True)
class CommitThenSend:
    """The rest of a commit mode 0 exchange, from the program's output on."""

    order: Order
    _own: deque[Delivery] = field(default_factory=deque)
    """Messages of this run that the client has not acknowledged, the one being sent in front."""
    _discarded: bool = False
    """The input expired: what IMS says of it is queued for nobody."""

    @property
    def waits_without_output(self) -> bool:
        """Whether the client has not asked for DFS2082."""
        return F3.DFS2082 not in self.order.irm.f3

    async def deliver(self, output: Output) -> None:
        """Commit, send the output, and do what the client's answers say."""
        self._queue(output)
        self.order.run.unit.commit()
        session = self.order.session
        session.taken_over = lambda: self._put_away("not delivered")
        try:
            await self._exchange(output)
        except BaseException:
            self._put_away("not delivered")
            raise
        finally:
            session.taken_over = None

    def abandoned(self, output: Output) -> str:
        """Commit, and do with the output what was asked for."""
        order = self.order
        order.run.unit.commit()
        if not output.messages:
            return "no reply"
        return order.store.ims.dispose(order.run, output, order.run.work.client_id, self._fallback())

    def _queue(self, output: Output) -> None:
        """Make the messages of the run output of the tpipe; purged ones are on no disk meanwhile."""
        work, tpipes = self.order.run.work, self.order.store.tpipes
        self._discarded = output.discarded
        kept = self._fallback().kind is not Undeliverable.PURGE
        try:
            for held in held_outputs(work, output):
                self._own.append(tpipes.send(work.client_id, held, kept=kept))
        except HoldQueueError:
            self._back_out()
            raise

    def _back_out(self) -> None:
        """Take the run back whose output could not be queued, with what of it was."""
        self.order.run.unit.back_out()
        for delivery in self._own:
            with suppress(HoldQueueError):
                delivery.discard()
        self._own.clear()

    async def _exchange(self, output: Output) -> None:
        """Send the first message; after its ACK the others, and what else waits for this client."""
        order = self.order
        first = self._own[0]
        answer = await self._send(first)
        if answer is None:
            self._put_away("no ACK in time")
            await late_answer(order)
        elif answer.irm.verb is Verb.ACK:
            self._own.popleft().acknowledge()
            order.outcome(name_of(output) or "acknowledged")
            await self._send_more(answer.irm)
        else:
            self._put_away("NAK", answer.irm)
            await self._send_nothing_more(answer.irm)

    async def _send(self, delivery: Delivery) -> InputMessage | None:
        """Send one message and return the client's answer, None when there is none in time."""
        order, held = self.order, delivery.held
        session = order.session
        assert isinstance(held, HeldOutput), "callout requests are for RESUME TPIPE"
        # the converter of this exchange is for what its own program wrote
        segments = order.outbound(held.segments)
        more = any(other is not delivery for other in self._own)
        flags = CsmFlags.ASYNC_QUEUED if more else CsmFlags.NONE
        complete = session.complete(order.irm, segments, held.mod_name, ack=True, flags=flags)
        return await session.deliver(complete, order.store.port.ackto_seconds)

    def _put_away(self, why: str, *answers: Irm) -> None:
        """Hold, reroute or purge what is left of the run, once; a NAK may ask for it too."""
        if not self._own:
            return
        order = self.order
        fall = self._fallback(*answers)
        self._warn(fall)
        fates = [delivery.put_away(fall) for delivery in self._own]
        self._own.clear()
        fate = dfs.EXPIRED if self._discarded else fates[0]
        order.outcome(f"{why}, {fate}")
        order.session.note(f"IMS: output of {order.run.work.transaction} {fate}")

    def _fallback(self, *answers: Irm) -> Fallback:
        if self._discarded:
            return Fallback(Undeliverable.PURGE)
        return fallback(self.order.store.port.reroute_name, self.order.irm, *answers)

    def _warn(self, fall: Fallback) -> None:
        note = self.order.session.note
        if fall.both:
            note("IMS: DFS2407W purge and reroute together: neither is done")
        if fall.misnamed:
            note(f"IMS: DFS9123E {fall.misnamed} is no name of a tpipe, {fall.reroute_name} is taken")

    # -- what follows the ACK

    async def _send_more(self, answer: Irm) -> None:
        """Send what else waits for this client, until the timer of its latest ACK is over."""
        session = self.order.session
        while not self._is_unanswered(answer):
            wait = wait_for_more(answer, session.services.port.timeout_seconds)
            delivery = self._own[0] if self._own else await self._next_held(wait)
            if delivery is None:
                await self.order.say(wait.return_code, wait.reason_code)
                return
            following = await self._deliver_held(delivery)
            if following is None:
                await late_answer(self.order)
                return
            answer = following
            if answer.verb is Verb.NAK:
                await self._send_nothing_more(answer)
                return
        while self._own:
            # nobody receives what else this run has sent: the request says what becomes of it
            self._own.popleft().put_away(self._fallback())

    async def _next_held(self, wait: Wait) -> Delivery | None:
        session = self.order.session
        tpipes, deadline = self.order.store.tpipes, Deadline(wait)
        while True:
            delivery = tpipes.take(session.client_id)
            if delivery is not None:
                return delivery
            change = tpipes.changed(session.client_id)
            try:
                ending = await session.wait_for_ims(change, deadline.left)
            finally:
                change.cancel()
            if ending is Ending.GONE:
                raise ClientGoneError
            if ending is Ending.DOWN:
                raise session.store_gone()
            if ending is Ending.EXPIRED:
                return None

    async def _deliver_held(self, delivery: Delivery) -> Irm | None:
        """Send a message of the queue; without ACK it goes back, or where a NAK says; None: no answer."""
        session = self.order.session
        own = bool(self._own)
        before = session.taken_over
        session.taken_over = lambda: self._put_away("not delivered") if own else delivery.put_back()
        answer: InputMessage | None = None
        try:
            answer = await self._send(delivery)
            if answer is not None and answer.irm.verb is Verb.ACK:
                delivery.acknowledge()
        finally:
            session.taken_over = before
            self._after_held(delivery, answer, own=own)
        return None if answer is None else answer.irm

    def _after_held(self, delivery: Delivery, answer: InputMessage | None, *, own: bool) -> None:
        nak = () if answer is None or answer.irm.verb is not Verb.NAK else (answer.irm,)
        if delivery.fate == "acknowledged":
            if own:
                self._own.popleft()
        elif own:
            self._put_away("NAK", *nak)
        else:
            delivery.put_away(fallback(self.order.store.port.reroute_name, *nak))

    async def _send_nothing_more(self, answer: Irm) -> None:
        """After a NAK only the timer's RSM is sent, unless the NAK is one that is not answered."""
        session = self.order.session
        if not self._is_unanswered(answer):
            wait = wait_for_more(answer, session.services.port.timeout_seconds)
            await session.let_time_pass(wait.seconds)
            await self.order.say(wait.return_code, wait.reason_code)

    def _is_unanswered(self, answer: Irm) -> bool:
        return is_unanswered(answer, self.order.store.port.protocol_level)
