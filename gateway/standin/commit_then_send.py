"""Commit mode 0: IMS commits first and sends then; output waits on the tpipe until it is acknowledged.

Source: Commit-then-send topics; Socket processing for transactions; Specifying the purge function for
undeliverable commit-then-send output. After the ACK the client gets what else is queued for it, until the
ACK's timer is over.
"""

import asyncio
from dataclasses import dataclass

from gateway.imsconnect.wire import F3, Irm, Verb
from gateway.standin.demands import fallback
from gateway.standin.ims import Output
from gateway.standin.link import ClientGoneError
from gateway.standin.order import Order, name_of
from gateway.standin.refusal import Refusal
from gateway.standin.send_then_commit import late_answer
from gateway.standin.timers import Ending, Wait, is_unanswered, wait_for_more
from gateway.standin.tpipes import HeldOutput


@dataclass(frozen=True, slots=True)
class CommitThenSend:
    """The rest of a commit mode 0 exchange, from the program's output on."""

    order: Order

    @property
    def waits_without_output(self) -> bool:
        """Whether the client has not asked for DFS2082."""
        return F3.DFS2082 not in self.order.irm.f3

    async def deliver(self, output: Output) -> None:
        """Commit, send the output, and do what the client's answer says."""
        order = self.order
        order.run.unit.commit()
        try:
            await order.send(output, ack=True)
            answer = await order.session.next_answer(order.services.port.ackto_seconds)
        except (ClientGoneError, Refusal, asyncio.CancelledError):
            order.outcome(f"not delivered, {self._dispose(output)}")
            raise
        if answer is None:
            order.outcome(f"no ACK in time, {self._dispose(output)}")
            await late_answer(order)
        elif answer.irm.verb is Verb.ACK:
            order.outcome(name_of(output) or "acknowledged")
            await self._send_more(answer.irm)
        else:
            order.outcome(f"NAK, {self._dispose(output, answer.irm)}")
            await self._send_nothing_more(answer.irm)

    def abandoned(self, output: Output) -> str:
        """Commit, and do with the output what was asked for."""
        self.order.run.unit.commit()
        return self._dispose(output) if output.segments else "no reply"

    def _is_unanswered(self, answer: Irm) -> bool:
        return is_unanswered(answer, self.order.services.port.protocol_level)

    def _dispose(self, output: Output, *answers: Irm) -> str:
        """Hold, reroute or purge; a NAK may ask for it too."""
        order = self.order
        fall = fallback(order.services.port.reroute_name, order.irm, *answers)
        what = order.services.ims.dispose(order.run, output, order.run.work.client_id, fall)
        order.session.note(f"IMS: output of {order.run.work.transaction} {what}")
        return what

    async def _send_more(self, answer: Irm) -> None:
        """Send what else waits for this client, until the timer of its latest ACK is over."""
        session = self.order.session
        while not self._is_unanswered(answer):
            wait = wait_for_more(answer, session.services.port.timeout_seconds)
            held = await self._next_held(wait)
            if held is None:
                await self.order.say(wait.return_code, wait.reason_code)
                return
            following = await self._deliver_held(held)
            if following is None:
                await late_answer(self.order)
                return
            answer = following
            if answer.verb is Verb.NAK:
                await self._send_nothing_more(answer)
                return

    async def _next_held(self, wait: Wait) -> HeldOutput | None:
        session = self.order.session
        tpipes = session.services.tpipes
        held = tpipes.take(session.client_id)
        if held is not None:
            return held
        arrival = tpipes.arrival(session.client_id)
        try:
            ending = await session.wait_for_ims(arrival, wait.seconds)
        finally:
            arrival.cancel()
        if ending is Ending.GONE:
            raise ClientGoneError
        return tpipes.take(session.client_id) if ending is Ending.DONE else None

    async def _deliver_held(self, held: HeldOutput) -> Irm | None:
        """Send an output of the hold queue; without ACK it goes back. None: no answer in time."""
        session = self.order.session
        acknowledged = False
        try:
            await self.order.send(Output(held.segments, held.mod_name), ack=True)
            answer = await session.next_answer(session.services.port.ackto_seconds)
            acknowledged = answer is not None and answer.irm.verb is Verb.ACK
        finally:
            if not acknowledged:
                session.services.tpipes.put_back(session.client_id, held)
        return None if answer is None else answer.irm

    async def _send_nothing_more(self, answer: Irm) -> None:
        """After a NAK only the timer's RSM is sent, unless the NAK is one that is not answered."""
        session = self.order.session
        if not self._is_unanswered(answer):
            wait = wait_for_more(answer, session.services.port.timeout_seconds)
            await session.let_time_pass(wait.seconds)
            await self.order.say(wait.return_code, wait.reason_code)
