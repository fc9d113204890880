"""Certificates of friends and foes, made once a session: nothing of it is ever stored in the repository."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

FROM = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2049, 1, 1, tzinfo=UTC)
PAST = datetime(2021, 1, 1, tzinfo=UTC)
FUTURE = datetime(2048, 1, 1, tzinfo=UTC)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def usage(*wanted: str) -> x509.KeyUsage:
    """Return the extension with these bits."""
    return x509.KeyUsage(**{name: name in wanted for name in _USAGES})


def name(common: str) -> x509.Name:
    """Return a subject; the comma in O makes a string compare of names fail."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Forge, Test & Co"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@dataclass(frozen=True, eq=False)
class Signer:
    """A certificate with its key. `path`: the certificates above it, nearest first."""

    key: Any
    certificate: x509.Certificate
    path: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def base64(self) -> str:
        """The certificate, on one line."""
        return base64.b64encode(self.der).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def subject(self) -> str:
        """Subject as RFC 4514 text."""
        return self.certificate.subject.rfc4514_string()

    def with_key_of(self, other: "Signer") -> "Signer":
        """Return this certificate with another key: signatures that it does not verify."""
        return replace(self, key=other.key)


@dataclass(frozen=True)
class Recipe:
    """What a certificate says; the defaults make an ordinary signer."""

    common: str
    serial: int
    not_before: datetime = FROM
    not_after: datetime = UNTIL
    ca: bool = False
    key_usage: x509.KeyUsage | None = None
    extra: tuple[x509.ExtensionType, ...] = ()
    ski: bytes | None = None

    def certificate(self, public: Any, issuer: x509.Name, issuer_key: Any) -> x509.Certificate:
        """Make it."""
        ski = (
            x509.SubjectKeyIdentifier(self.ski)
            if self.ski
            else x509.SubjectKeyIdentifier.from_public_key(public)
        )
        default = (
            usage("digital_signature", "key_cert_sign", "crl_sign") if self.ca else usage("digital_signature")
        )
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(self.common))
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(self.serial)
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .add_extension(x509.BasicConstraints(self.ca, None), critical=True)
            .add_extension(self.key_usage or default, critical=True)
            .add_extension(ski, critical=False)
            .add_extension(authority, critical=False)
        )
        for extension in self.extra:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(issuer_key, hashes.SHA256())


