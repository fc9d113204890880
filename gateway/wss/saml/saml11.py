"""SAML 1.1 assertions (OASIS SAML 1.1 core, section 2): their shape, and what they say.

The subject stands in every statement. All of them must be about the same one: a reader that takes the first
could be given another by whoever adds a statement.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.wss.names import ASSERTION_11, SIGNATURE, WSU_ID
from gateway.wss.rules import R
from gateway.wss.saml.grammar import MANY, Part, Shape, leaf, maybe, one, some
from gateway.wss.saml.names import SENDER_VOUCHES_11, saml1
from gateway.wss.saml.parts import Authentication, Confirmation, Name, Window
from gateway.wss.saml.text import all_of, first_of, instant, read_name, stripped
from gateway.wss.verdict import Attribute, Trail

TAG: Final = ASSERTION_11
VERSION: Final[Mapping[str, str]] = {"MajorVersion": "1", "MinorVersion": "1"}
ID: Final = "AssertionID"
ID_FORM: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""Older stacks take random hexadecimal digits, the first of which may be no letter."""
SUBJECT: Final = saml1("Subject")
NAME: Final = saml1("NameIdentifier")
METHOD: Final = saml1("ConfirmationMethod")
CONDITIONS: Final = saml1("Conditions")
RESTRICTION: Final = saml1("AudienceRestrictionCondition")
DO_NOT_CACHE: Final = saml1("DoNotCacheCondition")
AUTHENTICATION: Final = saml1("AuthenticationStatement")
DECISION: Final = saml1("AuthorizationDecisionStatement")
ATTRIBUTES: Final = saml1("AttributeStatement")
STATEMENTS: Final = frozenset({AUTHENTICATION, DECISION, ATTRIBUTES})
CONDITION_KINDS: Final = frozenset({RESTRICTION, DO_NOT_CACHE})

_ID_REFERENCE: Final = saml1("AssertionIDReference")
_DECISIONS: Final = {"Decision": re.compile("Permit|Deny|Indeterminate")}

GRAMMAR: Final[Mapping[str, Shape]] = {
    ASSERTION_11: Shape(
        "AssertionType",
        (maybe(CONDITIONS), maybe(saml1("Advice")), some(STATEMENTS), maybe(SIGNATURE)),
        frozenset({"MajorVersion", "MinorVersion", "AssertionID", "Issuer", "IssueInstant"}),
        frozenset({WSU_ID}),  # not in the schema; gSOAP and node-soap name it so in their signatures
    ),
    CONDITIONS: Shape(
        "ConditionsType", (some(CONDITION_KINDS, 0),), optional=frozenset({"NotBefore", "NotOnOrAfter"})
    ),
    RESTRICTION: Shape("AudienceRestrictionConditionType", (some({saml1("Audience")}),)),
    saml1("Audience"): leaf(text=True),
    DO_NOT_CACHE: leaf("DoNotCacheConditionType"),
    saml1("Advice"): leaf("AdviceType"),
    AUTHENTICATION: Shape(
        "AuthenticationStatementType",
        (one(SUBJECT), maybe(saml1("SubjectLocality"))),
        frozenset({"AuthenticationMethod", "AuthenticationInstant"}),
    ),
    saml1("SubjectLocality"): leaf("SubjectLocalityType", optional="IPAddress DNSAddress"),
    DECISION: Shape(
        "AuthorizationDecisionStatementType",
        (one(SUBJECT), some({saml1("Action")}), maybe(saml1("Evidence"))),
        frozenset({"Resource", "Decision"}),
        facets=_DECISIONS,
    ),
    saml1("Action"): leaf("ActionType", optional="Namespace", text=True),
    saml1("Evidence"): Shape("EvidenceType", (some({_ID_REFERENCE}),)),
    _ID_REFERENCE: leaf(text=True),
    ATTRIBUTES: Shape("AttributeStatementType", (one(SUBJECT), some({saml1("Attribute")}))),
    saml1("Attribute"): Shape(
        "AttributeType",
        (some({saml1("AttributeValue")}),),
        frozenset({"AttributeName", "AttributeNamespace"}),
        extensible=True,  # Windows Identity Foundation adds OriginalIssuer
    ),
    saml1("AttributeValue"): Shape(text=True, value=True),
    SUBJECT: Shape("SubjectType", (one(NAME), one(saml1("SubjectConfirmation")))),
    NAME: leaf("NameIdentifierType", optional="NameQualifier Format", text=True),
    saml1("SubjectConfirmation"): Shape(
        "SubjectConfirmationType", (Part(frozenset({METHOD}), 1, MANY), maybe(saml1("SubjectConfirmationData")))
    ),
    METHOD: leaf(text=True),
    saml1("SubjectConfirmationData"): leaf(),
}
"""`ds:Signature` has no shape here: its inside is judged with the signatures."""


