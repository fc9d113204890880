"""Rates through the whole path: who is refused, what he is told, and whose rate is used up by whom."""

import pytest

from tests.fixtures.in_process import LAB, SOAP11, SOAP12, username_token, work
from tests.fixtures.ports import free_port
from tests.fixtures.standin import USERS

WHOAMI = f'<whoAmI xmlns="{LAB}"/>'
DAY = 86_400


@pytest.fixture
def standin(standin_factory):
    return standin_factory(ims_connect={"racf": True, "max_bad_passwords": 0}, users=USERS)


@pytest.fixture
def gateway_with(in_process, standin):
    """Make a gateway of one worker, whose rates are whole ones."""

    def make(services=None, **limits):
        settings = {f"limits.{key}": value for key, value in limits.items()}
        return in_process(standin.port, gateway={"server.workers": 1, **settings}, services=services)

    return make


def secure(gateway, user, password, **how):
    return gateway.post("SecureLabPort", WHOAMI, username_token(user, password), **how)


def assert_too_many(reply):
    assert reply.status == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 2 * DAY
    assert b"IGW1012E" in reply.body


@pytest.mark.parametrize(
    ("soap", "code", "kind"),
    [(SOAP11, "Client", "text/xml"), (SOAP12, "Sender", "application/soap+xml")],
    ids=["1.1", "1.2"],
)
def test_who_is_over_the_rate_of_addresses_gets_a_fault_in_his_version(gateway_with, standin, soap, code, kind):
    gateway = gateway_with(rate_per_address="2/day")
    for _ in range(2):
        assert gateway.post("LabPort", work("echo", "x"), soap=soap).status == 200
    reply = gateway.post("LabPort", work("echo", "x"), soap=soap)
    assert_too_many(reply)
    assert (reply.fault_code, reply.message_id) == (code, "IGW1012E")
    assert reply.headers["content-type"].startswith(kind)
    assert f"try again in {reply.headers['retry-after']} s" in reply.fault_text
    assert gateway.post("LabPort", work("echo", "x"), soap=soap, peer="192.0.2.99").status == 200
    assert len(standin.seen) == 3
    told = gateway.events.events[2]
    assert (told.outcome, told.message_id, told.peer) == ("refused", "IGW1012E", "192.0.2.1")
    assert told.reason.endswith("[address_rate: more than 2 in 86400 s]")


def test_what_is_too_much_is_refused_before_anything_of_it_is_read(gateway_with):
    gateway = gateway_with(rate_per_address="1/day")
    assert gateway.post("LabPort", work("echo", "x")).status == 200
    assert_too_many(gateway.send("LabPort", b"<not xml"))
    assert_too_many(gateway.send("SecureLabPort", b"\x00" * 1000, "application/soap+xml"))
    assert not gateway.events.last.rules, "nobody was judged"


def test_pages_count_for_the_address_as_requests_do_and_are_refused_in_plain_text(gateway_with):
    gateway = gateway_with(rate_per_address="3/day")
    for path in ("/imssoap/", "/imssoap/services/LabPort?wsdl", "/nowhere"):
        assert gateway.request("GET", path).status in {200, 404}
    for path in ("/imssoap/", "/imssoap/services/LabPort?wsdl", "/nowhere"):
        reply = gateway.request("GET", path)
        assert_too_many(reply)
        assert reply.headers["content-type"].startswith("text/plain")
    assert_too_many(gateway.post("LabPort", work("echo", "x")))
    assert [event.message_id for event in gateway.events.refused] == ["IGW1001E", *["IGW1012E"] * 3]
    for path in ("/healthz", "/readyz"):
        assert [gateway.request("GET", path).status for _ in range(5)] == [200] * 5


