"""Assertions that nothing signs: who may vouch is known by the TLS client certificate."""

from urllib.parse import quote

import pytest

from gateway.exchange import Secret
from gateway.testkeys import TestAuthority
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, wait_until
from tests.flows.test_running_behind_nginx import Nginx
from tests.flows.wss.conftest import PROXY
from tests.flows.wss.scene import pem_with_key, refusal, signer_of, user
from tests.interop.outside import need

pytestmark = pytest.mark.xdist_group("running wss")

PORTS = {"saml11": "PhoneBookSaml11Port", "saml20": "PhoneBookSaml20Port"}
NOBODY = ("FailedAuthentication", "IGW1304E")


@pytest.fixture(params=PORTS)
def kind(request):
    return request.param


def test_the_certificate_of_a_sender_is_accepted_and_no_other_of_the_same_authority(scene, kind):
    port = PORTS[kind]
    reply = scene.send(port, scene.unsigned(kind), scene.client_pem)
    assert user(reply) == "ALICE"
    assert scene.client.fingerprint in scene.entry(reply)["attested_by"]
    for certificate, rule in ((scene.sender_pem, "sender.listed"), (None, "sender.authenticated")):
        reply = scene.send(port, scene.unsigned(kind), certificate)
        assert refusal(reply) == NOBODY
        assert scene.entry(reply)["rules"][-1] == f"!{rule}"
    assert len(scene.standin.seen) == 1


def test_a_certificate_with_the_words_of_a_sender_does_not_get_through_tls(scene, tmp_path):
    forger = TestAuthority(name="IMS Gateway test CA")
    forged = signer_of(forger.issue("IMS Gateway test client", (), Secret(KEYSTORE_PASSWORD)))
    assert forged.subject == scene.client.subject
    assert forged.certificate.issuer == scene.client.certificate.issuer
    shown = pem_with_key(forged, tmp_path / "forged.pem")
    with pytest.raises(OSError):  # TLS 1.3: an alert, or a reset
        scene.send(PORTS["saml20"], scene.unsigned(), shown)
    assert scene.standin.seen == ()


def test_an_assertion_of_an_sts_needs_the_sender_s_certificate_too(scene):
    port = "PhoneBookSaml20StsPort"
    assert user(scene.send(port, scene.by_sts(), scene.client_pem)) == "ALICE"
    for certificate in (scene.sender_pem, None):
        assert refusal(scene.send(port, scene.by_sts(), certificate)) == NOBODY
    assert len(scene.standin.seen) == 1


def test_a_trusted_proxy_hands_the_certificate_on(scene, kind):
    port = PORTS[kind]

    def send(certificate, **how):
        headers = {"X-Forwarded-Proto": "https"}
        if certificate:
            headers["X-Client-Cert"] = quote(certificate.pem)
        return scene.send(port, scene.unsigned(kind), headers=headers, **how)

    behind = {"url": scene.gateway.http_url, "source": PROXY}
    assert user(send(scene.client, **behind)) == "ALICE"
    assert refusal(send(scene.sender, **behind)) == NOBODY
    assert refusal(send(None, **behind)) == NOBODY
    assert refusal(send(scene.client, url=scene.gateway.http_url)) == ("Client", "IGW1301E")
    assert refusal(send(scene.client)) == NOBODY, "over TLS the header of a stranger counts as little"
    assert len(scene.standin.seen) == 1


def test_a_proxy_s_own_certificate_vouches_for_nobody(scene):
    reply = scene.send(PORTS["saml20"], scene.unsigned(), scene.client_pem, source=PROXY)
    assert refusal(reply) == NOBODY
    assert scene.standin.seen == ()


@pytest.mark.interop
def test_through_nginx_the_same_holds(scene, tmp_path):
    need("nginx")
    nginx = Nginx(tmp_path / "nginx", scene.gateway)
    try:
        for certificate, right in ((scene.client_pem, True), (scene.sender_pem, False), (None, False)):
            reply = scene.send(PORTS["saml20"], scene.unsigned(), certificate, url=nginx.url)
            assert (user(reply) == "ALICE") if right else (refusal(reply) == NOBODY)
        lent = {"X-Client-Cert": quote(scene.client.pem)}
        reply = scene.send(PORTS["saml20"], scene.unsigned(), url=nginx.url, headers=lent)
        assert refusal(reply) == NOBODY, "nginx overwrites what a client claims"
    finally:
        nginx.stop()
    wait_until(lambda: len(scene.standin.seen) == 1, "one request at IMS Connect")
