"""One client id on one connection, without I/O: what may be said, what is heard, and when not to go on.

A step of a conversation with IMS Connect is written once, as a generator that yields what has to be done with
the socket (`Transmit`, `Await`) and gets the bytes that came; `drive` (threads) and `drive_async` (asyncio)
do it. Errors of the stream are thrown into the generator where it waits, so it sees them as if it had done
the I/O.

The rule for everything here: from the moment a message starts to leave until its conversation has come to a
known end, the line is in doubt, and a line in doubt is not used again. So no late byte of one caller can become
the reply of the next, and whatever interrupts a conversation, even KeyboardInterrupt, costs the socket only.

Source: IMS Connect client call flows; Socket processing for transactions.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, TypeVar

from gateway.clock import Clock
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.refusal import refusal
from gateway.imsconnect.transport import DeadlinePassed, StreamError, StreamLost
from gateway.imsconnect.wire import (
    ClientConnection,
    EarlyCloseError,
    InputMessage,
    LocalProtocolError,
    OutputMessage,
    RemoteProtocolError,
)

LAST_WORDS_SECONDS: Final = 1.0
"""Longest wait for the RSM of an IMS Connect that refused a message and closed while it was being sent."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send these bytes before the deadline; answered with no bytes."""

    data: bytes = field(repr=False)
    deadline: float


@dataclass(frozen=True, slots=True)
class Await:
    """Receive some bytes before the deadline; answered with them, or none when the peer closed its side."""

    deadline: float


T = TypeVar("T")
Steps = Generator[Transmit | Await, bytes, T]
"""A conversation as steps; deadlines are points on the clock's monotonic scale, `math.inf` for none."""


class NothingSentError(Exception):
    """The stream was gone before the first byte of the request: the same call may be made on another one."""


class NeverAcceptedError(NothingSentError):
    """The other side did not accept the TLS handshake: it looked at nothing, nor would it on a next stream."""


class Line:
    """The state of one connection: its client id, its protocol state, and whether it may be used again."""

    def __init__(self, destination: Destination, client_id: ClientId, where: str, clock: Clock) -> None:
        """Begin idle. `where` names the endpoint in errors."""
        self.destination = destination
        self.client_id = client_id
        self.in_doubt = False
        self._where = where
        self._clock = clock
        self._connection = ClientConnection(destination.exit, destination.code, destination.max_message_bytes)

    @property
    def endpoint(self) -> str:
        """Host and port."""
        return self._where

    @property
    def where(self) -> str:
        """Endpoint and client id, for private reasons of errors."""
        return f"{self._where} client id {self.client_id.text or '(blank)'}"

    @property
    def reusable(self) -> bool:
        """Tell whether another conversation may start: the last one came to a known end."""
        return not self.in_doubt and self._connection.reusable

    @property
    def expects_reply(self) -> bool:
        """Tell whether IMS Connect has to speak next."""
        return self._connection.expects_reply

    def deadline(self, timeout_ms: float) -> float:
        """Return the deadline for something that starts now; 0 is for ever."""
        return self._clock.monotonic() + timeout_ms / 1000 if timeout_ms else math.inf

    def ask(self, message: InputMessage, deadline: float) -> Steps[None]:
        """Send the first message of a conversation.

        Raises NothingSentError when the stream was gone before, ImsError for what IMS Connect said before it
        closed on a message that it did not want to read to the end.
        """
        try:
            yield self.tell(message, deadline)
        except StreamLost as error:
            if error.nothing_sent:
                raise NothingSentError(f"{self.where}: {error}") from error
            words = yield from self._last_words(deadline)
            if words is not None:
                raise words from error
            raise

    def tell(self, message: InputMessage, deadline: float) -> Transmit:
        """Return the step that sends a message. From then on the line is in doubt until `settle`."""
        try:
            data = self._connection.send(message)
        except LocalProtocolError as error:
            raise GatewayError(M.INTERNAL, private=f"{self.where}: {error}") from error
        self.in_doubt = True
        return Transmit(data, deadline)

    def hear(self, deadline: float) -> Steps[OutputMessage]:
        """Return the one reply that is due; anything beside it breaks the protocol."""
        while True:
            data = yield Await(deadline)
            if not data:
                self._connection.end()
                raise EarlyCloseError("IMS Connect closed the socket")
            for reply in self._connection.receive(data):
                return reply

    def learn_client_id(self, message: InputMessage, output: OutputMessage) -> InputMessage:
        """Take over the client id that IMS Connect has generated; return the message as if it had said it.

        Whatever answers the output has to say it (Persistent sockets; unverified: whether it must).
        """
        if not output.client_id:
            return message
        self.client_id = replace(self.client_id, text=output.client_id)
        return replace(message, irm=replace(message.irm, client_id=output.client_id))

    def settle(self) -> None:
        """Note that the conversation stands at a known point: nothing is on the way."""
        self.in_doubt = False

    def _last_words(self, deadline: float) -> Steps[ImsError | None]:
        try:
            reply = yield from self.hear(min(deadline, self._clock.monotonic() + LAST_WORDS_SECONDS))
        except (StreamError, RemoteProtocolError) as error:
            if isinstance(error, StreamLost) and error.never_accepted:
                raise NeverAcceptedError(f"{self.where}: {error}") from error
            return None
        return refusal(reply.rsm, self.where, 0) if reply.rsm is not None else None

    def translated(self, timeout_ms: float) -> "_Translated":
        """Return a context that turns errors of stream and protocol into those of the catalogue."""
        return _Translated(self, timeout_ms)


class _Translated:
    """The context of `Line.translated`: no generator, for that would cost each conversation four calls more."""

    __slots__ = ("_line", "_timeout_ms")

    def __init__(self, line: Line, timeout_ms: float) -> None:
        self._line = line
        self._timeout_ms = timeout_ms

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is not None and isinstance(error, StreamError | EarlyCloseError | RemoteProtocolError):
            raise self._translation(error) from error

    def _translation(self, error: Exception) -> Exception:
        private = f"{self._line.where}: {error}"
        if isinstance(error, DeadlinePassed):
            return TransportError(M.SOCKET_TIMEOUT, {"milliseconds": f"{self._timeout_ms:g}"}, private)
        if isinstance(error, StreamLost) and error.never_accepted:
            return NeverAcceptedError(private)
        lost = isinstance(error, StreamLost | EarlyCloseError)
        return TransportError(M.CONNECTION_LOST if lost else M.BAD_REPLY, private=private)
