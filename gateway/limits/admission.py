"""Who may go on: the rates of one service and of the whole gateway, for one request."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address, ip_network

from gateway.clock import Clock
from gateway.config.limits import LimitsSettings, Rate, ServiceLimits, parse_rate
from gateway.config.model import GatewaySettings
from gateway.errors import GatewayError, M, RateLimitedError
from gateway.limits.counting import Counting, StoreAwayError
from gateway.limits.shared import access_of
from gateway.observe.limit_events import LimitKind, LimitObserver, LimitReached


@dataclass(frozen=True, slots=True)
class Limiter:
    """What all rates of a worker share."""

    counting: Counting
    observer: LimitObserver

    def close(self) -> None:
        """Let go of connections."""
        self.counting.close()


def limiter_of(settings: GatewaySettings, clock: Clock, observer: LimitObserver) -> Limiter:
    """Return the limiter of a worker; call it after the fork. Raises gateway.tls.StoreError."""
    access = access_of(settings.limits, settings.replay)
    return Limiter(Counting(clock, observer, access, settings.server.workers), observer)


class Admission:
    """The rates for requests to one service, or to none. Thread-safe.

    Each method raises RateLimitedError for what is too much, and GatewayError(M.BUSY) when nothing can be
    counted and `limits.on_failure` says so.
    """

    def __init__(
        self,
        limiter: Limiter,
        settings: LimitsSettings,
        service: str = "",
        limits: ServiceLimits | None = None,
    ) -> None:
        own = limits or ServiceLimits()
        self._limiter = limiter
        self._accept = settings.on_failure == "accept"
        self._prefixes = settings.ipv4_prefix, settings.ipv6_prefix
        self._service = service
        self._of_address = parse_rate(settings.rate_per_address)
        self._of_service = parse_rate(own.rate or settings.rate_per_service) if service else None
        self._of_user = tuple(_rates_of_users(settings, service, own))

    def address(self, peer: str) -> None:
        """Count a request of a client address."""
        if self._of_address is not None:
            self._take("address_rate", "address", client_of(peer, *self._prefixes), self._of_address)

    def arrived(self, peer: str) -> None:
        """Count a request to the service that has arrived, of which nothing has been read yet."""
        self.address(peer)
        if self._of_service is not None:
            self._take("service_rate", "service", self._service, self._of_service)

    def user(self, name: str) -> None:
        """Count a request of a user who has proven to be that user."""
        for where, rate in self._of_user:
            self._take("user_rate", where, digest_of(name), rate)

    def late_user(self, name: str) -> None:
        """Count a request of a user who has proven it by the request itself, when it is too late to refuse."""
        for where, rate in self._of_user:
            try:
                self._limiter.counting.take(f"{where}/{digest_of(name)}", rate)
            except StoreAwayError:
                self._limiter.observer.limit_store_failed(accepted=True)

    @property
    def knows_users(self) -> bool:
        """Whether any rate is for users."""
        return bool(self._of_user)

    def _take(self, kind: LimitKind, where: str, key: str, rate: Rate) -> None:
        limiter = self._limiter
        try:
            wait = limiter.counting.take(f"{where}/{key}", rate)
        except StoreAwayError:
            limiter.observer.limit_store_failed(accepted=self._accept)
            if self._accept:
                return
            raise GatewayError(M.BUSY, private="rates cannot be counted: their store is away") from None
        if wait:
            limiter.observer.limit_reached(LimitReached(kind, self._service))
            private = f"{kind}: more than {rate.amount} in {rate.seconds} s"
            raise RateLimitedError.after(wait, private)


def _rates_of_users(settings: LimitsSettings, service: str, own: ServiceLimits) -> Iterator[tuple[str, Rate]]:
    """Yield where a user's requests are counted, and how many there may be: the narrower one first."""
    here, everywhere = parse_rate(own.rate_per_user), parse_rate(settings.rate_per_user)
    if here is not None:
        yield f"user-of-service/{service}", here
    if everywhere is not None:
        yield "user", everywhere


@lru_cache(maxsize=4096)
def client_of(peer: str, ipv4_prefix: int, ipv6_prefix: int) -> str:
    """Return what counts as one client: the network around its address."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    prefix = ipv4_prefix if address.version == 4 else ipv6_prefix
    return str(ip_network((address, prefix), strict=False))


@lru_cache(maxsize=4096)
def digest_of(name: str) -> str:
    """Return a user as the store may know him: a name of bounded length that says nothing to its readers.

    Names are folded, as directories fold them when they compare.
    """
    folded = " ".join(name.casefold().split())
    return blake2b(folded.encode(errors="surrogatepass"), digest_size=16).hexdigest()
