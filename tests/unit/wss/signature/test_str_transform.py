"""STR-Transform: the octets of the token that a SecurityTokenReference stands for, in both forms of the field.

The expected octets are written out as the standard and the measured vector of CXF have them.
"""

import hashlib
import shutil
import subprocess

import pytest

from gateway.tls.trusted import TrustedKeys
from tests.interop.outside import lack
from tests.unit.wss.signature.making import (
    ASSERTION,
    ASSERTION_11,
    BASE64,
    BODY,
    OF_BODY,
    OF_STAMP,
    SAML1,
    SAML2,
    SAML_ASSERTION_ID,
    SAMLID,
    SAMLV11,
    SAMLV20,
    STR_PARAMETERS,
    STR_TRANSFORM,
    THUMBPRINT,
    TIMESTAMP,
    WSSE,
    WSU,
    X509V3,
    Hand,
    Reference,
    b64,
    binary_token,
    by_hand,
    direct,
    envelope,
    judged,
    key_identifier,
    key_info,
    prefix_list,
    signer,
    token_reference,
    transform,
)

HOLDER = signer(serial=99)
HAND = Hand(HOLDER)
KEYS = TrustedKeys((HOLDER.certificate,))
INVALID, FAILED = "InvalidSecurity", "FailedCheck"
STR = transform(STR_TRANSFORM, STR_PARAMETERS)
DECLARED = ASSERTION.replace("<saml2:Assertion", '<saml2:Assertion xmlns=""', 1)
DECLARED_11 = ASSERTION_11.replace("<saml1:Assertion", '<saml1:Assertion xmlns=""', 1)


def reference(content, kind=SAMLV20):
    token_type = f' wsse11:TokenType="{kind}"' if kind else ""
    return token_reference(content, f'{token_type} wsu:Id="str"')


BY_SAML_ID = reference(key_identifier(SAMLID, "saml"))
BY_ASSERTION_ID = reference(key_identifier(SAML_ASSERTION_ID, "saml"), SAMLV11)
BY_URI = reference('<wsse:Reference URI="#saml"></wsse:Reference>')
SIGNED = (OF_BODY, OF_STAMP)


def sent(octets, named=BY_SAML_ID, assertion=ASSERTION, parameters=STR, **how):
    hand = HAND.but(references=(*SIGNED, Reference("#str", octets, parameters)))
    return judged(by_hand(hand, assertion=assertion, extra=named, **how))


@pytest.mark.parametrize(
    ("named", "assertion", "declared"),
    [
        (BY_SAML_ID, ASSERTION, DECLARED),
        (BY_URI, ASSERTION, DECLARED),
        (reference(key_identifier(SAMLID, " saml\n"), ""), ASSERTION, DECLARED),
        (BY_ASSERTION_ID, ASSERTION_11, DECLARED_11),
        (
            reference(
                f'<wsse:Reference URI="#saml" ValueType="{SAML_ASSERTION_ID}"></wsse:Reference>', SAMLV11
            ),
            ASSERTION_11,
            DECLARED_11,
        ),
    ],
)
def test_an_assertion_is_signed_through_its_reference_in_either_form(named, assertion, declared):
    for octets, form in ((declared, "default-declared"), (assertion, "plain")):
        found = sent(octets, named, assertion)
        assert found.refusal is None, found.trail.findings[-1]
        assert found.words == ["Body", "Timestamp", "Assertion"]
        assert found.covered.elements[2] is found.root[0][0][2]
        assert found.covered.str_form == form
        assert form in found.trail.findings[-1].detail


def test_a_default_namespace_around_the_assertion_is_declared_on_it():
    declared = ASSERTION.replace("<saml2:Assertion", '<saml2:Assertion xmlns="urn:d"', 1)
    around = {"declarations": ' xmlns="urn:d"'}
    assert sent(declared, **around).covered.str_form == "default-declared"
    assert sent(ASSERTION, **around).covered.str_form == "plain"
    assert sent(DECLARED, **around).rule == "signature.digests"
    other = ASSERTION.replace("<saml2:Assertion", '<saml2:Assertion xmlns="urn:e"', 1)
    assert sent(other, **around).rule == "signature.digests"


