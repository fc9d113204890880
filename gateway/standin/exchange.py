"""Send-receive: one input, IMS at work, and what the timer and the client do meanwhile.

Source: IMS Connect client call flows; Timeout specifications on input messages. What happens to the output is
in `send_then_commit` (commit mode 1) and `commit_then_send` (commit mode 0).
"""

import asyncio
from typing import TYPE_CHECKING, Protocol

from gateway.exchange import CommitMode
from gateway.imsconnect.wire import InputMessage
from gateway.standin.commit_then_send import CommitThenSend
from gateway.standin.datastores import COMMUNICATION_ERROR
from gateway.standin.demands import commit_mode
from gateway.standin.intake import admit
from gateway.standin.link import ClientGoneError
from gateway.standin.order import Order
from gateway.standin.refusal import RC_IMS_CONNECT
from gateway.standin.send_then_commit import SendThenCommit
from gateway.standin.timers import Ending, wait_for_output
from gateway.standin.work import Output, expiring

if TYPE_CHECKING:
    from gateway.standin.session import Session


class Mode(Protocol):
    """What the two commit modes do differently."""

    @property
    def waits_without_output(self) -> bool:
        """Whether a program that ends without output leaves the client to its timer."""
        ...

    async def deliver(self, output: Output) -> None:
        """Send the output and see the exchange to its end."""
        ...

    def abandoned(self, output: Output) -> str:
        """Nobody waits for the output any more; return what became of it."""
        ...


async def send_receive(session: "Session", number: int, message: InputMessage) -> None:
    """Answer a send-receive input, `number` in the record of inputs. Raises Refusal and ClientGoneError."""
    services, irm = session.services, message.irm
    admitted = admit(session, number, message)
    session.store = admitted.store
    wait = wait_for_output(irm, services.port.timeout_seconds)
    started = asyncio.get_running_loop().time()
    run = admitted.store.ims.start(expiring(admitted.work, irm, started, wait.seconds))
    order = Order(session, number, irm, admitted.converter, run, admitted.store)
    later = commit_mode(irm) is CommitMode.COMMIT_THEN_SEND
    mode: Mode = CommitThenSend(order) if later else SendThenCommit(order)
    try:
        ending = await session.wait_for_ims(run.task, wait.seconds)
    except asyncio.CancelledError:
        run.then(lambda output: order.outcome(f"stopped, {mode.abandoned(output)}"))
        raise
    if ending is not Ending.DONE:
        run.then(lambda output: order.outcome(f"{ending.value}, {mode.abandoned(output)}"))
        session.end_conversation()
        if ending is Ending.GONE:
            raise ClientGoneError
        if ending is Ending.DOWN:
            await order.say(RC_IMS_CONNECT, COMMUNICATION_ERROR)
        else:
            await order.say(wait.return_code, wait.reason_code)
        return
    output = run.task.result()
    if not output.segments:
        run.unit.commit()
        if mode.waits_without_output:
            order.outcome("no reply")
            spent = asyncio.get_running_loop().time() - started
            await session.let_time_pass(None if wait.seconds is None else max(0.0, wait.seconds - spent))
            await order.say(wait.return_code, wait.reason_code)
            return
        output = admitted.store.ims.no_response(run.work)
    await mode.deliver(output)
