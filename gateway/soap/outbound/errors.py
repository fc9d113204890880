"""What a call to a web service can fail of. Texts hold no secret, no payload and no address."""

from dataclasses import dataclass
from enum import Enum


class Trouble(Enum):
    """The kinds of failure, as callers tell them apart."""

    NETWORK = "network"
    """No connection, or the connection broke: name, refused, reset, TLS, proxy."""
    TIME = "time"
    """Not in time: no turn, no connection, no answer."""
    ANSWER = "answer"
    """The service answered, but with a fault, an error of HTTP, or what is no answer."""
    REQUEST = "request"
    """The request cannot be made as it is: not valid against the schema, not for this address."""
    IDENTITY = "identity"
    """The token of the request cannot be made for this user."""


@dataclass(eq=False)
class OutboundError(Exception):
    """A call that failed."""

    trouble: Trouble
    text: str
    """For the program that made the call; starts in lower case."""
    private: str = ""
    """For the log."""
    later: bool = False
    """The same call may succeed later."""
    maybe_done: bool = False
    """The service may have acted on the request."""

    def __str__(self) -> str:
        return f"{self.text} [{self.private}]" if self.private else self.text


def network(text: str, private: str = "", *, maybe_done: bool = False) -> OutboundError:
    """Return an error of the network; all of them may pass."""
    return OutboundError(Trouble.NETWORK, text, private, later=True, maybe_done=maybe_done)


def too_late(text: str, *, maybe_done: bool = False) -> OutboundError:
    """Return the error of something that did not happen in time."""
    return OutboundError(Trouble.TIME, text, later=True, maybe_done=maybe_done)


def no_answer(text: str, private: str = "") -> OutboundError:
    """Return the error of an answer that is none; whether the service acted on the request is not known."""
    return OutboundError(Trouble.ANSWER, text, private, maybe_done=True)