def _rsa(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def _ec(curve: Any = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


class Pki:
    """Every identity of the catalogue, made when it is first asked for."""

    def _self_signed(self, recipe: Recipe, key: Any) -> Signer:
        return Signer(key, recipe.certificate(key.public_key(), name(recipe.common), key))

    def _issued(self, recipe: Recipe, key: Any, issuer: Signer | None = None) -> Signer:
        above = issuer or self.ca
        certificate = recipe.certificate(key.public_key(), above.certificate.subject, above.key)
        return Signer(key, certificate, (above.certificate, *above.path))

    # -- friends --------------------------------------------------------------------------------------------

    @cached_property
    def ca(self) -> Signer:
        """The authority that partners trust."""
        return self._self_signed(Recipe("Partner CA", 1, ca=True), _rsa())

    @cached_property
    def sender(self) -> Signer:
        """The sender that may vouch, RSA-2048."""
        return self._issued(Recipe("sender", 100), _rsa())

    @cached_property
    def sender_ec(self) -> Signer:
        """One more sender that may vouch, P-256."""
        return self._issued(Recipe("sender-ec", 101), _ec())

    @cached_property
    def sts(self) -> Signer:
        """Who issues assertions."""
        return self._self_signed(Recipe("sts", 200), _rsa())

    # -- foes -----------------------------------------------------------------------------------------------

    @cached_property
    def colleague(self) -> Signer:
        """A certificate of the same authority that may not vouch."""
        return self._issued(Recipe("colleague", 102), _ec())

    @cached_property
    def stranger(self) -> Signer:
        """Self-signed, known to nobody."""
        return self._self_signed(Recipe("stranger", 300), _ec())

    @cached_property
    def clone(self) -> Signer:
        """Self-signed, and in all words the sender: subject, serial number, key identifier."""
        return self._clone(self.sender, self_signed=True)

    @cached_property
    def clone_ca(self) -> Signer:
        """An authority with the name and key identifier of the real one."""
        return self._clone(self.ca, self_signed=True)

    @cached_property
    def clone_of_chain(self) -> Signer:
        """The sender's words, issued by the clone of its authority."""
        made = self._clone(self.sender, issuer=self.clone_ca)
        return replace(made, path=(self.clone_ca.certificate,))

    @cached_property
    def clone_sts(self) -> Signer:
        """Self-signed, and in all words the STS."""
        return self._clone(self.sts, self_signed=True)

    def _clone(self, original: Signer, issuer: Signer | None = None, *, self_signed: bool = False) -> Signer:
        key = _rsa()
        signing = issuer.key if issuer else key
        builder = x509.CertificateBuilder(
            original.certificate.issuer if not self_signed else original.certificate.subject,
            original.certificate.subject,
            key.public_key(),
            original.certificate.serial_number,
            FROM,
            UNTIL,
            list(original.certificate.extensions),
        )
        return Signer(key, builder.sign(signing, hashes.SHA256()))

    @cached_property
    def expired(self) -> Signer:
        """Was valid until 2021."""
        return self._issued(Recipe("expired", 103, not_after=PAST), _ec())

    @cached_property
    def future(self) -> Signer:
        """Will be valid from 2048 on."""
        return self._issued(Recipe("future", 104, not_before=FUTURE), _ec())

    @cached_property
    def weak(self) -> Signer:
        """RSA-1024."""
        return self._issued(Recipe("weak", 105), _rsa(1024))

    @cached_property
    def p192(self) -> Signer:
        """A curve that is too small."""
        return self._issued(Recipe("p192", 106), _ec(ec.SECP192R1))

    @cached_property
    def dsa(self) -> Signer:
        """A DSA key."""
        return self._issued(Recipe("dsa", 107), dsa.generate_private_key(1024))

    @cached_property
    def encipherment(self) -> Signer:
        """May encipher keys and not sign."""
        return self._issued(Recipe("encipherment", 108, key_usage=usage("key_encipherment")), _ec())

    @cached_property
    def critical(self) -> Signer:
        """Has a critical extension that nobody knows."""
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
        return self._issued(Recipe("critical", 109, extra=(unknown,)), _ec())

    @cached_property
    def md5(self) -> Signer:
        """Signed by the authority with MD5."""
        return self._issued_with(hashes.MD5(), 4, Recipe("md5", 110))

    @cached_property
    def sha1(self) -> Signer:
        """Signed by the authority with SHA-1."""
        return self._issued_with(hashes.SHA1(), 5, Recipe("sha1", 111))

    def _issued_with(self, digest: hashes.HashAlgorithm, oid: int, recipe: Recipe) -> Signer:
        """Issue with a digest that `cryptography` issues nothing with; `oid` is the last number of PKCS#1's."""
        arc = bytes.fromhex("06092a864886f70d0101")
        plain = self._issued(recipe, _ec())
        body, other = (
            data.replace(arc + b"\x0b", arc + bytes([oid]))
            for data in (plain.certificate.tbs_certificate_bytes, plain.der)
        )
        value = self.ca.key.sign(body, padding.PKCS1v15(), digest)
        return replace(plain, certificate=x509.load_der_x509_certificate(other[: -len(value)] + value))

    @cached_property
    def revoked(self) -> Signer:
        """On the revocation list."""
        return self._issued(Recipe("revoked", 112), _ec())

    @cached_property
    def by_sender(self) -> Signer:
        """Issued with the key of the sender, which is no authority."""
        return self._issued(Recipe("sender", 113), _ec(), self.sender)

    @cached_property
    def twin(self) -> Signer:
        """Has the key identifier of sender-ec, as a certificate of the same key would, and another key."""
        ski = self.sender_ec.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return self._issued(Recipe("twin", 114, ski=ski.value.digest), _ec())

    @cached_property
    def low_exponent(self) -> Signer:
        """An RSA key with exponent 3."""
        return self._issued(Recipe("low exponent", 116), _rsa(exponent=3))

    @cached_property
    def huge(self) -> Signer:
        """A certificate with a modulus of 16384 bits, and a key that does not belong to it."""
        public = rsa.RSAPublicNumbers(65537, (1 << 16383) | 0xC0FFEE01).public_key()
        recipe = Recipe("huge", 115)
        certificate = recipe.certificate(public, self.ca.certificate.subject, self.ca.key)
        return Signer(self.sender.key, certificate, (self.ca.certificate,))

    # -- revocation -----------------------------------------------------------------------------------------

    def crl(self, revoked: Iterable[Signer], updated: datetime, days: int = 7) -> str:
        """Return a revocation list of the authority, PEM."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.ca.certificate.subject)
            .last_update(updated)
            .next_update(updated + timedelta(days=days))
        )
        for each in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(updated).build())
        return builder.sign(self.ca.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