def subjects(element: Element) -> list[Element]:
    """Return the subject of each statement; a statement without one is not in order."""
    return [found for child in element if child.tag in STATEMENTS for found in child.iterchildren(SUBJECT)]


def one_subject(element: Element, trail: Trail) -> None:
    """Require a subject with one name in each statement, and a statement."""
    found = subjects(element)
    named = bool(found) and all(len(all_of(subject, NAME)) == 1 for subject in found)
    detail = f"{len(found)} subjects, or one without exactly one NameIdentifier"
    trail.require(R.SAML_SUBJECT, named, detail, WssFault.INVALID_SECURITY_TOKEN)


def methods(element: Element) -> list[list[str | None]]:
    """Return the confirmation methods of each subject; None for one that is not plain text."""
    return [[stripped(method) for method in subject.iter(METHOD)] for subject in subjects(element)]


def vouched(found: list[str | None]) -> bool:
    """Tell whether a subject is confirmed by sender-vouches and nothing else."""
    return bool(found) and all(method == SENDER_VOUCHES_11 for method in found)


def issuer(element: Element, trail: Trail) -> str:
    """Return the issuer, an attribute in this version."""
    trail.met(R.SAML_ISSUER)
    return element.get("Issuer") or ""


def name(element: Element, trail: Trail) -> Name:
    """Return the name of the subject, which is the same in every statement."""
    first, *others = [read_name(first_of(subject, NAME), trail) for subject in subjects(element)]
    same = all(other == first for other in others)
    trail.require(R.SAML_SAME, same, "two subjects", WssFault.INVALID_SECURITY_TOKEN)
    return first


def window(element: Element, trail: Trail) -> Window:
    """Return what the Conditions say."""
    conditions: Any = first_of(element, CONDITIONS)
    if conditions is None:
        return Window()
    return Window(
        instant(conditions, "NotBefore", trail),
        instant(conditions, "NotOnOrAfter", trail),
        tuple(
            frozenset((audience.text or "").strip(" \t\r\n") for audience in restriction)
            for restriction in all_of(conditions, RESTRICTION)
        ),
        first_of(conditions, DO_NOT_CACHE) is not None,
    )


def confirmations(element: Element, _trail: Trail) -> tuple[Confirmation, ...]:
    """Return one confirmation a subject; this version has no data that limits one."""
    return tuple(Confirmation() for _ in subjects(element))


def authentications(element: Element, trail: Trail) -> tuple[Authentication, ...]:
    """Return when the subject was authenticated."""
    found = (
        instant(statement, "AuthenticationInstant", trail) for statement in all_of(element, AUTHENTICATION)
    )
    return tuple(Authentication(at) for at in found if at is not None)


def attributes(element: Element) -> tuple[Attribute, ...]:
    """Return the attributes of all statements."""
    return tuple(
        Attribute(
            found.get("AttributeName") or "",
            found.get("AttributeNamespace") or "",
            tuple(stripped(value) or "" for value in found),
        )
        for statement in all_of(element, ATTRIBUTES)
        for found in all_of(statement, saml1("Attribute"))
    )
