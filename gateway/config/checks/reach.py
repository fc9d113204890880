"""Listeners and who can reach which service through them."""

from collections.abc import Iterator
from itertools import combinations

from gateway.config.catalogue import reach as found
from gateway.config.checks.callout_places import callers
from gateway.config.checks.places import (
    GATEWAY_FILE,
    bundle_file,
    correlator_file,
    is_loopback,
    takes_token,
    used_bundles,
)
from gateway.config.model import Home, parse_listen
from gateway.config.values import CREATE_TEST_STORE
from gateway.errors import Problem

_EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  compared with, not bound


def keystores(home: Home) -> Iterator[Problem]:
    """Name TLS listeners that have no key."""
    server, admin = home.gateway.server, home.gateway.admin
    if server.keystore is not None or (home.consumers and not home.services):
        return  # where there are callouts only, nothing is served that needs one
    if server.https:
        yield found.KEYSTORE.at(
            GATEWAY_FILE, "server.keystore", f"is missing: server.https needs it; {CREATE_TEST_STORE}"
        )
    elif admin.listen:
        yield found.KEYSTORE.at(
            GATEWAY_FILE, "server.keystore", 'is missing: admin.listen needs it, or must be ""'
        )


def _collide(one: str, other: str) -> bool:
    (host_1, port_1), (host_2, port_2) = parse_listen(one), parse_listen(other)
    same_host = host_1 == host_2 or not _EVERYWHERE.isdisjoint({host_1, host_2})
    return port_1 == port_2 != 0 and same_host


def listeners(home: Home) -> Iterator[Problem]:
    """Name listeners that want the same address."""
    server = home.gateway.server
    addresses = {
        "server.https": server.https,
        "server.http": server.http,
        "admin.listen": home.gateway.admin.listen,
    }
    told = [(key, address) for key, address in addresses.items() if address]
    for (key_1, address_1), (key_2, address_2) in combinations(told, 2):
        if _collide(address_1, address_2):
            yield found.ADDRESS.at(GATEWAY_FILE, key_2, f"{address_2} is taken by {key_1} ({address_1})")
    callout = home.gateway.callout.listen if home.consumers and home.services else ""
    for key, address in told:
        if callout and _collide(address, callout):
            text = f"{callout} is taken by {key} ({address}), where both processes run on one machine"
            yield found.CALLOUT_ADDRESS.at(GATEWAY_FILE, "callout.listen", text)


def security(home: Home) -> Iterator[Problem]:
    """Name services with a token that no listener serves, or that the WSDL would send to plain HTTP.

    A trusted proxy that ends TLS may reach such a service over the plain listener.
    """
    server = home.gateway.server
    behind_proxy = bool(server.http and server.trusted_proxies)
    for service in home.services.values():
        if not takes_token(service):
            continue
        token = service.settings.security.token
        if not server.https and not behind_proxy:
            text = (
                f'"{token}" is served over HTTPS only, and server.https is empty: nobody can reach the service'
            )
            yield found.HTTPS.at(correlator_file(service.name), "security.token", text)
        elif server.public_url.startswith("http:"):
            text = f'"{token}" is served over HTTPS only, and server.public_url sends clients to plain HTTP'
            yield found.PUBLIC_URL.at(correlator_file(service.name), "security.token", text)


def proxies(home: Home) -> Iterator[Problem]:
    """Name risks of believing forwarded headers."""
    server = home.gateway.server
    if any(network.prefixlen == 0 for network in server.trusted_proxies):
        text = "holds every address there is: anyone can say where a request comes from"
        if server.client_certificate_header:
            text = f"{text}, and with whose certificate"
            yield found.EVERYWHERE_CERTIFICATES.at(GATEWAY_FILE, "server.trusted_proxies", text)
        else:
            yield found.EVERYWHERE.at(GATEWAY_FILE, "server.trusted_proxies", text)
    if server.http and not is_loopback(parse_listen(server.http)[0]):
        far = [str(network) for network in server.trusted_proxies if not network.is_loopback]
        if far:
            text = (
                f"plain HTTP from {', '.join(far)} counts as HTTPS when the proxy says so; "
                "passwords travel in clear between it and the gateway"
            )
            yield found.PLAIN_PROXY.at(GATEWAY_FILE, "server.trusted_proxies", text)


def client_certificates(home: Home) -> Iterator[Problem]:
    """Name a wish for client certificates that no listener can fulfil."""
    server = home.gateway.server
    if server.client_authentication != "none" and not server.https:
        text = "has no effect: server.https is empty"
        yield found.CLIENT_AUTHENTICATION.at(GATEWAY_FILE, "server.client_authentication", text)


def unused(home: Home) -> Iterator[Problem]:
    """Name bundles without a service, and a home without services."""
    if not home.services and not home.consumers:
        yield found.NO_SERVICE.at("wsdl", "", "no service is deployed")
    for name in sorted(set(home.bundles) - used_bundles(home) - set(callers(home))):
        yield found.BUNDLE.at(bundle_file(name), "", "no service uses this bundle")
