"""What there is in a home, as commands and the console show it. Secrets are in nothing of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.config.model import Bundle, Consumer, GatewaySettings, Home, Service
from gateway.errors import Problem
from gateway.manage.addresses import shown_address
from gateway.manage.deploying import OperationView, Role
from gateway.manage.policy_words import policy_in_words
from gateway.manage.results import problem_facts
from gateway.soap.consumer import ConsumerContract
from gateway.soap.contract import Contract
from gateway.soap.operations import Operation
from gateway.soap.publish import ENDPOINTS


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One deployed service."""

    name: str
    role: Role
    enabled: bool
    bundles: tuple[str, ...]
    """A provider has one."""
    wsdl: str
    """File, relative to the home."""
    ports: tuple[str, ...]
    addresses: tuple[str, ...]
    """Of a provider: where its ports are served; of a consumer: what is called."""
    operations: tuple[OperationView, ...]
    policy: tuple[str, ...]
    """Sentences."""
    problems: tuple[Problem, ...]
    """What `imsgw check` says of the files in its folder, warnings too."""

    @property
    def state(self) -> str:
        """`running` or `stopped`, as configured."""
        return "running" if self.enabled else "stopped"

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {
            "name": self.name,
            "role": self.role,
            "state": self.state,
            "bundles": list(self.bundles),
            "wsdl": self.wsdl,
            "ports": list(self.ports),
            "addresses": list(self.addresses),
            "operations": [one.facts() for one in self.operations],
            "policy": list(self.policy),
            "problems": [problem_facts(one) for one in self.problems],
        }


@dataclass(frozen=True, slots=True)
class BundleView:
    """One connection bundle."""

    name: str
    addresses: tuple[str, ...]
    """``host:port`` each."""
    datastore: str
    exit: str
    tls: bool
    user: str
    """Of the bundle's own identity; empty: none."""
    has_password: bool
    pool_size: int
    """Sockets per worker and address."""
    tpipes: tuple[str, ...]
    """That are listened to; empty: no callouts."""
    services: tuple[str, ...]
    """That use it."""
    problems: tuple[Problem, ...]

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {
            "name": self.name,
            "addresses": list(self.addresses),
            "datastore": self.datastore,
            "exit": self.exit,
            "tls": self.tls,
            "user": self.user,
            "has_password": self.has_password,
            "pool_size": self.pool_size,
            "tpipes": list(self.tpipes),
            "services": list(self.services),
            "problems": [problem_facts(one) for one in self.problems],
        }


def service_views(
    home: Home,
    contracts: Mapping[str, Contract],
    consumers: Mapping[str, ConsumerContract],
    problems: Iterable[Problem] = (),
) -> tuple[ServiceView, ...]:
    """Return all services by name: those of a `Snapshot`, or of a home whose contracts were read."""
    told = tuple(problems)
    providers = [_provider(home, service, contracts.get(name), told) for name, service in home.services.items()]
    called = [_consumer(one, consumers.get(name), told) for name, one in home.consumers.items()]
    return tuple(sorted([*providers, *called], key=lambda view: view.name))


def bundle_views(home: Home, problems: Iterable[Problem] = ()) -> tuple[BundleView, ...]:
    """Return all bundles by name."""
    told = tuple(problems)
    return tuple(_bundle(home, name, bundle, told) for name, bundle in sorted(home.bundles.items()))


def base_addresses(gateway: GatewaySettings, *, secured: bool) -> tuple[str, ...]:
    """Return where services are reached; `secured`: those with a token, over HTTPS only."""
    server = gateway.server
    if server.public_url:
        return (server.public_url,)
    plain = (f"http://{server.http}",) if server.http and not secured else ()
    return ((f"https://{server.https}",) if server.https else ()) + plain


def _provider(
    home: Home, service: Service, contract: Contract | None, told: tuple[Problem, ...]
) -> ServiceView:
    settings = service.settings
    secured = settings.security.token != "none"  # noqa: S105  a kind of token
    bases = base_addresses(home.gateway, secured=secured)
    ports = contract.ports if contract else ()

    def transaction(operation: str) -> str:
        found = service.operation(operation)
        return found.transaction if found else ""

    return ServiceView(
        name=service.name,
        role="provider",
        enabled=settings.enabled,
        bundles=(settings.bundle,),
        wsdl=f"wsdl/{service.name}/{settings.wsdl}",
        ports=ports,
        addresses=tuple(f"{base}{ENDPOINTS}/{port}" for port in ports for base in bases),
        operations=_operations(contract.operations if contract else {}, transaction),
        policy=tuple(policy_in_words(settings, home.bundles.get(settings.bundle))),
        problems=_of(f"wsdl/{service.name}/", told),
    )


def _consumer(consumer: Consumer, contract: ConsumerContract | None, told: tuple[Problem, ...]) -> ServiceView:
    settings = consumer.settings

    def transaction(operation: str) -> str:
        found = consumer.operation(operation)
        return found.response_transaction if found else ""

    return ServiceView(
        name=consumer.name,
        role="consumer",
        enabled=settings.enabled,
        bundles=settings.bundles,
        wsdl=f"wsdl/{consumer.name}/{settings.wsdl}",
        ports=tuple(contract.ports) if contract else (),
        addresses=tuple(dict.fromkeys(shown_address(port.address) for port in contract.ports.values()))
        if contract
        else (),
        operations=_operations(contract.operations if contract else {}, transaction),
        policy=tuple(policy_in_words(settings)),
        problems=_of(f"wsdl/{consumer.name}/", told),
    )


def _bundle(home: Home, name: str, bundle: Bundle, told: tuple[Problem, ...]) -> BundleView:
    connect, own = bundle.ims_connect, bundle.credentials
    users = [service.name for service in home.services.values() if service.settings.bundle == name]
    users += [one.name for one in home.consumers.values() if name in one.settings.bundles]
    return BundleView(
        name=name,
        addresses=tuple(str(address) for address in connect.addresses),
        datastore=connect.datastore,
        exit=connect.exit,
        tls=connect.tls is not None,
        user=own.user,
        has_password=bool(own.password),
        pool_size=connect.pool.size,
        tpipes=bundle.callout.tpipes if bundle.callout else (),
        services=tuple(sorted(users)),
        problems=_of(f"bundles/{name}.toml", told),
    )


def _operations(
    operations: Mapping[str, Operation], transaction: Callable[[str], str]
) -> tuple[OperationView, ...]:
    return tuple(
        OperationView(one.name, one.input_element, one.output_element or "", one.one_way, transaction(one.name))
        for one in operations.values()
    )


def _of(place: str, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.file.startswith(place))
