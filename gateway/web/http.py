"""One HTTP/1.1 request and its response, without I/O: bytes in, a `Request` out; a `Reply` in, bytes out.

There is one `Exchange` per request, so that nothing of one request outlives it on a connection but the bytes
that were sent too early (pipelining). It goes one of two ways: requests as clients of web services send them
are read by `gateway.web.ordinary`, everything else, mistakes above all, by h11 (`gateway.web.thorough`). Which
way it is makes no difference but for the time it takes: the tests hold one against the other.
"""

from datetime import datetime

from gateway.web.message import Headers, Reply, Request
from gateway.web.ordinary import Ordinary
from gateway.web.thorough import Thorough
from gateway.web.way import Bounds, Progress, Way

__all__ = ["Bounds", "Exchange", "Progress"]


class Exchange:
    """One request and its response on a connection; implements `gateway.web.way.Way`."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._chosen: Way | None = None

    @property
    def _way(self) -> Way:
        if self._chosen is None:
            self._chosen = Thorough(self._bounds)
        return self._chosen

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; see `Way`."""
        if self._chosen is None:
            self._chosen = Ordinary.begun(data, self._bounds)
            if self._chosen is not None:
                return
        self._way.receive(data)

    @property
    def progress(self) -> Progress:
        """How far the request has arrived."""
        return self._chosen.progress if self._chosen is not None else Progress.NOTHING

    @property
    def body_bytes(self) -> int:
        """Bytes of the body that have arrived."""
        return self._chosen.body_bytes if self._chosen is not None else 0

    @property
    def continue_awaited(self) -> bool:
        """Whether the peer waits for 100 Continue before it sends the body."""
        return self._way.continue_awaited

    def go_on(self) -> bytes:
        """Return 100 Continue."""
        return self._way.go_on()

    def request(self) -> Request:
        """Return the request; only once it is complete."""
        return self._way.request()

    def reply(self, reply: Reply, *, now: datetime, close: bool) -> bytes:
        """Return the bytes of the one response; see `Way`."""
        return self._way.reply(reply, now=now, close=close)

    @property
    def asked(self) -> tuple[str, str]:
        """Method and path, as far as they are known: for the record."""
        return self._way.asked

    @property
    def headers(self) -> Headers:
        """The header section; see `Way`."""
        return self._way.headers

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: only after the response."""
        return self._way.reusable

    @property
    def early(self) -> bytes:
        """Bytes that came behind this request: they begin the next one."""
        return self._way.early
