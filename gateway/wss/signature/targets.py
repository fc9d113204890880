"""What the references of a message signature may name, decided by walking from the element to the root."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.wss.ids import IdIndex
from gateway.wss.names import KEY_INFO, REFERENCE, SECURITY, TOKEN_REFERENCE
from gateway.wss.rules import R
from gateway.wss.signature.token_reference import only_child, signed_token
from gateway.wss.verdict import Trail

_FAILED: Final = WssFault.FAILED_CHECK
_SHAPE: Final = WssFault.INVALID_SECURITY

MAX_TIMES_SIGNED: Final = 4
"""References one inside the other: each is canonicalized again."""

MAX_ATTRIBUTES: Final = 16
MAX_NAME: Final = 256
"""Attributes of a signed element itself, and characters of a name with its namespace. Canonicalization copies
the start tag, and lxml keeps the names of that copy for as long as the thread lives."""


@dataclass(frozen=True, slots=True, eq=False)
class SignedToken:
    """The element that a reference names, and the token that it stands for with STR-Transform."""

    element: Element
    token: Element | None = None


def message_target(name: str, signature: Element, ids: IdIndex, trail: Trail) -> Element:
    """Return the element that a reference of a message signature names.

    Not the signature or what it stands in, nothing inside it but KeyInfo, nothing in the Security header of
    another actor (BSP R3066).
    """
    target = ids.target(name)
    if target is None:
        raise trail.broken(R.SIG_TARGET, f"nothing is called {name} by the right attribute", _FAILED)
    names = target.keys()
    if len(names) > MAX_ATTRIBUTES or max(map(len, names), default=0) > MAX_NAME or len(target.tag) > MAX_NAME:
        raise trail.broken(R.SIG_TARGET, "its start tag is too long", _FAILED)
    security = signature.getparent()
    beside = security is not None and target.getparent() is security
    if beside and target is not signature and target.tag != SECURITY:
        return target  # as most are: what is above it is above the signature, too
    in_key_info = False
    node: Element | None = target
    while node is not None:
        if node is signature and not in_key_info:
            raise trail.broken(R.SIG_TARGET, "it is a part of the signature", _SHAPE)
        if node.tag == SECURITY and node is not security:
            raise trail.broken(R.SIG_TARGET, "it stands in another Security header", _SHAPE)
        parent = node.getparent()
        in_key_info = node.tag == KEY_INFO and parent is signature
        node = parent
    if target is security or any(node is target for node in signature.iterancestors()):
        raise trail.broken(R.SIG_TARGET, "it holds the signature", _SHAPE)
    return target


def signed_by_reference(target: Element, signature: Element, ids: IdIndex, trail: Trail) -> SignedToken:
    """Return the token that an STR-Transform signs.

    The SecurityTokenReference is a child of our Security header, or the one in this signature's KeyInfo; that
    one may name a certificate by a property of it, and then there is no token in the message.
    """
    security = signature.getparent()
    parent = target.getparent()
    if target.tag != TOKEN_REFERENCE or security is None or parent is None:
        raise trail.broken(R.SIG_TOKEN, "STR-Transform of another element", _FAILED)
    if parent is security:
        return SignedToken(target, signed_token(target, security, ids, trail))
    if parent.tag != KEY_INFO or parent.getparent() is not signature:
        raise trail.broken(R.SIG_TOKEN, "the SecurityTokenReference stands elsewhere", _FAILED)
    if only_child(target, trail).tag == REFERENCE:
        return SignedToken(target, signed_token(target, security, ids, trail))
    return SignedToken(target)


def judge_nesting(covered: Sequence[Element | None], trail: Trail) -> None:
    """Bound what is canonicalized: no signed element may lie in, or be, more than three others of them."""
    elements = [element for element in covered if element is not None]
    if len(elements) > MAX_TIMES_SIGNED:
        for element in elements:
            around = sum(other is node for node in (element, *element.iterancestors()) for other in elements)
            if around > MAX_TIMES_SIGNED:
                raise trail.broken(R.SIG_NESTING, f"{around} times", _SHAPE)
    trail.met(R.SIG_NESTING)
