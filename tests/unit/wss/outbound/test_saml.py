"""Assertions against the standards: their shape, the schema of SAML 2.0, and what cannot be smuggled in."""

import re
import secrets
from pathlib import Path

import onelogin.saml2
import pytest
from lxml import etree

from gateway.safexml import Bounds, parse
from gateway.wss.outbound import Lifetime, add_assertion11, add_assertion20, add_security, new_id
from tests.unit.wss.outbound.messages import NASTY, NOW, again, envelope, find, vouched

MAKERS = {"saml": add_assertion11, "saml2": add_assertion20}
BOTH = pytest.mark.parametrize("prefix", list(MAKERS))
BEGIN, ISSUED, END = "2026-11-22T11:59:00.123Z", "2026-11-22T12:00:00.123Z", "2026-11-22T12:05:00.123Z"
SCHEMA = Path(onelogin.saml2.__file__).parent / "schemas/saml-schema-assertion-2.0.xsd"


def made(prefix, **changes):
    message = envelope()
    MAKERS[prefix](add_security(message), vouched(**changes))
    return find(again(message), f"//{prefix}:Assertion")


def tree(element):
    """Return local name, attributes and text of an element and all below it."""
    below = [tree(child) for child in element]
    return (etree.QName(element).localname, dict(element.attrib), element.text or "", below)


def test_saml_11_is_what_the_standard_wants():
    assert tree(made("saml", audience="urn:target", qualifier="IMS")) == (
        "Assertion",
        {
            "MajorVersion": "1",
            "MinorVersion": "1",
            "AssertionID": "_1",
            "Issuer": "urn:gateway",
            "IssueInstant": ISSUED,
        },
        "",
        [
            (
                "Conditions",
                {"NotBefore": BEGIN, "NotOnOrAfter": END},
                "",
                [("AudienceRestrictionCondition", {}, "", [("Audience", {}, "urn:target", [])])],
            ),
            (
                "AuthenticationStatement",
                {
                    "AuthenticationMethod": "urn:oasis:names:tc:SAML:1.0:am:unspecified",
                    "AuthenticationInstant": ISSUED,
                },
                "",
                [
                    (
                        "Subject",
                        {},
                        "",
                        [
                            (
                                "NameIdentifier",
                                {
                                    "NameQualifier": "IMS",
                                    "Format": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
                                },
                                "ALICE",
                                [],
                            ),
                            (
                                "SubjectConfirmation",
                                {},
                                "",
                                [
                                    (
                                        "ConfirmationMethod",
                                        {},
                                        "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches",
                                        [],
                                    )
                                ],
                            ),
                        ],
                    )
                ],
            ),
        ],
    )


def test_saml_20_is_what_the_standard_wants():
    assert tree(made("saml2", audience="urn:target", qualifier="IMS")) == (
        "Assertion",
        {"ID": "_1", "Version": "2.0", "IssueInstant": ISSUED},
        "",
        [
            ("Issuer", {}, "urn:gateway", []),
            (
                "Subject",
                {},
                "",
                [
                    (
                        "NameID",
                        {
                            "NameQualifier": "IMS",
                            "Format": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
                        },
                        "ALICE",
                        [],
                    ),
                    (
                        "SubjectConfirmation",
                        {"Method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"},
                        "",
                        [],
                    ),
                ],
            ),
            (
                "Conditions",
                {"NotBefore": BEGIN, "NotOnOrAfter": END},
                "",
                [("AudienceRestriction", {}, "", [("Audience", {}, "urn:target", [])])],
            ),
            (
                "AuthnStatement",
                {"AuthnInstant": ISSUED},
                "",
                [
                    (
                        "AuthnContext",
                        {},
                        "",
                        [
                            (
                                "AuthnContextClassRef",
                                {},
                                "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
                                [],
                            )
                        ],
                    )
                ],
            ),
        ],
    )


@pytest.mark.parametrize("changes", [{}, {"audience": "urn:target", "qualifier": "IMS"}])
def test_saml_20_is_valid_by_its_schema(changes):
    schema = etree.XMLSchema(file=str(SCHEMA))
    assertion = made("saml2", id=new_id(secrets.token_bytes), **changes)
    schema.assertValid(assertion)
    assertion.insert(2, assertion[0])
    assert not schema.validate(assertion), "the schema decides nothing"


