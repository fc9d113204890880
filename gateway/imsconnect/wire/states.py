"""The states of a connection and what leads from one to the next, as tables that both roles read.

Source: IMS Connect client call flows; Send-then-commit (three topics); Send-only protocol (five topics);
Managing the retrieval of output messages; Canceling a message timer; Persistent sockets.
"""

from collections.abc import Mapping
from typing import Final

from gateway.imsconnect.wire.flags import F3
from gateway.imsconnect.wire.member import Member

NAK_ON_RESUME_TPIPE: Final = F3.REROUT
"""IRM_F3 of the NAK that leaves RESUME TPIPE open. unverified: IBM's pages on NAK name the flag, no flow shows
it."""


class State(Member):
    """Where a connection stands. Both sides go through the same states, since both see every message."""

    IDLE = "idle"
    WATCHED = "idle after a send-only with error"
    WAIT_CM0 = "waiting for commit-then-send output"
    WAIT_CM1 = "waiting for send-then-commit output"
    WAIT_RECEIPT = "waiting for the acknowledgment of a send-only or callout response"
    WAIT_CANCEL = "waiting for the answer to a cancel timer"
    OWES_ACK_CM0 = "client owes ACK or NAK for commit-then-send output"
    OWES_ACK_CM1 = "client owes ACK or NAK for send-then-commit output"
    OWES_ACK_CONVERSATION = "client owes ACK or NAK inside a conversation"
    WAIT_OUTCOME = "waiting for deallocate confirmed or aborted"
    WAIT_MORE = "waiting for more commit-then-send output or the timer"
    CONVERSATION = "conversation open, the client's turn"
    RT_WAIT_ONE = "RESUME TPIPE for one message, waiting for it"
    RT_WAIT_MANY = "RESUME TPIPE, waiting for the next message"
    RT_OWES_ACK_ONE = "client owes ACK or NAK for the one message of RESUME TPIPE"
    RT_OWES_ACK_MANY = "client owes ACK or NAK for a message of RESUME TPIPE"
    RT_WAIT_END = "RESUME TPIPE ends, waiting for the timer"
    CLOSED = "closed"

    @property
    def reply_due(self) -> bool:
        """Tell whether IMS Connect has to speak next."""
        return self in _REPLY_DUE

    @property
    def ack_owed(self) -> bool:
        """Tell whether the client owes ACK or NAK; a disconnect here counts as NAK."""
        return self in _ACK_OWED


class InputEvent(Member):
    """Kinds of input message, as far as the state depends on them."""

    DATA_CM0 = "commit-then-send data"
    DATA_CM1 = "send-then-commit data"
    SEND_ONLY = "send-only or callout response without answer"
    SEND_ONLY_ERROR = "send-only with error"
    RECEIPTED = "send-only or callout response with acknowledgment"
    RESUME_ONE = "RESUME TPIPE single"
    RESUME_MANY = "RESUME TPIPE auto or noauto"
    CANCEL_TIMER = "cancel timer"
    ACK = "ACK"
    ACK_NO_WAIT = "ACK that is not answered"
    NAK = "NAK"
    NAK_NO_WAIT = "NAK that is not answered"
    NAK_REROUTE = "NAK that leaves RESUME TPIPE open"
    DEALLOCATE = "deallocate"


class OutputEvent(Member):
    """Kinds of output message, as far as the state depends on them."""

    OUTPUT = "output"
    OUTPUT_ACK = "output that wants ACK"
    OUTPUT_CONVERSATION = "output of an open conversation"
    OUTPUT_CONVERSATION_ACK = "output of an open conversation that wants ACK"
    DEALLOCATED = "deallocate confirmed or aborted"
    STATUS = "RSM that keeps the socket"
    FAILURE = "RSM that closes the socket"


_REPLY_DUE: Final = frozenset(
    {
        State.WAIT_CM0,
        State.WAIT_CM1,
        State.WAIT_RECEIPT,
        State.WAIT_CANCEL,
        State.WAIT_OUTCOME,
        State.WAIT_MORE,
        State.RT_WAIT_ONE,
        State.RT_WAIT_MANY,
        State.RT_WAIT_END,
    }
)
_ACK_OWED: Final = frozenset(
    {
        State.OWES_ACK_CM0,
        State.OWES_ACK_CM1,
        State.OWES_ACK_CONVERSATION,
        State.RT_OWES_ACK_ONE,
        State.RT_OWES_ACK_MANY,
    }
)

_FROM_IDLE: Final = {
    InputEvent.DATA_CM0: State.WAIT_CM0,
    InputEvent.DATA_CM1: State.WAIT_CM1,
    InputEvent.SEND_ONLY: State.IDLE,
    InputEvent.SEND_ONLY_ERROR: State.WATCHED,
    InputEvent.RECEIPTED: State.WAIT_RECEIPT,
    InputEvent.RESUME_ONE: State.RT_WAIT_ONE,
    InputEvent.RESUME_MANY: State.RT_WAIT_MANY,
    InputEvent.CANCEL_TIMER: State.WAIT_CANCEL,
}

