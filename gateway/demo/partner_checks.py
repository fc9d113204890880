"""How the partner's web services know their callers: HTTP Basic, TLS client certificate, SAML assertion.

Written by itself, from the standards alone: nothing of what the gateway sends with looks at what came.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID
from lxml import etree

from gateway.safexml import Element

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SENDER_VOUCHES: Final = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
ISSUER: Final = "urn:ims-gateway:example"
AUDIENCE: Final = "urn:ims-gateway:example:rating"
_FAULT: Final = HTTPStatus.INTERNAL_SERVER_ERROR
"""What a SOAP fault comes with."""


class Proof(Enum):
    """What a caller may have to show."""

    BASIC = "HTTP Basic"
    CERTIFICATE = "TLS client certificate"
    ASSERTION = "SAML 2.0 assertion"


class RefusedError(Exception):
    """The partner does not serve this caller."""

    def __init__(self, why: str, status: HTTPStatus = _FAULT) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Shown:
    """Who a caller showed to be; empty: not shown."""

    basic: str = ""
    """User of HTTP Basic, password checked."""
    certificate: str = ""
    """Common name in the client's certificate; TLS has checked it."""
    user: str = ""
    """Name of the subject of the assertion."""

    @property
    def proofs(self) -> frozenset[Proof]:
        """What was shown."""
        found = {
            Proof.BASIC: self.basic,
            Proof.CERTIFICATE: self.certificate,
            Proof.ASSERTION: self.user,
        }
        return frozenset(proof for proof, name in found.items() if name)

    def check(self, wanted: frozenset[Proof]) -> None:
        """Raise RefusedError unless just what is wanted was shown: a password sent in vain is given away."""
        missing, vain = wanted - self.proofs, self.proofs - wanted
        if missing or vain:
            words = [f"{proof.value} is missing" for proof in Proof if proof in missing]
            words += [f"{proof.value} was not asked for" for proof in Proof if proof in vain]
            unauthorized = Proof.BASIC in missing
            raise RefusedError(", ".join(words), HTTPStatus.UNAUTHORIZED if unauthorized else _FAULT)


def basic_user(header: str, user: str, password: str) -> str:
    """Return the user of an Authorization header, empty without one. Raises RefusedError for a wrong one."""
    if not header:
        return ""
    scheme, _, credentials = header.partition(" ")
    try:
        given = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("Authorization is no base64") from None
    if scheme.lower() != "basic" or not hmac.compare_digest(given, f"{user}:{password}".encode()):
        raise RefusedError("wrong user or password", HTTPStatus.UNAUTHORIZED)
    return user


def certificate_name(der: bytes | None) -> str:
    """Return the common name of a client certificate, empty without one."""
    if not der:
        return ""
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else "nameless"


def vouched_user(envelope: Element, now: datetime) -> str:
    """Return the user whom the assertion in a Security header names, empty without an assertion.

    Raises RefusedError when it is not for us, not from whom we know, not vouched for, or not valid now. It is
    unsigned: what makes it believed is the client certificate of whoever sent it.
    """
    everywhere = list(envelope.iter(f"{{{SAML}}}Assertion"))
    if not everywhere:
        return ""
    if envelope.findall(f"{{{SOAP}}}Header/{{{WSSE}}}Security/{{{SAML}}}Assertion") != everywhere:
        raise RefusedError("an assertion stands elsewhere than in the Security header")
    if len(everywhere) > 1:
        raise RefusedError("there is more than one assertion")
    (assertion,) = everywhere
    if assertion.get("Version") != "2.0" or not assertion.get("ID"):
        raise RefusedError("the assertion is none of SAML 2.0")
    _check_parties(assertion)
    _check_times(assertion, now)
    return assertion.findtext(f"{{{SAML}}}Subject/{{{SAML}}}NameID") or ""


def _check_parties(assertion: Element) -> None:
    if assertion.findtext(f"{{{SAML}}}Issuer") != ISSUER:
        raise RefusedError("the assertion is of an issuer that we do not know")
    path = f"{{{SAML}}}Conditions/{{{SAML}}}AudienceRestriction/{{{SAML}}}Audience"
    if [each.text for each in assertion.iterfind(path)] != [AUDIENCE]:
        raise RefusedError("the assertion is not for us")
    confirmations = assertion.findall(f"{{{SAML}}}Subject/{{{SAML}}}SubjectConfirmation")
    if [each.get("Method") for each in confirmations] != [SENDER_VOUCHES]:
        raise RefusedError("the assertion is not vouched for by its sender")


def _check_times(assertion: Element, now: datetime) -> None:
    conditions = assertion.find(f"{{{SAML}}}Conditions")
    assert conditions is not None, "the audience was found in it"
    try:
        begin, end = (
            datetime.fromisoformat(conditions.get(name) or "") for name in ("NotBefore", "NotOnOrAfter")
        )
        valid = begin <= now < end
    except (TypeError, ValueError):
        raise RefusedError("the assertion does not say when it is valid") from None
    if not valid:
        raise RefusedError("the assertion is not valid now")


def message_id(envelope: Element) -> str:
    """Return the WS-Addressing MessageID, empty without one."""
    return envelope.findtext(f"{{{SOAP}}}Header/{{{WSA}}}MessageID") or ""


def payload(envelope: Element) -> Element:
    """Return the one element of the body. Raises RefusedError."""
    children = envelope.findall(f"{{{SOAP}}}Body/*")
    if etree.QName(envelope).text != f"{{{SOAP}}}Envelope" or len(children) != 1:
        raise RefusedError("no SOAP 1.1 message with one element in its body")
    return children[0]
