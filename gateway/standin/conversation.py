"""Conversational transactions: steps on one connection, with a scratch pad area (SPA) in between.

Source: IMS Connect client call flows; IMS conversations and OTMA; DFS1291E. Only commit mode 1; the same client
id, data store and socket from beginning to end. A later input has no transaction code. A step that is not
acknowledged is backed out and ends the conversation; so do an abend, a time-out, DEALLOCATE and a client that
leaves. Steps that were committed before stay.
"""

from typing import TYPE_CHECKING, Final

from gateway.exchange import CommitMode
from gateway.imsconnect.wire import Irm, Verb
from gateway.standin.conversations import Conversation
from gateway.standin.demands import commit_mode
from gateway.standin.refusal import (
    DEALLOCATE_CONFIRMED,
    NOT_PROCESSED_BY_ADAPTER,
    PROTOCOL_ERROR,
    RC_IMS_CONNECT,
    RC_OTMA_NAK,
    Refusal,
)

if TYPE_CHECKING:
    from gateway.standin.order import Order
    from gateway.standin.session import Session
    from gateway.standin.work import Output

SENSE_INVALID_COMMIT_MODE: Final = 0x1A
"""unverified: the sense code; that OTMA sends a NAK for commit mode 0 is IBM's word (DFS1291E)."""
DEALLOCATED: Final = DEALLOCATE_CONFIRMED
"""unverified: 97 and not 98 for DEALLOCATE in place of the next input; no step is backed out by it."""


def check_beginning(irm: Irm, transaction: str, *, converted: bool) -> None:
    """Refuse the first input of a conversation when it cannot begin one."""
    if irm.verb is not Verb.SEND_RECEIVE or commit_mode(irm) is CommitMode.COMMIT_THEN_SEND:
        why = f"{transaction} is conversational and takes commit mode 1 only (DFS1291E)"
        raise Refusal(RC_OTMA_NAK, SENSE_INVALID_COMMIT_MODE, why)
    _check_adapter(converted=converted)


def check_next(conversation: Conversation, irm: Irm, *, converted: bool) -> None:
    """Refuse a later input that does not belong to the conversation.

    unverified: the code for another data store, of which IBM does not speak.
    """
    if irm.datastore != conversation.datastore:
        why = f"the conversation is with {conversation.datastore}, not with {irm.datastore or '(blank)'}"
        raise Refusal(RC_IMS_CONNECT, PROTOCOL_ERROR, why)
    _check_adapter(converted=converted)


def _check_adapter(*, converted: bool) -> None:
    if converted:
        why = "the XML adapter takes no part in conversations here"
        raise Refusal(RC_IMS_CONNECT, NOT_PROCESSED_BY_ADAPTER, why)


def after_step(order: "Order", output: "Output") -> None:
    """Note where the conversation stands after a step that was committed; without SPA it is over."""
    session, conversations = order.session, order.store.ims.conversations
    if output.spa is None:
        session.end_conversation()
        return
    before = session.conversation
    session.conversation = Conversation(
        number=before.number if before else conversations.next_number(),
        transaction=order.run.work.transaction,
        datastore=order.store.name,
        client_id=session.client_id,
        user=order.run.work.identity.user,
        spa=output.spa,
        steps=before.steps + 1 if before else 1,
    )
    conversations.keep(session.conversation)


async def deallocate(session: "Session", number: int) -> None:
    """End the conversation at the client's wish, in place of its next input. Raises ClientGoneError."""
    session.services.seen.settle(number, "taken")
    session.end_conversation()
    await session.send(session.status(session.services.port.deallocate_return_code, DEALLOCATED))
