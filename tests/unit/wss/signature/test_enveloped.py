"""An assertion's own signature, as signxml and libxmlsec make and judge it."""

import pytest
import xmlsec
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.safexml import Bounds, parse, serialize
from gateway.tls.trusted import TrustedKeys
from gateway.wss.ids import IdIndex
from gateway.wss.signature.keyinfo import locate
from gateway.wss.signature.shape import Role, read_signature
from gateway.wss.signature.verify import verify
from gateway.wss.verdict import Trail
from tests.fixtures.certificates import NOW
from tests.unit.wss.signature.making import (
    DS,
    ENVELOPED,
    RSA_SHA256,
    SAML1,
    SAML2,
    SHA256,
    SOAP,
    WSSE,
    Hand,
    Reference,
    judged,
    key_info,
    pem,
    signer,
    transform,
)

HOLDER = signer()
SAML20 = (
    f'<saml2:Assertion xmlns:saml2="{SAML2}" xmlns:xs="urn:xs" ID="saml" Version="2.0">\n  '
    "<saml2:Issuer>urn:sts</saml2:Issuer>\n  {signature}\t<saml2:Subject>\n<saml2:NameID>é&amp;ALICE"
    '</saml2:NameID> tail</saml2:Subject> <saml2:AttributeValue xs:type="xs:string" xmlns="urn:d"><x/>'
    "</saml2:AttributeValue>\n"
    "</saml2:Assertion>"
)
SAML11 = (
    f'<Assertion xmlns="{SAML1}" AssertionID="saml" MajorVersion="1" MinorVersion="1">\n<Conditions/>'
    "<AuthenticationStatement><Subject>ALICE</Subject></AuthenticationStatement>\n\n{signature}\n</Assertion>"
)
PLACEHOLDER = f'<ds:Signature xmlns:ds="{DS}" Id="placeholder"></ds:Signature>'
ASSERTIONS = [(SAML20, "ID"), (SAML11, "AssertionID")]


def by_signxml(text, id_attribute):
    root = etree.fromstring(text.format(signature=PLACEHOLDER))  # noqa: TID251
    made = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    ).sign(root, key=HOLDER.key, cert=[HOLDER.certificate], reference_uri="saml", id_attribute=id_attribute)
    return etree.tostring(made)


def by_xmlsec(text, id_attribute):
    template = (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="'
        f'http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="{RSA_SHA256}"/>'
        f'<ds:Reference URI="#saml"><ds:Transforms>{transform(ENVELOPED)}{transform()}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>'
        "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"
    )
    root = etree.fromstring(text.format(signature=template))  # noqa: TID251
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem(HOLDER.key), xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_memory(HOLDER.pem, xmlsec.KeyFormat.CERT_PEM)
    context.register_id(root, id_attribute, None)
    context.sign(root.find(f"{{{DS}}}Signature"))
    return etree.tostring(root)


def in_message(assertion: bytes, declarations="") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"{declarations}><s:Header><wsse:Security xmlns:wsse="{WSSE}">'.encode()
        + assertion
        + b"</wsse:Security></s:Header><s:Body/></s:Envelope>"
    )


def signxml_verifies(assertion: bytes, id_attribute) -> bool:
    try:
        XMLVerifier().verify(
            assertion,
            x509_cert=HOLDER.pem.decode(),
            id_attribute=id_attribute,
            expect_config=SignatureConfiguration(location="./", expect_references=1, verification_time=NOW),
        )
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("make", [by_signxml, by_xmlsec])
@pytest.mark.parametrize(("text", "id_attribute"), ASSERTIONS, ids=["2.0", "1.1"])
@pytest.mark.parametrize("declarations", ["", ' xmlns="urn:around" xmlns:saml2="urn:other" xmlns:u="urn:u"'])
def test_an_assertion_signed_by_others_is_accepted_and_its_altered_sibling_is_not(
    make, text, id_attribute, declarations
):
    assertion = make(text, id_attribute)
    found = judged(in_message(assertion, declarations), role=Role.STS)
    assert found.refusal is None, found.trail.findings[-1]
    assert found.covered.elements == (found.root[0][0][0],)
    assert found.located.certificates == (HOLDER.certificate,)
    assert signxml_verifies(assertion, id_attribute)
    for old, new in (
        (b"ALICE", b"MALIC"),
        (b"saml2:Issuer>", b"saml2:Issuer> "),
        (b"</ds:Signature>", b"</ds:Signature> "),
    ):
        if old not in assertion:
            continue
        altered = assertion.replace(old, new, 1)
        found = judged(in_message(altered, declarations), role=Role.STS)
        assert (found.rule, found.fault) == ("signature.digests", "FailedCheck")
        assert not signxml_verifies(altered, id_attribute)


def test_the_tree_is_left_as_it_was():
    root = parse(in_message(by_signxml(SAML20, "ID")), Bounds())
    nodes, before = list(root.iter()), serialize(root)
    ids, trail = IdIndex.of(root), Trail()
    shape = read_signature(ids.signatures[0], Role.STS, ids, legacy=False, trail=trail)
    located = locate(shape, root[0][0], ids, TrustedKeys.none(), trail)
    verify(shape, located.certificates[0], root[0][0], ids, trail)
    assert serialize(root) == before
    assert all(one is other for one, other in zip(nodes, root.iter(), strict=True))
    assert [node.getparent() for node in nodes] == [node.getparent() for node in root.iter()]


def test_only_the_signature_that_holds_the_reference_is_left_out():
    """Another ds:Signature in the assertion is part of what is signed (XML Signature 1.1, section 6.6.4)."""
    inner = f'<ds:Signature xmlns:ds="{DS}"></ds:Signature>'
    advice = f"<saml2:Advice>{inner}</saml2:Advice>"
    text = f'<saml2:Assertion xmlns:saml2="{SAML2}" ID="saml">{advice}</saml2:Assertion>'
    reference = Reference("#saml", text, f"{transform(ENVELOPED)}{transform()}")
    hand = Hand(HOLDER, (reference,), key_info=key_info(""))
    whole = text.replace("</saml2:Assertion>", hand.but(key_info=None).text() + "</saml2:Assertion>")
    found = judged(in_message(whole.encode()), HOLDER, role=Role.STS)
    assert found.refusal is None, found.trail.findings[-1]
    without = whole.replace(inner, "")
    assert judged(in_message(without.encode()), HOLDER, role=Role.STS).rule == "signature.digests"
