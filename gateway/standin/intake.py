"""From an input message to work for IMS: the checks in the order IMS Connect and OTMA make them.

1. RACF, when RACF=Y. 2. The data store. 3. Commit mode and sync level. 4. Translation and XML adapter. 5.
OTMA's authorization. unverified: the order among 1 to 3; that RACF comes before OTMA is IBM's word (General
OTMA security considerations).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.imsconnect.wire import InputMessage, Irm, Verb
from gateway.standin.conversation import check_beginning, check_next
from gateway.standin.datastores import DataStore
from gateway.standin.demands import (
    check_send_only,
    check_send_receive,
    conceals,
    ignores_purg,
    is_serial,
    network_identity,
)
from gateway.standin.programs import Converter, transaction_code
from gateway.standin.refusal import Refusal
from gateway.standin.security import Identity
from gateway.standin.translation import inbound
from gateway.standin.work import COMMAND_MARK, Work

if TYPE_CHECKING:
    from gateway.standin.session import Session


@dataclass(frozen=True, slots=True)
class Admitted:
    """An input that IMS may work on."""

    work: Work
    converter: Converter | None
    """What turns the answer into XML, when the XML adapter was asked for."""
    store: DataStore
    """Where it goes."""


def admit(session: "Session", number: int, message: InputMessage) -> Admitted:
    """Return the work that an input asks for; `number` is its place in the record. Raises Refusal.

    While a conversation is open on the connection, the input goes on with it.
    """
    services, irm, conversation = session.services, message.irm, session.conversation
    identity = identify(session, number, irm)
    store = services.datastores.find(irm.datastore)
    (check_send_receive if irm.verb is Verb.SEND_RECEIVE else check_send_only)(irm)
    segments, converter = services.adapter.inbound(irm, message.segments)
    if converter is None:
        segments = inbound(irm, segments, with_code=conversation is None)
    if conversation is None:
        transaction, rest = transaction_code(segments[0])
    else:
        transaction, rest = conversation.transaction, segments[0]
    shown = () if conceals(message) else segments
    services.seen.update(number, transaction=transaction, segments=shown)
    denied = _is_denied(session, store, identity, transaction, irm.verb)
    if conversation is not None:
        check_next(conversation, irm, converted=converter is not None)
    elif not denied and store.ims.is_conversational(transaction):
        check_beginning(irm, transaction, converted=converter is not None)
    netuid, netsid = network_identity(irm)
    work = Work(
        connection=session.number,
        transaction=transaction,
        segments=segments,
        data=b"".join((rest, *segments[1:])),
        identity=identity,
        lterm=irm.lterm,
        client_id=session.client_id,
        datastore=irm.datastore,
        netuid=netuid,
        netsid=netsid,
        serial=is_serial(irm),
        spa=conversation.spa if conversation else None,
        ignore_purg=ignores_purg(irm),
        acee_user=store.otma.acee_user(identity),
        denied=denied,
    )
    return Admitted(work, converter, store)


def _is_denied(session: "Session", store: DataStore, identity: Identity, transaction: str, verb: Verb) -> bool:
    """Tell whether OTMA does not let the user do this, and IMS says so itself. Raises Refusal where a NAK does.

    Whoever wants a receipt (IRM_F4 K) gets no data with it, so always hears of the NAK.
    """
    try:
        _authorize(store, identity, transaction)
    except Refusal as refusal:
        if verb is Verb.SEND_ONLY_ACK or not store.otma.tells_denials:
            raise
        session.note(refusal.why)
        return True
    return False


def _authorize(store: DataStore, identity: Identity, transaction: str) -> None:
    if transaction.startswith(COMMAND_MARK):
        store.otma.judge_command(identity, transaction)
    else:
        store.otma.judge(identity, transaction)


def identify(session: "Session", number: int, irm: Irm) -> Identity:
    """Return who an input of any kind is from, for the data store it names.

    IMS Connect's own part: sign-on, then the data store, which must have let IMS Connect in. Raises Refusal.
    """
    services = session.services
    sign_on = services.datastores.named(irm.datastore).sign_on
    identity = sign_on.judge(irm, session.link.terminal)
    services.seen.update(number, user=identity.user, group=identity.group)
    services.datastores.find(irm.datastore).otma.bid.make()
    return identity
