"""Unsigned assertions that the gateway vouches for (SAML 1.1 and 2.0 core; SAML Token Profile 1.1.1, 3.5.2)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.safexml import Element
from gateway.wss.names import SAML1, SAML2
from gateway.wss.outbound.header import Lifetime, instant
from gateway.wss.saml.names import SENDER_VOUCHES_11, SENDER_VOUCHES_20, UNSPECIFIED, saml1, saml2

AUTHENTICATED_11: Final = "urn:oasis:names:tc:SAML:1.0:am:unspecified"
"""How the user proved who it is, in the words of SAML 1.1: the receiver is not told."""
AUTHENTICATED_20: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
"""The same in the words of SAML 2.0."""

_ID_BYTES: Final = 16
_USER_ID: Final = re.compile(r"[A-Z0-9@#$]{1,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What an assertion says. Raises ValueError when it would say something that it must not."""

    id: str
    issuer: str
    user: str
    """A user id as RACF writes it: 1 to 8 of A-Z 0-9 @ # $."""
    lifetime: Lifetime
    audience: str = ""
    """For whom it is meant; empty: that is left open."""
    qualifier: str = ""
    """NameQualifier of the user's name; empty: none."""
    authenticated: str = ""
    """URI of how the user proved who it is; empty: unspecified."""

    def __post_init__(self) -> None:
        if not is_user_id(self.user):
            raise ValueError(f"a name of {len(self.user)} characters is no user id")
        if not self.issuer or self.issuer != self.issuer.strip():
            raise ValueError("the issuer is empty, or has white space around it")


def is_user_id(text: str) -> bool:
    """Tell whether a text is a user id as RACF writes it."""
    return _USER_ID.fullmatch(text) is not None


def new_id(random_bytes: Callable[[int], bytes]) -> str:
    """Return an id of 128 random bits that is an NCName, from a cryptographic source of random bytes."""
    return f"_{random_bytes(_ID_BYTES).hex()}"


def add_assertion11(security: Element, vouched: Vouched) -> Element:
    """Add a SAML 1.1 assertion to a Security header and return it.

    Raises ValueError for characters that XML cannot hold.
    """
    issued = instant(vouched.lifetime.issued)
    assertion = etree.SubElement(security, saml1("Assertion"), nsmap={"saml": SAML1})
    _set(assertion, MajorVersion="1", MinorVersion="1", AssertionID=vouched.id, Issuer=vouched.issuer)
    _set(assertion, IssueInstant=issued)
    conditions = _conditions(assertion, saml1("Conditions"), vouched.lifetime)
    if vouched.audience:
        restriction = etree.SubElement(conditions, saml1("AudienceRestrictionCondition"))
        etree.SubElement(restriction, saml1("Audience")).text = vouched.audience
    statement = etree.SubElement(assertion, saml1("AuthenticationStatement"))
    method = vouched.authenticated or AUTHENTICATED_11
    _set(statement, AuthenticationMethod=method, AuthenticationInstant=issued)
    subject = etree.SubElement(statement, saml1("Subject"))
    _name(subject, saml1("NameIdentifier"), vouched)
    confirmation = etree.SubElement(subject, saml1("SubjectConfirmation"))
    etree.SubElement(confirmation, saml1("ConfirmationMethod")).text = SENDER_VOUCHES_11
    return assertion


def add_assertion20(security: Element, vouched: Vouched) -> Element:
    """Add a SAML 2.0 assertion to a Security header and return it.

    Raises ValueError for characters that XML cannot hold.
    """
    issued = instant(vouched.lifetime.issued)
    assertion = etree.SubElement(security, saml2("Assertion"), nsmap={"saml2": SAML2})
    _set(assertion, ID=vouched.id, Version="2.0", IssueInstant=issued)
    etree.SubElement(assertion, saml2("Issuer")).text = vouched.issuer
    subject = etree.SubElement(assertion, saml2("Subject"))
    _name(subject, saml2("NameID"), vouched)
    _set(etree.SubElement(subject, saml2("SubjectConfirmation")), Method=SENDER_VOUCHES_20)
    conditions = _conditions(assertion, saml2("Conditions"), vouched.lifetime)
    if vouched.audience:
        restriction = etree.SubElement(conditions, saml2("AudienceRestriction"))
        etree.SubElement(restriction, saml2("Audience")).text = vouched.audience
    statement = etree.SubElement(assertion, saml2("AuthnStatement"))
    _set(statement, AuthnInstant=issued)
    context = etree.SubElement(statement, saml2("AuthnContext"))
    etree.SubElement(context, saml2("AuthnContextClassRef")).text = vouched.authenticated or AUTHENTICATED_20
    return assertion


def _conditions(assertion: Element, tag: str, lifetime: Lifetime) -> Element:
    conditions = etree.SubElement(assertion, tag)
    _set(conditions, NotBefore=instant(lifetime.begin), NotOnOrAfter=instant(lifetime.end))
    return conditions


def _name(subject: Element, tag: str, vouched: Vouched) -> None:
    name = etree.SubElement(subject, tag)
    if vouched.qualifier:
        _set(name, NameQualifier=vouched.qualifier)
    _set(name, Format=UNSPECIFIED)
    name.text = vouched.user


def _set(element: Element, **attributes: str) -> None:
    for name, value in attributes.items():
        element.set(name, value)
