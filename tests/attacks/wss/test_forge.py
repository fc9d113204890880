"""The maker of messages is right: libxmlsec verifies what it signs; and wrapping attacks are what they say."""

import pytest
import xmlsec

from tests.attacks.wss.catalogue import NOW
from tests.attacks.wss.honest import HONEST
from tests.attacks.wss.redirecting import redirecting
from tests.attacks.wss.saml_wrapping import saml_wrapping
from tests.attacks.wss.wrapping import wrapping
from tests.forge.message import Message
from tests.forge.naive import verifies
from tests.forge.names import DS, WSU
from tests.forge.signing import tree

WRAPPED = [attack for source in (wrapping, redirecting, saml_wrapping) for attack in source()]
NO_GENUINE_SIGNATURE = {
    "w6-removed",  # what it covered is gone
    "w8-xpath-whole",  # by XPath, which the careless verifier does not do
    "w8-filter2-whole",
    "w9-retargeted",  # covers another assertion now
    "w9-str-to-str",
    "w9-loop",
    "w10-body-saml11",  # what hides in the Body changes it
    "w10-body-saml20",
}


@pytest.mark.parametrize("attack", WRAPPED, ids=[attack.name for attack in WRAPPED])
def test_a_wrapping_attack_has_a_genuine_signature_that_a_careless_verifier_accepts(forge_pki, attack):
    genuine = verifies(attack.build(forge_pki).content, [forge_pki.sender, forge_pki.sts])
    assert genuine is (attack.name not in NO_GENUINE_SIGNATURE)


@pytest.mark.parametrize("token", ["saml11", "saml20"])
@pytest.mark.parametrize("soap", [11, 12])
@pytest.mark.parametrize("signer", ["sender", "sender_ec"])
def test_libxmlsec_verifies_both_signatures_of_a_forged_message(forge_pki, token, soap, signer):
    sender = getattr(forge_pki, signer)
    message = Message(token, soap, sts=forge_pki.sts, signed_by=sender, reference="direct")
    root = tree(message.build(NOW))
    of_issuer, of_sender = root.iter(f"{{{DS}}}Signature")
    libxmlsec(root, forge_pki.sts).verify(of_issuer)
    libxmlsec(root, sender).verify(of_sender)
    with pytest.raises(xmlsec.Error):
        libxmlsec(root, forge_pki.stranger).verify(of_sender)


def test_libxmlsec_refuses_a_forged_message_of_which_a_byte_was_changed(forge_pki):
    message = Message("saml20", signed_by=forge_pki.sender, reference="direct")
    root = tree(message.build(NOW).replace(b">ALICE<", b">BOB<"))
    (signature,) = root.iter(f"{{{DS}}}Signature")
    with pytest.raises(xmlsec.VerificationError):
        libxmlsec(root, forge_pki.sender).verify(signature)


def libxmlsec(root, signer):
    """Return a context that knows the ids of a message and one key."""
    context = xmlsec.SignatureContext()
    for element in root.iter("*"):
        for name, namespace in (("Id", WSU), ("ID", None), ("AssertionID", None)):
            if element.get(f"{{{namespace}}}{name}" if namespace else name):
                context.register_id(element, name, namespace)
    context.key = xmlsec.Key.from_memory(signer.pem, xmlsec.KeyFormat.CERT_PEM)
    return context


def test_no_two_honest_messages_are_the_same(forge_pki):
    honest = HONEST["saml20-one-str"]
    assert honest.build(forge_pki).content != honest.build(forge_pki).content
