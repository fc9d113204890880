"""Times in the wrong order, beyond those of one operation (`capacity`) and of calls (`callout_calls`)."""

from collections.abc import Iterator

from gateway.config.catalogue import timeouts as found
from gateway.config.checks.callout_places import all_consumer_operations
from gateway.config.checks.places import bundle_file, correlator_file, takes_token
from gateway.config.model import Home
from gateway.config.words import number
from gateway.errors import Problem


def freshness(home: Home) -> Iterator[Problem]:
    """Name services whose messages may grow too old between their first byte and the look at them."""
    server = home.gateway.server
    waits = server.body_seconds + server.waiting_seconds
    for service in home.services.values():
        security = service.settings.security
        if takes_token(service) and security.max_age_seconds < waits:
            text = (
                f"{security.max_age_seconds} s are less than a message may take to arrive and wait for a "
                f"thread (server.body_seconds and server.waiting_seconds: {number(waits)} s): on a busy day "
                "good messages are refused as too old"
            )
            yield found.FRESHNESS.at(correlator_file(service.name), "security.max_age_seconds", text)


def lifetimes(home: Home) -> Iterator[Problem]:
    """Name consumers whose tokens may end before the call that shows them does."""
    longest: dict[str, int] = {}
    for place in all_consumer_operations(home):
        name = place.consumer.name
        longest[name] = max(longest.get(name, 0), place.settings.timeout_ms)
    for name, consumer in home.consumers.items():
        security = consumer.settings.security
        if security.token != "none" and security.lifetime_seconds * 1000 < longest.get(name, 0):  # noqa: S105
            text = (
                f"{security.lifetime_seconds} s are less than timeout_ms ({longest[name]} ms): a service that "
                "looks late finds the token expired"
            )
            yield found.LIFETIME.at(correlator_file(name), "security.lifetime_seconds", text)


def idle(home: Home) -> Iterator[Problem]:
    """Name bundles whose sockets are closed for their age before they can have been idle for long enough."""
    for name, bundle in home.bundles.items():
        pool = bundle.ims_connect.pool
        if pool.idle_seconds > pool.max_age_seconds:
            age = number(pool.max_age_seconds)
            text = f"{number(pool.idle_seconds)} s are more than max_age_seconds ({age} s): never reached"
            yield found.IDLE.at(bundle_file(name), "ims_connect.pool.idle_seconds", text)
