"""Which endpoint one call tries next, and whether it may be tried again at all. Decisions only.

A call goes to another socket or endpoint only while it is certain that nothing was executed: the stream was
gone before the first byte left, no socket could be had, or IMS Connect refused with a code that says so.
Anything else ends it: a request whose bytes may have reached IMS is never sent twice.
"""

from collections.abc import Sequence
from typing import Final

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect.line import NothingSentError
from gateway.imsconnect.wire import Retry, Rsm, describe
from gateway.imsconnect.wire.codes import RC_IMS_CONNECT

SAME_ENDPOINT: Final = 3
"""Sockets of one endpoint tried for one call while each turns out to be gone before the first byte left."""
DUPLICATE_CLIENT_ID: Final = 56


class Attempts:
    """The tries of one call over the endpoints in the order given."""

    def __init__(self, label: str, order: Sequence[int], *, generated: bool) -> None:
        """Begin. `order` has indexes of endpoints; `generated`: each socket makes up its client id."""
        self._label = label
        self._order = list(order)
        self._generated = generated
        self._stale = 0
        self._last: GatewayError | NothingSentError | None = None

    @property
    def endpoint(self) -> int | None:
        """The endpoint to try now, None when none is left."""
        return self._order[0] if self._order else None

    def failed(self, error: GatewayError | NothingSentError) -> None:
        """Note how a try ended; raises the error when there must not be another try."""
        if isinstance(error, NothingSentError) or self._is_duplicate(error):
            self._stale += 1
            if self._stale >= SAME_ENDPOINT:
                self._next_endpoint()
        elif nothing_executed(error):
            self._next_endpoint()
        else:
            raise error
        self._last = error

    def exhausted(self) -> GatewayError:
        """Return the error for a call whose tries have all failed."""
        last = self._last
        if isinstance(last, GatewayError):
            return last
        return TransportError(M.UNREACHABLE, {"bundle": self._label}, str(last), maybe_sent=False)

    def _next_endpoint(self) -> None:
        self._order.pop(0)
        self._stale = 0

    def _is_duplicate(self, error: GatewayError) -> bool:
        """Tell whether somebody happens to have the client id that was made up: try another one."""
        return (
            self._generated
            and isinstance(error, ImsError)
            and (error.return_code, error.reason_code) == (RC_IMS_CONNECT, DUPLICATE_CLIENT_ID)
        )


def nothing_executed(error: GatewayError) -> bool:
    """Tell whether an error means that nothing was executed, and that another IMS Connect may do it now."""
    if isinstance(error, TransportError):
        return error.message is M.UNREACHABLE
    if not isinstance(error, ImsError) or error.return_code is None or error.reason_code is None:
        return False
    return describe(Rsm(error.return_code, error.reason_code)).retry is Retry.ELSEWHERE
