"""From an element to an `Assertion`, or to the first rule that it breaks.

The order matters: what tells a sender most comes first (another version, encryption, another confirmation
method), then the shape as a whole, and only what has passed that is read.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

from gateway.errors import WssFault
from gateway.safexml import Element, children, markup_between
from gateway.wss.names import ASSERTION_11, ASSERTION_20, ENCRYPTED_ASSERTION, SIGNATURE, XENC
from gateway.wss.rules import R
from gateway.wss.saml import saml11, saml20
from gateway.wss.saml.conditions import judge_conditions, until
from gateway.wss.saml.grammar import MAX_ELEMENTS, Shape, misplaced, shown
from gateway.wss.saml.names import saml2
from gateway.wss.saml.parts import Assertion, Authentication, Confirmation, Name, Window
from gateway.wss.saml.text import all_of, first_of, instant
from gateway.wss.verdict import Attribute, TokenKind, Trail

__all__ = ["Assertion", "judge_conditions", "read_assertion", "until"]

_ASSERTIONS: Final = frozenset({ASSERTION_11, ASSERTION_20})
_ENCRYPTED: Final = frozenset({ENCRYPTED_ASSERTION, saml2("EncryptedID"), saml2("EncryptedAttribute")})
_XENC: Final = f"{{{XENC}}}"


class _Version(Protocol):
    """What the module of one SAML version offers."""

    @property
    def TAG(self) -> str: ...  # noqa: N802  a constant of the module
    @property
    def VERSION(self) -> Mapping[str, str]: ...  # noqa: N802  a constant of the module
    @property
    def ID(self) -> str: ...  # noqa: N802  a constant of the module
    @property
    def ID_FORM(self) -> re.Pattern[str]: ...  # noqa: N802  a constant of the module
    @property
    def GRAMMAR(self) -> Mapping[str, Shape]: ...  # noqa: N802  a constant of the module
    @property
    def CONDITIONS(self) -> str: ...  # noqa: N802  a constant of the module
    @property
    def CONDITION_KINDS(self) -> frozenset[str]: ...  # noqa: N802  a constant of the module

    def one_subject(self, element: Element, trail: Trail) -> None: ...
    def methods(self, element: Element) -> list[list[str | None]]: ...
    def vouched(self, found: list[str | None]) -> bool: ...
    def issuer(self, element: Element, trail: Trail) -> str: ...
    def name(self, element: Element, trail: Trail) -> Name: ...
    def window(self, element: Element, trail: Trail) -> Window: ...
    def confirmations(self, element: Element, trail: Trail) -> tuple[Confirmation, ...]: ...
    def authentications(self, element: Element, trail: Trail) -> tuple[Authentication, ...]: ...
    def attributes(self, element: Element) -> tuple[Attribute, ...]: ...


def read_assertion(element: Element, kind: TokenKind, trail: Trail) -> Assertion:
    """Read one assertion of the kind, strictly; raises RuleBrokenError for the first rule it breaks.

    Whether it is signed, issued by somebody known or valid now is not looked at.
    """
    version: _Version = saml11 if kind is TokenKind.SAML11 else saml20
    stated = {name: element.get(name) for name in version.VERSION}
    right = element.tag == version.TAG and stated == version.VERSION
    trail.require(R.SAML_VERSION, right, "another version", WssFault.UNSUPPORTED_SECURITY_TOKEN)
    _look_through(element, trail)
    version.one_subject(element, trail)
    _confirmed(element, version, trail)
    _conditions_known(element, version, trail)
    stray = misplaced(element, version.GRAMMAR)
    trail.require(R.SAML_SHAPE, not stray, stray, WssFault.INVALID_SECURITY_TOKEN)
    return _read(element, kind, version, trail)


def _look_through(element: Element, trail: Trail) -> None:
    """Refuse what may stand nowhere in an assertion, however deep, not even inside its signature."""
    plain = next(markup_between(element), None) is None
    trail.require(R.SAML_PLAIN, plain, "comment or processing instruction", WssFault.INVALID_SECURITY_TOKEN)
    tags = [node.tag for node in element.iter()]
    hidden = [tag for tag in tags if tag in _ENCRYPTED or tag.startswith(_XENC)]
    detail = f"{len(hidden)} encrypted elements" if hidden else ""
    trail.require(R.SAML_CLEAR, not hidden, detail, WssFault.UNSUPPORTED_SECURITY_TOKEN)
    inner = len([tag for tag in tags if tag in _ASSERTIONS]) - 1
    detail = f"{inner} inner assertions" if inner else ""
    trail.require(R.SAML_ALONE, not inner, detail, WssFault.INVALID_SECURITY)
    if len(tags) > MAX_ELEMENTS:
        raise trail.broken(R.SAML_SHAPE, f"{len(tags)} elements", WssFault.INVALID_SECURITY_TOKEN)


def _confirmed(element: Element, version: _Version, trail: Trail) -> None:
    vouched = all(version.vouched(found) for found in version.methods(element))
    detail = "a confirmation method other than sender-vouches, or none"
    trail.require(R.SAML_CONFIRMATION, vouched, detail, WssFault.UNSUPPORTED_SECURITY_TOKEN)


def _conditions_known(element: Element, version: _Version, trail: Trail) -> None:
    """Refuse an unknown condition: it leaves open whether the assertion is valid (SAML 2.0 core, 2.5.1.1)."""
    strange = [
        child
        for conditions in all_of(element, version.CONDITIONS)
        for child in children(conditions)
        if child.tag not in version.CONDITION_KINDS
    ]
    detail = shown(strange[0]) if strange else ""
    trail.require(R.SAML_CONDITION, not strange, detail, WssFault.INVALID_SECURITY_TOKEN)


def _read(element: Element, kind: TokenKind, version: _Version, trail: Trail) -> Assertion:
    identifier = element.get(version.ID) or ""
    well_formed = version.ID_FORM.fullmatch(identifier) is not None
    trail.require(R.SAML_ID, well_formed, "no id, or no name of XML", WssFault.INVALID_SECURITY_TOKEN)
    issuer = version.issuer(element, trail)
    trail.require(R.SAML_ISSUER, issuer != "", "empty", WssFault.FAILED_AUTHENTICATION)
    name = version.name(element, trail)
    issued = instant(element, "IssueInstant", trail)
    if issued is None:
        raise trail.broken(R.SAML_TIMES, "no IssueInstant", WssFault.INVALID_SECURITY_TOKEN)
    window = version.window(element, trail)
    confirmations = version.confirmations(element, trail)
    authentications = version.authentications(element, trail)
    trail.met(R.SAML_TIMES)
    return Assertion(
        element=element,
        kind=kind,
        id=identifier,
        issuer=issuer,
        issued=issued,
        not_before=window.not_before,
        not_on_or_after=window.not_on_or_after,
        audiences=window.audiences,
        one_time=window.one_time,
        user=name.text,
        name_format=name.format,
        qualifier=name.qualifier,
        attributes=version.attributes(element),
        confirmations=confirmations,
        authentications=authentications,
        signature=first_of(element, SIGNATURE),
    )