@BOTH
def test_without_audience_and_qualifier_neither_is_there(prefix):
    assertion = made(prefix)
    assert not assertion.xpath("//*[starts-with(local-name(), 'Audience')]")
    assert not assertion.xpath("//@NameQualifier")


@BOTH
def test_how_the_user_signed_on_can_be_said(prefix):
    assertion = made(prefix, authenticated="urn:by-password")
    said = assertion.xpath("//@AuthenticationMethod | //*[local-name() = 'AuthnContextClassRef']/text()")
    assert said == ["urn:by-password"]


@BOTH
def test_the_assertion_carries_its_own_namespace(prefix):
    """A receiver that cuts it out must still be able to read it, whatever stood around it."""
    space = made(prefix).nsmap[prefix]
    text = etree.tostring(envelope()).replace(b"<e:Body>", f'<e:Body xmlns="{space}">'.encode())
    text = text.replace(b"<e:Envelope ", f'<e:Envelope xmlns:other="{space}" '.encode())
    declared = parse(text, Bounds())
    MAKERS[prefix](add_security(declared), vouched())
    text = etree.tostring(declared).decode()
    start = text.index(f"<{prefix}:Assertion")
    assert f'xmlns:{prefix}="{space}"' in text[start : text.index(">", start)]


# -- what may be said -----------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("nasty", NASTY)
def test_an_issuer_stays_one_text_whatever_it_holds(prefix, nasty):
    assertion = made(prefix, issuer=nasty.strip())
    said = assertion.get("Issuer") if prefix == "saml" else find(assertion, "saml2:Issuer").text
    assert said == nasty.strip()
    plain = made(prefix)
    assert [element.tag for element in assertion.iter()] == [element.tag for element in plain.iter()]


@BOTH
@pytest.mark.parametrize("nasty", NASTY)
def test_audience_and_qualifier_stay_one_text_each(prefix, nasty):
    assertion = made(prefix, audience=nasty, qualifier=nasty)
    assert assertion.xpath("//@NameQualifier") == [nasty]
    assert [element.text for element in assertion.iter("{*}Audience")] == [nasty]


@pytest.mark.parametrize(
    "user",
    [
        "",
        "alice",
        "ALICE123X",
        "AL ICE",
        "ALICE\n",
        " ALICE",
        "ALICE<",
        "ÄLICE",
        "ＡLICE",
        "ALI\u200bCE",
        "A&B",
        "A.B",
        "*",
        *NASTY,
    ],
)
def test_what_is_no_user_id_is_not_vouched_for(user):
    with pytest.raises(ValueError, match="no user id"):
        vouched(user=user)


@pytest.mark.parametrize("user", ["A", "ALICE123", "@#$", "12345678"])
def test_every_user_id_can_be_vouched_for(user):
    assert find(made("saml2", user=user), "saml2:Subject/saml2:NameID").text == user


@pytest.mark.parametrize("issuer", ["", " ", " urn:x", "urn:x\n"])
def test_an_issuer_that_readers_would_trim_is_refused(issuer):
    with pytest.raises(ValueError, match="issuer"):
        vouched(issuer=issuer)


@BOTH
@pytest.mark.parametrize("character", ["\0", "\x01", "\x1f", "\ud800", "\ufffe"])
def test_characters_that_xml_cannot_hold_are_refused(prefix, character):
    for field in ("issuer", "audience", "qualifier"):
        with pytest.raises(ValueError, match=r"."):
            made(prefix, **{field: f"a{character}b"})


# -- ids ------------------------------------------------------------------------------------------------------


def test_ids_are_ncnames_of_128_random_bits_and_differ():
    ids = {new_id(secrets.token_bytes) for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"_[0-9a-f]{32}", one) for one in ids)


def test_the_random_source_is_asked_for_16_bytes():
    assert new_id(lambda count: bytes(range(count))) == "_000102030405060708090a0b0c0d0e0f"


def test_lifetimes_begin_before_now():
    lifetime = Lifetime.at(NOW)
    assert (lifetime.issued - lifetime.begin).total_seconds() == 60
    assert (lifetime.end - lifetime.issued).total_seconds() == 300
