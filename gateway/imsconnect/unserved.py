"""Why a request gets no session: the refusals of a pool, all of requests of which nothing was sent."""

from typing import Final

from gateway.errors import M, TransportError
from gateway.imsconnect.stats import PoolStats

DRAINED: Final = "drained: the path was taken out of use"
CLOSED_AT_ONCE: Final = (
    "IMS Connect closed the socket at once: it may be at its MAXSOC, or want another client certificate"
)


def unreachable(bundle: str, private: str) -> TransportError:
    """Return the refusal for an IMS Connect that cannot be reached."""
    return TransportError(M.UNREACHABLE, {"bundle": bundle}, private, maybe_sent=False)


def no_socket(seconds: float, stats: PoolStats) -> TransportError:
    """Return the refusal for a wait in vain, with the picture of the pool as the private reason."""
    return TransportError(M.NO_SOCKET, {"seconds": f"{seconds:g}"}, repr(stats), maybe_sent=False)


def stopping(bundle: str) -> TransportError:
    """Return the refusal of a pool that is closed."""
    return TransportError(M.STOPPING, private=f"pool {bundle} is closed", maybe_sent=False)


def drained(bundle: str) -> TransportError:
    """Return the refusal of a path that takes no requests for the time being."""
    return unreachable(bundle, DRAINED)


def closed_at_once(endpoint: str) -> str:
    """Return the reason of a connection that was accepted and was gone when it was looked at."""
    return f"{endpoint}: {CLOSED_AT_ONCE}" if endpoint else CLOSED_AT_ONCE
