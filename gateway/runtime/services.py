"""The deployed services of one snapshot, as they answer requests in one worker."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.audit.auditor import NotAuditedError
from gateway.audit.ports import RequestAudit
from gateway.clock import Clock
from gateway.config.bounds import message_bounds
from gateway.config.checks.places import correlator_file, used_bundles
from gateway.config.model import Home, Service
from gateway.errors import GatewayError
from gateway.exchange import Arrival
from gateway.identity.authenticator import Authenticator
from gateway.identity.loading import load_authenticator
from gateway.identity.seconds import Seconds
from gateway.identity.signon import SignOnGuard
from gateway.identity.users import Users
from gateway.limits import Admission, Limiter
from gateway.observe.events import Sink
from gateway.outcome import Outcome
from gateway.preflight.snapshot import Snapshot
from gateway.provider.backend import BundleBackend
from gateway.provider.path import Journey, Route
from gateway.runtime.backends import Held
from gateway.runtime.probe import Probe
from gateway.soap import faults
from gateway.soap.application import SoapApplication, version_of
from gateway.tls.live import LiveTrust
from gateway.tls.trusted import TrustedKeys
from gateway.web.guards import Answer
from gateway.web.lanes import Lane
from gateway.web.message import TRACKING_HEADER
from gateway.web.wsgi import Mounted
from gateway.wss.policy import Policy
from gateway.wss.replay import ReplayStore


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A deployed service that answers requests."""

    route: Route
    soap: SoapApplication
    sink: Sink
    probe: Probe

    def answer(self, arrival: Arrival) -> Answer:
        """Answer one SOAP request and tell of it; to the audit first, without which there is no success."""
        journey = Journey(self.route, arrival)
        answer = self.soap.handle(arrival, journey)
        event = journey.ended(answer.error, answer.status, len(answer.body))
        if not self.route.audit.request(event) and answer.error is None:
            error = NotAuditedError("it was done, and there is no record of it", Outcome.UNKNOWN)
            answer = faults.render(error, version_of(arrival.content_type), journey.tracking_id)
            event = journey.ended(error, answer.status, len(answer.body))
        self.sink.emit(event)
        self.probe.answered(arrival, answer.status, answer.body, journey.tracking_id)
        return answer.status, (*answer.headers, (TRACKING_HEADER, journey.tracking_id)), answer.body


@dataclass(frozen=True, slots=True)
class Deployed:
    """A service at work, and what it was made of."""

    endpoint: Endpoint
    mounts: tuple[Mounted, ...]
    made_of: tuple[Any, ...]
    """Equal where the same would be made again."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes the services of a snapshot; with what all services of a worker share."""

    guard: SignOnGuard
    replay: ReplayStore
    sink: Sink
    probe: Probe
    clock: Clock
    limiter: Limiter
    audit: RequestAudit

    def deploy(
        self, snapshot: Snapshot, backends: Mapping[str, Held], before: Mapping[str, Deployed]
    ) -> dict[str, Deployed]:
        """Return the services of a snapshot, by name; those of `before` where nothing about them has changed.

        Raises ConfigError for a custom authentication module that cannot be made, StoreError for a truststore.
        """
        making = _Making(self, snapshot, backends, len(used_bundles(snapshot.home)) > 1)
        return {
            name: making.deployed(service, before.get(name)) for name, service in snapshot.home.services.items()
        }


@dataclass(frozen=True, slots=True)
class _Making:
    shop: Workshop
    snapshot: Snapshot
    backends: Mapping[str, Held]
    several_bundles: bool
    """Whether services use more than one."""

    @property
    def home(self) -> Home:
        return self.snapshot.home

    def deployed(self, service: Service, before: Deployed | None) -> Deployed:
        contract = self.snapshot.contracts[service.name]
        backend = self.backends[service.settings.bundle].backend
        made_of = self._made_of(service, backend)
        if before is not None and before.made_of == made_of and not service.settings.security.authenticator:
            return before
        soap = self.snapshot.soap[service.name]
        lane = self._lane(service)
        endpoint = Endpoint(self._route(service, backend), soap, self.shop.sink, self.shop.probe)
        mounts = tuple(
            Mounted(port, service.name, contract.document, endpoint.answer, lane) for port in contract.ports
        )
        return Deployed(endpoint, mounts, made_of)

    def _made_of(self, service: Service, backend: BundleBackend) -> tuple[Any, ...]:
        # modules of the installation are made anew in any case, as nobody knows what they have read
        server = self.home.gateway.server
        bounds = message_bounds(self.home.gateway)
        return (
            self.snapshot.soap[service.name],
            backend,
            service.settings,
            service.users,
            self.home.bundles[service.settings.bundle],
            bounds,
            server.faults,
            self.home.gateway.limits,
            self._lane(service),
            self.home.gateway.tracking,
        )

    def _lane(self, service: Service) -> Lane:
        """Return where its requests wait; what it leaves to others counts where there are any."""
        bundle = service.settings.bundle
        return Lane(
            service.name,
            most=service.settings.limits.concurrency or self.home.gateway.limits.concurrency,
            shares=len(self.home.services) > 1,
            bundle=bundle,
            bundle_most=self.home.bundles[bundle].limits.concurrency,
            bundle_shares=self.several_bundles,
        )

    def _route(self, service: Service, backend: BundleBackend) -> Route:
        shop = self.shop
        return Route(
            service=service,
            bundle=self.home.bundles[service.settings.bundle],
            backend=backend,
            policy=Policy.of(service.settings.security),
            bounds=message_bounds(self.home.gateway),
            guard=shop.guard,
            clock=shop.clock,
            keys=self._keys(service),
            replay=shop.replay,
            seconds=Seconds(shop.replay),
            users=Users(service.users) if service.users else None,
            admission=Admission(shop.limiter, self.home.gateway.limits, service.name, service.settings.limits),
            authenticator=self._authenticator(service),
            unified_faults=self.home.gateway.server.faults == "unified",
            audit=shop.audit,
            tracking=self.home.gateway.tracking.places,
        )

    def _authenticator(self, service: Service) -> Authenticator | None:
        security = service.settings.security
        if not security.authenticator:
            return None
        options = security.authenticator_options or {}
        return load_authenticator(
            security.authenticator, options, self.home.path, correlator_file(service.name)
        )

    def _keys(self, service: Service) -> Callable[[], TrustedKeys]:
        """Return where the judge gets the service's truststore from; a changed file counts from then on."""
        security = service.settings.security
        if security.truststore is None:
            return TrustedKeys.none
        return LiveTrust(security.truststore, security.crl, self.shop.clock).current


def refusal(error: GatewayError, content_type: str, tracking_id: str) -> Answer:
    """Return an error in an envelope of the version that a request's Content-Type names."""
    answer = faults.render(error, version_of(content_type), tracking_id)
    return answer.status, answer.headers, answer.body


def takes_token(service: Service) -> bool:
    """Tell whether messages of a service carry a security header."""
    return service.settings.security.token != "none"  # noqa: S105  a kind of token


def mounts_of(deployed: Mapping[str, Deployed]) -> Iterator[Mounted]:
    """Yield the addresses of all services."""
    for one in deployed.values():
        yield from one.mounts
