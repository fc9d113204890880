"""The values that pass between HTTP and WSGI: a finished request, a reply; and errors as replies."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from gateway.errors import GatewayError, Message, RateLimitedError
from gateway.observe.events import TurnedAway

Headers = tuple[tuple[str, str], ...]

TRACKING_HEADER: Final = "X-Tracking-Id"
RETRY_AFTER_SECONDS: Final = 5
"""What a busy gateway asks clients to wait before they try again."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, complete and within bounds."""

    method: str
    path: str
    """Decoded from percent encoding to characters of code 0-255, one a byte, as WSGI (PEP 3333) has it."""
    query: str
    """As sent, without the question mark."""
    version: str
    """``1.0`` or ``1.1``."""
    headers: Headers = field(repr=False)
    """Names in lower case, values as ISO 8859-1, in the order sent."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One response; its length and date are added when it is sent."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """Return the first value of a header, None when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def error_reply(error: GatewayError, tracking_id: str, more: Iterable[tuple[str, str]] = ()) -> Reply:
    """Return an error as a plain HTTP answer: a line of text with id, and the tracking id as a header.

    The text is printable ASCII whatever the request put into it. Without a status of its own the error is a
    500.
    """
    status = error.message.http_status or HTTPStatus.INTERNAL_SERVER_ERROR
    text = "".join(c if " " <= c <= "~" else "?" for c in f"{error.message.id} {error.text}")
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        (TRACKING_HEADER, tracking_id),
        *more,
    ]
    if isinstance(error, RateLimitedError):
        headers.append(("Retry-After", str(error.retry_after)))
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return Reply(int(status), tuple(headers), f"{text}\n".encode("ascii"))


def turned_away(
    tracking_id: str, where: tuple[str, str, int], asked: tuple[str, str], error: GatewayError, status: int
) -> TurnedAway:
    """Return what is told of an error that was answered as plain HTTP.

    `where`: listener, address and port of the caller. `asked`: method and path, as far as they are known.
    """
    listener, peer, port = where
    method, path = asked
    return TurnedAway(
        tracking_id, listener, peer, port, method[:20], path[:200], status, error.message.id, str(error)
    )


def refusal(message: Message, private: str, **fields: str) -> GatewayError:
    """Return an error of HTTP with its private reason."""
    return GatewayError(message, fields, private)
