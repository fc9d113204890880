"""Who may go on: rates of addresses, services and users beside each other."""

import pytest

from gateway.config.limits import LimitsSettings, ServiceLimits
from gateway.config.model import GatewaySettings
from gateway.errors import GatewayError, M, RateLimitedError
from gateway.limits import Admission, Limiter, limiter_of
from gateway.limits.admission import client_of, digest_of
from gateway.limits.counting import StoreAwayError
from gateway.observe.limit_events import LimitReached
from tests.unit.limits.test_counting import Seen


@pytest.fixture
def seen():
    return Seen()


@pytest.fixture
def admit(clock, seen):
    """Make the admission of a service; all of them share one limiter."""
    limiter = limiter_of(GatewaySettings.model_validate({"server": {"workers": 1}}), clock, seen)

    def make(service="phonebook", limits=None, **settings):
        return Admission(limiter, LimitsSettings(**settings), service, limits)

    return make


def refused(call, *args):
    with pytest.raises(RateLimitedError) as caught:
        call(*args)
    assert caught.value.message is M.RATE_LIMITED
    assert caught.value.text == f"Too many requests; try again in {caught.value.retry_after} s"
    return caught.value


def test_without_rates_nothing_is_counted(admit, seen):
    admission = admit()
    for _ in range(1000):
        admission.arrived("192.0.2.1")
        admission.user("alice")
    assert not admission.knows_users
    assert not seen.reached


def test_an_address_has_its_rate_over_all_services_and_pages(admit, seen):
    one, other, pages = (admit(name, rate_per_address="3/minute") for name in ("one", "two", ""))
    one.arrived("192.0.2.1")
    other.arrived("192.0.2.1")
    pages.address("192.0.2.1")
    error = refused(one.arrived, "192.0.2.1")
    assert 1 <= error.retry_after <= 60
    assert error.private == "address_rate: more than 3 in 60 s"
    refused(pages.address, "192.0.2.1")
    one.arrived("192.0.2.2")
    assert seen.reached == [LimitReached("address_rate", "one"), LimitReached("address_rate", "")]


def test_a_service_has_its_rate_over_all_addresses_and_its_own_wins(admit, seen):
    one = admit("one", rate_per_service="2/minute")
    two = admit("two", ServiceLimits(rate="1/minute"), rate_per_service="2/minute")
    one.arrived("192.0.2.1")
    one.arrived("192.0.2.2")
    refused(one.arrived, "192.0.2.3")
    two.arrived("192.0.2.1")
    refused(two.arrived, "192.0.2.1")
    assert seen.reached == [LimitReached("service_rate", "one"), LimitReached("service_rate", "two")]


def test_who_is_over_the_rate_of_addresses_takes_nothing_of_the_service(admit):
    admission = admit("one", ServiceLimits(rate="5/minute"), rate_per_address="1/minute")
    admission.arrived("192.0.2.1")
    for _ in range(20):
        refused(admission.arrived, "192.0.2.1")
    for host in range(2, 6):
        admission.arrived(f"192.0.2.{host}")


def test_a_user_has_a_rate_at_a_service_and_one_over_all(admit, seen):
    one = admit("one", ServiceLimits(rate_per_user="1/minute"), rate_per_user="3/minute")
    two = admit("two", rate_per_user="3/minute")
    one.user("alice")
    refused(one.user, "alice")
    two.user("Alice ")
    two.user("ALICE")
    refused(two.user, "alice")
    two.user("bob")
    assert {event.limit for event in seen.reached} == {"user_rate"}


def test_a_proof_that_comes_late_counts_and_refuses_nobody(admit):
    admission = admit("one", rate_per_user="2/minute")
    for _ in range(5):
        admission.late_user("alice")
    refused(admission.user, "alice")
    admission.user("bob")


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("192.0.2.77", "192.0.0.0/16"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("not an address", "not an address"),
    ],
)
def test_a_client_is_the_network_around_its_address(peer, client):
    assert client_of(peer, 16, 48) == client


def test_neighbours_of_one_network_count_together(admit):
    admission = admit(rate_per_address="2/minute", ipv4_prefix=24)
    admission.arrived("192.0.2.1")
    admission.arrived("192.0.2.2")
    refused(admission.arrived, "192.0.2.3")
    admission.arrived("192.0.3.1")
    admission.arrived("2001:db8::1")
    admission.arrived("2001:db8::2")
    refused(admission.arrived, "2001:db8::ffff:3")


def test_the_store_never_sees_a_name():
    assert digest_of("alice") == digest_of(" ALICE ") != digest_of("alicia")
    assert "alice" not in digest_of("alice")
    assert len(digest_of("x" * 10_000)) == 32
    assert digest_of("\ud800")


class Away:
    def take(self, _key, _rate):
        raise StoreAwayError


@pytest.mark.parametrize("on_failure", ["accept", "refuse"])
def test_without_its_store_requests_go_on_uncounted_or_are_refused_as_told(seen, on_failure):
    settings = LimitsSettings(rate_per_address="1/day", rate_per_user="1/day", on_failure=on_failure)
    admission = Admission(Limiter(Away(), seen), settings, "one")
    for call in (admission.arrived, admission.user):
        if on_failure == "accept":
            call("x")
            continue
        with pytest.raises(GatewayError) as caught:
            call("x")
        assert caught.value.message is M.BUSY
    admission.late_user("alice")
    assert seen.failed == [on_failure == "accept"] * 2 + [True]
    assert not seen.reached
