"""What a signature says, read against an allow-list before any cryptography (XML Signature 1.1, section 4).

Elements, attributes, order, algorithms, transforms and targets: whatever the product does not need is refused
here. Nothing after this knows of Manifest, Object, XPath, XSLT, base64, HMAC or addresses outside the message.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.wss.algorithms import DIGESTS, SIGNATURES, Digest, SignatureAlgorithm, why_refused
from gateway.wss.ids import IdIndex, is_name
from gateway.wss.names import (
    CANONICALIZATION_METHOD,
    DIGEST_METHOD,
    DIGEST_VALUE,
    DS_REFERENCE,
    ENVELOPED,
    EXC_C14N,
    INCLUSIVE_NAMESPACES,
    KEY_INFO,
    SIGNATURE_METHOD,
    SIGNATURE_VALUE,
    SIGNED_INFO,
    STR_TRANSFORM,
    TRANSFORM,
    TRANSFORMATION_PARAMETERS,
    TRANSFORMS,
    WSU_ID,
)
from gateway.wss.octets import octets_of
from gateway.wss.rules import R
from gateway.wss.signature.targets import SignedToken, judge_nesting, message_target, signed_by_reference
from gateway.wss.verdict import RuleBrokenError, Trail

MAX_REFERENCES: Final = 16

_XML_SPACE: Final = " \t\r\n"
_SHAPE: Final = WssFault.INVALID_SECURITY
_ALGORITHM: Final = WssFault.UNSUPPORTED_ALGORITHM
_IDS: Final = frozenset({"Id", WSU_ID})
_ID: Final = frozenset({"Id"})
_ONLY_ALGORITHM: Final = frozenset({"Algorithm"})
_NONE: Final[frozenset[str]] = frozenset()
_OF_REFERENCE: Final = frozenset({"Id", "URI", "Type"})
_INNER_TYPES: Final = frozenset(
    {"http://www.w3.org/2000/09/xmldsig#Manifest", "http://www.w3.org/2000/09/xmldsig#Object"}
)
_VOID: Final = frozenset(
    hashlib.new(digest.name, usedforsecurity=False).digest() for digest in DIGESTS.values()
)
"""Digests of nothing: what a canonicalization that failed without saying so would have."""


class Role(Enum):
    """Where a signature stands, which decides what it may say."""

    MESSAGE = "message"
    """A child of our Security header, by the sender."""
    STS = "sts"
    """A child of the assertion, by its issuer."""


class Transform(Enum):
    """What is done with the target of a reference before it is digested."""

    EXC_C14N = "exc-c14n"
    STR = "STR-Transform"
    ENVELOPED = "enveloped-signature, exc-c14n"


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceShape:
    """One ds:Reference."""

    id: str
    target: Element
    """The element with this ID; with STR-Transform that is the SecurityTokenReference."""
    digest: str
    """Name of the digest algorithm in hashlib."""
    value: bytes
    """DigestValue; as long as the algorithm makes them."""
    transform: Transform
    prefixes: tuple[str, ...]
    """InclusiveNamespaces PrefixList, each once."""
    token: Element | None = None
    """What an STR-Transform stands for, when that is an element of our header."""

    @property
    def covers(self) -> Element | None:
        """The element that is signed; None where it is a certificate that the message only names."""
        return self.token if self.transform is Transform.STR else self.target


@dataclass(frozen=True, slots=True, eq=False)
class SignatureShape:
    """One ds:Signature whose shape is in order."""

    element: Element
    signed_info: Element
    prefixes: tuple[str, ...]
    algorithm: SignatureAlgorithm
    value: bytes
    references: tuple[ReferenceShape, ...]
    key_info: Element | None
    role: Role
    legacy: bool
    """Whether SHA-1 and weaker RSA keys are accepted."""


def read_signature(element: Element, role: Role, ids: IdIndex, *, legacy: bool, trail: Trail) -> SignatureShape:
    """Read a signature that stands where one may: in our Security header, or in its assertion.

    Raises RuleBrokenError for all that is not needed to sign a message or an assertion.
    """
    return _Reader(element, role, ids, trail, legacy=legacy).read()


class _Reader:
    """Reads one signature."""

    def __init__(self, element: Element, role: Role, ids: IdIndex, trail: Trail, *, legacy: bool) -> None:
        self._element = element
        self._role = role
        self._ids = ids
        self._trail = trail
        self._legacy = legacy

    def read(self) -> SignatureShape:
        """Return the shape, or raise RuleBrokenError."""
        plain = all(isinstance(node.tag, str) for node in self._element.iter())
        self._trail.require(R.SIG_PLAIN, plain, "a comment or instruction", _SHAPE)
        children = self._children(self._element, _IDS)
        tags = [child.tag for child in children]
        if tags not in ([SIGNED_INFO, SIGNATURE_VALUE, KEY_INFO], [SIGNED_INFO, SIGNATURE_VALUE]):
            raise self._strange(f"{len(tags)} children of Signature, or in disorder")
        signed_info, value = children[:2]
        canonicalization, method, *references = self._signed_info(signed_info)
        prefixes = self._exclusive(canonicalization)
        algorithm = self._method(method)
        shapes = self._references(references)
        self._children(value, _ID, leaf=True)
        shape = SignatureShape(
            element=self._element,
            signed_info=signed_info,
            prefixes=prefixes,
            algorithm=algorithm,
            value=self._octets(value, "SignatureValue"),
            references=shapes,
            key_info=children[2] if len(children) > 2 else None,
            role=self._role,
            legacy=self._legacy,
        )
        for rule in (R.SIG_SHAPE, R.SIG_URI, R.SIG_TARGET, R.SIG_TRANSFORM, R.SIG_DIGEST, R.SIG_OCTETS):
            self._trail.met(rule)
        return shape

    # -- SignedInfo -------------------------------------------------------------------------------------------

    def _signed_info(self, signed_info: Element) -> list[Element]:
        children = self._children(signed_info, _ID)
        tags = [child.tag for child in children]
        if tags[:2] != [CANONICALIZATION_METHOD, SIGNATURE_METHOD]:
            raise self._strange("SignedInfo does not begin with its two methods")
        if any(tag != DS_REFERENCE for tag in tags[2:]):
            raise self._strange("SignedInfo holds more than references")
        count = len(tags) - 2
        few = 0 < count <= MAX_REFERENCES
        self._trail.require(R.SIG_REFERENCES, few, f"{count} references", _SHAPE)
        return children

    def _exclusive(self, element: Element) -> tuple[str, ...]:
        uri = element.get("Algorithm", "")
        self._trail.require(R.SIG_CANONICAL, uri == EXC_C14N, f"{uri[:120]!a}", _ALGORITHM)
        return self._prefixes(element)

    def _method(self, element: Element) -> SignatureAlgorithm:
        if self._children(element, _ONLY_ALGORITHM):
            raise self._strange("SignatureMethod has parameters")
        uri = element.get("Algorithm", "")
        algorithm = SIGNATURES.get(uri)
        if algorithm is None or (algorithm.legacy and not self._legacy):
            raise self._trail.broken(R.SIG_METHOD, why_refused(uri, SIGNATURES), _ALGORITHM)
        self._trail.met(R.SIG_METHOD, algorithm.name)
        return algorithm

    # -- references -------------------------------------------------------------------------------------------

    def _references(self, elements: list[Element]) -> tuple[ReferenceShape, ...]:
        uris = {element.get("URI") for element in elements}
        if len(uris) < len(elements):
            raise self._trail.broken(R.SIG_REFERENCES, "two references to one URI", _SHAPE)
        if self._role is Role.STS:
            own = len(elements) == 1
            self._trail.require(R.SIG_OWN, own, f"{len(elements)} references", _SHAPE)
        shapes = tuple(self._reference(element) for element in elements)
        judge_nesting([shape.covers for shape in shapes], self._trail)
        return shapes

    def _reference(self, element: Element) -> ReferenceShape:
        children = self._children(element, _OF_REFERENCE)
        name = self._name(element)
        if [child.tag for child in children] == [DIGEST_METHOD, DIGEST_VALUE]:
            raise self._trail.broken(R.SIG_TRANSFORM, "none", _ALGORITHM)
        if [child.tag for child in children] != [TRANSFORMS, DIGEST_METHOD, DIGEST_VALUE]:
            raise self._strange("a reference holds other things, or in disorder")
        transforms = self._children(children[0], _NONE)
        transform, last = self._transform(transforms)
        signed = self._target(name, transform)
        digest = self._digest_method(children[1])
        prefixes = self._str_prefixes(last) if transform is Transform.STR else self._prefixes(last)
        return ReferenceShape(
            id=name,
            target=signed.element,
            digest=digest.name,
            value=self._digest_value(children[2], digest),
            transform=transform,
            prefixes=prefixes,
            token=signed.token,
        )

    def _name(self, element: Element) -> str:
        if element.get("Type") in _INNER_TYPES:
            raise self._strange("a reference to an Object or Manifest")
        uri = element.get("URI", "")
        if not (uri.startswith("#") and is_name(uri[1:])):
            raise self._trail.broken(R.SIG_URI, f"{uri[:120]!a}", _SHAPE)
        return uri[1:]

    def _transform(self, transforms: list[Element]) -> tuple[Transform, Element]:
        """Return what is done, and the ds:Transform that has the parameters."""
        if any(transform.tag != TRANSFORM for transform in transforms):
            raise self._strange("Transforms holds other things")
        uris = [transform.get("Algorithm", "") for transform in transforms]
        if self._role is Role.MESSAGE and uris in ([EXC_C14N], [STR_TRANSFORM]):
            return Transform.EXC_C14N if uris[0] == EXC_C14N else Transform.STR, transforms[0]
        if self._role is Role.STS and uris == [ENVELOPED, EXC_C14N]:
            if self._children(transforms[0], _ONLY_ALGORITHM):
                raise self._strange("enveloped-signature has parameters")
            return Transform.ENVELOPED, transforms[1]
        known = self._role is Role.STS and set(uris) <= {ENVELOPED, EXC_C14N}
        detail = ", ".join(uri[:80] for uri in uris[:4])
        raise self._trail.broken(R.SIG_TRANSFORM, f"{detail!a}", _SHAPE if known else _ALGORITHM)

    def _target(self, name: str, transform: Transform) -> SignedToken:
        if self._role is Role.STS:
            assertion = self._element.getparent()
            own = self._ids.target(name)
            ours = own is not None and own is assertion
            self._trail.require(R.SIG_OWN, ours, "a reference to something else", _SHAPE)
            assert own is not None
            return SignedToken(own)
        target = message_target(name, self._element, self._ids, self._trail)
        if transform is Transform.STR:
            return signed_by_reference(target, self._element, self._ids, self._trail)
        return SignedToken(target)

    def _digest_method(self, element: Element) -> Digest:
        if self._children(element, _ONLY_ALGORITHM):
            raise self._strange("DigestMethod has parameters")
        uri = element.get("Algorithm", "")
        digest = DIGESTS.get(uri)
        if digest is None or (digest.legacy and not self._legacy):
            raise self._trail.broken(R.SIG_DIGEST, why_refused(uri, DIGESTS), _ALGORITHM)
        return digest

    def _digest_value(self, element: Element, digest: Digest) -> bytes:
        self._children(element, _NONE, leaf=True)
        value = self._octets(element, "DigestValue")
        if len(value) != digest.size or value in _VOID:
            detail = "the digest of nothing" if value in _VOID else f"a digest of {len(value)} bytes"
            raise self._trail.broken(R.SIG_OCTETS, detail, WssFault.FAILED_CHECK)
        return value

    # -- parameters of canonicalization -----------------------------------------------------------------------

    def _prefixes(self, element: Element) -> tuple[str, ...]:
        """Return the PrefixList of a method or transform: white space splits it, repetition says nothing."""
        children = self._children(element, _ONLY_ALGORITHM)
        if not children:
            return ()
        if [child.tag for child in children] != [INCLUSIVE_NAMESPACES]:
            raise self._strange("canonicalization has other parameters than InclusiveNamespaces")
        self._children(children[0], frozenset({"PrefixList"}), leaf=True)
        return tuple(dict.fromkeys(children[0].get("PrefixList", "").split()))

    def _str_prefixes(self, transform: Element) -> tuple[str, ...]:
        """Read the parameters of an STR-Transform: the one canonicalization there is (BSP R3065)."""
        parameters = self._children(transform, _ONLY_ALGORITHM)
        if [child.tag for child in parameters] != [TRANSFORMATION_PARAMETERS]:
            raise self._trail.broken(R.SIG_TOKEN, "no TransformationParameters", WssFault.FAILED_CHECK)
        methods = self._children(parameters[0], _NONE)
        if [child.tag for child in methods] != [CANONICALIZATION_METHOD]:
            raise self._trail.broken(R.SIG_TOKEN, "not one CanonicalizationMethod", WssFault.FAILED_CHECK)
        uri = methods[0].get("Algorithm", "")
        if uri != EXC_C14N:
            raise self._trail.broken(R.SIG_TRANSFORM, f"STR-Transform with {uri[:120]!a}", _ALGORITHM)
        return self._prefixes(methods[0])

    # -- elements ---------------------------------------------------------------------------------------------

    def _children(self, element: Element, attributes: frozenset[str], *, leaf: bool = False) -> list[Element]:
        """Return the child elements, after a look at the attributes and for text where none belongs."""
        if element.keys() and not attributes.issuperset(element.keys()):
            raise self._strange("an attribute that does not belong there")
        children = list(element)
        if leaf:
            if children:
                raise self._strange("an element where text belongs")
            return children
        texts = [element.text, *(child.tail for child in children)]
        if any(text and text.strip(_XML_SPACE) for text in texts):
            raise self._strange("text where elements belong")
        return children

    def _octets(self, element: Element, name: str) -> bytes:
        try:
            return octets_of(element)
        except ValueError as error:
            raise self._trail.broken(R.SIG_OCTETS, f"{name}: {error}", _SHAPE) from error

    def _strange(self, detail: str) -> RuleBrokenError:
        return self._trail.broken(R.SIG_SHAPE, detail, _SHAPE)
