"""What the parts of a callout need of each other: the seams, as protocols."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Event
from typing import Any, Protocol

from gateway.callout.codes import Status
from gateway.callout.values import Aim, Call, Received, Request


class Reader(Protocol):
    """Reads messages and says where they go, by the deployed services of one snapshot. No I/O, any thread."""

    def read(self, received: Received) -> Request:
        """Return what a message says.

        Raises CalloutError with RECEIVING_DISCARDED (it is no message of this kind at all) or
        PARSING_DISCARDED (it cannot be read).
        """
        ...

    def aim(self, request: Request, received: Received) -> Aim:
        """Return where it goes. Raises CalloutError: INVOKING (not deployed), 1010 to 1015, 1901 on."""
        ...

    def response(self, aim: Aim, payload: Any) -> bytes:
        """Return the response of a service (the element in its SOAP body) as data for IMS.

        Raises CalloutError INVOKING where it cannot be said in the encoding or form.
        """
        ...


class Outbound(Protocol):
    """Calls web services. Any thread; blocks until the service has answered."""

    def call(self, call: Call) -> Any | None:
        """Return the element in the SOAP body of the response; None: the operation is one-way.

        Raises CalloutError: NO_RESPONSE at `call.give_up`, NETWORK, INVOKING, IDENTITY.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Nak(Enum):
    """The forms of NAK for a message of a tpipe (Coding a NAK message, two topics)."""

    DISCARD = "discard"
    """IRM_F4 N: a synchronous callout is discarded, and the RESUME TPIPE ends."""
    REROUTE = "reroute"
    """IRM_F3 X'08': discarded, and the RESUME TPIPE goes on."""
    RETAIN = "retain"
    """IRM_F0 X'20': it stays on the tpipe, and the RESUME TPIPE ends."""


@dataclass(frozen=True, slots=True)
class Accept:
    """The message is ours: say ACK, then `begin`, whatever is known of the ACK."""

    begin: Callable[[], None]
    trouble: str = ""
    """It could not be read, and is a dead letter: a listener with `stop_on_error` stops behind it."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Say NAK."""

    how: Nak
    status: Status | None
    """For the ICAL (IRM_NAK_RSNCDE); None: no reason."""
    reason: str
    """For the log."""


class Intake(Protocol):
    """What a listener hands its messages to. One a listener."""

    def wait_for_room(self, stop: Event) -> bool:
        """Wait until another message may be retrieved, and keep its room; False: stopped before that.

        Raises JournalError while asynchronous messages could not be kept.
        """
        ...

    def give_back_room(self) -> None:
        """Give back what `wait_for_room` kept: no message came."""
        ...

    def take(self, received: Received) -> Accept | Refuse:
        """Decide on a message; the room goes with it, whatever the decision.

        Raises JournalError: it could not be kept, so it has to stay with IMS.
        """
        ...
