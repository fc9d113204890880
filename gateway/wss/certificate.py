"""Whether a certificate may sign at all, whoever it is of: form, time, key, usage, extensions, hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from gateway.errors import WssFault
from gateway.tls.certificates import signing_key_complaint
from gateway.tls.unreadable import UNREADABLE
from gateway.wss.rules import R
from gateway.wss.verdict import Trail

REMEMBERED: Final = 256
"""Certificates whose fields are kept at hand; they are a fifth of the work on an ordinary message."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_KNOWN_CRITICAL: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,  # none of its purposes is ours, so it decides nothing
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,  # no policy is demanded (RFC 5280, section 6.1.1 (c))
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
)
_SOUND_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"})
_OWN_DIGEST: Final = frozenset({SignatureAlgorithmOID.ED25519, SignatureAlgorithmOID.ED448})


@dataclass(frozen=True, slots=True)
class _Fields:
    """What the rules ask for, read in one go."""

    key: CertificatePublicKeyTypes
    usage: x509.KeyUsage | None
    unknown: tuple[str, ...]
    """Critical extensions that are not known, by OID."""
    digest: str
    """Hash of the certificate's own signature."""
    period: tuple[datetime, datetime]
    weak: Mapping[bool, str | None]
    """What is wrong with the key: where legacy algorithms are taken, and where not."""

    @classmethod
    def of(cls, certificate: x509.Certificate) -> "_Fields":
        extensions, key = certificate.extensions, certificate.public_key()
        unknown = [one.oid for one in extensions if one.critical and one.oid not in _KNOWN_CRITICAL]
        return cls(
            key=key,
            usage=_extension(extensions, x509.KeyUsage),
            unknown=tuple(oid.dotted_string for oid in unknown),
            digest=_digest(certificate),
            period=(certificate.not_valid_before_utc, certificate.not_valid_after_utc),
            weak={legacy: signing_key_complaint(key, legacy=legacy) for legacy in (False, True)},
        )


@lru_cache(maxsize=REMEMBERED)
def _fields(certificate: x509.Certificate) -> _Fields:
    return _Fields.of(certificate)


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether the certificate says that it is an authority's. Raises one of UNREADABLE."""
    constraints = _extension(certificate.extensions, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def judge_usable(
    certificate: x509.Certificate, now: datetime, *, legacy: bool, pinned: bool, trail: Trail
) -> None:
    """Require that the certificate may sign messages or assertions at `now`.

    `legacy` takes SHA-1 in the certificate's own signature and weaker RSA keys. `pinned`: it stands in the
    truststore itself, so its own signature proves nothing that is needed; SHA-1 is taken then, and MD5
    with `legacy` besides.
    """
    bad = WssFault.INVALID_SECURITY_TOKEN
    v3 = certificate.version is x509.Version.v3
    trail.require(R.CERT_FORM, v3, f"it is X.509 {certificate.version.name}", bad)
    try:
        fields = _fields(certificate)
    except UNREADABLE as error:
        raise trail.broken(R.CERT_FORM, f"a field cannot be read ({type(error).__name__})", bad) from error
    complaint = _outside(fields.period, now)
    trail.require(R.CERT_TIME, not complaint, complaint, bad)
    weak = fields.weak[legacy]
    trail.require(R.CERT_KEY, weak is None, weak or "", bad)
    signs = fields.usage is None or fields.usage.digital_signature or fields.usage.content_commitment
    trail.require(R.CERT_USAGE, signs, "KeyUsage without digitalSignature and contentCommitment", bad)
    unknown = f"critical extension {', '.join(fields.unknown)}" if fields.unknown else ""
    trail.require(R.CERT_CRITICAL, not unknown, unknown, bad)
    sound = _sound(fields.digest, legacy=legacy, pinned=pinned)
    trail.require(R.CERT_DIGEST, sound, f"it is signed with {fields.digest}", bad)


def _outside(period: tuple[datetime, datetime], now: datetime) -> str:
    begins, ends = period
    if now < begins:
        return f"it is not valid before {begins:%Y-%m-%d %H:%M} UTC"
    if now > ends:
        return f"it expired on {ends:%Y-%m-%d %H:%M} UTC"
    return ""


def _digest(certificate: x509.Certificate) -> str:
    if certificate.signature_algorithm_oid in _OWN_DIGEST:
        return "sha512"  # part of Ed25519; Ed448 has SHAKE256, as strong
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name if algorithm is not None else "an unknown hash"


def _sound(digest: str, *, legacy: bool, pinned: bool) -> bool:
    if digest in _SOUND_DIGESTS:
        return True
    if digest == "md5":
        return pinned and legacy
    return pinned or (legacy and digest == "sha1")


def _extension(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
