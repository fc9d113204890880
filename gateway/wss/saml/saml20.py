"""SAML 2.0 assertions (OASIS SAML 2.0 core, section 2): their shape, and what they say."""

import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.wss.names import ASSERTION_20, SIGNATURE, WSU_ID
from gateway.wss.rules import R
from gateway.wss.saml.grammar import Shape, leaf, maybe, one, some
from gateway.wss.saml.names import ENTITY, SENDER_VOUCHES_20, saml2
from gateway.wss.saml.parts import Authentication, Confirmation, Name, Window
from gateway.wss.saml.text import all_of, first_of, instant, is_nil, read_name, stripped
from gateway.wss.verdict import Attribute, Trail

TAG: Final = ASSERTION_20
VERSION: Final[Mapping[str, str]] = {"Version": "2.0"}
ID: Final = "ID"
ID_FORM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,127}")
ISSUER: Final = saml2("Issuer")
SUBJECT: Final = saml2("Subject")
NAME: Final = saml2("NameID")
BASE_ID: Final = saml2("BaseID")
CONFIRMATION: Final = saml2("SubjectConfirmation")
DATA: Final = saml2("SubjectConfirmationData")
CONDITIONS: Final = saml2("Conditions")
RESTRICTION: Final = saml2("AudienceRestriction")
ONE_TIME: Final = saml2("OneTimeUse")
PROXY: Final = saml2("ProxyRestriction")
AUTHENTICATION: Final = saml2("AuthnStatement")
DECISION: Final = saml2("AuthzDecisionStatement")
ATTRIBUTES: Final = saml2("AttributeStatement")
STATEMENTS: Final = frozenset({AUTHENTICATION, DECISION, ATTRIBUTES})
CONDITION_KINDS: Final = frozenset({RESTRICTION, ONE_TIME, PROXY})

_AUDIENCE: Final = saml2("Audience")
_QUALIFIERS: Final = frozenset({"NameQualifier", "SPNameQualifier", "SPProvidedID"})
_NAME_ID: Final = leaf("NameIDType", optional="Format NameQualifier SPNameQualifier SPProvidedID", text=True)
_DECISIONS: Final = {"Decision": re.compile("Permit|Deny|Indeterminate")}
_COUNT: Final = {"Count": re.compile("[0-9]{1,9}")}

GRAMMAR: Final[Mapping[str, Shape]] = {
    ASSERTION_20: Shape(
        "AssertionType",
        (
            one(ISSUER),
            maybe(SIGNATURE),
            one(SUBJECT),
            maybe(CONDITIONS),
            maybe(saml2("Advice")),
            some(STATEMENTS, 0),
        ),
        frozenset({"Version", "ID", "IssueInstant"}),
        frozenset({WSU_ID}),  # not in the schema; gSOAP and node-soap name it so in their signatures
    ),
    ISSUER: _NAME_ID,
    SUBJECT: Shape("SubjectType", (one(NAME), some({CONFIRMATION}))),
    NAME: _NAME_ID,
    CONFIRMATION: Shape("SubjectConfirmationType", (maybe(NAME), maybe(DATA)), frozenset({"Method"})),
    DATA: leaf("SubjectConfirmationDataType", optional="NotBefore NotOnOrAfter Recipient InResponseTo Address"),
    CONDITIONS: Shape(
        "ConditionsType", (some(CONDITION_KINDS, 0),), optional=frozenset({"NotBefore", "NotOnOrAfter"})
    ),
    RESTRICTION: Shape("AudienceRestrictionType", (some({_AUDIENCE}),)),
    _AUDIENCE: leaf(text=True),
    ONE_TIME: leaf("OneTimeUseType"),
    PROXY: Shape("ProxyRestrictionType", (some({_AUDIENCE}, 0),), optional=frozenset({"Count"}), facets=_COUNT),
    saml2("Advice"): leaf("AdviceType"),
    AUTHENTICATION: Shape(
        "AuthnStatementType",
        (maybe(saml2("SubjectLocality")), one(saml2("AuthnContext"))),
        frozenset({"AuthnInstant"}),
        frozenset({"SessionIndex", "SessionNotOnOrAfter"}),
    ),
    saml2("SubjectLocality"): leaf("SubjectLocalityType", optional="Address DNSName"),
    saml2("AuthnContext"): Shape(
        "AuthnContextType",
        (
            one(saml2("AuthnContextClassRef")),
            maybe(saml2("AuthnContextDeclRef")),
            some({saml2("AuthenticatingAuthority")}, 0),
        ),
    ),
    saml2("AuthnContextClassRef"): leaf(text=True),
    saml2("AuthnContextDeclRef"): leaf(text=True),
    saml2("AuthenticatingAuthority"): leaf(text=True),
    DECISION: Shape(
        "AuthzDecisionStatementType",
        (some({saml2("Action")}), maybe(saml2("Evidence"))),
        frozenset({"Resource", "Decision"}),
        facets=_DECISIONS,
    ),
    saml2("Action"): leaf("ActionType", "Namespace", text=True),
    saml2("Evidence"): Shape("EvidenceType", (some({saml2("AssertionURIRef")}),)),
    saml2("AssertionURIRef"): leaf(text=True),
    ATTRIBUTES: Shape("AttributeStatementType", (some({saml2("Attribute")}),)),
    saml2("Attribute"): Shape(
        "AttributeType",
        (some({saml2("AttributeValue")}, 0),),
        frozenset({"Name"}),
        frozenset({"NameFormat", "FriendlyName"}),
        extensible=True,
    ),
    saml2("AttributeValue"): Shape(text=True, value=True),
}
"""`ds:Signature` has no shape here: its inside is judged with the signatures."""


