"""What one call may take: time for all of it, bytes of all that is read."""

from dataclasses import dataclass, field

from gateway.clock import Clock
from gateway.soap.outbound.errors import no_answer

_FRAME_BYTES = 1_000_000
"""Room for what is no body: status lines, headers, the lengths of chunks."""


@dataclass(slots=True)
class Limits:
    """Bounds of one call, asked at every single wait. Belongs to one thread.

    Times are seconds of the clock's monotonic scale.
    """

    clock: Clock
    begin_by: float
    """No request is sent after that: nobody waits for what it would do."""
    end_by: float
    """When even an answer to a request that was sent is not listened to any more."""
    connect_seconds: float
    """For a connection, from the name to the end of the TLS handshake."""
    most_bytes: int
    """Of the body of the response."""
    sent: bool = False
    """Some of the request has left, so the service may act on it."""
    _until: float = field(init=False)
    _room: int = field(init=False)

    def __post_init__(self) -> None:
        self._until = self.begin_by
        self._room = self.most_bytes + _FRAME_BYTES

    @property
    def over(self) -> bool:
        """Whether it is too late to begin."""
        return self.clock.monotonic() >= self.begin_by

    def connecting(self) -> None:
        """Note that a connection is being made: until this is over, it has a limit of its own."""
        self._until = min(self.begin_by, self.clock.monotonic() + self.connect_seconds)

    def sending(self) -> None:
        """Note that the request is being sent. Raises TimeoutError where that would begin too late."""
        self._until = self.begin_by
        self.left()
        self._until = self.end_by

    def left(self) -> float:
        """Return the seconds that the next step may take. Raises TimeoutError when there are none."""
        left = self._until - self.clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def count(self, received: int) -> None:
        """Count bytes that came. Raises OutboundError when they are too many."""
        self._room -= received
        if self._room < 0:
            raise self.too_large()

    def too_large(self) -> Exception:
        """Return the error of a response that is too long."""
        return no_answer(f"the response of the web service has more than {self.most_bytes} bytes")
