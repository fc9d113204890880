"""The same two gateways behind nginx, which asks no /readyz: it learns by connections that are not taken."""

import signal

import pytest

from tests.flows.cluster.load import Load
from tests.flows.cluster.proxies import passed_by_nginx
from tests.flows.wss.scene import refusal, user

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("cluster")]

MTLS = "PhoneBookSaml20Port"


def test_the_client_s_certificate_reaches_the_gateways(cluster, behind_nginx):
    scene, _ = cluster
    for _ in range(2):
        assert user(scene.send(MTLS, scene.unsigned(), scene.client_pem, url=behind_nginx.url)) == "ALICE"
        assert refusal(scene.send(MTLS, scene.unsigned(), scene.sender_pem, url=behind_nginx.url))


def test_a_gateway_that_is_rolled_costs_no_request(cluster, behind_nginx):
    scene, _ = cluster
    with Load(scene, behind_nginx) as load:
        scene.gateway.send(signal.SIGTERM)
        assert scene.gateway.wait() == 0
        assert "cut off" not in scene.gateway.log
        load.more()
        scene.gateway.start_again()
        scene.gateway.wait_ready()
        load.more()
    assert load.failures == []
    passed = passed_by_nginx(behind_nginx)
    assert {status for status, _, _ in passed} == {200}
    assert len({asked for _, asked, _ in passed}) >= 2, "both were asked"
