"""The demonstration's messages, held against xmlsec itself, and what its attacks make of them."""

import secrets
from datetime import UTC, datetime

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from lxml import etree

from gateway.demo.attacks import unsigned, with_another_user, wrapped
from gateway.demo.messages import message
from gateway.demo.signing import Signer
from gateway.exchange import Secret
from gateway.safexml import Bounds, parse
from gateway.testkeys import TestAuthority
from gateway.wss.verdict import TokenKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KINDS = [TokenKind.SAML11, TokenKind.SAML20]
DS = "http://www.w3.org/2000/09/xmldsig#"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
IDS = [("Id", WSU), ("ID", None), ("AssertionID", None)]


def signer(name, kind):
    secret = Secret(secrets.token_hex(4))
    store = TestAuthority(kind).issue(name, (), secret, signing=True)
    opened = pkcs12.load_pkcs12(store, secret.reveal().encode())
    assert opened.cert is not None
    return Signer(opened.key, opened.cert.certificate)


@pytest.fixture(scope="module", params=["ec", "rsa"])
def signers(request):
    return signer("sender", request.param), signer("sts", request.param)


def signatures(data):
    """Return the parents and the verdicts of xmlsec on the signatures of a message, in document order."""
    root = parse(data, Bounds())
    return root, list(root.iter(f"{{{DS}}}Signature"))


def verifies(root, signature, key):
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        key.certificate.public_bytes(Encoding.PEM), xmlsec.constants.KeyDataFormatCertPem
    )
    for element in root.iter():
        for name, space in IDS:
            if element.get(f"{{{space}}}{name}" if space else name):
                context.register_id(element, name, space)
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def targets(root, signature):
    """Return the local names of what a signature's references point to."""
    by_id = {}
    for element in root.iter():
        for name, space in IDS:
            if value := element.get(f"{{{space}}}{name}" if space else name):
                by_id[f"#{value}"] = etree.QName(element).localname
    return {by_id[each.get("URI")] for each in signature.iter(f"{{{DS}}}Reference")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sender_signs_body_timestamp_assertion_and_token(kind, signers):
    sender, sts = signers
    root, found = signatures(message(kind, "ALICE", NOW, sender=sender))
    [signature] = found
    assert etree.QName(signature.getparent()).localname == "Security"
    assert targets(root, signature) == {"Body", "Timestamp", "Assertion", "BinarySecurityToken"}
    assert verifies(root, signature, sender)
    assert not verifies(root, signature, sts)


@pytest.mark.parametrize("kind", KINDS)
def test_an_sts_signs_the_assertion_and_nothing_else(kind, signers):
    _, sts = signers
    root, found = signatures(message(kind, "ALICE", NOW, sts=sts))
    [signature] = found
    assert etree.QName(signature.getparent()).localname == "Assertion"
    assert targets(root, signature) == {"Assertion"}
    assert verifies(root, signature, sts)


def test_the_signature_of_an_sts_stands_behind_the_issuer(signers):
    _root, [signature] = signatures(message(TokenKind.SAML20, "ALICE", NOW, sts=signers[1]))
    assert etree.QName(signature.getprevious()).localname == "Issuer"


@pytest.mark.parametrize("kind", KINDS)
def test_both_may_sign(kind, signers):
    sender, sts = signers
    root, found = signatures(message(kind, "ALICE", NOW, sender=sender, sts=sts))
    of_assertion, of_message = found
    assert verifies(root, of_assertion, sts)
    assert verifies(root, of_message, sender)


@pytest.mark.parametrize("kind", KINDS)
def test_without_signers_nothing_is_signed(kind):
    assert signatures(message(kind, "ALICE", NOW))[1] == []


def test_every_message_has_ids_of_its_own(signers):
    first, second = (message(TokenKind.SAML20, "ALICE", NOW, sender=signers[0]) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrapped_body_still_verifies_for_who_does_not_look_where_it_stands(kind, signers):
    sent = message(kind, "ALICE", NOW, sender=signers[0])
    root, [signature] = signatures(wrapped(sent))
    assert verifies(root, signature, signers[0])
    [body] = root.findall("{*}Body")
    assert body.get(f"{{{WSU}}}Id") not in sent.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_another_user_breaks_the_signature(kind, signers):
    root, [signature] = signatures(with_another_user(message(kind, "ALICE", NOW, sender=signers[0]), "BOB"))
    assert b">BOB<" in etree.tostring(root)
    assert not verifies(root, signature, signers[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_downgraded_message_has_no_signature_and_no_certificate(kind, signers):
    root, found = signatures(unsigned(message(kind, "ALICE", NOW, sender=signers[0])))
    assert found == []
    assert not list(root.iter("{*}BinarySecurityToken"))
    assert list(root.iter("{*}Assertion"))
