"""The states of one connection."""

from enum import Enum


class State(Enum):
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