def test_an_assertion_in_the_default_namespace_has_one_form():
    unprefixed = ASSERTION.replace("saml2:", "").replace("xmlns:saml2", "xmlns")
    found = sent(unprefixed, assertion=unprefixed)
    assert found.refusal is None, found.trail.findings[-1]
    assert SAML2 in unprefixed


def test_a_default_namespace_that_changes_inside_is_declared_where_it_changes():
    assertion = ASSERTION.replace("<saml2:Issuer>", '<saml2:Issuer xmlns="urn:e">')
    assert (
        sent(assertion.replace("<saml2:Assertion", '<saml2:Assertion xmlns=""', 1), assertion=assertion).refusal
        is None
    )
    assert sent(ASSERTION, assertion=assertion).covered.str_form == "plain"


def test_the_token_counts_and_not_the_reference():
    assert sent(DECLARED.replace("ALICE", "MALIC")).rule == "signature.digests"
    assert sent(BY_SAML_ID).rule == "signature.digests"


def test_parameters_may_have_a_prefix_list():
    listed = STR_PARAMETERS.replace(
        "</ds:CanonicalizationMethod>", prefix_list("wsse") + "</ds:CanonicalizationMethod>"
    )
    octets = ASSERTION.replace(f'xmlns:saml2="{SAML2}"', f'xmlns="" xmlns:saml2="{SAML2}" xmlns:wsse="{WSSE}"')
    assert sent(octets, parameters=transform(STR_TRANSFORM, listed)).refusal is None


@pytest.mark.parametrize("form", ["declared", "plain"])
def test_a_binary_token_is_signed_through_a_reference(form):
    named = token_reference(
        f'<wsse:Reference URI="#bst" ValueType="{X509V3}"></wsse:Reference>', ' wsu:Id="str"'
    )
    token = binary_token(HOLDER.der)
    octets = token.replace(" xmlns:wsse", ' xmlns="" xmlns:wsse', 1) if form == "declared" else token
    found = sent(octets, named)
    assert found.refusal is None, found.trail.findings[-1]
    assert found.covered.elements[2] is found.root[0][0][0]


