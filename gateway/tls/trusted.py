"""A snapshot of a service's truststore: certificates, revocation lists, and quick ways to find them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.tls.crl import RevocationList
from gateway.tls.distinguished import NameKey, either_way, name_key, parse_name
from gateway.tls.unreadable import UNREADABLE

MAX_PROVEN: Final = 256
"""Chains that are remembered; when more signers come, all are proven anew."""

Found = tuple[x509.Certificate, ...]


def der(certificate: x509.Certificate) -> bytes:
    """Return the DER form."""
    return certificate.public_bytes(Encoding.DER)


def thumbprint(certificate: x509.Certificate) -> bytes:
    """Return SHA-1 of the DER form (ThumbprintSHA1): a locator, no proof of anything."""
    return hashlib.sha1(der(certificate), usedforsecurity=False).digest()


def key_identifier(certificate: x509.Certificate) -> bytes | None:
    """Return the octets of the SubjectKeyIdentifier extension.

    Where the extension is missing: SHA-1 of the public key (RFC 5280, section 4.2.1.2, method 1). None when
    the certificate cannot be read that far.
    """
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        pass
    except UNREADABLE:
        return None
    try:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    except UNREADABLE:
        return None


class _Index:
    """Certificates by everything that a message may name them by."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self.by_der: dict[bytes, x509.Certificate] = {}
        self.by_issuer_serial: dict[tuple[NameKey, int], Found] = {}
        self.by_ski: dict[bytes, Found] = {}
        self.by_thumbprint: dict[bytes, Found] = {}
        self.public_keys: dict[x509.Certificate, CertificatePublicKeyTypes] = {}
        for certificate in certificates:
            if der(certificate) not in self.by_der:
                self._add(certificate)

    def _add(self, certificate: x509.Certificate) -> None:
        self.by_der[der(certificate)] = certificate
        place = (either_way(name_key(certificate.issuer)), certificate.serial_number)
        self.by_issuer_serial[place] = (*self.by_issuer_serial.get(place, ()), certificate)
        thumb = thumbprint(certificate)
        self.by_thumbprint[thumb] = (*self.by_thumbprint.get(thumb, ()), certificate)
        identifier = key_identifier(certificate)
        if identifier is not None:
            self.by_ski[identifier] = (*self.by_ski.get(identifier, ()), certificate)
        try:
            self.public_keys[certificate] = certificate.public_key()
        except UNREADABLE:
            return  # told when somebody wants to use it


@dataclass(frozen=True, eq=False)
class TrustedKeys:
    """What a service trusts, frozen; a changed store is a new snapshot.

    Lookups find certificates of the store only. Several matches are for the caller to refuse: a locator that
    does not say which certificate is meant is none. Making one raises one of UNREADABLE when a revocation list
    is damaged.
    """

    certificates: tuple[x509.Certificate, ...] = ()
    """In the order of the store; the same certificate stands there once."""
    crls: tuple[x509.CertificateRevocationList, ...] = field(default=(), repr=False)
    revocation: bool = False
    """Whether every signer must be covered by a current revocation list."""
    lists: tuple[RevocationList, ...] = field(init=False, repr=False)
    """The revocation lists, read."""
    _index: _Index = field(init=False, repr=False)
    _chains: dict[x509.Certificate, Found] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        index = _Index(self.certificates)
        object.__setattr__(self, "certificates", tuple(index.by_der.values()))
        object.__setattr__(self, "_index", index)
        object.__setattr__(self, "lists", tuple(RevocationList.of(crl) for crl in self.crls))

    @classmethod
    def none(cls) -> "TrustedKeys":
        """Return the snapshot of a service without a truststore: nothing is in it."""
        return cls()

    def pinned(self, octets: bytes) -> x509.Certificate | None:
        """Return the certificate of the store with exactly this DER form."""
        return self._index.by_der.get(octets)

    def by_issuer_serial(self, issuer: x509.Name | str, serial: int) -> Found:
        """Return the certificates with this issuer and serial number (X509IssuerSerial).

        The issuer is a name, or its text as of RFC 4514 and its elders (`distinguished.parse_name`), in either
        order of RDNs. Raises ValueError when the text is no name.
        """
        key = parse_name(issuer) if isinstance(issuer, str) else name_key(issuer)
        return self._index.by_issuer_serial.get((either_way(key), serial), ())

    def by_ski(self, identifier: bytes) -> Found:
        """Return the certificates with this SubjectKeyIdentifier, see `key_identifier`."""
        return self._index.by_ski.get(identifier, ())

    def by_thumbprint(self, sha1: bytes) -> Found:
        """Return the certificates whose DER form has this SHA-1."""
        return self._index.by_thumbprint.get(sha1, ())

    def public_key(self, certificate: x509.Certificate) -> CertificatePublicKeyTypes:
        """Return the public key, read once for certificates of the store.

        Raises ValueError or UnsupportedAlgorithm when it cannot be read.
        """
        return self._index.public_keys.get(certificate) or certificate.public_key()

    def proven(self, leaf: x509.Certificate) -> Found | None:
        """Return the chain by which `leaf` was found to lead to this store; check its times again."""
        return self._chains.get(leaf)

    def remember(self, chain: Found) -> None:
        """Remember a chain, leaf first, whose signatures were verified up to a certificate of this store."""
        if len(self._chains) >= MAX_PROVEN:
            self._chains.clear()
        self._chains[chain[0]] = chain
