"""What the gateway itself puts on messages that leave it, judged by WSS4J."""

import pytest
from lxml import etree

from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.safexml import Bounds, parse
from gateway.soap.wsse import NamedUser, OutboundSecurity, VouchedUser
from gateway.wss.verdict import TokenKind
from tests.fixtures.in_process import SOAP11, SOAP12
from tests.interop.wss import messages

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("java stacks")]

KINDS = pytest.mark.parametrize("kind", [TokenKind.SAML11, TokenKind.SAML20])
SOAP = pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["soap11", "soap12"])
ENVELOPES = pytest.mark.parametrize("envelope", [messages.plain, messages.soap_by_default])


def secured(token, envelope):
    """Return a message with the header of a call outside."""
    tree = parse(envelope.encode(), Bounds())
    OutboundSecurity(token, SYSTEM_CLOCK).apply(tree, {})
    return etree.tostring(tree)


@KINDS
@SOAP
@ENVELOPES
def test_an_assertion_is_accepted_by_a_receiver_that_needs_no_signature(java, partners, kind, soap, envelope):
    user = VouchedUser(kind, "urn:ims-gateway", lambda: "ALICE", audience="urn:service")
    told = java.judge(secured(user, envelope(soap)), partners.java, unsigned=True)
    assert told["accepted"], told
    assert told["user"] == "ALICE"


@KINDS
def test_a_receiver_that_wants_a_signature_or_a_client_certificate_says_so(java, partners, kind):
    """WSS4J does unless validateSamlSubjectConfirmation is false."""
    user = VouchedUser(kind, "urn:ims-gateway", lambda: "ALICE")
    assert not java.judge(secured(user, messages.plain()), partners.java)["accepted"]


@KINDS
def test_an_assertion_that_is_over_is_refused(java, partners, kind):
    user = VouchedUser(kind, "urn:ims-gateway", lambda: "ALICE", before_seconds=600, after_seconds=-300)
    told = java.judge(secured(user, messages.plain()), partners.java, unsigned=True)
    assert not told["accepted"]


@SOAP
@ENVELOPES
@pytest.mark.parametrize("nonce", [False, True], ids=["bare", "nonce"])
def test_a_password_is_accepted(java, partners, soap, envelope, nonce):
    token = NamedUser("GATEWAY", Secret("SECRET1"), nonce=nonce)
    message = secured(token, envelope(soap))
    assert java.judge(message, partners.java, password="SECRET1")["accepted"]
    assert not java.judge(message, partners.java, password="SECRET2")["accepted"]
