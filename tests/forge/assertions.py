"""Assertions as text: SAML 1.1 and 2.0, sender-vouches, every piece of them replaceable."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.forge.names import SAML1, SAML2, SENDER_VOUCHES, UNSPECIFIED

STS_PLACE = "{{sts}}"
"""Where the assertion's own signature goes."""

ISSUER = "https://sts.forge.test"
AUDIENCE = "https://gateway.example/ims"


def instant(moment: datetime) -> str:
    """Return an xs:dateTime in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def assertion(version: int, now: datetime, user: str, claims: Mapping[str, Any]) -> str:
    """Return an assertion of SAML 1.1 (11) or 2.0 (20).

    `claims` has the id and replaces pieces. Values: issuer, issued, not_before, not_on_or_after, audience,
    method, format. XML text: restrictions, conditions, name, confirmation, subject, statements, advice,
    issuer_xml, and attributes, those of the start tag.
    """
    facts = {
        "issuer": ISSUER,
        "issued": instant(now),
        "not_before": instant(now - timedelta(seconds=60)),
        "not_on_or_after": instant(now + timedelta(seconds=300)),
        "audience": AUDIENCE,
        "method": SENDER_VOUCHES[version],
        "format": UNSPECIFIED,
        "user": user,
        "advice": "",
        **claims,
    }
    return (_saml11 if version == 11 else _saml20)(facts)


def _piece(facts: dict[str, Any], key: str, text: str) -> str:
    """Return a piece, its claim in place of the text, and remember it for pieces around it."""
    facts.setdefault(key, text)
    return str(facts[key])


def _saml11(facts: dict[str, Any]) -> str:
    name = f'<saml:NameIdentifier Format="{facts["format"]}">{facts["user"]}</saml:NameIdentifier>'
    confirmation = (
        "<saml:SubjectConfirmation><saml:ConfirmationMethod>"
        f"{facts['method']}</saml:ConfirmationMethod></saml:SubjectConfirmation>"
    )
    inside = _piece(facts, "name", name) + _piece(facts, "confirmation", confirmation)
    subject = f"<saml:Subject>{inside}</saml:Subject>"
    _piece(facts, "subject", subject)
    restrictions = (
        "<saml:AudienceRestrictionCondition><saml:Audience>"
        f"{facts['audience']}</saml:Audience></saml:AudienceRestrictionCondition>"
    )
    conditions = (
        f'<saml:Conditions NotBefore="{facts["not_before"]}" NotOnOrAfter="{facts["not_on_or_after"]}">'
        f"{_piece(facts, 'restrictions', restrictions)}</saml:Conditions>"
    )
    statements = (
        f'<saml:AuthenticationStatement AuthenticationInstant="{facts["issued"]}" AuthenticationMethod='
        f'"urn:oasis:names:tc:SAML:1.0:am:password">{facts["subject"]}</saml:AuthenticationStatement>'
    )
    attributes = (
        f'AssertionID="{facts["id"]}" IssueInstant="{facts["issued"]}" Issuer="{facts["issuer"]}" '
        'MajorVersion="1" MinorVersion="1"'
    )
    return (
        f'<saml:Assertion xmlns:saml="{SAML1}" {_piece(facts, "attributes", attributes)}>'
        f"{_piece(facts, 'conditions', conditions)}{facts['advice']}{_piece(facts, 'statements', statements)}"
        f"{STS_PLACE}</saml:Assertion>"
    )


def _saml20(facts: dict[str, Any]) -> str:
    name = f'<saml2:NameID Format="{facts["format"]}">{facts["user"]}</saml2:NameID>'
    confirmation = f'<saml2:SubjectConfirmation Method="{facts["method"]}"/>'
    inside = _piece(facts, "name", name) + _piece(facts, "confirmation", confirmation)
    subject = f"<saml2:Subject>{inside}</saml2:Subject>"
    audience = f"<saml2:Audience>{facts['audience']}</saml2:Audience>"
    restrictions = f"<saml2:AudienceRestriction>{audience}</saml2:AudienceRestriction>"
    conditions = (
        f'<saml2:Conditions NotBefore="{facts["not_before"]}" NotOnOrAfter="{facts["not_on_or_after"]}">'
        f"{_piece(facts, 'restrictions', restrictions)}</saml2:Conditions>"
    )
    statements = (
        f'<saml2:AuthnStatement AuthnInstant="{facts["issued"]}"><saml2:AuthnContext>'
        "<saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml2:AuthnContextClassRef>"
        "</saml2:AuthnContext></saml2:AuthnStatement>"
    )
    attributes = f'ID="{facts["id"]}" IssueInstant="{facts["issued"]}" Version="2.0"'
    issuer = f"<saml2:Issuer>{facts['issuer']}</saml2:Issuer>"
    return (
        f'<saml2:Assertion xmlns:saml2="{SAML2}" {_piece(facts, "attributes", attributes)}>'
        f"{_piece(facts, 'issuer_xml', issuer)}{STS_PLACE}{_piece(facts, 'subject', subject)}"
        f"{_piece(facts, 'conditions', conditions)}{facts['advice']}{_piece(facts, 'statements', statements)}"
        "</saml2:Assertion>"
    )
