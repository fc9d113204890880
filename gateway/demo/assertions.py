"""SAML assertions with sender-vouches confirmation, as a portal or a security token service would issue them.

Written for the demonstration with plain lxml, so that the gateway's own readers meet something they did not
make. Shapes: OASIS SAML 1.1 core sections 2.3 and 2.4, SAML 2.0 core sections 2.3 to 2.7; WSS SAML Token
Profile 1.1.1 section 3.5.2.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from gateway.safexml import Element
from gateway.wss.names import ASSERTION_11, ASSERTION_20, SAML1, SAML2
from gateway.wss.verdict import TokenKind

LIFETIME: Final = timedelta(minutes=5)
BACKDATED: Final = timedelta(seconds=30)
"""Clocks differ a little."""
ID_ATTRIBUTES: Final = {TokenKind.SAML11: "AssertionID", TokenKind.SAML20: "ID"}

_CM_11: Final = "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches"
_CM_20: Final = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
_FORMAT: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_AM_11: Final = "urn:oasis:names:tc:SAML:1.0:am:unspecified"
_AC_20: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"


@dataclass(frozen=True, slots=True)
class Statement:
    """Who says what about whom, and to whom."""

    user: str
    issuer: str
    audience: str
    now: datetime


def fresh_id() -> str:
    """Return a new value for an ID attribute: an NCName with 128 random bits."""
    return f"_{secrets.token_hex(16)}"


def instant(time: datetime) -> str:
    """Return an aware UTC time as xs:dateTime, with milliseconds."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def assertion(kind: TokenKind, says: Statement) -> Element:
    """Return an unsigned assertion, valid for five minutes."""
    return _assertion_11(says) if kind is TokenKind.SAML11 else _assertion_20(says)


def _assertion_11(says: Statement) -> Element:
    root = etree.Element(ASSERTION_11, nsmap={"saml": SAML1})
    root.set("MajorVersion", "1")
    root.set("MinorVersion", "1")
    root.set("AssertionID", fresh_id())
    root.set("Issuer", says.issuer)
    root.set("IssueInstant", instant(says.now))
    conditions = _conditions(root, SAML1, says)
    restriction = etree.SubElement(conditions, f"{{{SAML1}}}AudienceRestrictionCondition")
    etree.SubElement(restriction, f"{{{SAML1}}}Audience").text = says.audience
    statement = etree.SubElement(root, f"{{{SAML1}}}AuthenticationStatement")
    statement.set("AuthenticationMethod", _AM_11)
    statement.set("AuthenticationInstant", instant(says.now))
    subject = etree.SubElement(statement, f"{{{SAML1}}}Subject")
    name = etree.SubElement(subject, f"{{{SAML1}}}NameIdentifier", Format=_FORMAT)
    name.text = says.user
    confirmation = etree.SubElement(subject, f"{{{SAML1}}}SubjectConfirmation")
    etree.SubElement(confirmation, f"{{{SAML1}}}ConfirmationMethod").text = _CM_11
    return root


def _assertion_20(says: Statement) -> Element:
    root = etree.Element(ASSERTION_20, nsmap={"saml2": SAML2})
    root.set("Version", "2.0")
    root.set("ID", fresh_id())
    root.set("IssueInstant", instant(says.now))
    etree.SubElement(root, f"{{{SAML2}}}Issuer").text = says.issuer
    subject = etree.SubElement(root, f"{{{SAML2}}}Subject")
    etree.SubElement(subject, f"{{{SAML2}}}NameID", Format=_FORMAT).text = says.user
    etree.SubElement(subject, f"{{{SAML2}}}SubjectConfirmation", Method=_CM_20)
    conditions = _conditions(root, SAML2, says)
    restriction = etree.SubElement(conditions, f"{{{SAML2}}}AudienceRestriction")
    etree.SubElement(restriction, f"{{{SAML2}}}Audience").text = says.audience
    statement = etree.SubElement(root, f"{{{SAML2}}}AuthnStatement", AuthnInstant=instant(says.now))
    context = etree.SubElement(statement, f"{{{SAML2}}}AuthnContext")
    etree.SubElement(context, f"{{{SAML2}}}AuthnContextClassRef").text = _AC_20
    return root


def _conditions(root: Element, namespace: str, says: Statement) -> Element:
    conditions = etree.SubElement(root, f"{{{namespace}}}Conditions")
    conditions.set("NotBefore", instant(says.now - BACKDATED))
    conditions.set("NotOnOrAfter", instant(says.now + LIFETIME))
    return conditions