def one_subject(element: Element, trail: Trail) -> None:
    """Require one subject with one name, which no other kind of identifier replaces."""
    found = all_of(element, SUBJECT)
    abstract = any(first_of(subject, BASE_ID) is not None for subject in found)
    trail.require(R.SAML_SUBJECT, not abstract, "BaseID", WssFault.UNSUPPORTED_SECURITY_TOKEN)
    named = len(found) == 1 and len(found[0].findall(NAME)) == 1
    detail = f"{len(found)} subjects, or one without exactly one NameID"
    trail.require(R.SAML_SUBJECT, named, detail, WssFault.INVALID_SECURITY_TOKEN)


def methods(element: Element) -> list[list[str | None]]:
    """Return the confirmation methods of the subject."""
    return [
        [found.get("Method") for found in all_of(subject, CONFIRMATION)] for subject in all_of(element, SUBJECT)
    ]


def vouched(found: list[str | None]) -> bool:
    """Tell whether a subject is confirmed by sender-vouches and nothing else."""
    return bool(found) and all(method == SENDER_VOUCHES_20 for method in found)


def issuer(element: Element, trail: Trail) -> str:
    """Return the issuer: an entity, which has no qualifiers (section 8.3.6)."""
    found: Any = first_of(element, ISSUER)
    entity = (found.get("Format") or ENTITY) == ENTITY and not _QUALIFIERS & set(found.attrib)
    refusal = WssFault.FAILED_AUTHENTICATION
    trail.require(R.SAML_ISSUER, entity, "the Issuer is another kind of name than an entity", refusal)
    return stripped(found) or ""


def name(element: Element, trail: Trail) -> Name:
    """Return the name of the subject; one inside SubjectConfirmation names who vouches, never the user."""
    names = [found for subject in all_of(element, SUBJECT) for found in all_of(subject, NAME)]
    return read_name(next(iter(names), None), trail)


def window(element: Element, trail: Trail) -> Window:
    """Return what the Conditions say. ProxyRestriction limits what is issued on the base of it, not its use."""
    conditions: Any = first_of(element, CONDITIONS)
    if conditions is None:
        return Window()
    return Window(
        instant(conditions, "NotBefore", trail),
        instant(conditions, "NotOnOrAfter", trail),
        tuple(
            frozenset(stripped(audience) or "" for audience in restriction)
            for restriction in all_of(conditions, RESTRICTION)
        ),
        first_of(conditions, ONE_TIME) is not None,
    )


def confirmations(element: Element, trail: Trail) -> tuple[Confirmation, ...]:
    """Return what limits each confirmation."""
    found = [one_of for subject in all_of(element, SUBJECT) for one_of in all_of(subject, CONFIRMATION)]
    return tuple(_confirmation(first_of(one_of, DATA), trail) for one_of in found)


def _confirmation(data: Element | None, trail: Trail) -> Confirmation:
    if data is None:
        return Confirmation()
    return Confirmation(
        instant(data, "NotBefore", trail),
        instant(data, "NotOnOrAfter", trail),
        data.get("Recipient"),
        data.get("InResponseTo") is not None,
    )


def authentications(element: Element, trail: Trail) -> tuple[Authentication, ...]:
    """Return when the subject was authenticated, and until when its sessions last."""
    found = (
        (instant(statement, "AuthnInstant", trail), instant(statement, "SessionNotOnOrAfter", trail))
        for statement in all_of(element, AUTHENTICATION)
    )
    return tuple(Authentication(at, until) for at, until in found if at is not None)


def attributes(element: Element) -> tuple[Attribute, ...]:
    """Return the attributes of all statements."""
    return tuple(
        Attribute(
            found.get("Name") or "",
            found.get("NameFormat") or "",
            tuple(stripped(value) or "" for value in found if not is_nil(value)),
        )
        for statement in all_of(element, ATTRIBUTES)
        for found in all_of(statement, saml2("Attribute"))
    )
