"""What a signature says, read against an allow-list before any cryptography (XML Signature 1.1, section 4).

Elements, attributes, order, algorithms, transforms and targets: whatever the product does not need is refused
here. Nothing after this knows of Manifest, Object, XPath, XSLT, base64, HMAC or addresses outside the message.
"""

from typing import Final

from gateway.errors import WssFault
from gateway.safexml import Element, markup_between
from gateway.wss.algorithms import SIGNATURES, SignatureAlgorithm, why_refused
from gateway.wss.ids import IdIndex
from gateway.wss.names import (
    CANONICALIZATION_METHOD,
    DS_REFERENCE,
    EXC_C14N,
    KEY_INFO,
    SIGNATURE_METHOD,
    SIGNATURE_VALUE,
    SIGNED_INFO,
    WSU_ID,
)
from gateway.wss.rules import R
from gateway.wss.signature.markup import children_of, octets_in, parameters_of, prefixes_of, strange
from gateway.wss.signature.parts import ReferenceShape, Role, SignatureShape, Transform
from gateway.wss.signature.references import ReferenceReader
from gateway.wss.signature.targets import judge_nesting
from gateway.wss.verdict import Trail

__all__ = ["MAX_REFERENCES", "ReferenceShape", "Role", "SignatureShape", "Transform", "read_signature"]

MAX_REFERENCES: Final = 16

_SHAPE: Final = WssFault.INVALID_SECURITY
_ALGORITHM: Final = WssFault.UNSUPPORTED_ALGORITHM
_IDS: Final = frozenset({"Id", WSU_ID})
_ID: Final = frozenset({"Id"})
_WITHOUT_KEY: Final = [SIGNED_INFO, SIGNATURE_VALUE]
_WITH_KEY: Final = [*_WITHOUT_KEY, KEY_INFO]
_READ: Final = tuple(
    rule.is_met for rule in (R.SIG_SHAPE, R.SIG_URI, R.SIG_TARGET, R.SIG_TRANSFORM, R.SIG_DIGEST, R.SIG_OCTETS)
)


def read_signature(element: Element, role: Role, ids: IdIndex, *, legacy: bool, trail: Trail) -> SignatureShape:
    """Read a signature that stands where one may: in our Security header, or in its assertion.

    `legacy` accepts SHA-1, and later weaker RSA keys. Raises RuleBrokenError for all that is not needed to sign
    a message or an assertion.
    """
    if next(markup_between(element), None) is not None:
        raise trail.broken(R.SIG_PLAIN, "a comment or instruction", _SHAPE)
    trail.met(R.SIG_PLAIN)
    children = children_of(element, _IDS, trail)
    tags = [child.tag for child in children]
    if tags not in (_WITH_KEY, _WITHOUT_KEY):
        raise strange(trail, f"{len(tags)} children of Signature, or in disorder")
    canonicalization, method, *elements = _signed_info(children[0], trail)
    prefixes = _exclusive(canonicalization, trail)
    algorithm = _method(method, legacy=legacy, trail=trail)
    references = _references(elements, ReferenceReader(element, role, ids, legacy, trail))
    value = octets_in(children[1], _ID, trail)
    trail.all_met(_READ)
    key_info = children[2] if len(children) > 2 else None
    return SignatureShape(
        element, children[0], prefixes, algorithm, value, references, key_info, role, legacy=legacy
    )


def _signed_info(signed_info: Element, trail: Trail) -> list[Element]:
    """Return the two methods and the references."""
    children = children_of(signed_info, _ID, trail)
    tags = [child.tag for child in children]
    if tags[:2] != [CANONICALIZATION_METHOD, SIGNATURE_METHOD]:
        raise strange(trail, "SignedInfo does not begin with its two methods")
    count = len(tags) - 2
    if tags.count(DS_REFERENCE) != count:
        raise strange(trail, "SignedInfo holds more than references")
    trail.require(R.SIG_REFERENCES, 0 < count <= MAX_REFERENCES, f"{count} references", _SHAPE)
    return children


def _exclusive(element: Element, trail: Trail) -> tuple[str, ...]:
    uri = element.get("Algorithm", "")
    if uri != EXC_C14N:
        raise trail.broken(R.SIG_CANONICAL, f"{uri[:120]!a}", _ALGORITHM)
    trail.met(R.SIG_CANONICAL)
    return prefixes_of(element, trail)


def _method(element: Element, *, legacy: bool, trail: Trail) -> SignatureAlgorithm:
    uri = parameters_of(element, trail)
    algorithm = SIGNATURES.get(uri)
    if algorithm is None or (algorithm.legacy and not legacy):
        raise trail.broken(R.SIG_METHOD, why_refused(uri, SIGNATURES), _ALGORITHM)
    trail.met(R.SIG_METHOD, algorithm.name)
    return algorithm


def _references(elements: list[Element], reader: ReferenceReader) -> tuple[ReferenceShape, ...]:
    trail = reader.trail
    if len({element.get("URI") for element in elements}) < len(elements):
        raise trail.broken(R.SIG_REFERENCES, "two references to one URI", _SHAPE)
    if reader.role is Role.STS:
        trail.require(R.SIG_OWN, len(elements) == 1, f"{len(elements)} references", _SHAPE)
    shapes = tuple([reader.read(element) for element in elements])
    judge_nesting([shape.covers for shape in shapes], trail)
    return shapes
