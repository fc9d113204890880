"""The partner's own checks, held against messages written by hand from SAML 2.0 core and RFC 7617."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from gateway.demo.partner_checks import (
    Proof,
    RefusedError,
    Shown,
    basic_user,
    certificate_name,
    message_id,
    payload,
    vouched_user,
)
from gateway.exchange import Secret
from gateway.safexml import Bounds, parse
from gateway.testkeys import TestAuthority

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0"
 IssueInstant="2026-03-04T12:00:00Z"><saml:Issuer>urn:ims-gateway:example</saml:Issuer><saml:Subject>
 <saml:NameID>ALICE</saml:NameID><saml:SubjectConfirmation
 Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/></saml:Subject><saml:Conditions
 NotBefore="2026-03-04T12:00:00Z" NotOnOrAfter="2026-03-04T12:05:00Z"><saml:AudienceRestriction>
 <saml:Audience>urn:ims-gateway:example:rating</saml:Audience></saml:AudienceRestriction></saml:Conditions>
</saml:Assertion>"""
ENVELOPE = f"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>
<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
{ASSERTION}</wsse:Security><wsa:MessageID xmlns:wsa="http://www.w3.org/2005/08/addressing">urn:uuid:1</wsa:MessageID>
</e:Header><e:Body><x/></e:Body></e:Envelope>"""


def read(text):
    return parse(text.encode(), Bounds())


def test_the_user_is_the_subject_of_the_assertion():
    assert vouched_user(read(ENVELOPE), NOW) == "ALICE"


def test_without_an_assertion_there_is_no_user():
    assert vouched_user(read(ENVELOPE.replace(ASSERTION, "")), NOW) == ""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (">urn:ims-gateway:example<", ">urn:somebody<", "issuer"),
        ("example:rating", "example:other", "not for us"),
        ("<saml:Audience>", "<saml:Audience>urn:other</saml:Audience><saml:Audience>", "not for us"),
        ("cm:sender-vouches", "cm:bearer", "not vouched for"),
        ('Version="2.0"', 'Version="1.1"', r"none of SAML 2\.0"),
        (' ID="_a1"', "", r"none of SAML 2\.0"),
        (ASSERTION, ASSERTION + ASSERTION, "more than one"),
        (' NotOnOrAfter="2026-03-04T12:05:00Z"', "", "does not say when"),
        ('NotBefore="2026-03-04T12:00:00Z"', 'NotBefore="soon"', "does not say when"),
        ('NotBefore="2026-03-04T12:00:00Z"', 'NotBefore="2026-03-04T12:00:00"', "does not say when"),
        ("<e:Body>", f"<e:Body>{ASSERTION}", "elsewhere"),
        ("wsse:Security", "wsse:Other", "elsewhere"),
    ],
)
def test_an_assertion_that_is_not_what_it_should_be_is_refused(old, new, why):
    assert old in ENVELOPE
    with pytest.raises(RefusedError, match=why):
        vouched_user(read(ENVELOPE.replace(old, new)), NOW)


@pytest.mark.parametrize("off", [timedelta(seconds=-1), timedelta(minutes=5)])
def test_an_assertion_out_of_its_time_is_refused(off):
    with pytest.raises(RefusedError, match="not valid now"):
        vouched_user(read(ENVELOPE), NOW + off)


@pytest.mark.parametrize("kept", [timedelta(), timedelta(minutes=4, seconds=59)])
def test_an_assertion_counts_from_its_first_second_to_its_last(kept):
    assert vouched_user(read(ENVELOPE), NOW + kept) == "ALICE"


def test_basic_is_user_and_password_in_base64():
    # RFC 7617, section 2
    assert basic_user("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame") == "Aladdin"
    assert basic_user("", "Aladdin", "open sesame") == ""


@pytest.mark.parametrize(
    "header",
    [
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ",
        "Basic QWxhZGRpbjpvcGVu",
        "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic",
        "Basic \u00e9",
    ],
)
def test_another_authorization_is_refused(header):
    with pytest.raises(RefusedError):
        basic_user(header, "Aladdin", "open sesame")


def test_a_certificate_is_known_by_its_common_name():
    store = pkcs12.load_pkcs12(TestAuthority().issue("somebody", (), Secret("x")), b"x")
    assert store.cert is not None
    assert certificate_name(store.cert.certificate.public_bytes(Encoding.DER)) == "somebody"
    assert certificate_name(None) == ""


BASIC, CERTIFICATE, ASSERTED = Shown(basic="u"), Shown(certificate="c"), Shown(certificate="c", user="ALICE")


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (Shown(), ()),
        (BASIC, (Proof.BASIC,)),
        (CERTIFICATE, (Proof.CERTIFICATE,)),
        (ASSERTED, (Proof.CERTIFICATE, Proof.ASSERTION)),
    ],
)
def test_just_what_is_wanted_is_enough(shown, wanted):
    shown.check(frozenset(wanted))


@pytest.mark.parametrize(
    ("shown", "wanted", "why"),
    [
        (Shown(), (Proof.BASIC,), "HTTP Basic is missing"),
        (CERTIFICATE, (Proof.CERTIFICATE, Proof.ASSERTION), r"SAML 2\.0 assertion is missing"),
        (BASIC, (), "HTTP Basic was not asked for"),
        (ASSERTED, (Proof.CERTIFICATE,), "assertion was not asked for"),
        (BASIC, (Proof.CERTIFICATE,), "certificate is missing, HTTP Basic was not asked for"),
    ],
)
def test_less_and_more_than_wanted_are_refused(shown, wanted, why):
    with pytest.raises(RefusedError, match=why):
        shown.check(frozenset(wanted))


def test_message_id_and_payload_are_found():
    envelope = read(ENVELOPE)
    assert message_id(envelope) == "urn:uuid:1"
    assert payload(envelope).tag == "x"
    assert message_id(read("<a/>")) == ""


@pytest.mark.parametrize(
    "text",
    [
        "<a/>",
        ENVELOPE.replace("<x/>", ""),
        ENVELOPE.replace("<x/>", "<x/><y/>"),
        "<Envelope><Body/></Envelope>",
    ],
)
def test_what_is_no_message_has_no_payload(text):
    with pytest.raises(RefusedError):
        payload(read(text))
