"""One connection to or from IMS Connect without I/O: messages in, bytes out; bytes in, messages out."""

from gateway.imsconnect.wire.conversation import State
from gateway.imsconnect.wire.errors import InputViolation
from gateway.imsconnect.wire.header import Exit, HeaderCode
from gateway.imsconnect.wire.message import InputMessage
from gateway.imsconnect.wire.output import OutputMessage


class ClientConnection:
    """The client's end. Any RemoteProtocolError leaves the state CLOSED: drop the socket."""

    def __init__(self, exit: Exit, code: HeaderCode, max_message: int) -> None:  # noqa: A002 - IBM's word
        self._exit, self._code, self._max_message = exit, code, max_message
        self._state = State.IDLE

    @property
    def state(self) -> State:
        """Where the conversation stands."""
        return self._state

    @property
    def reusable(self) -> bool:
        """Tell whether a new request may be sent on this socket: nothing is owed, due or buffered."""
        return self._state is State.IDLE

    @property
    def expects_reply(self) -> bool:
        """Tell whether IMS Connect has to speak next."""
        raise LookupError

    def send(self, message: InputMessage) -> bytes:
        """Return the bytes to send. Raises LocalProtocolError when the state does not allow the message."""
        raise LookupError(message)

    def receive(self, data: bytes) -> list[OutputMessage]:
        """Take bytes from IMS Connect; return the reply when they complete it (one at most), else nothing.

        Raises RemoteProtocolError for bytes that break the protocol, come when none are due, or follow a reply.
        """
        raise LookupError(data)

    def end(self) -> None:
        """Note that IMS Connect closed its side. Raises EarlyCloseError when a reply was due or half read."""
        raise LookupError


class ServerConnection:
    """IMS Connect's end, for the stand-in and for tests."""

    def __init__(self, max_message: int, exits: frozenset[Exit] = frozenset(Exit)) -> None:
        self._max_message, self._exits = max_message, exits
        self._state = State.IDLE

    @property
    def state(self) -> State:
        """Where the conversation stands; CLOSED means: send what is to be sent, then close."""
        return self._state

    @property
    def exit(self) -> Exit | None:
        """Exit of the latest request."""
        raise LookupError

    @property
    def code(self) -> HeaderCode | None:
        """Header code of the latest request."""
        raise LookupError

    def receive(self, data: bytes) -> list[InputMessage]:
        """Take bytes from the client; return the messages they complete and the state lets through.

        While a reply is due, later bytes wait: call ``receive(b"")`` after `send`. Raises InputViolation; answer it
        with `refuse` and close.
        """
        raise LookupError(data)

    def send(self, message: OutputMessage) -> bytes:
        """Return the bytes for the exit and code of the request. Raises LocalProtocolError when none is due."""
        raise LookupError(message)

    def refuse(self, violation: InputViolation) -> bytes:
        """Return the RSM for a violation, empty for a bare disconnect; the state is CLOSED afterwards."""
        raise LookupError(violation)
