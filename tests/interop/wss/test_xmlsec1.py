"""Templates signed by xmlsec1: references straight to the assertion, and signatures of an STS."""

import base64

import pytest

from tests.fixtures.in_process import SOAP11, SOAP12
from tests.interop.outside import need
from tests.interop.wss import layouts, messages, xmlsec1
from tests.interop.wss.layouts import ENVELOPED, EXC_C14N, Assertion

pytestmark = pytest.mark.interop

VERSIONS = pytest.mark.parametrize("version", ["11", "20"])


@pytest.fixture(autouse=True)
def tool():
    need("xmlsec1")


@pytest.fixture
def direct(partners, tmp_path):
    """Make messages whose signature names the assertion by its own id, without an STR."""

    def make(version="20", *, soap=SOAP11, signer=None, without=(), assertion=None, body_id="body"):
        who = signer or partners.sender
        vouched_for = assertion or Assertion.new(version)
        parts = {"assertion": vouched_for.id, "body": body_id, "timestamp": "ts"}
        references = [(target, [EXC_C14N]) for name, target in parts.items() if name not in without]
        header = (
            layouts.timestamp("ts")
            + layouts.binary_token("x509", who)
            + vouched_for.xml
            + layouts.signature_to_fill(references, who, layouts.token_reference("x509"))
        )
        return xmlsec1.sign(layouts.envelope(soap, header, body_id), who, tmp_path)

    return make


@pytest.fixture
def issued(partners, tmp_path):
    """Make messages whose assertion an STS signed, and nobody else."""

    def make(version="20", *, signer=None, user="ALICE", transforms=(ENVELOPED, EXC_C14N), target=None):
        who = signer or partners.sts
        bare = Assertion.new(version, user=user)
        text = base64.b64encode(who.der).decode()
        key_info = f"<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data>"
        unsigned = layouts.signature_to_fill([(target or bare.id, transforms)], who, key_info)
        signed = Assertion(version, bare.id, user, unsigned)
        return xmlsec1.sign(layouts.envelope(SOAP11, signed.xml + layouts.timestamp("ts")), who, tmp_path)

    return make


@VERSIONS
@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["soap11", "soap12"])
def test_a_reference_straight_to_the_assertion_covers_it(direct, vouched, version, soap):
    vouched.accepts(f"Sender{version}Port", direct(version, soap=soap), soap)


def test_an_elliptic_curve_signs_as_well(direct, vouched, partners):
    vouched.accepts("Sender20Port", direct(signer=partners.curve))


@VERSIONS
@pytest.mark.parametrize("change", messages.TAMPERED.values(), ids=list(messages.TAMPERED))
def test_what_was_changed_on_the_way_is_refused(direct, vouched, partners, tmp_path, version, change):
    good = direct(version)
    assert xmlsec1.verifies(good, partners.sender, tmp_path)
    assert not xmlsec1.verifies(change(good), partners.sender, tmp_path)
    vouched.refuses(f"Sender{version}Port", change(good), "FailedCheck")


@VERSIONS
@pytest.mark.parametrize("part", ["assertion", "body", "timestamp"])
def test_a_part_that_is_not_covered_is_refused(direct, vouched, version, part):
    vouched.refuses(f"Sender{version}Port", direct(version, without=(part,)), "FailedCheck")


def test_an_id_on_two_elements_is_refused(direct, vouched, partners, tmp_path):
    """xmlsec1 itself signs one of the two and says nothing."""
    twice = direct().replace(b"<lab:text>", b'<lab:text xml:id="ts">')
    vouched.refuses("Sender20Port", twice, "InvalidSecurity")


def test_a_stranger_is_refused(direct, vouched, partners):
    vouched.refuses("Sender20Port", direct(signer=partners.stranger), "FailedAuthentication")


def test_another_certificate_is_refused(direct, vouched, partners):
    swapped = messages.certificate_swapped(partners.sts.der)(direct())
    vouched.refuses("Sender20Port", swapped, "FailedCheck")


def test_a_message_without_its_signature_is_refused(direct, vouched):
    vouched.refuses("Sender20Port", messages.signature_removed(direct()), "InvalidSecurity")


@VERSIONS
def test_what_an_sts_signed_is_accepted(issued, vouched, version):
    vouched.accepts(f"Sts{version}Port", issued(version))


@VERSIONS
@pytest.mark.parametrize("change", [messages.user_changed, messages.digest_changed])
def test_what_an_sts_signed_cannot_be_changed(issued, vouched, partners, tmp_path, version, change):
    good = issued(version)
    assert xmlsec1.verifies(good, partners.sts, tmp_path)
    assert not xmlsec1.verifies(change(good), partners.sts, tmp_path)
    vouched.refuses(f"Sts{version}Port", change(good), "FailedCheck")


@VERSIONS
def test_nobody_but_the_sts_issues(issued, vouched, partners, version):
    vouched.refuses(f"Sts{version}Port", issued(version, signer=partners.sender), "FailedAuthentication")
    vouched.refuses(f"Sts{version}Port", issued(version, signer=partners.stranger), "FailedAuthentication")


@VERSIONS
def test_an_sts_that_signs_something_else_is_refused(issued, vouched, version):
    """The reference has to name the assertion around it; here it names the body, or transforms differ."""
    vouched.refuses(f"Sts{version}Port", issued(version, target="body"), "InvalidSecurity")
    lone = issued(version, transforms=(EXC_C14N,), target="ts")
    vouched.refuses(f"Sts{version}Port", lone, "InvalidSecurity")