REFUSED = {
    "no parameters": (BY_SAML_ID, ASSERTION, transform(STR_TRANSFORM), "signature.token-reference", FAILED),
    "parameters twice": (
        BY_SAML_ID,
        ASSERTION,
        transform(STR_TRANSFORM, STR_PARAMETERS * 2),
        "signature.token-reference",
        FAILED,
    ),
    "empty parameters": (
        BY_SAML_ID,
        ASSERTION,
        transform(
            STR_TRANSFORM,
            f'<wsse:TransformationParameters xmlns:wsse="{WSSE}"></wsse:TransformationParameters>',
        ),
        "signature.token-reference",
        FAILED,
    ),
    "inclusive c14n": (
        BY_SAML_ID,
        ASSERTION,
        transform(
            STR_TRANSFORM,
            STR_PARAMETERS.replace(
                "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
            ),
        ),
        "signature.transform",
        "UnsupportedAlgorithm",
    ),
    "c14n with comments": (
        BY_SAML_ID,
        ASSERTION,
        transform(STR_TRANSFORM, STR_PARAMETERS.replace("c14n#", "c14n#WithComments")),
        "signature.transform",
        "UnsupportedAlgorithm",
    ),
    "another assertion": (
        reference(key_identifier(SAMLID, "other")),
        ASSERTION,
        STR,
        "signature.token-reference",
        FAILED,
    ),
    "the body": (
        reference(key_identifier(SAMLID, "body")),
        ASSERTION,
        STR,
        "signature.token-reference",
        FAILED,
    ),
    "the body by URI": (
        reference('<wsse:Reference URI="#body"></wsse:Reference>'),
        ASSERTION,
        STR,
        "key.found",
        "SecurityTokenUnavailable",
    ),
    "elsewhere": (
        reference('<wsse:Reference URI="http://127.0.0.1/"></wsse:Reference>'),
        ASSERTION,
        STR,
        "key.found",
        "SecurityTokenUnavailable",
    ),
    "the Timestamp": (
        reference('<wsse:Reference URI="#stamp"></wsse:Reference>'),
        ASSERTION,
        STR,
        "signature.token-reference",
        INVALID,
    ),
    "ValueType of the other SAML": (
        reference(key_identifier(SAML_ASSERTION_ID, "saml")),
        ASSERTION,
        STR,
        "signature.token-reference",
        INVALID,
    ),
    "ValueType of the other SAML, 1.1": (
        reference(key_identifier(SAMLID, "saml"), SAMLV11),
        ASSERTION_11,
        STR,
        "signature.token-reference",
        INVALID,
    ),
    "TokenType of the other SAML": (
        reference(key_identifier(SAMLID, "saml"), SAMLV11),
        ASSERTION,
        STR,
        "signature.token-reference",
        INVALID,
    ),
    "EncodingType": (
        reference(key_identifier(SAMLID, "saml", f' EncodingType="{BASE64}"')),
        ASSERTION,
        STR,
        "signature.token-reference",
        INVALID,
    ),
    "AuthorityBinding": (
        reference(
            f'<saml1:AuthorityBinding xmlns:saml1="{SAML1}"></saml1:AuthorityBinding>'
            + key_identifier(SAMLID, "saml")
        ),
        ASSERTION,
        STR,
        "key.reference",
        INVALID,
    ),
    "a wrong type of reference": (
        reference('<wsse:Reference URI="#saml" ValueType="urn:x"></wsse:Reference>'),
        ASSERTION,
        STR,
        "signature.token-reference",
        INVALID,
    ),
    "a certificate by thumbprint": (
        token_reference(key_identifier(THUMBPRINT, b64(hashlib.sha1(HOLDER.der).digest())), ' wsu:Id="str"'),
        ASSERTION,
        STR,
        "signature.token-reference",
        FAILED,
    ),
    "another reference": (
        token_reference('<wsse:Reference URI="#str2"></wsse:Reference>', ' wsu:Id="str"')
        + token_reference(key_identifier(SAMLID, "saml"), ' wsu:Id="str2"'),
        ASSERTION,
        STR,
        "signature.token-reference",
        INVALID,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_reference_to_something_else_is_refused(name):
    named, assertion, parameters, rule, fault = REFUSED[name]
    found = sent(DECLARED, named, assertion, parameters)
    assert (found.rule, found.fault) == (rule, fault), found.trail.findings[-1]


def test_a_reference_that_stands_elsewhere_is_refused():
    hand = HAND.but(references=(*SIGNED, Reference("#str", DECLARED, STR)))
    block = f'<m:More xmlns:m="urn:m" xmlns:wsu="{WSU}">{BY_SAML_ID}</m:More>'
    found = judged(by_hand(hand, headers=block))
    assert (found.rule, found.fault) == ("signature.token-reference", FAILED)


def test_an_assertion_that_stands_elsewhere_is_refused():
    block = f'<m:More xmlns:m="urn:m">{ASSERTION}</m:More>'
    found = sent(DECLARED, assertion="", headers=block)
    assert (found.rule, found.fault) == ("signature.token-reference", FAILED)


# -- a certificate that the message only names ----------------------------------------------------------------

_SERIAL = (
    "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=sender</ds:X509IssuerName>"
    "<ds:X509SerialNumber>99</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
)
_THUMB = key_identifier(THUMBPRINT, b64(hashlib.sha1(HOLDER.der).digest()), f' EncodingType="{BASE64}"')


def built(prefix="wsse", declared=' xmlns=""', encoding="", holder=HOLDER) -> str:
    """The token as WSS4J builds it, in one line, first the empty default namespace: measured on CXF's."""
    return (
        f'<{prefix}:BinarySecurityToken{declared} xmlns:{prefix}="{WSSE}"{encoding} ValueType="{X509V3}">'
        f"{b64(holder.der)}</{prefix}:BinarySecurityToken>"
    )


def named_sent(content, octets, prefix="wsse"):
    text = (
        token_reference(content, ' wsu:Id="str"')
        .replace("wsse:", f"{prefix}:")
        .replace("xmlns:wsse=", f"xmlns:{prefix}=")
    )
    hand = HAND.but(references=(*SIGNED, Reference("#str", octets, STR)), key_info=key_info(text))
    return judged(envelope(TIMESTAMP, ASSERTION, hand.text()), keys=KEYS)


@pytest.mark.parametrize("declared", [' xmlns=""', ""])
@pytest.mark.parametrize("prefix", ["wsse", "sec"])
def test_a_certificate_named_in_key_info_is_signed_as_a_token_that_is_built(declared, prefix):
    found = named_sent(_SERIAL, built(prefix, declared), prefix)
    assert found.refusal is None, found.trail.findings[-1]
    assert found.words == ["Body", "Timestamp"]
    assert found.covered.str_form == ("default-declared" if declared else "plain")


def test_the_encoding_of_the_identifier_goes_along_or_not_as_with_wss4j():
    for encoding in (f' EncodingType="{BASE64}"', ""):
        assert named_sent(_THUMB, built(encoding=encoding)).refusal is None
        assert named_sent(_THUMB, built(encoding=encoding, declared="")).covered.str_form == "plain"
    assert named_sent(_THUMB, built(encoding=' EncodingType="urn:x"')).rule == "signature.digests"
    assert named_sent(_SERIAL, built(encoding=f' EncodingType="{BASE64}"')).rule == "signature.digests"


def test_the_token_that_is_built_is_that_of_the_signer():
    assert named_sent(_SERIAL, built(holder=signer("rsa-3072"))).rule == "signature.digests"
    assert named_sent(_SERIAL, built("other")).rule == "signature.digests"


def test_the_prefix_of_a_reference_in_the_default_namespace_is_looked_up():
    start = f'<SecurityTokenReference xmlns="{WSSE}" xmlns:wsu="{WSU}" wsu:Id="str">'
    text = f"{start}{_SERIAL}</SecurityTokenReference>"
    hand = HAND.but(references=(*SIGNED, Reference("#str", built(), STR)), key_info=key_info(text))
    assert judged(envelope(TIMESTAMP, ASSERTION, hand.text()), keys=KEYS).refusal is None


def test_a_reference_in_key_info_to_the_token_in_the_header_signs_that_token():
    info = key_info(
        direct().replace("<wsse:SecurityTokenReference ", '<wsse:SecurityTokenReference wsu:Id="str" ')
    )
    token = binary_token(HOLDER.der).replace(" xmlns:wsse", ' xmlns="" xmlns:wsse', 1)
    found = judged(by_hand(HAND.but(references=(*SIGNED, Reference("#str", token, STR)), key_info=info)))
    assert found.refusal is None, found.trail.findings[-1]
    assert found.words == ["Body", "Timestamp", "BinarySecurityToken"]


def test_the_reference_to_an_assertion_cannot_be_the_key():
    info = key_info(token_reference(key_identifier(SAMLID, "saml"), ' wsu:Id="str"'))
    found = judged(by_hand(HAND.but(references=(*SIGNED, Reference("#str", DECLARED, STR)), key_info=info)))
    assert (found.rule, found.fault) == ("key.reference", INVALID)


# -- our own texts --------------------------------------------------------------------------------------------


def test_what_these_tests_take_for_canonical_is_so_for_xmllint(tmp_path):
    if shutil.which("xmllint") is None:
        lack("not installed: xmllint")
    for text in (
        ASSERTION,
        ASSERTION_11,
        BODY,
        TIMESTAMP,
        binary_token(HOLDER.der),
        built(declared=""),
        HAND.signed_info(),
    ):
        path = tmp_path / "part.xml"
        path.write_text(text)
        done = subprocess.run(["xmllint", "--exc-c14n", path], capture_output=True, check=True)
        assert done.stdout.decode() == text
