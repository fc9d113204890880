"""Algorithms of signatures: what is accepted, as data. Whatever is not listed is refused.

Names are those of XML Signature 1.1 (section 6), RFC 6931 and RFC 9231. SHA-1 is accepted only where the
`legacy_algorithms` of a service say so. Never: MD5, RIPEMD-160, SHA-224, DSA, ECDSA with SHA-1, and every MAC,
since no key is shared with anybody here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.tls.certificates import signing_key_complaint

_DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
_DSIG11: Final = "http://www.w3.org/2009/xmldsig11#"
_MORE_2001: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007: Final = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021: Final = "http://www.w3.org/2021/04/xmldsig-more#"
_XENC: Final = "http://www.w3.org/2001/04/xmlenc#"


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest algorithm; `name` is that of hashlib, `size` the bytes of its value."""

    name: str
    size: int
    legacy: bool = False


class KeyKind(Enum):
    """The kind of key that a signature algorithm needs."""

    RSA = "RSA"
    EC = "EC"
    ED25519 = "Ed25519"
    ED448 = "Ed448"


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A signature algorithm: kind of key, hash, and for RSA whether the padding is PSS."""

    name: str
    """The end of its URI, for logs."""
    kind: KeyKind
    hash: hashes.HashAlgorithm | None = None
    """None where it is part of the algorithm."""
    pss: bool = False
    legacy: bool = False


_SHA256: Final = hashes.SHA256()
_SHA384: Final = hashes.SHA384()
_SHA512: Final = hashes.SHA512()

DIGESTS: Final[Mapping[str, Digest]] = MappingProxyType(
    {
        f"{_XENC}sha256": Digest("sha256", 32),
        f"{_MORE_2001}sha384": Digest("sha384", 48),
        f"{_XENC}sha512": Digest("sha512", 64),
        f"{_DSIG}sha1": Digest("sha1", 20, legacy=True),
    }
)
"""Digest algorithms by URI."""

SIGNATURES: Final[Mapping[str, SignatureAlgorithm]] = MappingProxyType(
    {
        f"{_MORE_2001}rsa-sha256": SignatureAlgorithm("rsa-sha256", KeyKind.RSA, _SHA256),
        f"{_MORE_2001}rsa-sha384": SignatureAlgorithm("rsa-sha384", KeyKind.RSA, _SHA384),
        f"{_MORE_2001}rsa-sha512": SignatureAlgorithm("rsa-sha512", KeyKind.RSA, _SHA512),
        f"{_MORE_2007}sha256-rsa-MGF1": SignatureAlgorithm("sha256-rsa-MGF1", KeyKind.RSA, _SHA256, pss=True),
        f"{_MORE_2007}sha384-rsa-MGF1": SignatureAlgorithm("sha384-rsa-MGF1", KeyKind.RSA, _SHA384, pss=True),
        f"{_MORE_2007}sha512-rsa-MGF1": SignatureAlgorithm("sha512-rsa-MGF1", KeyKind.RSA, _SHA512, pss=True),
        f"{_MORE_2001}ecdsa-sha256": SignatureAlgorithm("ecdsa-sha256", KeyKind.EC, _SHA256),
        f"{_MORE_2001}ecdsa-sha384": SignatureAlgorithm("ecdsa-sha384", KeyKind.EC, _SHA384),
        f"{_MORE_2001}ecdsa-sha512": SignatureAlgorithm("ecdsa-sha512", KeyKind.EC, _SHA512),
        f"{_MORE_2021}eddsa-ed25519": SignatureAlgorithm("eddsa-ed25519", KeyKind.ED25519),
        f"{_MORE_2021}eddsa-ed448": SignatureAlgorithm("eddsa-ed448", KeyKind.ED448),
        f"{_DSIG}rsa-sha1": SignatureAlgorithm("rsa-sha1", KeyKind.RSA, hashes.SHA1(), legacy=True),  # noqa: S303
    }
)
"""Signature algorithms by URI."""

REFUSED: Final[frozenset[str]] = frozenset(
    {
        f"{_MORE_2001}md5",
        f"{_MORE_2001}sha224",
        f"{_XENC}ripemd160",
        f"{_DSIG}dsa-sha1",
        f"{_DSIG11}dsa-sha256",
        f"{_MORE_2001}rsa-md5",
        f"{_MORE_2001}rsa-ripemd160",
        f"{_MORE_2001}rsa-sha224",
        f"{_MORE_2001}ecdsa-sha1",
        f"{_MORE_2001}ecdsa-sha224",
        f"{_MORE_2007}sha1-rsa-MGF1",
        f"{_MORE_2007}rsa-pss",
        f"{_DSIG}hmac-sha1",
        f"{_MORE_2001}hmac-md5",
        f"{_MORE_2001}hmac-sha224",
        f"{_MORE_2001}hmac-sha256",
        f"{_MORE_2001}hmac-sha384",
        f"{_MORE_2001}hmac-sha512",
    }
)
"""Known and refused whatever the configuration says, for a clearer word in the log."""

_ORDERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        "secp384r1": (1 << 384) - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
        "secp521r1": (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    }
)
"""Order of the base point of each curve (FIPS 186-4, appendix D.1.2)."""

_ED_OCTETS: Final = {KeyKind.ED25519: 64, KeyKind.ED448: 114}


class WrongLengthError(Exception):
    """A signature value is not one that this key could have made, whatever was signed."""


def why_refused(uri: str, known: Mapping[str, Digest] | Mapping[str, SignatureAlgorithm]) -> str:
    """Say for the log why an algorithm is refused."""
    if uri in REFUSED:
        return f"{uri} is never accepted"
    if uri in known:
        return f"{uri} needs legacy_algorithms"
    return f"unknown algorithm {uri[:120]!a}"


def key_complaint(algorithm: SignatureAlgorithm, key: CertificatePublicKeyTypes, *, legacy: bool) -> str:
    """Say why a key is not one for this algorithm, or too weak; empty when it is in order."""
    if not isinstance(key, _KEY_TYPES[algorithm.kind]):
        return f"{algorithm.name} with a key of another kind"
    return signing_key_complaint(key, legacy=legacy) or ""


def verify_value(
    algorithm: SignatureAlgorithm, key: CertificatePublicKeyTypes, value: bytes, octets: bytes
) -> None:
    """Verify a signature value over octets; the key must have passed `key_complaint`.

    RSA values have the length of the modulus, ECDSA values are r and s, each of the length of the field
    (XML Signature 1.1, section 6.4). Raises WrongLengthError, or InvalidSignature of cryptography.
    """
    _VERIFIERS[algorithm.kind](algorithm, key, value, octets)


def _verify_rsa(
    algorithm: SignatureAlgorithm, key: CertificatePublicKeyTypes, value: bytes, octets: bytes
) -> None:
    assert isinstance(key, rsa.RSAPublicKey)
    assert algorithm.hash is not None
    if len(value) != (key.key_size + 7) // 8:
        raise WrongLengthError
    scheme: padding.AsymmetricPadding = _PKCS1
    if algorithm.pss:
        scheme = padding.PSS(padding.MGF1(algorithm.hash), salt_length=algorithm.hash.digest_size)
    key.verify(value, octets, scheme, algorithm.hash)


def _verify_ec(
    algorithm: SignatureAlgorithm, key: CertificatePublicKeyTypes, value: bytes, octets: bytes
) -> None:
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert algorithm.hash is not None
    half = (key.curve.key_size + 7) // 8
    if len(value) != 2 * half:
        raise WrongLengthError
    r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
    order = _ORDERS[key.curve.name]
    if not (0 < r < order and 0 < s < order):
        raise WrongLengthError
    key.verify(encode_dss_signature(r, s), octets, ec.ECDSA(algorithm.hash))


def _verify_ed(
    algorithm: SignatureAlgorithm, key: CertificatePublicKeyTypes, value: bytes, octets: bytes
) -> None:
    assert isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
    if len(value) != _ED_OCTETS[algorithm.kind]:
        raise WrongLengthError
    key.verify(value, octets)


_PKCS1: Final = padding.PKCS1v15()
_KEY_TYPES: Final[Mapping[KeyKind, type]] = {
    KeyKind.RSA: rsa.RSAPublicKey,
    KeyKind.EC: ec.EllipticCurvePublicKey,
    KeyKind.ED25519: ed25519.Ed25519PublicKey,
    KeyKind.ED448: ed448.Ed448PublicKey,
}
_VERIFIERS: Final[
    Mapping[KeyKind, Callable[[SignatureAlgorithm, CertificatePublicKeyTypes, bytes, bytes], None]]
] = {
    KeyKind.RSA: _verify_rsa,
    KeyKind.EC: _verify_ec,
    KeyKind.ED25519: _verify_ed,
    KeyKind.ED448: _verify_ed,
}
