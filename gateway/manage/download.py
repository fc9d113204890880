"""One document fetched over HTTP, within bounds of time and size; redirections to hosts that are allowed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import TrustStore
from gateway.config.words import shown
from gateway.exchange import Secret
from gateway.manage.results import ManageError, Why
from gateway.soap.outbound.connection import Connector, Target
from gateway.soap.outbound.errors import OutboundError
from gateway.soap.outbound.exchange import CutError, DoubtError, Exchange
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.resolver import Resolver
from gateway.soap.outbound.sockets import is_deadline
from gateway.soap.outbound.tls import Tls, reason
from gateway.tls import StoreError, client_context

MOST_BYTES: Final = 10_000_000
"""Of one document."""
_MOST_REDIRECTS: Final = 5
_CONNECT_SECONDS: Final = 10.0
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Fetching:
    """How documents are fetched."""

    allowed_hosts: tuple[str, ...] = ()
    """`host` or `host:port`, beyond the host of the first address."""
    ca: Path | None = None
    """PEM file of authorities; None: the operating system's."""
    proxy: str = ""
    """Address of a proxy; empty: none, whatever the environment says."""
    seconds: float = 60.0
    """For all documents together."""
    clock: Clock = SYSTEM_CLOCK


@dataclass(frozen=True, slots=True)
class Fetched:
    """One document."""

    url: str
    """Where it was in the end: what relative addresses in it count from."""
    data: bytes = field(repr=False)
    redirects: tuple[str, ...]
    """``FROM -> TO`` each."""


class Downloader:
    """Fetches documents one after the other from the origin of the first and from hosts that are allowed."""

    def __init__(self, first: str, how: Fetching) -> None:
        """Begin at an address. Raises ManageError: none, or a store or proxy that cannot be used."""
        self._first = _target(first)
        self._how = how
        self._end = how.clock.monotonic() + how.seconds
        trusted = TrustStore.model_construct(path=how.ca, password=Secret("")) if how.ca else None
        try:
            tls = Tls(client_context(trusted), "modern")
            self._connector = Connector(tls, how.proxy, Resolver())
        except StoreError as error:
            raise ManageError(Why.WRONG, str(error)) from error
        except OutboundError:
            raise ManageError(Why.WRONG, f"{shown(how.proxy)} is no address of a proxy") from None

    def fetch(self, url: str) -> Fetched:
        """Return the document at an address. Raises ManageError; its text names the address."""
        followed: list[str] = []
        while True:
            target = _target(url)
            self._permit(target, url)
            status, location, data = self._get(target, url)
            if status not in _REDIRECTS:
                break
            url = self._next(url, location, followed)
        if status != 200:
            raise _failed(url, f"the server answers {status}")
        return Fetched(url, data, tuple(followed))

    def _next(self, url: str, location: str, followed: list[str]) -> str:
        """Return where a redirection leads."""
        if not location or len(followed) >= _MOST_REDIRECTS:
            raise _failed(url, "too many redirections" if location else "a redirection to nowhere")
        try:
            following = urljoin(url, location)
            followed.append(f"{without_query(url)} -> {without_query(following)}")
        except ValueError:
            raise _failed(url, "a redirection to what is no address") from None
        if urlsplit(url).scheme == "https" and urlsplit(following).scheme == "http":
            raise _failed(url, f"redirects from https to http: {without_query(following)}")
        return following

    def _permit(self, target: Target, url: str) -> None:
        """Raise ManageError for a host that was not named."""
        origin, first = target.origin, self._first.origin
        upgraded = origin.host == first.host and origin.scheme == "https" and first.scheme == "http"
        named = (origin.host, f"{origin.host}:{origin.port}", origin.authority)
        if origin == first or (upgraded and origin.port == 443) or set(named) & set(self._how.allowed_hosts):
            return
        text = f"{without_query(url)} is not fetched: it is elsewhere; allow it with --allow-host {origin.host}"
        raise ManageError(Why.WRONG, text)

    def _get(self, target: Target, url: str) -> tuple[int, str, bytes]:
        """Return status, Location and body."""
        limits = Limits(self._how.clock, self._end, self._end, _CONNECT_SECONDS, MOST_BYTES)
        try:
            connection = self._connector.open(target.origin, limits)
            try:
                limits.sending()
                exchange = Exchange(connection.sock)
                head = {
                    "Host": target.host,
                    "Accept": "*/*",
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                }
                exchange.send("GET", target.url if connection.asks_proxy else target.path, head)
                return _answer(exchange)
            finally:
                connection.close()
        except OutboundError as error:
            raise _failed(url, str(error)) from error
        except (DoubtError, CutError):
            raise _failed(url, "the server breaks the rules of HTTP, or left within its answer") from None
        except OSError as error:
            why = (
                "no answer in time" if is_deadline(error) or isinstance(error, TimeoutError) else reason(error)
            )
            raise _failed(url, why) from error


def _answer(exchange: Exchange) -> tuple[int, str, bytes]:
    head = exchange.head()
    headers = {name: value.decode("latin-1") for name, value in head.headers}
    if head.status_code != 200:
        return head.status_code, headers.get(b"location", ""), b""
    if headers.get(b"content-encoding", "identity").strip().lower() != "identity":
        raise DoubtError("a coding that was not asked for")
    pieces, size = [], 0
    while piece := exchange.piece():
        size += len(piece)
        if size > MOST_BYTES:
            raise OSError(0, f"more than {MOST_BYTES} bytes")
        pieces.append(piece)
    return 200, "", b"".join(pieces)


def without_query(url: str) -> str:
    """Return an address as it is shown: what stands behind a question mark may be a secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return shown(f"{parts.scheme}://{host}{parts.path}" + ("?..." if parts.query else ""))


def _target(url: str) -> Target:
    try:
        return Target.of(url)
    except OutboundError:
        text = "is no address that is fetched: http or https, without user and password"
        raise ManageError(Why.WRONG, f"{_shown(url)} {text}") from None


def _shown(url: str) -> str:
    try:
        return without_query(url)
    except ValueError:
        return "this"


def _failed(url: str, why: str) -> ManageError:
    return ManageError(Why.UNREACHABLE, f"{without_query(url)} cannot be fetched: {shown(why)}")
