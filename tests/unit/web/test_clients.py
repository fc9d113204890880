"""Whose the connections are: one client leaves some to others, silent ones go first."""

import asyncio
from ipaddress import ip_network

import pytest

from gateway.config.model import LimitsSettings
from gateway.web.clients import Clients, Silent


def taken(clients, peer, places):
    """Return what one client gets when it asks for all places."""
    got = 0
    while got < places and clients.enter(peer, places - got) is not None:
        got += 1
    return got


@pytest.mark.parametrize(("places", "most"), [(2000, 1750), (16, 14), (8, 7), (7, 7), (2, 2), (1, 1)])
def test_one_client_alone_leaves_an_eighth_of_the_places_to_others(places, most):
    clients = Clients(LimitsSettings(), ())
    assert taken(clients, "192.0.2.1", places) == most
    if places > most:
        assert clients.enter("192.0.2.2", places - most) == "192.0.2.2/32"


def test_a_number_that_is_written_down_counts_instead():
    clients = Clients(LimitsSettings(connections_per_client=3), ())
    assert taken(clients, "192.0.2.1", 2000) == 3
    clients.leave("192.0.2.1/32")
    assert clients.enter("192.0.2.1", 1997) == "192.0.2.1/32"
    assert clients.enter("192.0.2.1", 1996) is None
    clients.renew(LimitsSettings(connections_per_client=4), ())
    assert clients.enter("192.0.2.1", 1996) is not None


def test_a_network_of_ipv6_is_one_client():
    clients = Clients(LimitsSettings(connections_per_client=2), ())
    assert [clients.enter(f"2001:db8::{n}", 100) for n in (1, 2, 3)] == ["2001:db8::/64"] * 2 + [None]
    assert clients.enter("2001:db8:0:1::1", 98) is not None


def test_a_trusted_proxy_brings_the_connections_of_many():
    clients = Clients(LimitsSettings(connections_per_client=1), (ip_network("10.0.0.0/8"),))
    assert [clients.enter("10.1.2.3", 100 - n) for n in range(50)] == [""] * 50
    clients.leave("")
    assert [clients.enter("2001:db8::1", 9) for _ in range(2)] == ["2001:db8::/64", None]


def test_of_the_silent_the_oldest_ends_and_who_was_heard_stays():
    async def test():
        unheard = Silent()
        tasks = {name: asyncio.ensure_future(asyncio.sleep(1000)) for name in "abc"}
        for name, task in tasks.items():
            unheard.add(name, task)
        unheard.heard("a")
        unheard.heard("nobody")
        assert len(unheard) == 2
        unheard.end_oldest()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert {name for name, task in tasks.items() if task.cancelled()} == {"b"}
        assert len(unheard) == 1
        for task in tasks.values():
            task.cancel()

    asyncio.run(test())
