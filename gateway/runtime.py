"""Where all parts meet: from a snapshot of the configuration to something that answers requests.

`build` runs in every worker after the fork.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway import preflight
from gateway.bundles import bundle_settings
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.bounds import message_bounds
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home, Service
from gateway.errors import ConfigError, Problem
from gateway.exchange import Arrival
from gateway.identity.authenticator import Authenticator
from gateway.identity.loading import load_authenticator
from gateway.identity.seconds import Seconds
from gateway.identity.signon import SignOnGuard
from gateway.identity.users import Users
from gateway.observe.events import Sink
from gateway.observe.logs import LogSink, PathLog
from gateway.observe.metrics import CountedSink, Metrics, empty, worker_ended
from gateway.observe.path_metrics import CountedPaths, PathMetrics
from gateway.provider.backend import BundleBackend
from gateway.provider.path import Journey, Route
from gateway.replay import open_store
from gateway.sampling import Sampler
from gateway.soap.application import SoapApplication
from gateway.soap.contract import Contract
from gateway.tls.live import LiveTrust
from gateway.tls.trusted import TrustedKeys
from gateway.web import server
from gateway.web.wsgi import Answer, FrontDoor, Mounted
from gateway.wss.names import SECURITY
from gateway.wss.policy import Policy
from gateway.wss.replay import ReplayStore

_METRICS: Final = "metrics"
"""Folder under `state` where the workers count."""
DRAIN_SECONDS: Final = 1.0
"""What calls to IMS Connect still get when a worker ends; requests in flight were waited for before."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A deployed service that answers requests."""

    route: Route
    soap: SoapApplication
    sink: Sink

    def answer(self, arrival: Arrival) -> Answer:
        """Answer one SOAP request and tell of it."""
        journey = Journey(self.route, arrival)
        answer = self.soap.handle(arrival, journey)
        self.sink.emit(journey.ended(answer.error))
        return answer.status, answer.headers, answer.body


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that one worker has of one snapshot."""

    application: FrontDoor
    backends: dict[str, BundleBackend]

    def close(self) -> None:
        """Let go of sockets and files."""
        self.application.close()


def build(
    home: Home, *, sink: Sink | None = None, clock: Clock = SYSTEM_CLOCK, metrics: Metrics | None = None
) -> Runtime:
    """Build all services of a home. Raises ConfigError with every problem that stands in the way."""
    metrics = metrics or Metrics()
    contracts = preflight.contracts(home)
    with ExitStack() as built:
        home.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        guard = SignOnGuard(home.state, home.gateway.sign_on, clock, time.sleep)
        built.callback(guard.close)
        backends = {name: _backend(home, name, clock, metrics.paths) for name in home.bundles}
        for backend in backends.values():
            built.callback(backend.close, DRAIN_SECONDS)
        built.callback(Sampler(backends.values, metrics.paths).close)
        replay = open_store(home.gateway.replay, home.state, clock, metrics)
        built.callback(replay.close)
        workshop = _Workshop(home, backends, guard, replay, CountedSink(metrics, sink or LogSink()), clock)
        mounts = [
            mounted
            for name, service in home.services.items()
            for mounted in workshop.mount(service, contracts[name])
        ]
        close = built.pop_all().close
    remembers = any(service.settings.security.token != "none" for service in home.services.values())  # noqa: S105
    door = FrontDoor(
        mounts,
        home.gateway.server,
        clock=clock,
        ready=lambda: replay.ready or not remembers,
        metrics=metrics.page,
        close=close,
    )
    return Runtime(door, backends)


def serve(home: Home) -> None:
    """Serve a home until stopped. Raises ConfigError when it cannot be served."""
    counted = home.state / _METRICS
    with _state_written(home):
        home.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        SignOnGuard(home.state, home.gateway.sign_on, SYSTEM_CLOCK, time.sleep).close()

    def begin(_addresses: object) -> None:
        """Start to count; the addresses are ours by now, so no other gateway counts here."""
        with _state_written(home):
            empty(counted)

    server.serve(
        home,
        lambda snapshot: build(snapshot, metrics=Metrics(counted)).application,
        announce=begin,
        worker_ended=partial(worker_ended, counted),
    )


@contextmanager
def _state_written(home: Home) -> Iterator[None]:
    """Write where the workers will: what stands in the way is told, as ConfigError, before they start."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        text = f"{home.state} cannot be written: {reason}; IMSGW_STATE names another folder"
        raise ConfigError((Problem("gateway.toml", "server.state", text),)) from error


def problems_before_serving(home: Home) -> tuple[Problem, ...]:
    """Return the warnings. Raises ConfigError when there are errors: they are told before anything runs."""
    problems = preflight.check(home)
    errors = tuple(problem for problem in problems if not problem.warning)
    if errors:
        raise ConfigError(errors)
    return problems


@dataclass(frozen=True, slots=True)
class _Workshop:
    """What the services of one worker share."""

    home: Home
    backends: dict[str, BundleBackend]
    guard: SignOnGuard
    replay: ReplayStore
    sink: Sink
    clock: Clock

    def mount(self, service: Service, contract: Contract) -> Iterable[Mounted]:
        settings = service.settings
        takes_token = settings.security.token != "none"  # noqa: S105  a kind of token
        soap = SoapApplication(
            contract,
            validate=settings.validate_body,
            understood=frozenset({SECURITY}) if takes_token else frozenset(),
        )
        endpoint = Endpoint(self._route(service), soap, self.sink)
        return [Mounted(port, service.name, contract.document, endpoint.answer) for port in contract.ports]

    def _route(self, service: Service) -> Route:
        return Route(
            service=service,
            bundle=self.home.bundles[service.settings.bundle],
            backend=self.backends[service.settings.bundle],
            policy=Policy.of(service.settings.security),
            bounds=message_bounds(self.home.gateway),
            guard=self.guard,
            clock=self.clock,
            keys=self._keys(service),
            replay=self.replay,
            seconds=Seconds(self.replay),
            users=Users(service.users) if service.users else None,
            authenticator=self._authenticator(service),
            unified_faults=self.home.gateway.server.faults == "unified",
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
        return LiveTrust(security.truststore, security.crl, self.clock).current


def _backend(home: Home, name: str, clock: Clock, metrics: PathMetrics) -> BundleBackend:
    settings = bundle_settings(name, home.bundles[name].ims_connect, metrics)
    return BundleBackend(settings, clock=clock, sink=CountedPaths(metrics, PathLog()))
