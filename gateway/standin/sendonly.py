"""The send-only family: an input whose answer, if there is one, goes to the hold queue of the client id.

Source: Send-only protocol; Send-only with acknowledgment protocol; Send-only with serial delivery; Send-only
with error. Purge and reroute are for send-receive, so they do nothing here.
"""

import asyncio
from typing import TYPE_CHECKING

from gateway.exchange import Undeliverable
from gateway.imsconnect.wire import F3, InputMessage, Verb, timer_seconds
from gateway.standin.demands import Fallback
from gateway.standin.held import HoldQueueError
from gateway.standin.ims import Ims
from gateway.standin.intake import admit
from gateway.standin.refusal import RC_OTMA_NAK, SENSE_INPUT_REJECTED, Refusal
from gateway.standin.work import Output, Run, expiring

if TYPE_CHECKING:
    from gateway.standin.session import Session


async def send_only(session: "Session", number: int, message: InputMessage) -> None:
    """Queue an input; acknowledge it when it asks for that (IRM_F4 K). Raises Refusal and ClientGoneError."""
    services, irm = session.services, message.irm
    admitted = admit(session, number, message)
    work, ims = admitted.work, admitted.store.ims
    session.store = admitted.store
    if irm.verb is Verb.SEND_ONLY_ACK and not ims.knows(work.transaction):
        raise Refusal(RC_OTMA_NAK, SENSE_INPUT_REJECTED, f"{work.transaction} is not there or stopped")
    if irm.f3 & (F3.PURGE | F3.REROUT):
        session.note("IRM_F3 purge and reroute are for send-receive: not acted on")
    # unverified: IRM_TIMER says when a send-only input expires, though nobody waits for its output
    now = asyncio.get_running_loop().time()
    run = ims.start(expiring(work, irm, now, timer_seconds(irm.timer)))
    run.then(lambda output: services.seen.settle(number, _ended(ims, run, output)))
    if irm.verb is Verb.SEND_ONLY_ACK:
        await session.send(session.complete(irm, (), ""))


def _ended(ims: Ims, run: Run, output: Output) -> str:
    try:
        run.unit.commit()
    except HoldQueueError:
        return "backed out, the hold queues cannot be written"
    if not output.messages:
        return "committed"
    return ims.dispose(run, output, run.work.client_id, Fallback(Undeliverable.HOLD))
