"""The messages of the comparison: text in canonical form, so that a digest is one over the bytes as they stand.

Every part that is signed declares the namespaces it uses on itself and in the order of exclusive
canonicalization (Exclusive XML Canonicalization 1.0, section 3), so its canonical form is what stands in the
message. Nothing of the gateway makes them, nor a library of XML: who verifies them does it by the standards.
"""

import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
LAB: Final = "urn:ims-gateway:lab"
_OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE: Final = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSU: Final = f"{_OASIS}wssecurity-utility-1.0.xsd"
X509_V3: Final = f"{_OASIS}x509-token-profile-1.0#X509v3"
BASE64: Final = f"{_OASIS}soap-message-security-1.0#Base64Binary"
PASSWORD_TEXT: Final = f"{_OASIS}username-token-profile-1.0#PasswordText"
SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

ISSUER: Final = "urn:bench:issuer"
AUDIENCE: Final = "urn:bench:gateway"
USER: Final = "ALICE"
LIFETIME: Final = timedelta(seconds=300)
BACKDATED: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who signs: a key, and its certificate as it stands in a message."""

    key: rsa.RSAPrivateKey
    certificate: str
    """DER in base64."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, and what its echo has to hold."""

    data: bytes
    text: str

    def changed(self, old: str, new: str) -> "Message":
        """Return it with one thing replaced; what is not there cannot be changed."""
        if old.encode() not in self.data:
            raise ValueError(f"there is no {old} in the message")
        return Message(self.data.replace(old.encode(), new.encode(), 1), self.text)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def payload(text: str, operation: str = "echo", milliseconds: int | None = None) -> str:
    """Return a payload of the lab service."""
    wait = "" if milliseconds is None else f"<lab:milliseconds>{milliseconds}</lab:milliseconds>"
    return f'<lab:{operation} xmlns:lab="{LAB}">{wait}<lab:text>{text}</lab:text></lab:{operation}>'


def _envelope(header: str, body: str) -> bytes:
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>{header}</soap:Header>{body}</soap:Envelope>'
    ).encode()


def plain(text: str, content: str = "") -> Message:
    """Return a message without WS-Security."""
    return Message(_envelope("", f"<soap:Body>{content or payload(text)}</soap:Body>"), text)


def username(text: str, password: str, user: str = USER) -> Message:
    """Return a message with a UsernameToken and its password (UsernameToken Profile 1.1, section 3)."""
    token = (
        f'<wsse:Security xmlns:wsse="{WSSE}" soap:mustUnderstand="1"><wsse:UsernameToken>'
        f'<wsse:Username>{user}</wsse:Username><wsse:Password Type="{PASSWORD_TEXT}">{password}</wsse:Password>'
        "</wsse:UsernameToken></wsse:Security>"
    )
    return Message(_envelope(token, f"<soap:Body>{payload(text)}</soap:Body>"), text)


def _timestamp(wsu_id: str, now: datetime) -> str:
    return (
        f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="{wsu_id}"><wsu:Created>{_instant(now)}</wsu:Created>'
        f"<wsu:Expires>{_instant(now + LIFETIME)}</wsu:Expires></wsu:Timestamp>"
    )


def _assertion(assertion_id: str, now: datetime, user: str) -> str:
    return (
        f'<saml2:Assertion xmlns:saml2="{SAML}" ID="{assertion_id}" IssueInstant="{_instant(now)}" '
        f'Version="2.0"><saml2:Issuer>{ISSUER}</saml2:Issuer><saml2:Subject><saml2:NameID>{user}</saml2:NameID>'
        '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches">'
        "</saml2:SubjectConfirmation></saml2:Subject>"
        f'<saml2:Conditions NotBefore="{_instant(now - BACKDATED)}" NotOnOrAfter="{_instant(now + LIFETIME)}">'
        f"<saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}"
        "</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
        f'<saml2:AuthnStatement AuthnInstant="{_instant(now)}"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml2:AuthnContextClassRef></saml2:AuthnContext>"
        "</saml2:AuthnStatement></saml2:Assertion>"
    )


def _body(wsu_id: str, content: str) -> str:
    return f'<soap:Body xmlns:soap="{SOAP}" xmlns:wsu="{WSU}" wsu:Id="{wsu_id}">{content}</soap:Body>'


def _reference(target: str, part: str) -> str:
    digest = b64encode(sha256(part.encode()).digest()).decode()
    return (
        f'<ds:Reference URI="#{target}"><ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"></ds:Transform>'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )


def _signature(parts: dict[str, str], sender: Sender, token_id: str) -> str:
    references = "".join(_reference(target, part) for target, part in parts.items())
    signed = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{EXC_C14N}">'
        f'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{RSA_SHA256}"></ds:SignatureMethod>'
        f"{references}</ds:SignedInfo>"
    )
    value = b64encode(sender.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    return (
        f'<ds:Signature xmlns:ds="{DS}">{signed}<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo>'
        f'<wsse:SecurityTokenReference><wsse:Reference URI="#{token_id}" ValueType="{X509_V3}">'
        "</wsse:Reference></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
    )


def signed(text: str, sender: Sender, now: datetime, user: str = USER) -> Message:
    """Return a message with an assertion and its sender's signature over Body, Timestamp and assertion."""
    body_id, time_id, assertion_id, token_id = (f"_{secrets.token_hex(12)}" for _ in range(4))
    body = _body(body_id, payload(text))
    timestamp = _timestamp(time_id, now)
    assertion = _assertion(assertion_id, now, user)
    parts = {body_id: body, time_id: timestamp, assertion_id: assertion}
    token = (
        f'<wsse:BinarySecurityToken xmlns:wsu="{WSU}" EncodingType="{BASE64}" ValueType="{X509_V3}" '
        f'wsu:Id="{token_id}">{sender.certificate}</wsse:BinarySecurityToken>'
    )
    security = f'<wsse:Security xmlns:wsse="{WSSE}" soap:mustUnderstand="1">'
    signature = _signature(parts, sender, token_id)
    return Message(_envelope(f"{security}{token}{timestamp}{assertion}{signature}</wsse:Security>", body), text)
