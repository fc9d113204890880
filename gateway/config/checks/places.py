"""Where a setting of a home stands, for the checks' lines, and the small questions that they share."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from gateway.config.catalogue import Kind
from gateway.config.model import Bundle, Home, OperationSettings, Service
from gateway.config.words import dotted
from gateway.errors import Problem

GATEWAY_FILE = "gateway.toml"


def bundle_file(name: str) -> str:
    """Return the file of a bundle, relative to the home."""
    return f"bundles/{name}.toml"


def correlator_file(service: str) -> str:
    """Return the correlator of a service, relative to the home."""
    return f"wsdl/{service}/correlator.toml"


@dataclass(frozen=True, slots=True)
class OperationPlace:
    """One operations table of one service."""

    service: Service
    name: str
    settings: OperationSettings

    def told(self, kind: Kind, key: str, text: str) -> Problem:
        """Return a finding about one key of the table."""
        return kind.at(correlator_file(self.service.name), dotted(("operations", self.name, key)), text)


def operations(home: Home) -> Iterator[OperationPlace]:
    """Yield every operations table of the home, those named "*" included."""
    for service in home.services.values():
        for name, settings in service.settings.operations.items():
            yield OperationPlace(service, name, settings)


def used_bundles(home: Home) -> frozenset[str]:
    """Return the names of the bundles that a provider uses."""
    return frozenset(service.settings.bundle for service in home.services.values())


def takes_token(service: Service) -> bool:
    """Tell whether requests of the service carry a security token."""
    return service.settings.security.token != "none"  # noqa: S105  no password


def is_loopback(host: str) -> bool:
    """Tell whether a host, as it is written, is this machine; a name other than localhost is not looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold().rstrip(".") == "localhost"


def elsewhere(bundle: Bundle) -> tuple[str, ...]:
    """Return the hosts of a bundle that are not this machine, each once."""
    hosts = (address.host for address in bundle.ims_connect.addresses)
    return tuple(dict.fromkeys(host for host in hosts if not is_loopback(host)))
