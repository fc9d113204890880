"""What a certificate is, in words for `imsgw check`, and whether its key is strong enough."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

CryptoPolicy = Literal["modern", "sp800-131a"]

MIN_RSA_BITS = 2048
"""NIST SP 800-131A rev. 2, tables 2 and 5: 112 bits of strength, which is RSA of 2048 bits."""
NIST_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
"""FIPS 186-5 and SP 800-186: the prime curves P-256, P-384, P-521."""
MAX_RSA_BITS = 8192
"""Longer keys buy nothing and make every verification slow, which whoever sends them may want."""
LEGACY_RSA_BITS = 1024
"""What partners of another age still have; SP 800-131A allows it for verifying old signatures only."""
MIN_RSA_EXPONENT = 65537
"""FIPS 186-5, section A.1.1: the public exponent is odd and larger than 2 to the 16."""
EXPIRES_SOON = timedelta(days=30)
"""From when on `check` warns that a certificate is about to expire."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate in words."""

    subject: str
    """RFC 4514 text."""
    issuer: str
    names: tuple[str, ...]
    """Host names and addresses of the subject alternative name."""
    not_before: datetime
    not_after: datetime
    key: str
    """Kind and size, for example ``EC secp256r1`` or ``RSA 2048``."""
    sha256: str
    """Fingerprint of the DER form, 64 lower-case hexadecimal digits."""

    def complaint(self, now: datetime) -> str | None:
        """Say what is wrong with the period of validity at `now`; None when nothing is."""
        if now < self.not_before:
            return f"the certificate of {self.subject} is not valid before {self.not_before:%Y-%m-%d %H:%M} UTC"
        if now > self.not_after:
            return f"the certificate of {self.subject} expired on {self.not_after:%Y-%m-%d}"
        if self.not_after - now < EXPIRES_SOON:
            return f"the certificate of {self.subject} expires on {self.not_after:%Y-%m-%d}, {days(self, now)}"
        return None


def days(facts: CertificateFacts, now: datetime) -> str:
    """Say how many whole days a certificate that is valid still has."""
    left = (facts.not_after - now).days
    return f"in {left} days" if left > 1 else "tomorrow" if left == 1 else "within a day"


def describe(certificate: x509.Certificate) -> CertificateFacts:
    """Put a certificate into words. ValueError when a field of it cannot be read."""
    return CertificateFacts(
        subject=printable(certificate.subject.rfc4514_string()) or "(no subject)",
        issuer=printable(certificate.issuer.rfc4514_string()),
        names=_names(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=_key(certificate.public_key()),
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
    )


def printable(text: str) -> str:
    """Return a text that may go to a terminal or on a line of a file: whoever made the name may mean harm."""
    return "".join(character if character.isprintable() else "?" for character in text)


def sender_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the alternative names as `security.senders` has them: ``dns:``, ``uri:``, ``email:``."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    found = [
        *(f"dns:{name}" for name in names.get_values_for_type(x509.DNSName)),
        *(f"uri:{name}" for name in names.get_values_for_type(x509.UniformResourceIdentifier)),
        *(f"email:{name}" for name in names.get_values_for_type(x509.RFC822Name)),
    ]
    return tuple(printable(name) for name in found)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    hosts = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return (*hosts, *(str(address) for address in addresses))


def _key(key: CertificatePublicKeyTypes) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448"
    return type(key).__name__.removesuffix("PublicKey")


def key_complaint(key: CertificatePublicKeyTypes, policy: CryptoPolicy) -> str | None:
    """Say why a certificate's key is too weak for a policy; None when it is good enough.

    `modern` takes RSA of 2048 bits or more, any elliptic curve that TLS knows, Ed25519 and Ed448.
    `sp800-131a` takes RSA of 2048 bits or more and the NIST prime curves.
    """
    if isinstance(key, rsa.RSAPublicKey):
        return (
            None if key.key_size >= MIN_RSA_BITS else f"RSA of {key.key_size} bits; {MIN_RSA_BITS} are needed"
        )
    if isinstance(key, ec.EllipticCurvePublicKey):
        if policy == "modern" or key.curve.name in NIST_CURVES:
            return None
        return f"curve {key.curve.name}; crypto_policy sp800-131a takes P-256, P-384 and P-521"
    if policy == "modern" and isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return None
    return f"a key of kind {_key(key)}; crypto_policy {policy} does not take it"


def signing_key_complaint(key: CertificatePublicKeyTypes, *, legacy: bool) -> str | None:
    """Say why a key is not good enough for signatures of messages; None when it is.

    RSA of 2048 to 8192 bits with an exponent from 65537, P-256, P-384, P-521, Ed25519, Ed448; no DSA. `legacy`
    also takes RSA from 1024 bits and any odd exponent from 3.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        return (
            None if key.curve.name in NIST_CURVES else f"curve {key.curve.name}; P-256, P-384, P-521 are taken"
        )
    if isinstance(key, rsa.RSAPublicKey):
        return _rsa_complaint(key, legacy=legacy)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return None
    return f"a key of kind {_key(key)}"


def _rsa_complaint(key: rsa.RSAPublicKey, *, legacy: bool) -> str | None:
    least = LEGACY_RSA_BITS if legacy else MIN_RSA_BITS
    if not least <= key.key_size <= MAX_RSA_BITS:
        return f"RSA of {key.key_size} bits; {least} to {MAX_RSA_BITS} are taken"
    exponent = key.public_numbers().e
    if exponent % 2 == 0 or exponent < (3 if legacy else MIN_RSA_EXPONENT):
        return "RSA with a public exponent that is too small"
    return None
