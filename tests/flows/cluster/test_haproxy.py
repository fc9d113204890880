"""Two gateways and Valkey behind HAProxy, by the files of deploy/: one killed, one rolled, nothing twice."""

import os
import signal
from functools import partial

import pytest

from tests.fixtures.calling import Background, Caller, header_of, once, trusting
from tests.fixtures.in_process import username_token, work
from tests.fixtures.running_gateway import wait_until
from tests.flows.cluster.conftest import RATE
from tests.flows.cluster.load import CALLERS, LOST, Load, sleep
from tests.flows.cluster.proxies import haproxy, passed_by_haproxy
from tests.flows.wss.scene import refusal, user, with_nonce
from tests.interop.outside import need

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("cluster")]

SEEN = ("InvalidSecurity", "IGW1302E")
NOBODY = ("FailedAuthentication", "IGW1304E")
MTLS = "PhoneBookSaml20Port"
LONG_MS = 3000
LONG_CALLS = 4


def test_a_message_is_accepted_once_whichever_gateway_gets_it(cluster, behind_haproxy):
    scene, _ = cluster
    for port, message in (
        ("PhoneBookSaml20OnePort", scene.wire(scene.signed())),
        ("SecurePhoneBookPort", scene.wire(with_nonce())),
    ):
        before = len(behind_haproxy.log)
        first, *others = (scene.send(port, message, url=behind_haproxy.url) for _ in range(4))
        assert user(first) == "ALICE"
        assert [refusal(reply) for reply in others] == [SEEN] * 3
        wait_until(lambda at=before: len(passed_by_haproxy(behind_haproxy, at)) == 4, "four lines")
        asked = {one.server for one in passed_by_haproxy(behind_haproxy, before)}
        assert asked == {"gateway1", "gateway2"}, "the copies went to both"


def test_a_rate_is_counted_by_all_gateways_together(cluster, behind_haproxy):
    before = len(behind_haproxy.log)
    with Caller(behind_haproxy.url, trusting(cluster[0].gateway.ca)) as caller:
        replies = [
            caller.post("SecureLabPort", work("echo", "x"), username_token("ALICE", "WONDER1"))
            for _ in range(RATE + 4)
        ]
    assert [reply.status for reply in replies] == [200] * RATE + [429] * 4
    assert all(int(header_of(reply.headers, "retry-after")) > 0 for reply in replies[RATE:])
    wait_until(lambda: len(passed_by_haproxy(behind_haproxy, before)) == RATE + 4, "their lines")
    asked = [one.server for one in passed_by_haproxy(behind_haproxy, before)[:RATE]]
    assert set(asked) == {"gateway1", "gateway2"}, "each of them took some"


def test_the_client_s_certificate_reaches_the_gateways_and_nobody_can_lend_himself_one(cluster, behind_haproxy):
    scene, _ = cluster
    url = behind_haproxy.url
    for _ in range(2):  # each gateway once
        assert user(scene.send(MTLS, scene.unsigned(), scene.client_pem, url=url)) == "ALICE"
        assert refusal(scene.send(MTLS, scene.unsigned(), scene.sender_pem, url=url)) == NOBODY
        lent = {"X-Client-Cert": scene.client.pem.replace("\n", " ")}
        assert refusal(scene.send(MTLS, scene.unsigned(), url=url, headers=lent)) == NOBODY


def test_with_tls_passed_through_a_gateway_sees_the_certificate_itself(cluster, tmp_path):
    need("haproxy")
    scene, other = cluster
    with haproxy(tmp_path / "passed", [scene.gateway, other.gateway], "passthrough.cfg") as proxy:
        for _ in range(2):
            assert user(scene.send(MTLS, scene.unsigned(), scene.client_pem, url=proxy.url)) == "ALICE"
            assert refusal(scene.send(MTLS, scene.unsigned(), scene.sender_pem, url=proxy.url)) == NOBODY


def test_of_a_gateway_that_is_killed_only_the_requests_in_flight_on_it_fail(cluster, behind_haproxy):
    scene, survivor = cluster
    victim = scene.gateway
    known = len(survivor.gateway.requests)
    with Load(scene, behind_haproxy) as load:
        before = len(behind_haproxy.log)
        long_call = partial(sleep, scene, milliseconds=LONG_MS)
        tls = trusting(victim.ca)
        calls = Background(once(Caller(behind_haproxy.url, tls), long_call) for _ in range(LONG_CALLS))
        wait_until(lambda: scene.standin.connections >= LONG_CALLS, "the long calls at IMS")
        load.more(4)
        os.killpg(victim.pid, signal.SIGKILL)
        outcomes = calls.outcomes()
        wait_until(lambda: not behind_haproxy.is_up("gateway1"), "HAProxy to see it")
        lost_at_once = len(load.failures)
        load.more()
        victim.wait()
        victim.start_again()
        wait_until(lambda: behind_haproxy.is_up("gateway1"), "HAProxy to see it again")
        load.more()
    lost = [one for one in outcomes if isinstance(one, (AssertionError, *LOST))]
    assert 0 < len(lost) < LONG_CALLS, "what was in flight on the other one was answered"
    assert len(load.failures) == lost_at_once <= CALLERS, "at most what each caller had in flight"
    failed = [one for one in passed_by_haproxy(behind_haproxy, before) if one.status != 200]
    assert len(failed) >= len(lost)
    assert {(one.server, one.status, one.ended[0]) for one in failed} == {("gateway1", 502, "S")}
    answered = {*load.answered, *(one for one in outcomes if isinstance(one, str))}
    of_survivor = {entry["tracking_id"] for entry in survivor.gateway.requests[known:]}
    assert of_survivor, "it served"
    assert of_survivor <= answered, "everything that the other gateway did reached its caller"


def test_gateways_that_are_rolled_one_after_the_other_cost_no_request(cluster, behind_haproxy):
    with Load(cluster[0], behind_haproxy) as load:
        for number, scene in enumerate(cluster, 1):
            scene.gateway.send(signal.SIGTERM)
            wait_until(lambda n=number: not behind_haproxy.is_up(f"gateway{n}"), "HAProxy to turn away")
            assert f"gateway{number} is DOWN, reason: Layer7 wrong status, code: 503" in behind_haproxy.log
            assert scene.gateway.exit_code is None, "it serves on until nobody comes any more"
            assert scene.gateway.wait() == 0
            assert "cut off" not in scene.gateway.log
            load.more()
            scene.gateway.start_again()
            wait_until(lambda n=number: behind_haproxy.is_up(f"gateway{n}"), "HAProxy to come back")
            load.more()
    assert load.failures == []
    assert {one.status for one in passed_by_haproxy(behind_haproxy)} == {200}
    assert {one.server for one in passed_by_haproxy(behind_haproxy)} == {"gateway1", "gateway2"}
