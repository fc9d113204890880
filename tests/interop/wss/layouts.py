"""Security headers as text, written from the standards; what a signature computes is left empty."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.clock import SYSTEM_CLOCK
from tests.interop.wss.gateways import AUDIENCE, ISSUER
from tests.interop.wss.messages import BODY
from tests.interop.wss.partners import Partner

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_WSS = "http://docs.oasis-open.org/wss/oasis-wss-"
WSSE = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSSE11 = f"{_WSS}wssecurity-secext-1.1.xsd"
WSU = f"{_OASIS}wssecurity-utility-1.0.xsd"
X509 = f"{_OASIS}x509-token-profile-1.0#"
BASE64 = f"{_OASIS}soap-message-security-1.0#Base64Binary"
STR_TRANSFORM = f"{_OASIS}soap-message-security-1.0#STR-Transform"
THUMBPRINT = f"{_WSS}soap-message-security-1.1#ThumbprintSHA1"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"


def moment(seconds: float = 0) -> str:
    """Return now, or a moment so many seconds from it, as .NET and libraries of C write it."""
    return (SYSTEM_CLOCK.now() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z"


@dataclass(frozen=True, slots=True)
class Assertion:
    """A sender-vouches assertion; `signature` goes where the schema wants it."""

    version: str
    id: str
    user: str = "ALICE"
    signature: str = ""
    extra: str = ""
    """More attributes of the element."""

    @classmethod
    def new(cls, version: str, **how: str) -> "Assertion":
        """Return one with an id of its own."""
        return cls(version, f"_{uuid4().hex}", **how)

    @property
    def id_attribute(self) -> str:
        """The attribute that is its id."""
        return "AssertionID" if self.version == "11" else "ID"

    @property
    def xml(self) -> str:
        """The element."""
        return self._saml11() if self.version == "11" else self._saml20()

    def _saml11(self) -> str:
        subject = (
            f"<saml:Subject><saml:NameIdentifier>{self.user}</saml:NameIdentifier><saml:SubjectConfirmation>"
            "<saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:sender-vouches</saml:ConfirmationMethod>"
            "</saml:SubjectConfirmation></saml:Subject>"
        )
        return (
            f'<saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="{self.id}" Issuer="{ISSUER}" '
            f'IssueInstant="{moment()}" xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion"{self.extra}>'
            f'<saml:Conditions NotBefore="{moment(-5)}" NotOnOrAfter="{moment(300)}">'
            f"<saml:AudienceRestrictionCondition><saml:Audience>{AUDIENCE}</saml:Audience>"
            "</saml:AudienceRestrictionCondition></saml:Conditions>"
            '<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password" '
            f'AuthenticationInstant="{moment()}">{subject}</saml:AuthenticationStatement>'
            f'<saml:AttributeStatement>{subject}<saml:Attribute AttributeName="name" '
            'AttributeNamespace="http://schemas.xmlsoap.org/ws/2005/05/identity/claims">'
            "<saml:AttributeValue>Alice &amp; Co</saml:AttributeValue></saml:Attribute>"
            f"</saml:AttributeStatement>{self.signature}</saml:Assertion>"
        )

    def _saml20(self) -> str:
        return (
            f'<saml2:Assertion ID="{self.id}" IssueInstant="{moment()}" Version="2.0" '
            f'xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion"{self.extra}>'
            f"<saml2:Issuer>{ISSUER}</saml2:Issuer>{self.signature}"
            f"<saml2:Subject><saml2:NameID>{self.user}</saml2:NameID>"
            '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>'
            f'</saml2:Subject><saml2:Conditions NotBefore="{moment(-5)}" NotOnOrAfter="{moment(300)}">'
            f"<saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
            f'<saml2:AuthnStatement AuthnInstant="{moment()}"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml2:AuthnContextClassRef></saml2:AuthnContext>"
            "</saml2:AuthnStatement></saml2:Assertion>"
        )


def timestamp(wsu_id: str) -> str:
    """Return a Timestamp."""
    return (
        f'<wsu:Timestamp wsu:Id="{wsu_id}"><wsu:Created>{moment()}</wsu:Created>'
        f"<wsu:Expires>{moment(300)}</wsu:Expires></wsu:Timestamp>"
    )


def binary_token(wsu_id: str, signer: Partner) -> str:
    """Return a BinarySecurityToken."""
    text = base64.b64encode(signer.der).decode()
    return (
        f'<wsse:BinarySecurityToken wsu:Id="{wsu_id}" EncodingType="{BASE64}" ValueType="{X509}X509v3">'
        f"{text}</wsse:BinarySecurityToken>"
    )


def signature_to_fill(references: Sequence[tuple[str, Sequence[str]]], signer: Partner, key_info: str) -> str:
    """Return a Signature without values; a reference is an id and its transforms."""
    kind = "ecdsa-sha256" if isinstance(signer.key, ec.EllipticCurvePrivateKey) else "rsa-sha256"
    listed = "".join(
        f'<ds:Reference URI="#{target}"><ds:Transforms>'
        + "".join(f'<ds:Transform Algorithm="{each}"/>' for each in transforms)
        + f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference>'
        for target, transforms in references
    )
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{MORE}{kind}"/>{listed}</ds:SignedInfo><ds:SignatureValue/>'
        f"<ds:KeyInfo>{key_info}</ds:KeyInfo></ds:Signature>"
    )


def token_reference(wsu_id: str) -> str:
    """Return KeyInfo's content that names a BinarySecurityToken."""
    return (
        f'<wsse:SecurityTokenReference><wsse:Reference URI="#{wsu_id}" ValueType="{X509}X509v3"/>'
        "</wsse:SecurityTokenReference>"
    )


def envelope(soap: str, header: str, body_id: str = "body", body: str = BODY) -> str:
    """Return a message with this content of the Security header."""
    return (
        f'<S:Envelope xmlns:S="{soap}"><S:Header><wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" '
        f'S:mustUnderstand="1">{header}</wsse:Security></S:Header>'
        f'<S:Body xmlns:wsu="{WSU}" wsu:Id="{body_id}">{body}</S:Body></S:Envelope>'
    )
