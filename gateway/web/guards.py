"""What the front door asks of the worker about requests that are too many, beside the services themselves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.observe.limit_events import LimitObserver, Unobserved

Answer = tuple[int, Iterable[tuple[str, str]], bytes]
"""HTTP status, headers, body."""


@dataclass(frozen=True, slots=True)
class Guards:
    """Without any, nobody is refused, and refusals for want of a thread are plain HTTP."""

    visited: Callable[[str], None] = lambda _peer: None
    """Counts a request that is no SOAP request, by the client's address. Raises GatewayError."""
    fault: Callable[[GatewayError, str, str], Answer] | None = None
    """Gives an error as a fault, for a Content-Type and a tracking id."""
    observer: LimitObserver = field(default_factory=Unobserved)