ON_INPUT: Final[Mapping[State, Mapping[InputEvent, State]]] = {
    State.IDLE: _FROM_IDLE,
    # a late RSM may still come, so the connection stays watched
    State.WATCHED: {**_FROM_IDLE, InputEvent.SEND_ONLY: State.WATCHED},
    State.CONVERSATION: {
        InputEvent.DATA_CM1: State.WAIT_CM1,
        InputEvent.DEALLOCATE: State.WAIT_OUTCOME,
    },
    State.OWES_ACK_CM1: {
        InputEvent.ACK: State.WAIT_OUTCOME,
        InputEvent.NAK: State.WAIT_OUTCOME,
        InputEvent.DEALLOCATE: State.WAIT_OUTCOME,
    },
    State.OWES_ACK_CONVERSATION: {
        InputEvent.ACK: State.CONVERSATION,
        InputEvent.NAK: State.WAIT_OUTCOME,
        InputEvent.DEALLOCATE: State.WAIT_OUTCOME,
    },
    State.OWES_ACK_CM0: {
        InputEvent.ACK: State.WAIT_MORE,
        InputEvent.ACK_NO_WAIT: State.IDLE,
        # unverified: a NAK of commit mode 0 output is answered like an ACK, by the timer
        InputEvent.NAK: State.WAIT_MORE,
        InputEvent.NAK_NO_WAIT: State.IDLE,
    },
    State.RT_OWES_ACK_ONE: {
        InputEvent.ACK: State.RT_WAIT_END,
        InputEvent.ACK_NO_WAIT: State.IDLE,
        # unverified: NAK and DEALLOCATE end RESUME TPIPE with a timer RSM, as ACK does
        InputEvent.NAK: State.RT_WAIT_END,
        InputEvent.NAK_NO_WAIT: State.IDLE,
        InputEvent.DEALLOCATE: State.RT_WAIT_END,
    },
    State.RT_OWES_ACK_MANY: {
        InputEvent.ACK: State.RT_WAIT_MANY,
        InputEvent.NAK: State.RT_WAIT_END,
        InputEvent.NAK_REROUTE: State.RT_WAIT_MANY,
        InputEvent.DEALLOCATE: State.RT_WAIT_END,
    },
}
"""State after each input that a state allows; any other is a protocol error."""

_FAILS: Final = {OutputEvent.FAILURE: State.CLOSED}
_ENDS: Final = {OutputEvent.STATUS: State.IDLE, OutputEvent.DEALLOCATED: State.IDLE, **_FAILS}

ON_OUTPUT: Final[Mapping[State, Mapping[OutputEvent, State]]] = {
    State.WATCHED: _FAILS,
    State.WAIT_CM0: {
        OutputEvent.OUTPUT: State.IDLE,
        OutputEvent.OUTPUT_ACK: State.OWES_ACK_CM0,
        **_ENDS,
    },
    State.WAIT_CM1: {
        OutputEvent.OUTPUT: State.IDLE,
        OutputEvent.OUTPUT_ACK: State.OWES_ACK_CM1,
        OutputEvent.OUTPUT_CONVERSATION: State.CONVERSATION,
        OutputEvent.OUTPUT_CONVERSATION_ACK: State.OWES_ACK_CONVERSATION,
        **_ENDS,
    },
    State.WAIT_RECEIPT: {OutputEvent.OUTPUT: State.IDLE, OutputEvent.STATUS: State.IDLE, **_FAILS},
    State.WAIT_CANCEL: {OutputEvent.STATUS: State.IDLE, **_FAILS},
    State.WAIT_OUTCOME: _ENDS,
    State.WAIT_MORE: {OutputEvent.OUTPUT_ACK: State.OWES_ACK_CM0, OutputEvent.STATUS: State.IDLE, **_FAILS},
    # OTMA may give up waiting for the ACK (Specifying acknowledgment timeout intervals)
    State.OWES_ACK_CM0: _FAILS,
    State.OWES_ACK_CM1: {OutputEvent.DEALLOCATED: State.IDLE, **_FAILS},
    State.OWES_ACK_CONVERSATION: {OutputEvent.DEALLOCATED: State.IDLE, **_FAILS},
    State.RT_WAIT_ONE: {
        OutputEvent.OUTPUT_ACK: State.RT_OWES_ACK_ONE,
        OutputEvent.STATUS: State.IDLE,
        **_FAILS,
    },
    State.RT_WAIT_MANY: {
        OutputEvent.OUTPUT_ACK: State.RT_OWES_ACK_MANY,
        OutputEvent.STATUS: State.IDLE,
        **_FAILS,
    },
    State.RT_OWES_ACK_ONE: _FAILS,
    State.RT_OWES_ACK_MANY: _FAILS,
    State.RT_WAIT_END: {OutputEvent.STATUS: State.IDLE, **_FAILS},
}
"""State after each output that a state allows; any other does not fit the conversation."""

NO_SESSION: Final = frozenset({State.IDLE, State.WATCHED})
"""States between conversations."""
CLIENT_NOT_KNOWN: Final = 16
PROTOCOL_ERROR: Final = 36
REASON_WITHOUT_SESSION: Final[Mapping[InputEvent, int]] = {
    InputEvent.ACK: CLIENT_NOT_KNOWN,
    InputEvent.ACK_NO_WAIT: CLIENT_NOT_KNOWN,
    InputEvent.NAK: CLIENT_NOT_KNOWN,
    InputEvent.NAK_NO_WAIT: CLIENT_NOT_KNOWN,
}
"""Reason codes for inputs refused between conversations, where they differ from 36."""
