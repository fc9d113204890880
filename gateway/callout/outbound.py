"""Calls of web services for the programs of one deployment: whom, with which security, within which limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.credentials import CredentialsOf
from gateway.callout.deployment import Deployed, Deployment
from gateway.callout.turns import NoTurnError, Turns
from gateway.callout.values import Call
from gateway.clock import Clock
from gateway.config.checks.places import bundle_file, correlator_file
from gateway.config.model import BasicAuthentication, BundleCallout, Consumer, KeyStore, TrustStore
from gateway.errors import ConfigError, Problem
from gateway.soap.outbound.caller import SoapCaller, SoapRequest
from gateway.soap.outbound.connection import Target
from gateway.soap.outbound.errors import OutboundError, Trouble
from gateway.soap.outbound.http import HttpClient
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.resolver import Resolver
from gateway.soap.outbound.tls import Tls
from gateway.tls import StoreError, client_context

_STATUS: Final[Mapping[Trouble, Status]] = {
    Trouble.NETWORK: Status.NETWORK,
    Trouble.TIME: Status.NO_RESPONSE,
    Trouble.ANSWER: Status.INVOKING,
    Trouble.REQUEST: Status.INVOKING,
    Trouble.IDENTITY: Status.IDENTITY,
}


@dataclass(frozen=True, slots=True)
class _Way:
    """How one service is called for the programs of one bundle."""

    client: HttpClient
    basic: BasicAuthentication | None


class _Service:
    """One service, ready to be called."""

    def __init__(self, deployed: Deployed, ways: Mapping[str, _Way], clock: Clock, home: Path) -> None:
        consumer = deployed.consumer
        self.settings = consumer.settings
        self.ways = ways
        self.caller = SoapCaller(deployed.contract)
        self.credentials = CredentialsOf(consumer, clock, home)
        self.turns = Turns(self.settings.concurrency, clock)


class ServiceCaller:
    """`gateway.callout.ports.Outbound` for one deployment. Any thread."""

    def __init__(
        self, deployment: Deployment, clock: Clock, *, home: Path, resolver: Resolver | None = None
    ) -> None:
        """Read stores, make authentication modules; nothing is connected.

        `home`: the folder that modules are told. Raises ConfigError with every problem found.
        """
        self._clock = clock
        clients = _Clients(clock, resolver or Resolver())
        self._clients = clients
        self._services: dict[str, _Service] = {}
        problems: list[Problem] = []
        for name, deployed in deployment.services.items():
            try:
                ways = dict(_ways(deployed.consumer, deployment, clients))
                self._services[name] = _Service(deployed, ways, clock, home)
            except ConfigError as error:
                problems.extend(error.problems)
        if problems:
            self.close()
            raise ConfigError(tuple(dict.fromkeys(problems)))

    def call(self, call: Call) -> Any | None:
        """Return the element in the SOAP body of the response; None: the operation is one-way.

        Nothing is sent after `call.deadline`, and nothing is waited for after `call.give_up`. Raises
        CalloutError: NO_RESPONSE, NETWORK, INVOKING, IDENTITY.
        """
        service = self._services.get(call.aim.service)
        way = service.ways.get(call.source.bundle) if service else None
        if service is None or way is None:
            raise CalloutError(Status.INVOKING, "the service is not deployed for this bundle")
        credentials = service.credentials.of(call, way.basic)
        settings, aim = service.settings, call.aim
        request = SoapRequest(
            port=aim.port,
            operation=aim.operation,
            address=aim.address,
            payload=aim.payload,
            message_id=call.message_id,
            addressing=settings.addressing,
            validate=settings.validate_body,
            security=credentials.token,
            basic=credentials.basic,
            secrets=credentials.secrets,
            traceparent=call.traceparent,
        )
        limits = Limits(
            self._clock,
            begin_by=call.deadline,
            end_by=call.give_up,
            connect_seconds=settings.connect_timeout_ms / 1000,
            most_bytes=settings.max_response_bytes,
        )
        try:
            origin = Target.of(aim.address).origin  # what else is in the address may be the program's own
            with service.turns.at(f"{origin.scheme}://{origin.authority}", call.deadline):
                return service.caller.call(request, way.client, limits)
        except NoTurnError:
            text = "the call had to wait too long for its turn: as many as may be are in work at this address"
            raise CalloutError(Status.NO_RESPONSE, text, hope=Hope.LATER) from None
        except OutboundError as error:
            raise _told(error) from None

    def close(self) -> None:
        """Close connections, those of calls in work when they have ended."""
        self._clients.close()


class _Clients:
    """HTTP clients, one for each service and set of settings; TLS contexts are shared."""

    def __init__(self, clock: Clock, resolver: Resolver) -> None:
        self._clock = clock
        self._resolver = resolver
        self._tls: dict[object, Tls] = {}
        self._made: dict[object, HttpClient] = {}

    def of(self, consumer: Consumer, callout: BundleCallout) -> HttpClient:
        """Return the client for a service and a bundle. Raises StoreError, OutboundError (proxy)."""
        security = consumer.settings.security
        truststore = security.truststore or callout.truststore
        keystore = security.keystore or callout.keystore
        tls = self._tls_of(truststore, keystore, callout)
        proxy = callout.proxy if consumer.settings.proxy is None else consumer.settings.proxy
        key = (consumer.name, id(tls), proxy)
        if key not in self._made:
            self._made[key] = HttpClient(
                tls, proxy, self._resolver, self._clock, most_idle=consumer.settings.concurrency
            )
        return self._made[key]

    def close(self) -> None:
        for client in self._made.values():
            client.close()

    def _tls_of(self, truststore: TrustStore | None, keystore: KeyStore | None, callout: BundleCallout) -> Tls:
        key = (truststore, keystore, callout.crypto_policy)
        if key not in self._tls:
            context = client_context(truststore, keystore, callout.crypto_policy)
            self._tls[key] = Tls(context, callout.crypto_policy)
        return self._tls[key]


def _ways(consumer: Consumer, deployment: Deployment, clients: _Clients) -> Iterator[tuple[str, _Way]]:
    """Yield how a service is called for each of its bundles. Raises ConfigError."""
    for name in consumer.settings.bundles:
        bundle = deployment.bundles.get(name)
        if bundle is None or bundle.callout is None:
            continue  # nothing ever comes from there
        try:
            yield name, _Way(clients.of(consumer, bundle.callout), bundle.callout.basic)
        except StoreError as error:
            raise ConfigError((_store_problem(consumer, name, error),)) from None
        except OutboundError as error:
            file = bundle_file(name) if consumer.settings.proxy is None else correlator_file(consumer.name)
            raise ConfigError((Problem(file, "proxy", error.text),)) from None


def _store_problem(consumer: Consumer, bundle: str, error: StoreError) -> Problem:
    security = consumer.settings.security
    for key, store in (("truststore", security.truststore), ("keystore", security.keystore)):
        if store is not None and store.path == error.path:
            return Problem(correlator_file(consumer.name), f"security.{key}", str(error))
    return Problem(bundle_file(bundle), "callout", str(error))


def _told(error: OutboundError) -> CalloutError:
    """Return a failure in the words that programs know."""
    hope = Hope.LATER if error.later else Hope.NONE
    return CalloutError(_STATUS[error.trouble], error.text, error.private, hope, error.maybe_done)
