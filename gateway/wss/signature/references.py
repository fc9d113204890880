"""ds:Reference: what is signed, and how it is made into octets (XML Signature 1.1, section 4.4.3)."""

import hashlib
from dataclasses import dataclass
from typing import Final

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.wss.algorithms import DIGESTS, Digest, why_refused
from gateway.wss.ids import IdIndex, is_name
from gateway.wss.names import (
    CANONICALIZATION_METHOD,
    DIGEST_METHOD,
    DIGEST_VALUE,
    DS,
    ENVELOPED,
    EXC_C14N,
    STR_TRANSFORM,
    TRANSFORM,
    TRANSFORMATION_PARAMETERS,
    TRANSFORMS,
    WSU_ID,
)
from gateway.wss.rules import R
from gateway.wss.signature.markup import (
    NO_ATTRIBUTES,
    ONLY_ALGORITHM,
    children_of,
    octets_in,
    parameters_of,
    prefixes_of,
    strange,
)
from gateway.wss.signature.parts import ReferenceShape, Role, Transform
from gateway.wss.signature.targets import SignedToken, message_target, signed_by_reference
from gateway.wss.verdict import Trail

_ATTRIBUTES: Final = frozenset({"Id", "URI", "Type"})
_INNER_TYPES: Final = frozenset({f"{DS}Manifest", f"{DS}Object"})
_VOID: Final = frozenset(
    hashlib.new(digest.name, usedforsecurity=False).digest() for digest in DIGESTS.values()
)
"""Digests of nothing: what a canonicalization that failed without saying so would have."""

_FAILED: Final = WssFault.FAILED_CHECK
_SHAPE: Final = WssFault.INVALID_SECURITY
_ALGORITHM: Final = WssFault.UNSUPPORTED_ALGORITHM


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceReader:
    """Reads the references of one signature."""

    signature: Element
    role: Role
    ids: IdIndex
    legacy: bool
    trail: Trail

    def read(self, element: Element) -> ReferenceShape:
        """Return one reference; its target and its algorithms are among those that may be."""
        children = children_of(element, _ATTRIBUTES, self.trail)
        name = self._name(element)
        tags = [child.tag for child in children]
        if tags == [DIGEST_METHOD, DIGEST_VALUE]:
            raise self.trail.broken(R.SIG_TRANSFORM, "none", _ALGORITHM)
        if tags != [TRANSFORMS, DIGEST_METHOD, DIGEST_VALUE]:
            raise strange(self.trail, "a reference holds other things, or in disorder")
        transform, prefixes = self._transform(children_of(children[0], NO_ATTRIBUTES, self.trail))
        signed = self._target(name, transform)
        digest = self._digest_method(children[1])
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
            raise strange(self.trail, "a reference to an Object or Manifest")
        uri = element.get("URI", "")
        if not (uri.startswith("#") and is_name(uri[1:])):
            raise self.trail.broken(R.SIG_URI, f"{uri[:120]!a}", _SHAPE)
        return uri[1:]

    def _transform(self, transforms: list[Element]) -> tuple[Transform, tuple[str, ...]]:
        """Return what is done, and with which PrefixList."""
        if [True for transform in transforms if transform.tag != TRANSFORM]:
            raise strange(self.trail, "Transforms holds other things")
        uris = [transform.get("Algorithm", "") for transform in transforms]
        if self.role is Role.MESSAGE and uris == [EXC_C14N]:
            return Transform.EXC_C14N, prefixes_of(transforms[0], self.trail)
        if self.role is Role.MESSAGE and uris == [STR_TRANSFORM]:
            return Transform.STR, self._str_prefixes(transforms[0])
        if self.role is Role.STS and uris == [ENVELOPED, EXC_C14N]:
            parameters_of(transforms[0], self.trail)
            return Transform.ENVELOPED, prefixes_of(transforms[1], self.trail)
        known = self.role is Role.STS and set(uris) <= {ENVELOPED, EXC_C14N}
        detail = ", ".join(uri[:80] for uri in uris[:4])
        raise self.trail.broken(R.SIG_TRANSFORM, f"{detail!a}", _SHAPE if known else _ALGORITHM)

    def _str_prefixes(self, transform: Element) -> tuple[str, ...]:
        """Read the parameters of an STR-Transform: the one canonicalization there is (BSP R3065)."""
        parameters = children_of(transform, ONLY_ALGORITHM, self.trail)
        if [child.tag for child in parameters] != [TRANSFORMATION_PARAMETERS]:
            raise self.trail.broken(R.SIG_TOKEN, "no TransformationParameters", _FAILED)
        methods = children_of(parameters[0], NO_ATTRIBUTES, self.trail)
        if [child.tag for child in methods] != [CANONICALIZATION_METHOD]:
            raise self.trail.broken(R.SIG_TOKEN, "not one CanonicalizationMethod", _FAILED)
        uri = methods[0].get("Algorithm", "")
        if uri != EXC_C14N:
            raise self.trail.broken(R.SIG_TRANSFORM, f"STR-Transform with {uri[:120]!a}", _ALGORITHM)
        return prefixes_of(methods[0], self.trail)

    def _target(self, name: str, transform: Transform) -> SignedToken:
        if self.role is Role.STS:
            own = self.ids.target(name)
            if own is None or own is not self.signature.getparent() or self.ids.attribute(name) == WSU_ID:
                raise self.trail.broken(R.SIG_OWN, "a reference to something else", _SHAPE)
            return SignedToken(own)
        target = message_target(name, self.signature, self.ids, self.trail)
        if transform is Transform.STR:
            return signed_by_reference(target, self.signature, self.ids, self.trail)
        return SignedToken(target)

    def _digest_method(self, element: Element) -> Digest:
        uri = parameters_of(element, self.trail)
        digest = DIGESTS.get(uri)
        if digest is None or (digest.legacy and not self.legacy):
            raise self.trail.broken(R.SIG_DIGEST, why_refused(uri, DIGESTS), _ALGORITHM)
        return digest

    def _digest_value(self, element: Element, digest: Digest) -> bytes:
        value = octets_in(element, NO_ATTRIBUTES, self.trail)
        if len(value) != digest.size:
            raise self.trail.broken(R.SIG_OCTETS, f"a digest of {len(value)} bytes", _FAILED)
        if value in _VOID:
            raise self.trail.broken(R.SIG_OCTETS, "the digest of nothing", _FAILED)
        return value
