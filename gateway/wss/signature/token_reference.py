"""wsse:SecurityTokenReference: what it holds, and the token of our header that it names (WSS 1.1.1, 7)."""

from typing import Final

from gateway.errors import GatewayError, WssFault
from gateway.safexml import Element
from gateway.wss.ids import IdIndex
from gateway.wss.names import (
    ASSERTION_11,
    ASSERTION_20,
    BINARY_TOKEN,
    EMBEDDED,
    KEY_IDENTIFIER,
    REFERENCE,
    SAML_ASSERTION_ID,
    SAML_ID,
    TOKEN_TYPE,
    TOKEN_TYPE_SAML11,
    TOKEN_TYPE_SAML20,
    WSSE,
    WSU_ID,
    X509_DATA,
)
from gateway.wss.rules import R
from gateway.wss.signature.markup import text_between
from gateway.wss.text import plain_text
from gateway.wss.verdict import Trail

_ATTRIBUTES: Final = frozenset({WSU_ID, TOKEN_TYPE, f"{{{WSSE}}}Usage"})
_KNOWN: Final = frozenset({REFERENCE, KEY_IDENTIFIER, X509_DATA})
_SAML_TYPES: Final = frozenset({SAML_ASSERTION_ID, SAML_ID})
_OF_ASSERTION: Final = {
    ASSERTION_11: (SAML_ASSERTION_ID, TOKEN_TYPE_SAML11),
    ASSERTION_20: (SAML_ID, TOKEN_TYPE_SAML20),
}
"""ValueType of a KeyIdentifier and TokenType for an assertion (SAML Token Profile 1.1.1, section 3.4)."""


def only_child(reference: Element, trail: Trail) -> Element:
    """Return the one element by which a SecurityTokenReference names a token, of a kind that is known here.

    Exactly one (BSP R3061), no KeyName (R3027), nothing embedded (section 7.4 is not done here).
    """
    bad = WssFault.INVALID_SECURITY
    if len(reference) != 1 or not _ATTRIBUTES.issuperset(reference.keys()):
        raise trail.broken(R.KEY_REFERENCE, f"{len(reference)} children, or a strange attribute", bad)
    if text_between(reference, reference):
        raise trail.broken(R.KEY_REFERENCE, "text where elements belong", bad)
    child = reference[0]
    if child.tag not in _KNOWN:
        embedded = child.tag == EMBEDDED
        fault = WssFault.UNSUPPORTED_SECURITY_TOKEN if embedded else bad
        raise trail.broken(R.KEY_REFERENCE, "Embedded" if embedded else "an unknown child", fault)
    return child


def names_assertion(child: Element) -> bool:
    """Whether the child of a SecurityTokenReference is a KeyIdentifier with the ID of an assertion."""
    return child.tag == KEY_IDENTIFIER and child.get("ValueType") in _SAML_TYPES


def direct_target(child: Element, security: Element, ids: IdIndex, trail: Trail) -> Element:
    """Return the token that a wsse:Reference names: a child of our Security header (BSP R3057, R3064, R3066).

    Raises SecurityTokenUnavailable for all that is outside: other addresses are never looked at.
    """
    if len(child) or text_between(child, ()):
        raise trail.broken(R.KEY_REFERENCE, "a Reference that is not empty", WssFault.INVALID_SECURITY)
    uri = child.get("URI", "")
    token = ids.target(uri[1:]) if uri.startswith("#") else None
    if token is None or token.getparent() is not security:
        detail = f"no token of our header: {uri[:120]!a}"
        raise trail.broken(R.KEY_FOUND, detail, WssFault.SECURITY_TOKEN_UNAVAILABLE)
    return token


def judge_value_type(reference: Element, child: Element, token: Element, trail: Trail) -> None:
    """Demand that a direct reference and the BinarySecurityToken that it names are of one type (BSP R3058)."""
    kind = token.get("ValueType")
    same = kind is not None and child.get("ValueType") == kind
    same = same and reference.get(TOKEN_TYPE) in {None, kind}
    known = set(child.keys()) <= {"URI", "ValueType"}
    fault = WssFault.INVALID_SECURITY_TOKEN
    trail.require(R.KEY_REFERENCE, same and known, "reference and token are of different types", fault)


def signed_token(reference: Element, security: Element, ids: IdIndex, trail: Trail) -> Element:
    """Return the assertion or BinarySecurityToken of our header that a signed SecurityTokenReference names.

    Not for references that name a certificate by a property of it.
    """
    child = only_child(reference, trail)
    if child.tag == KEY_IDENTIFIER:
        return _by_assertion_id(reference, child, security, ids, trail)
    if child.tag != REFERENCE:
        detail = "it names a certificate and stands outside KeyInfo"
        raise trail.broken(R.SIG_TOKEN, detail, WssFault.FAILED_CHECK)
    token = direct_target(child, security, ids, trail)
    if token.tag == BINARY_TOKEN:
        judge_value_type(reference, child, token, trail)
    else:
        _judge_assertion_type(reference, child, token, trail)
    return token


def _by_assertion_id(
    reference: Element, child: Element, security: Element, ids: IdIndex, trail: Trail
) -> Element:
    name = plain_text(child) or ""
    token = ids.target(name.strip(" \t\r\n"))
    if token is None or token.tag not in _OF_ASSERTION or token.getparent() is not security:
        raise trail.broken(R.SIG_TOKEN, "no such assertion in our header", WssFault.FAILED_CHECK)
    value_type, _ = _OF_ASSERTION[token.tag]
    if child.items() != [("ValueType", value_type)]:  # no EncodingType (BSP R6604)
        detail = "ValueType does not fit the assertion, or another attribute"
        raise trail.broken(R.SIG_TOKEN, detail, _SHAPE)
    _judge_token_type(reference, token, trail)
    return token


def _judge_assertion_type(reference: Element, child: Element, token: Element, trail: Trail) -> None:
    """Bear with a ValueType: it is not needed beside TokenType (BSP R6614), but WSS4J writes one."""
    fits = token.tag in _OF_ASSERTION and child.get("ValueType") in {None, *_OF_ASSERTION[token.tag]}
    fits = fits and set(child.keys()) <= {"URI", "ValueType"}
    if not fits:
        raise trail.broken(R.SIG_TOKEN, "a reference of the wrong type", _SHAPE)
    _judge_token_type(reference, token, trail)


def _judge_token_type(reference: Element, token: Element, trail: Trail) -> None:
    """TokenType fits the assertion (BSP R6611, R6617); the elder senders that leave it out are borne with."""
    fits = reference.get(TOKEN_TYPE) in {None, _OF_ASSERTION[token.tag][1]}
    trail.require(R.SIG_TOKEN, fits, "TokenType does not fit the assertion", _SHAPE)


_SHAPE: Final[GatewayError | WssFault] = WssFault.INVALID_SECURITY
