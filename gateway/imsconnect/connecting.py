"""What a connection in the caller's own hands decides around its I/O, for threads and asyncio alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from gateway.clock import Clock
from gateway.errors import GatewayError, M, TransportError
from gateway.imsconnect import interaction_rules
from gateway.imsconnect.client_ids import ClientId, new_client_id
from gateway.imsconnect.dialogue import Dialogue
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.line import NothingSentError
from gateway.imsconnect.outcome import checked
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.values import ConnectionSettings, Interaction, Reply


def dialogue_at(
    settings: ConnectionSettings, endpoint: Endpoint, client_id: ClientId, clock: Clock
) -> Dialogue:
    """Return the dialogue for a stream to an endpoint."""
    return Dialogue(Destination.of(settings), client_id, str(endpoint), clock)


def chosen_client_id(settings: ConnectionSettings, client_id: str | None, *, take_over: bool) -> ClientId:
    """Return what a connection says in IRM_CLIENTID: the caller's, one made up (None), or none (empty).

    Raises GatewayError INTERACTION for a client id that nobody may choose.
    """
    if client_id:
        interaction_rules.check_client_id(client_id)
    text = new_client_id(settings.client_id_prefix) if client_id is None else client_id
    return ClientId(text, not client_id, take_over)


def nobody_answered(settings: ConnectionSettings, failures: list[str]) -> TransportError:
    """Return the error for a connection that no endpoint took."""
    return TransportError(M.UNREACHABLE, {"bundle": settings.label}, "; ".join(failures), maybe_sent=False)


def check_conversation(interaction: Interaction, client_id: str) -> None:
    """Raise GatewayError NO_CONVERSATION for a step of another connection's conversation."""
    if interaction.conversation_id not in {"", client_id}:
        raise GatewayError(M.NO_CONVERSATION, private="not the conversation of this connection")


def told(interaction: Interaction, reply: Reply, client_id: str) -> Reply:
    """Return a reply as the caller gets it: an open conversation bears the client id as its name.

    Raises DfsMessageError for a message of IMS.
    """
    if reply.conversation_open:
        reply = replace(reply, conversation_id=client_id)
    return checked(interaction, reply)


class Listening(Protocol):
    """A session, for threads or for asyncio."""

    dialogue: Dialogue

    def is_quiet(self) -> bool:
        """Whether nothing came and nobody closed."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def check_quiet(session: Listening, *, before_ack: bool = False) -> None:
    """Raise TransportError NOTHING_SENT where IMS Connect closed or spoke while nothing was due.

    Before an input: what came would be taken for its answer. Before an ACK that nothing answers: IMS
    has given up waiting for it (ACKTO=), and the message is IMS's again. Either way nothing was sent.
    """
    silence_due = session.dialogue.has_last_word if before_ack else session.dialogue.silent
    if silence_due and not session.is_quiet():
        session.close()
        private = f"{session.dialogue.line.where}: IMS Connect closed the socket or spoke unasked"
        raise TransportError(M.NOTHING_SENT, private=private, maybe_sent=False)


@contextmanager
def sending() -> Iterator[None]:
    """Say that nothing was sent where the socket was gone before."""
    try:
        yield
    except NothingSentError as error:
        raise TransportError(M.NOTHING_SENT, private=str(error), maybe_sent=False) from error
