"""Callout responses: the client's answer to a synchronous callout request, on any connection and client id.

Source: Returning callout responses to IMS; Send-only protocol for synchronous callout responses; Returning an
error response to IMS.
"""

from typing import TYPE_CHECKING

from gateway.imsconnect.wire import F0, Csm, CsmFlags, InputMessage, OutputMessage, Verb
from gateway.imsconnect.wire.aib import ERROR_RESPONSE
from gateway.standin.aib import IcalAnswer
from gateway.standin.intake import identify
from gateway.standin.refusal import RC_OTMA_NAK, SENSE_CALLOUT_RESPONSE, Refusal
from gateway.standin.resumed import nak_reason
from gateway.standin.translation import inbound

if TYPE_CHECKING:
    from gateway.standin.session import Session


async def callout_response(session: "Session", number: int, message: InputMessage) -> None:
    """Hand a response to the ICAL that waits for it; acknowledge it when it asks for that (IRM_F4 L).

    What OTMA refuses is dropped without a word when it does not ask (M). Raises Refusal and ClientGoneError.
    """
    services, irm = session.services, message.irm
    identify(session, number, irm)
    wants_answer = irm.verb is Verb.CALLOUT_RESPONSE_ACK
    if not _hand_over(session, message):
        why = "no ICAL of this data store waits for this correlation token"
        if wants_answer:
            raise Refusal(RC_OTMA_NAK, SENSE_CALLOUT_RESPONSE, why)
        session.note(f"dropped: {why}")
        services.seen.settle(number, "dropped")
        return
    services.seen.settle(number, "response taken")
    if wants_answer:
        csm = Csm(CsmFlags.LEVEL_VALID, services.port.protocol_level)
        await session.send(OutputMessage(csm=csm))


def _hand_over(session: "Session", message: InputMessage) -> bool:
    irm = message.irm
    callouts = session.services.datastores.find(irm.datastore).ims.callouts
    data = message.block or b""
    if irm.f0 & (F0.NAKRSN | F0.SYNCNAK):
        # unverified: that the program finds the text of an error response in its response area
        answer = IcalAnswer(*ERROR_RESPONSE, nak_reason(irm), *inbound(irm, (data,)))
        return callouts.refuse(irm.correlation_token, answer)
    converted = session.services.adapter.response(irm, data)
    if converted is None:
        (converted,) = inbound(irm, (data,))
    return callouts.respond(irm.correlation_token, converted)
