"""What RESUME TPIPE sends, and what ACK, NAK and DEALLOCATE do with it.

Source: Format of synchronous callout messages; Format of the returned network security segments; Format of the
callout control data in the message; Coding a NAK message to discard / retain the callout message.
"""

from dataclasses import dataclass

from gateway.imsconnect.wire import (
    F0,
    F1,
    F3,
    F6,
    Csm,
    CsmFlags,
    HeaderCode,
    Irm,
    NetworkSegment,
    OutputMessage,
    Verb,
)
from gateway.imsconnect.wire.aib import NAKED
from gateway.imsconnect.wire.extensions import NETSID, NETUID
from gateway.imsconnect.wire.states import NAK_ON_RESUME_TPIPE
from gateway.standin.aib import ended
from gateway.standin.datastores import DataStore
from gateway.standin.deliveries import Delivery
from gateway.standin.demands import fallback
from gateway.standin.held import CalloutRequest, Held
from gateway.standin.translation import outbound


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets a message: the RESUME TPIPE, and what its CSM has to tell."""

    irm: Irm
    client_id: str
    protocol_level: int
    more: bool
    """Asynchronous output waits behind this message."""


def message_of(reader: Reader, held: Held) -> OutputMessage:
    """Return a message of a hold queue as this reader gets it."""
    irm = reader.irm
    flags = CsmFlags.LEVEL_VALID | CsmFlags.ACK_NEEDED
    if reader.more:
        flags |= CsmFlags.ASYNC_QUEUED
    csm = Csm(flags, reader.protocol_level)
    network = _network(held, irm.code) if F6.NWSE in irm.f6 else ()
    client_id = reader.client_id if F1.CIDREQ in irm.f1 else None
    wants_mod = F1.MFSREQ in irm.f1
    if isinstance(held, CalloutRequest):
        return OutputMessage(
            block=outbound(irm, (held.data,))[0],
            csm=csm,
            mod_name="" if wants_mod else None,
            client_id=client_id,
            correlation_token=held.token,
            network=network,
            control_data=tuple(section.encode(irm.code.value) for section in held.control),
            control_rest=held.control_rest,
        )
    return OutputMessage(
        segments=outbound(irm, held.segments),
        csm=csm,
        mod_name=held.mod_name if wants_mod else None,
        client_id=client_id,
        network=network,
    )


def _network(held: Held, code: HeaderCode) -> tuple[NetworkSegment, ...]:
    names = ((NETSID, held.netsid), (NETUID, held.netuid))
    return tuple(NetworkSegment(name, text.encode(code.value, "replace")) for name, text in names if text)


def settle(store: DataStore, delivery: Delivery, answer: Irm) -> None:
    """Do with a message what the client's answer says.

    unverified: a NAK may ask for purge or reroute of asynchronous output here too; DEALLOCATE leaves a callout
    request on its queue.
    """
    held = delivery.held
    if answer.verb is Verb.ACK:
        delivery.acknowledge()
    elif answer.verb is not Verb.NAK:
        delivery.put_back()
    elif isinstance(held, CalloutRequest):
        if F0.SYNCNAK in answer.f0:
            delivery.put_back()
            return
        delivery.discard()
        held.end(ended(NAKED, nak_reason(answer)))
    else:
        delivery.put_away(fallback(store.port.reroute_name, answer))


def goes_on(answer: Irm) -> bool:
    """Tell whether RESUME TPIPE may bring more: after ACK, and after a NAK that has disposed of the message.

    unverified: the NAK with reroute, see `NAK_ON_RESUME_TPIPE`; that one that also keeps or purges ends it.
    """
    if answer.verb is Verb.ACK:
        return True
    rerouted = answer.verb is Verb.NAK and NAK_ON_RESUME_TPIPE in answer.f3
    return rerouted and F0.SYNCNAK not in answer.f0 and F3.PURGE not in answer.f3


def nak_reason(irm: Irm) -> int:
    """Return IRM_NAK_RSNCDE when IRM_F0 says that it is valid, otherwise 0."""
    return irm.nak_reason if F0.NAKRSN in irm.f0 else 0
