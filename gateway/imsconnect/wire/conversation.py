"""Where one connection stands: the tables of `states`, applied to messages.

Source: Timeout specifications on input messages; IMS Connect protocol level; Persistent sockets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.imsconnect.wire.flags import F1, F2, F5, SocketType, Verb
from gateway.imsconnect.wire.frame import Kind
from gateway.imsconnect.wire.irm import Irm
from gateway.imsconnect.wire.meaning import deallocation, keeps_socket, notice
from gateway.imsconnect.wire.output import CsmFlags, OutputMessage, Rsm
from gateway.imsconnect.wire.states import (
    NAK_ON_RESUME_TPIPE,
    NO_SESSION,
    ON_INPUT,
    ON_OUTPUT,
    PROTOCOL_ERROR,
    REASON_WITHOUT_SESSION,
    InputEvent,
    OutputEvent,
    State,
)
from gateway.imsconnect.wire.timer import NO_WAIT, NO_WAIT_LEVEL

_BY_VERB: Final[Mapping[Verb, InputEvent]] = {
    Verb.SEND_ONLY: InputEvent.SEND_ONLY,
    Verb.CALLOUT_RESPONSE: InputEvent.SEND_ONLY,
    Verb.SEND_ONLY_ERROR: InputEvent.SEND_ONLY_ERROR,
    Verb.SEND_ONLY_ACK: InputEvent.RECEIPTED,
    Verb.CALLOUT_RESPONSE_ACK: InputEvent.RECEIPTED,
    Verb.CANCEL_TIMER: InputEvent.CANCEL_TIMER,
    Verb.DEALLOCATE: InputEvent.DEALLOCATE,
}


_NOTHING_OPTIONAL: Final[frozenset[Kind]] = frozenset()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The state of one connection with what the next step depends on besides."""

    state: State = State.IDLE
    socket: SocketType = SocketType.PERSISTENT
    """Socket type of the latest input."""
    protocol_level: int = 0
    """Of the latest CSM."""
    expected: frozenset[Kind] = _NOTHING_OPTIONAL
    """Optional structures that the inputs so far asked for."""

    def after_input(self, irm: Irm) -> "Conversation | None":
        """Return the conversation after this input, None when the state does not allow it."""
        state = ON_INPUT.get(self.state, {}).get(self.event(irm))
        if state is None:
            return None
        expected = _expected(irm)
        if self.state not in NO_SESSION:
            expected |= self.expected
        return _conversation(_closed_if_over(state, irm.socket), irm.socket, self.protocol_level, expected)

    def after_output(self, message: OutputMessage) -> "Conversation | None":
        """Return the conversation after this output, None when the state does not allow it."""
        state = ON_OUTPUT.get(self.state, {}).get(output_event(message))
        if state is None:
            return None
        level = message.csm.protocol_level if message.csm else self.protocol_level
        return _conversation(_closed_if_over(state, self.socket), self.socket, level, self.expected)

    def event(self, irm: Irm) -> InputEvent:
        """Return what kind of input this IRM is here."""
        if irm.verb is Verb.SEND_RECEIVE:
            # unverified: with neither bit the shipped exits take commit mode 1
            return InputEvent.DATA_CM0 if F2.CM0 in irm.f2 else InputEvent.DATA_CM1
        if irm.verb in _BY_VERB:
            return _BY_VERB[irm.verb]
        if irm.verb is Verb.RESUME_TPIPE:
            return InputEvent.RESUME_ONE if irm.f5 & (F5.ONE | F5.SWAIT) else InputEvent.RESUME_MANY
        if irm.verb is Verb.NAK and self.state is State.RT_OWES_ACK_MANY and NAK_ON_RESUME_TPIPE in irm.f3:
            return InputEvent.NAK_REROUTE
        unanswered = self._unanswered(irm)
        if irm.verb is Verb.ACK:
            return InputEvent.ACK_NO_WAIT if unanswered else InputEvent.ACK
        return InputEvent.NAK_NO_WAIT if unanswered else InputEvent.NAK

    def refusal(self, irm: Irm) -> int:
        """Return the reason code for an input that the state does not allow."""
        if self.state in NO_SESSION:
            return REASON_WITHOUT_SESSION.get(self.event(irm), PROTOCOL_ERROR)
        return PROTOCOL_ERROR

    def _unanswered(self, irm: Irm) -> bool:
        """Tell whether NO_WAIT is honoured on this ACK or NAK (Timeout specifications on input messages)."""
        if irm.timer != NO_WAIT:
            return False
        if self.state is State.OWES_ACK_CM0:
            return F1.NOWAIT in irm.f1 and self.protocol_level >= NO_WAIT_LEVEL
        return self.state is State.RT_OWES_ACK_ONE


_conversation: Final = lru_cache(maxsize=256)(Conversation)
"""Conversations have no identity, and pass through the same few values again and again."""


def _closed_if_over(state: State, socket: SocketType) -> State:
    return State.CLOSED if state is State.IDLE and socket is not SocketType.PERSISTENT else state


def output_event(message: OutputMessage) -> OutputEvent:
    """Return what kind of output this is. Notices 94 to 96 are CSM flags in another form."""
    if message.rsm:
        return _rsm_event(message.rsm)
    return _by_flags(message.csm.flags if message.csm else CsmFlags.NONE)


def _rsm_event(rsm: Rsm) -> OutputEvent:
    if deallocation(rsm):
        return OutputEvent.DEALLOCATED
    flags = notice(rsm)
    if flags:
        return _by_flags(flags)
    return OutputEvent.STATUS if keeps_socket(rsm) else OutputEvent.FAILURE


@lru_cache(maxsize=256)
def _by_flags(flags: CsmFlags) -> OutputEvent:
    if not flags:
        return OutputEvent.OUTPUT
    wants_ack = CsmFlags.ACK_NEEDED in flags
    if CsmFlags.CONVERSATION in flags:
        return OutputEvent.OUTPUT_CONVERSATION_ACK if wants_ack else OutputEvent.OUTPUT_CONVERSATION
    return OutputEvent.OUTPUT_ACK if wants_ack else OutputEvent.OUTPUT


def _expected(irm: Irm) -> frozenset[Kind]:
    if not irm.f1 and irm.verb is not Verb.RESUME_TPIPE:
        return _NOTHING_OPTIONAL
    kinds = set()
    if F1.MFSREQ in irm.f1:
        kinds.add(Kind.RMM)
    if F1.CIDREQ in irm.f1:
        kinds.add(Kind.GENCID)
    if irm.verb is Verb.RESUME_TPIPE:
        # unverified: which options bring which structures is left open, so RESUME TPIPE may get any of them
        kinds |= {Kind.COR, Kind.NETSID, Kind.NETUID, Kind.CTLDAT}
    return frozenset(kinds)
