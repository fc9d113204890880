"""Commit mode 1: IMS sends first and commits then; with CONFIRM it commits when the client has acknowledged.

Source: Send-then-commit topics; IMS Connect client call flows. Output that does not reach the client is lost;
with CONFIRM the transaction is then backed out, as after a NAK. Each step of a conversation is such an
exchange; while the conversation is open, its ACK gets no answer.
"""

import asyncio
from dataclasses import dataclass

from gateway.imsconnect.wire import Verb
from gateway.standin.conversation import after_step
from gateway.standin.demands import sync_level
from gateway.standin.link import ClientGoneError
from gateway.standin.order import Order, name_of
from gateway.standin.refusal import (
    DEALLOCATE_ABORTED,
    DEALLOCATE_CONFIRMED,
    RC_OTMA_NAK,
    SENSE_LATE_ACK,
    Refusal,
)
from gateway.standin.work import Output


@dataclass(frozen=True, slots=True)
class SendThenCommit:
    """The rest of a commit mode 1 exchange, from the program's output on."""

    order: Order

    @property
    def waits_without_output(self) -> bool:
        """Never: a program that does not answer gets DFS2082 sent in its place."""
        return False

    @property
    def _confirm(self) -> bool:
        return sync_level(self.order.irm) == "confirm"

    async def deliver(self, output: Output) -> None:
        """Send the output and end the unit of work. A message of IMS needs no ACK: its unit has ended.

        unverified: that an abend before the output comes as DFS555I data, not as RSM 98.
        """
        if self._confirm and not output.by_ims:
            await self._confirmed(output)
            return
        # without CONFIRM the commit does not depend on the sending: a client with the reply may rely on it
        self.order.run.unit.commit()
        self.order.outcome(name_of(output) or "answered")
        after_step(self.order, output)
        try:
            await self.order.session.send(self.order.output(output, ack=False))
        except (ClientGoneError, Refusal):
            self.order.correct(f"not delivered, {self.abandoned(output)}")
            raise

    def abandoned(self, output: Output) -> str:
        """End the unit of work of output that did not reach the client."""
        unit = self.order.run.unit
        if self._confirm:
            unit.back_out()
        else:
            unit.commit()
        return name_of(output) or ("backed out" if self._confirm else "lost")

    async def _confirmed(self, output: Output) -> None:
        """Send, wait for ACK or NAK, then tell the client what became of the transaction."""
        order, port = self.order, self.order.store.port
        try:
            answer = await order.session.deliver(order.output(output, ack=True), port.ackto_seconds)
        except (ClientGoneError, Refusal, asyncio.CancelledError):
            order.outcome(f"not delivered, {self.abandoned(output)}")
            raise
        if answer is None:
            order.outcome(f"no ACK in time, {self.abandoned(output)}")
            order.session.note("IMS: DFS0809E no ACK or NAK within ACKTO")
            order.session.end_conversation()
            if output.spa is not None:
                # unverified: told at once, since inside a conversation the late ACK would not be answered
                await order.say(port.deallocate_return_code, DEALLOCATE_ABORTED)
            else:
                await late_answer(order)
        elif answer.irm.verb is Verb.ACK:
            order.run.unit.commit()
            order.outcome("committed")
            after_step(order, output)
            if output.spa is None:
                await order.say(port.deallocate_return_code, DEALLOCATE_CONFIRMED)
        else:
            # unverified: DEALLOCATE in place of ACK aborts, as NAK does
            order.run.unit.back_out()
            order.outcome("backed out")
            order.session.end_conversation()
            await order.say(port.deallocate_return_code, DEALLOCATE_ABORTED)


async def late_answer(order: Order) -> None:
    """OTMA has given up waiting: whatever the client answers now is refused with sense code X'2B'."""
    await order.session.next_answer(0)
    raise Refusal(RC_OTMA_NAK, SENSE_LATE_ACK, "ACK or NAK after OTMA's time-out")
