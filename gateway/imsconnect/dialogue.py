"""Everything that can be said on one connection, as steps: the one place where both faces of the client meet.

A dialogue holds one conversation at a time. It knows what the caller owes (an ACK, the next step of a
conversation), and refuses, before a byte leaves, what the conversation does not allow.
"""

from dataclasses import replace

from gateway.clock import Clock
from gateway.errors import GatewayError, M
from gateway.exchange import CommitMode, Secret
from gateway.imsconnect import inputs, interaction_rules, send_receive
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.line import Line, Steps
from gateway.imsconnect.retrieval import Retrieval
from gateway.imsconnect.send_receive import Owed
from gateway.imsconnect.values import Credentials, Delivery, Interaction, InteractionVerb, Rejection, Reply
from gateway.imsconnect.wire import CsmFlags, InputMessage
from gateway.imsconnect.wire.timer import NO_WAIT_LEVEL

PING_TIMEOUT_MS = 5_000
"""Default of the time for a ping, and for a password change."""


class Dialogue:
    """One client id on one connection. Used by one caller at a time; no I/O."""

    def __init__(self, destination: Destination, client_id: ClientId, where: str, clock: Clock) -> None:
        """Begin idle; see `Line`."""
        self.line = Line(destination, client_id, where, clock)
        self._owed: Owed | None = None
        self._retrieval: Retrieval | None = None
        self._conversing = False

    @property
    def unanswered(self) -> bool:
        """Whether the caller owes ACK or NAK to a message of a tpipe."""
        return self._retrieval is not None and self._retrieval.unanswered

    @property
    def retrieval(self) -> Retrieval | None:
        """The RESUME TPIPE that was the last thing asked here."""
        return self._retrieval

    def owes(self, delivery: Delivery) -> bool:
        """Tell whether the caller owes ACK or NAK to this very message."""
        return self._retrieval is not None and self._retrieval.delivered is delivery

    @property
    def silent(self) -> bool:
        """Whether nothing may come now: it is the caller's turn, idle or in an open conversation."""
        turn = self._conversing and self._owed is None and not self.line.in_doubt
        return turn or self.line.reusable

    @property
    def has_last_word(self) -> bool:
        """Whether the ACK that is owed is the end: nothing answers it, not even when it comes too late."""
        if self._owed is not None:
            if CsmFlags.CONVERSATION in self._owed.csm.flags:
                return True
            is_zero = self._owed.interaction.mode is CommitMode.COMMIT_THEN_SEND
            return is_zero and self._owed.csm.protocol_level >= NO_WAIT_LEVEL
        return self._retrieval is not None and self._retrieval.unanswered and self._retrieval.single

    def run(self, interaction: Interaction, credentials: Credentials, *, checked: bool = False) -> Steps[Reply]:
        """Run an interaction that brings a reply or none, the verbs that receive apart.

        `checked` says that these very objects have passed `interaction_rules.check` and `inputs.check`.
        Raises GatewayError INTERACTION (a rule is broken), NETWORK_IDENTITY, REQUEST_SIZE, CONVERSATIONAL:
        nothing was sent, or IMS ended it; TransportError SOCKET_TIMEOUT, CONNECTION_LOST, BAD_REPLY: outcome
        unknown; ImsError for what IMS Connect or IMS refused; NothingSentError.
        """
        if interaction.verb.receives:
            raise misuse("interactionVerb", "the verbs that receive bring messages, not a reply")
        self._check_turn(interaction)
        message = self._message(interaction, credentials, checked=checked)
        if interaction.verb.sends or interaction.verb.responds:
            return (yield from send_receive.send_only(self.line, interaction, message))
        if interaction.verb is InteractionVerb.END_CONVERSATION:
            yield from send_receive.end_conversation(self.line, interaction, message)
            self._conversing = False
            return Reply(client_id=self.line.client_id.text)
        self._conversing = False
        reply, self._owed = yield from send_receive.exchange(self.line, interaction, message)
        self._conversing = reply.conversation_open
        return reply

    def acknowledge(self) -> Steps[None]:
        """Say ACK to what is owed; see `send_receive.acknowledge` and `Retrieval.accept`."""
        if self._retrieval is not None:
            yield from self._unanswered_retrieval().accept()
        else:
            yield from send_receive.acknowledge(self.line, self._take_owed())

    def reject(self, how: Rejection) -> Steps[None]:
        """Say NAK to what is owed. All but the plain one is for messages of a tpipe."""
        interaction_rules.check_nak(how)
        if self._retrieval is not None:
            yield from self._unanswered_retrieval().refuse(how)
        elif how.reroute:
            raise misuse("reRouteName", "a NAK reroutes messages of a tpipe only")
        else:
            owed = self._take_owed()
            self._conversing = False
            yield from send_receive.reject(self.line, owed)

    def receive(self, interaction: Interaction, credentials: Credentials) -> Steps[Delivery | None]:
        """Begin a RESUME TPIPE; return its first message, None when there is none. Raises what `run` does."""
        if not interaction.verb.receives:
            raise misuse("interactionVerb", "only the verbs that receive bring messages")
        self._check_turn(interaction)
        self._retrieval = Retrieval(self.line, interaction, self._message(interaction, credentials))
        return (yield from self._retrieval.begin())

    def following(self) -> Steps[Delivery | None]:
        """Return the next message of the RESUME TPIPE, None when it is over."""
        if self._retrieval is None:
            raise misuse("receive", "there is no RESUME TPIPE on this connection")
        if self._retrieval.unanswered:
            raise misuse("receive", "the message before is neither acknowledged nor rejected")
        return (yield from self._retrieval.following())

    def ping(self, timeout_ms: int = PING_TIMEOUT_MS) -> Steps[str]:
        """Ask IMS Connect for a sign of life and return its words; raises what `run` does."""
        self._check_idle()
        message = inputs.ping(self.line.destination, self.line.client_id.text, timeout_ms)
        return (yield from send_receive.ping(self.line, message, timeout_ms))

    def change_password(
        self, credentials: Credentials, new: Secret, timeout_ms: int = PING_TIMEOUT_MS
    ) -> Steps[str]:
        """Change the password of `credentials` to `new`, return IMS Connect's words; raises what `run` does."""
        self._check_idle()
        line = self.line
        message = inputs.password_change(line.destination, line.client_id.text, credentials, new, timeout_ms)
        return (yield from send_receive.change_password(line, message, timeout_ms))

    def cancel_timer(self, credentials: Credentials, timeout_ms: int = PING_TIMEOUT_MS) -> Steps[None]:
        """End the wait of the session that has the same client id; this connection ends with it.

        Raises ImsError when nobody waits under this client id.
        """
        self._check_idle()
        message = inputs.cancel_timer(self.line.destination, self.line.client_id.text, credentials)
        return (yield from send_receive.cancel_timer(self.line, message, timeout_ms))

    def _message(
        self, interaction: Interaction, credentials: Credentials, *, checked: bool = False
    ) -> InputMessage:
        line = self.line
        if not checked:
            interaction_rules.check(interaction)
            inputs.check(interaction, credentials, line.destination)
        message = inputs.request(interaction, credentials, line.destination, line.client_id)
        if line.client_id.take_over:
            line.client_id = replace(line.client_id, take_over=False)
        return message

    def _check_turn(self, interaction: Interaction) -> None:
        """Refuse what the state of the dialogue does not allow."""
        if not interaction.conversation_id:
            self._check_idle()
        elif not self._conversing:
            raise GatewayError(M.NO_CONVERSATION, private=f"{self.line.where}: no conversation is open")
        elif self._owed is not None:
            raise misuse("acknowledgment", "the output before is neither acknowledged nor rejected")
        elif self.line.in_doubt:
            # the ACK before may have left in part only
            raise _unusable()

    def _check_idle(self) -> None:
        if self._owed is not None or self.unanswered:
            raise misuse("acknowledgment", "output on this connection is neither acknowledged nor rejected")
        if self._conversing:
            raise misuse("convID", "a conversation is open on this connection")
        if not self.line.reusable:
            raise _unusable()
        self._retrieval = None

    def _take_owed(self) -> Owed:
        owed, self._owed = self._owed, None
        if owed is None:
            raise misuse("acknowledgment", "nothing on this connection wants an ACK")
        return owed

    def _unanswered_retrieval(self) -> Retrieval:
        if self._retrieval is None or not self._retrieval.unanswered:
            raise misuse("acknowledgment", "no message on this connection wants an ACK")
        return self._retrieval


def _unusable() -> GatewayError:
    return misuse("connection", "the last interaction left this connection unusable: open another")


def misuse(rule: str, text: str) -> GatewayError:
    """Return the error for something that may not be asked for here."""
    return GatewayError(M.INTERACTION, {"rule": rule, "text": text})
