"""Signatures of the demonstration's callers: python-xmlsec for senders, signxml for the security token service.

Neither is part of the gateway's own verification, so a message made here is judged by other code than made it.
"""

import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from gateway.safexml import Element
from gateway.wss.names import (
    BASE64_BINARY,
    BINARY_TOKEN,
    DS,
    REFERENCE,
    TOKEN_REFERENCE,
    WSU,
    WSU_ID,
    X509_V3,
)
from gateway.wss.outbound import new_id
from gateway.wss.verdict import TokenKind

ID_ATTRIBUTES: Final = {TokenKind.SAML11: "AssertionID", TokenKind.SAML20: "ID"}

_PLACE: Final = "placeholder"
"""Where signxml puts the signature of an assertion: SAML 2.0 wants it right behind the Issuer."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, RSA or EC, and its certificate."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def is_ec(self) -> bool:
        """Whether the key is an elliptic-curve key."""
        return isinstance(self.key, ec.EllipticCurvePrivateKey)


def fresh_id() -> str:
    """Return a new value for an ID attribute."""
    return new_id(secrets.token_bytes)


def sign_assertion(assertion: Element, kind: TokenKind, signer: Signer) -> Element:
    """Return a copy of the assertion with the enveloped signature of its issuer (SAML 2.0 core, 5.4)."""
    place = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS}, Id=_PLACE)
    if kind is TokenKind.SAML20:
        assertion.insert(1, place)
    else:
        assertion.append(place)
    algorithm = SignatureMethod.ECDSA_SHA256 if signer.is_ec else SignatureMethod.RSA_SHA256
    maker = XMLSigner(
        signature_algorithm=algorithm,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    attribute = ID_ATTRIBUTES[kind]
    return maker.sign(
        assertion,
        key=signer.key,
        cert=[signer.certificate],
        reference_uri=f"#{assertion.get(attribute)}",
        id_attribute=attribute,
    )


def sign_message(security: Element, targets: list[tuple[Element, str]], signer: Signer) -> None:
    """Put a BinarySecurityToken and a message signature over the targets into a Security header.

    `targets` are elements with the Clark name of their ID attribute; each is referenced directly and
    canonicalized exclusively, the token too (WSS SOAP Message Security 1.1.1, sections 7 and 8).
    """
    token = _token(signer.certificate)
    security.insert(0, token)
    transform = xmlsec.constants.TransformEcdsaSha256 if signer.is_ec else xmlsec.constants.TransformRsaSha256
    signature = xmlsec.template.create(security, xmlsec.constants.TransformExclC14N, transform, ns="ds")
    security.append(signature)
    context = xmlsec.SignatureContext()
    for target, attribute in [*targets, (token, WSU_ID)]:
        reference = xmlsec.template.add_reference(
            signature, xmlsec.constants.TransformSha256, uri=f"#{target.get(attribute)}"
        )
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
        name = etree.QName(attribute)
        context.register_id(target, name.localname, name.namespace)
    _refer(xmlsec.template.ensure_key_info(signature), token)
    pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)


def _token(certificate: x509.Certificate) -> Element:
    token = etree.Element(BINARY_TOKEN, nsmap={"wsu": WSU})
    token.set("EncodingType", BASE64_BINARY)
    token.set("ValueType", X509_V3)
    token.set(WSU_ID, fresh_id())
    token.text = b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return token


def _refer(key_info: Element, token: Element) -> None:
    reference = etree.SubElement(etree.SubElement(key_info, TOKEN_REFERENCE), REFERENCE)
    reference.set("URI", f"#{token.get(WSU_ID)}")
    reference.set("ValueType", X509_V3)
