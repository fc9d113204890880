"""The Security header: which one is ours, what may stand in it, and its one identity token.

Rules of OASIS WSS SOAP Message Security 1.1.1, section 5, and WS-I BSP 1.1; where they leave a choice, the
strict side is taken: unknown children are refused, not skipped.
"""

from typing import Any, Final

from gateway.envelope import Envelope, require_understood
from gateway.errors import GatewayError, M, MustUnderstandError, SecurityError, WssFault
from gateway.safexml import children, markup_between
from gateway.wss.names import (
    ASSERTION_11,
    ASSERTION_20,
    BINARY_TOKEN,
    ENCRYPTED_ASSERTION,
    IDENTITY_TOKENS,
    SECURITY,
    SIGNATURE,
    TIMESTAMP,
    TOKEN_REFERENCE,
    USERNAME_TOKEN,
    XENC,
)
from gateway.wss.rules import R
from gateway.wss.verdict import TokenKind, Trail

_TOKENS: Final = {
    TokenKind.USERNAME: USERNAME_TOKEN,
    TokenKind.SAML11: ASSERTION_11,
    TokenKind.SAML20: ASSERTION_20,
}
_OF_SIGNATURES: Final = frozenset({TIMESTAMP, BINARY_TOKEN, TOKEN_REFERENCE, SIGNATURE})
_BESIDE: Final = {
    TokenKind.USERNAME: frozenset({TIMESTAMP}),
    TokenKind.SAML11: _OF_SIGNATURES,
    TokenKind.SAML20: _OF_SIGNATURES,
}
"""What may stand beside the identity token, by its kind."""


def no_header(envelope: Envelope, trail: Trail) -> None:
    """Refuse a Security header for us at a service that asks for none."""
    refusal = SecurityError(M.TOKEN_NOT_ASKED, fault=WssFault.INVALID_SECURITY)
    trail.require(R.NO_TOKEN, not _ours(envelope), "a Security header came", refusal)


def one_header(envelope: Envelope, trail: Trail) -> Any:
    """Return the one Security header for us. Headers for other actors are left alone and never looked into."""
    headers = _ours(envelope)
    if not headers:
        raise trail.broken(R.PRESENT, "no Security header for us", _of_absence(envelope))
    trail.met(R.PRESENT)
    trail.require(R.ONE_HEADER, len(headers) == 1, f"{len(headers)} headers", WssFault.INVALID_SECURITY)
    return headers[0]


def one_token(security: Any, kind: TokenKind, trail: Trail) -> Any:
    """Return the one identity token of the header; it is of the kind that is asked for."""
    _plain(security, trail)
    nodes = children(security)
    tokens = [child for child in nodes if child.tag in IDENTITY_TOKENS]
    trail.require(R.ONE_TOKEN, len(tokens) == 1, f"{len(tokens)} tokens", WssFault.INVALID_SECURITY)
    wanted = tokens[0].tag == _TOKENS[kind]
    trail.require(R.KIND, wanted, "another kind of token", WssFault.UNSUPPORTED_SECURITY_TOKEN)
    beside = _BESIDE[kind]
    others = [child.tag for child in nodes if child is not tokens[0] and child.tag not in beside]
    if others:
        raise trail.broken(R.CHILDREN, f"{len(others)} other elements", _of_others(others))
    trail.met(R.CHILDREN)
    return tokens[0]


def _ours(envelope: Envelope) -> list[Any]:
    return [block.element for block in envelope.headers if block.for_us and block.element.tag == SECURITY]


def _of_absence(envelope: Envelope) -> GatewayError | WssFault:
    """Return the fault for a message without our header.

    One of a draft, or of a namespace that is misspelt, is a header like any other that nobody here knows.
    """
    strange = {
        block.element.tag
        for block in envelope.headers
        if block.for_us and block.must_understand and block.element.tag.endswith("}Security")
    }
    understood = {block.element.tag for block in envelope.headers} - strange
    try:
        require_understood(envelope, understood)
    except MustUnderstandError as error:
        return error
    return WssFault.INVALID_SECURITY


def _plain(security: Any, trail: Trail) -> None:
    """Refuse comments: readers of text stop at them, canonical forms leave them out."""
    found = next(markup_between(security), None)
    if found is None:
        trail.met(R.NO_COMMENT)
        return
    in_token = any(parent.tag in IDENTITY_TOKENS for parent in found.iterancestors())
    fault = WssFault.INVALID_SECURITY_TOKEN if in_token else WssFault.INVALID_SECURITY
    raise trail.broken(R.NO_COMMENT, "a comment" + (" in the token" if in_token else ""), fault)


def _of_others(tags: list[str]) -> GatewayError | WssFault:
    """Return the fault for elements that do not belong into the header."""
    if any(tag.startswith(f"{{{XENC}}}") or tag == ENCRYPTED_ASSERTION for tag in tags):
        return WssFault.UNSUPPORTED_ALGORITHM
    return WssFault.INVALID_SECURITY
