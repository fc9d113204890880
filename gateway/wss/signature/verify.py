"""The cryptography: the signature over SignedInfo, then each reference (XML Signature 1.1, section 3.2).

All octets are made from the live tree, so what is covered is said in nodes. The key is the one that the trust
decision chose; nothing of KeyInfo is read here, except for the certificate that an STR-Transform stands for.
"""

import base64
import hashlib
from dataclasses import dataclass
from hmac import compare_digest

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.tls.unreadable import UNREADABLE
from gateway.wss.algorithms import WrongLengthError, key_complaint, verify_value
from gateway.wss.ids import IdIndex
from gateway.wss.rules import R
from gateway.wss.signature.built import built_tokens
from gateway.wss.signature.canonical import (
    DEFAULT,
    MAX_OCTETS,
    SMALL,
    CanonicalError,
    canonical,
    with_default,
    without_child,
)
from gateway.wss.signature.parts import ReferenceShape, Role, SignatureShape, Transform
from gateway.wss.verdict import Trail

_FAILED = WssFault.FAILED_CHECK


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """What a verified signature says something about."""

    elements: tuple[Element, ...]
    """Nodes of the tree; for an STR-Transform the token that it stands for."""
    signed_info_digest: bytes
    """SHA-256 of the canonical SignedInfo: stays the same when the signature value is written otherwise."""
    str_form: str
    """Which octets of an STR-Transform matched: `default-declared` (WSS 1.1.1, section 8.3) or `plain`; empty
    where there is none."""


def verify(  # noqa: PLR0913  a signature, its key, where it stands
    shape: SignatureShape,
    certificate: x509.Certificate,
    security: Element,
    ids: IdIndex,
    trail: Trail,
    *,
    key: CertificatePublicKeyTypes | None = None,
) -> Covered:
    """Verify a signature with the certificate that is trusted; return what it covers.

    `security` is our header; `key` is the certificate's key, if it has been read already. Raises
    RuleBrokenError: InvalidSecurityToken where the key does not fit, else FailedCheck.
    """
    if shape.role is Role.MESSAGE and shape.element.getparent() is not security:
        raise trail.broken(R.SIG_PLACE, "not in our header", WssFault.INVALID_SECURITY)
    return _Verification(shape, certificate, trail, small=ids.size <= SMALL).run(key)


class _Verification:
    """One signature on its way; counts the octets that it makes."""

    def __init__(
        self, shape: SignatureShape, certificate: x509.Certificate, trail: Trail, *, small: bool
    ) -> None:
        self._shape = shape
        self._certificate = certificate
        self._trail = trail
        self._small = small
        self._left = MAX_OCTETS
        self._forms: dict[str, None] = {}

    def run(self, key: CertificatePublicKeyTypes | None) -> Covered:
        """Check key, value and references, in this order."""
        signed_info = self._signed_info(key)
        for reference in self._shape.references:
            form = self._matches(reference)
            if not form:
                detail = f"the digest of {reference.id} is another"
                raise self._trail.broken(R.SIG_DIGESTS, detail, _FAILED)
            if reference.transform is Transform.STR:
                self._forms[form] = None
        self._trail.met(R.SIG_FORM)
        forms = ", ".join(self._forms)
        detail = f"{len(self._shape.references)} references"
        self._trail.met(R.SIG_DIGESTS, f"{detail}, STR-Transform {forms}" if forms else detail)
        covered = (reference.covers for reference in self._shape.references)
        elements = tuple(element for element in covered if element is not None)
        return Covered(elements, hashlib.sha256(signed_info).digest(), forms)

    def _signed_info(self, key: CertificatePublicKeyTypes | None) -> bytes:
        shape, trail = self._shape, self._trail
        bad = WssFault.INVALID_SECURITY_TOKEN
        try:
            key = key or self._certificate.public_key()
        except UNREADABLE as error:
            raise trail.broken(R.KEY_FITS, f"it cannot be read ({type(error).__name__})", bad) from error
        complaint = key_complaint(shape.algorithm, key, legacy=shape.legacy)
        trail.require(R.KEY_FITS, not complaint, complaint, bad)
        octets = self._canonical(shape.signed_info, shape.prefixes)
        try:
            verify_value(shape.algorithm, key, shape.value, octets)
        except WrongLengthError as error:
            raise trail.broken(R.SIG_OCTETS, "a signature value that this key never makes", _FAILED) from error
        except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
            raise trail.broken(R.SIG_VALUE, "it does not", _FAILED) from error
        trail.met(R.SIG_VALUE)
        return octets

    def _matches(self, reference: ReferenceShape) -> str:
        """Return the name of the octet form whose digest is the one signed, empty when there is none."""
        for form, octets in self._octets(reference):
            if compare_digest(hashlib.new(reference.digest, octets).digest(), reference.value):
                return form
        return ""

    def _octets(self, reference: ReferenceShape) -> list[tuple[str, bytes]]:
        if reference.transform is Transform.EXC_C14N:
            return [("plain", self._canonical(reference.target, reference.prefixes))]
        if reference.transform is Transform.ENVELOPED:
            whole = self._canonical(reference.target, reference.prefixes)
            return [("plain", self._without_signature(whole))]
        return self._of_token(reference)

    def _without_signature(self, octets: bytes) -> bytes:
        try:
            return without_child(octets, self._shape.element)
        except CanonicalError as error:
            raise self._trail.broken(R.SIG_FORM, str(error), _FAILED) from error

    def _of_token(self, reference: ReferenceShape) -> list[tuple[str, bytes]]:
        """Return the octets of the token that an STR-Transform stands for, in both forms.

        The standard wants the default namespace declared on the apex, empty where there is none, and WSS4J and
        its kin do so; others canonicalize like anywhere else. Both bind the same content.
        """
        if reference.token is None:
            der = self._certificate.public_bytes(Encoding.DER)
            return built_tokens(reference.target, base64.b64encode(der))
        plain = self._canonical(reference.token, reference.prefixes)
        declared = self._canonical(reference.token, (*reference.prefixes, DEFAULT))
        return [("default-declared", with_default(declared)), ("plain", plain)]

    def _canonical(self, element: Element, prefixes: tuple[str, ...]) -> bytes:
        try:
            octets = canonical(element, prefixes, small=self._small)
        except CanonicalError as error:
            raise self._trail.broken(R.SIG_FORM, str(error), _FAILED) from error
        self._left -= len(octets)
        if self._left < 0:
            raise self._trail.broken(R.SIG_FORM, "too long", _FAILED)
        return octets
