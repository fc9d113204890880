"""The messages of a tpipe for a `for` loop; `async_messages` has them for asyncio."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import get_ident
from types import TracebackType
from typing import Self

from gateway.errors import GatewayError
from gateway.imsconnect.line import NothingSentError
from gateway.imsconnect.reading import Reading, Turn
from gateway.imsconnect.session import Session
from gateway.imsconnect.values import Delivery, Rejection


class Messages(Iterator[Delivery]):
    """The messages, one by one. Also a context manager, whose end hands an unanswered one back to IMS.

    So does leaving the loop, where nobody else holds this object, and in any case the end of the connection.
    """

    def __init__(self, session: Session, reading: Reading, begin: Callable[[], Delivery | None]) -> None:
        """Ask nothing yet: `begin` sends the RESUME TPIPE when a message is wanted."""
        self._session = session
        self._reading = reading
        self._begin = begin
        self._thread = get_ident()

    @property
    def taken(self) -> int:
        """Messages that were acknowledged here."""
        return self._reading.taken

    @property
    def last_ack_heard(self) -> bool:
        """Whether IMS Connect is known to have heard the last ACK; if not, that message may come again.

        What it says next shows it: another message, or the end. Nothing answers the last ACK with a `limit`.
        """
        return self._reading.last_ack_heard

    def __next__(self) -> Delivery:
        reading, turn = self._reading, self._reading.turn()
        if turn is Turn.END:
            raise StopIteration
        self._thread = get_ident()
        try:
            delivery = self._begin() if turn is Turn.BEGIN else self._session.following()
        except BaseException:
            reading.failed()
            raise
        reading.came(delivery, turn)
        if delivery is None:
            raise StopIteration
        return delivery

    def close(self) -> None:
        """End the loop here; hand the message back that is unanswered."""
        self._reading.left = True
        hand_back(self._session, self._reading)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self._reading.left = True
        # the garbage collector may work in any thread: then the connection hands it back before it says more
        if get_ident() == self._thread:
            hand_back(self._session, self._reading)


def hand_back(session: Session, reading: Reading) -> None:
    """Say NAK to the latest message of a loop, if it is unanswered; a synchronous callout stays queued."""
    if reading.owes:
        # whatever goes wrong here, IMS takes a closed socket for a NAK
        with suppress(GatewayError, NothingSentError):
            session.reject(Rejection(keep=True))