def test_the_address_is_the_one_that_trusted_proxies_tell(in_process, standin):
    settings = {
        "server.workers": 1,
        "server.trusted_proxies": ["10.0.0.0/8"],
        "limits.rate_per_address": "1/day",
    }
    gateway = in_process(standin.port, gateway=settings)

    def ask(peer, forwarded):
        return gateway.request("GET", "/imssoap/", headers={"X-Forwarded-For": forwarded}, peer=peer).status

    assert [ask("10.0.0.1", "192.0.2.1"), ask("10.0.0.1", "192.0.2.2")] == [200, 200]
    assert ask("10.0.0.2", "192.0.2.1") == 429
    assert [ask("192.0.2.3", f"192.0.2.{n}") for n in (4, 5)] == [200, 429], "a stranger's header says nothing"


def test_a_service_has_its_rate_and_leaves_the_others_alone(gateway_with):
    gateway = gateway_with({"lab": {"limits.rate": "2/day"}}, rate_per_service="5/day")
    for n in range(2):
        assert gateway.post("LabPort", work("echo", "x"), peer=f"192.0.2.{n}").status == 200
    assert_too_many(gateway.post("LabPort", work("echo", "x"), peer="192.0.2.77"))
    for _ in range(5):
        assert secure(gateway, "ALICE", "WONDER1").status == 200
    assert_too_many(secure(gateway, "ALICE", "WONDER1"))


def test_an_impostor_with_a_wrong_password_uses_up_nothing_of_the_users_rate(in_process, standin):
    settings = {
        "server.workers": 1,
        "limits.rate_per_user": "3/day",
        "sign_on.failures_per_user": 100,
        "sign_on.failures_per_peer": 100,
    }
    gateway = in_process(standin.port, gateway=settings)
    for n in range(20):
        reply = secure(gateway, "ALICE", f"WRONG{n}", peer="203.0.113.66")
        assert (reply.status, reply.fault_code) == (500, "FailedAuthentication")
    assert len(standin.seen) == 20, "RACF was asked each time"
    assert [secure(gateway, "ALICE", "WONDER1").status for _ in range(4)] == [200, 200, 200, 429]


def test_a_user_is_counted_once_proven_and_then_refused_before_ims_is_called(gateway_with, standin):
    gateway = gateway_with(rate_per_user="3/day")
    assert secure(gateway, "ALICE", "WRONG", peer="203.0.113.66").status == 500
    for _ in range(3):
        assert secure(gateway, "ALICE", "WONDER1").status == 200
    calls = len(standin.seen)
    for soap in (SOAP11, SOAP12):
        reply = secure(gateway, "ALICE", "WONDER1", soap=soap)
        assert_too_many(reply)
        assert reply.message_id == "IGW1012E"
    assert len(standin.seen) == calls
    assert secure(gateway, "BOB", "BUILDER1").status == 200
    told = secure(gateway, "ALICE", "WRONG", peer="203.0.113.66")
    assert (told.status, told.fault_code) == (500, "FailedAuthentication"), "a guess learns nothing of the rate"


def test_a_rate_of_users_at_one_service_counts_beside_that_over_all(gateway_with):
    gateway = gateway_with({"lab-secure": {"limits.rate_per_user": "1/day"}})
    assert secure(gateway, "ALICE", "WONDER1").status == 200
    assert_too_many(secure(gateway, "ALICE", "WONDER1"))
    assert secure(gateway, "BOB", "BUILDER1").status == 200


def test_nobody_is_the_user_of_a_service_without_a_token(gateway_with):
    gateway = gateway_with(rate_per_user="1/day")
    assert [gateway.post("LabPort", work("echo", "x")).status for _ in range(5)] == [200] * 5


@pytest.mark.parametrize(("on_failure", "status"), [("accept", 200), ("refuse", 503)])
def test_with_its_store_away_requests_go_on_uncounted_or_get_503_as_told(
    in_process, standin, on_failure, status
):
    settings = {
        "limits.rate_per_address": "1/day",
        "limits.store": f"valkey://127.0.0.1:{free_port()}/0",
        "limits.on_failure": on_failure,
    }
    gateway = in_process(standin.port, gateway=settings)
    for soap in (SOAP11, SOAP12):
        reply = gateway.post("LabPort", work("echo", "x"), soap=soap)
        assert reply.status == status
        if status == 503:
            assert reply.message_id == "IGW1006E"
            assert int(reply.headers["retry-after"]) > 0
