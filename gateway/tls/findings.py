"""What is wrong with a certificate for the use that is made of it, as findings of `imsgw check`.

Strength: NIST SP 800-131A rev. 2 (RSA of 2048 bits, no SHA-1 in new signatures), RFC 9155 (no MD5 and SHA-1).
Use: RFC 5280, sections 4.2.1.3 (KeyUsage), 4.2.1.9 (BasicConstraints) and 4.2.1.12 (ExtendedKeyUsage); what is
absent forbids nothing.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from gateway.config.catalogue import Kind
from gateway.config.catalogue import certificates as found
from gateway.tls.certificates import MIN_RSA_BITS, CertificateFacts, describe, printable
from gateway.tls.unreadable import UNREADABLE

Finding = tuple[Kind, str]
E = TypeVar("E", bound=x509.ExtensionType)

MIN_CURVE_BITS: Final = 256
_BROKEN: Final = {"md5": "MD5", "sha1": "SHA-1"}


class Use(Enum):
    """What a certificate is for."""

    SERVER = "a TLS server"
    CLIENT = "a TLS client"
    SIGNER = "signatures of messages"
    TRUSTED = "trust"
    """Somebody else's, in a trust store: an authority, or a pinned one."""


_PURPOSES: Final[dict[Use, ObjectIdentifier]] = {
    Use.SERVER: ExtendedKeyUsageOID.SERVER_AUTH,
    Use.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH,
}


def validity(facts: CertificateFacts, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with the period of validity."""
    text = facts.complaint(now)
    if text is None:
        return
    if now < facts.not_before:
        yield found.NOT_YET, text
    elif now > facts.not_after:
        yield found.EXPIRED, text
    else:
        yield found.EXPIRING, text


def certificate_findings(certificate: x509.Certificate, now: datetime, use: Use) -> Iterator[Finding]:
    """Yield everything wrong with a certificate. Raises one of UNREADABLE when a field cannot be read."""
    yield from validity(describe(certificate), now)
    yield from unfit(certificate, use)


def unfit(certificate: x509.Certificate, use: Use) -> Iterator[Finding]:
    """Yield what is wrong with a certificate whatever the time. Raises one of UNREADABLE."""
    name = f"the certificate of {printable(certificate.subject.rfc4514_string()) or '(no subject)'}"
    if weak := weakness(certificate):
        yield found.WEAK_KEY, f"{name} has {weak}"
    if digest := broken_signature(certificate):
        yield found.WEAK_SIGNATURE, f"{name} was signed with {digest}"
    if wrong := misuse(certificate, use):
        yield found.USAGE, f"{name} {wrong}"


def weakness(certificate: x509.Certificate) -> str:
    """Say what is weak about a certificate's key; empty: nothing."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        return f"RSA of {key.key_size} bits; {MIN_RSA_BITS} are needed"
    if isinstance(key, dsa.DSAPublicKey):
        return "a DSA key"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < MIN_CURVE_BITS:
        return f"curve {key.curve.name} of {key.curve.key_size} bits; {MIN_CURVE_BITS} are needed"
    return ""


def broken_signature(certificate: x509.Certificate) -> str:
    """Return the broken hash below the authority's signature; empty: none, or nobody needs that signature."""
    digest = certificate.signature_hash_algorithm
    by_itself = certificate.issuer == certificate.subject
    return "" if digest is None or by_itself else _BROKEN.get(digest.name, "")


def misuse(certificate: x509.Certificate, use: Use) -> str:
    """Say which extension forbids the use, in words that follow the certificate; empty: none does."""
    usage = _extension(certificate, x509.KeyUsage)
    if use is Use.TRUSTED:
        if is_authority(certificate) and usage is not None and not usage.key_cert_sign:
            return "is of an authority that may not sign certificates (KeyUsage without keyCertSign)"
        return ""
    signs = usage is None or usage.digital_signature or (use is Use.SIGNER and usage.content_commitment)
    if not signs:
        return f"is not for {use.value} (KeyUsage without digitalSignature)"
    wanted, purposes = _PURPOSES.get(use), _extension(certificate, x509.ExtendedKeyUsage)
    if wanted is None or purposes is None or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes:
        return ""
    short = "serverAuth" if use is Use.SERVER else "clientAuth"
    return "" if wanted in purposes else f"is not for {use.value} (ExtendedKeyUsage without {short})"


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is that of an authority (BasicConstraints)."""
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None
