"""Key stores and trust stores as they lie on disk: PKCS#12 (RFC 7292), PEM (RFC 7468), DER."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)

from gateway.config.model import KeyStore, TrustStore
from gateway.exchange import Secret

_JKS = b"\xfe\xed\xfe\xed"
_JCEKS = b"\xce\xce\xce\xce"
_PEM = b"-----BEGIN "
_PEM_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_FOLDER_SUFFIXES = frozenset({".pem", ".crt", ".cer"})


class StoreError(ValueError):
    """A key store or trust store cannot be used. Names the file and the reason, never a secret."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A private key with its certificate and the chain below the root, leaf first without it."""

    key: PrivateKeyTypes = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    strays: tuple[x509.Certificate, ...] = ()
    """Others of the store that lead nowhere from the certificate."""
    rooted: bool = False
    """Whether the store holds the authority at the end of the chain, one that is signed by itself."""


def read_keystore(store: KeyStore) -> KeyMaterial:
    """Read a private key and its certificates from PKCS#12 or PEM.

    Raises StoreError: missing or unreadable file, wrong or missing password, no key, no certificate for the
    key.
    """
    data = read_bytes(store.path)
    if _PEM in data:
        key, certificates = _pem_key(store.path, data, store.password), pem_certificates(store.path, data)
    else:
        bundle = open_pkcs12(store.path, data, store.password)
        if bundle.key is None:
            raise StoreError(store.path, "holds no private key")
        key, certificates = bundle.key, _certificates_of(bundle)
    return _paired(store.path, key, certificates)


def read_truststore(store: TrustStore) -> tuple[x509.Certificate, ...]:
    """Read trusted certificates from PEM, DER or PKCS#12, or from all .pem, .crt and .cer files of a folder.

    Of a PKCS#12 store with a private key, the key's own certificate and the chain above it do not count: that
    is who we are, not whom we trust. Raises StoreError: missing or unreadable file, wrong password, no
    certificate at all.
    """
    if not store.path.is_dir():
        return _trusted(store.path, store.password)
    files = [file for file in list_folder(store.path) if file.suffix.lower() in _FOLDER_SUFFIXES]
    certificates = tuple(one for file in files for one in _trusted(file, store.password))
    if not certificates:
        raise StoreError(store.path, "the folder holds no .pem, .crt or .cer file with a certificate")
    return certificates


def list_folder(path: Path) -> list[Path]:
    """Return what lies in a folder, sorted, hidden files left out. Raises StoreError when it cannot be read."""
    try:
        return sorted(file for file in path.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise StoreError(path, f"cannot be read: {error.strerror or error}") from error


def read_bytes(path: Path) -> bytes:
    """Return what a file of a store holds. Raises StoreError: not readable, or a Java key store."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(path, f"cannot be read: {error.strerror or error}") from error
    if data.startswith((_JKS, _JCEKS)):
        raise StoreError(
            path,
            "is a Java key store (JKS or JCEKS): convert it with keytool -importkeystore -deststoretype PKCS12",
        )
    return data


def _trusted(path: Path, password: Secret) -> tuple[x509.Certificate, ...]:
    data = read_bytes(path)
    if _PEM in data:
        certificates = pem_certificates(path, data)
    else:
        certificates = der_certificate(data) or _anchors_of(path, open_pkcs12(path, data, password))
    if not certificates:
        raise StoreError(path, "holds no certificate")
    return certificates


def der_certificate(data: bytes) -> tuple[x509.Certificate, ...]:
    """Return the one certificate that the octets are, or nothing."""
    try:
        return (x509.load_der_x509_certificate(data),)
    except ValueError:
        return ()  # not one certificate: read on as PKCS#12, which gives the reason


def open_pkcs12(path: Path, data: bytes, password: Secret) -> pkcs12.PKCS12KeyAndCertificates:
    """Open PKCS#12. An empty password is tried both ways, as absent and as the empty text: tools differ.

    Raises StoreError.
    """
    candidates = [password.reveal().encode()] if password else [None, b""]
    for candidate in candidates:
        try:
            return pkcs12.load_pkcs12(data, candidate)
        except UnsupportedAlgorithm:
            raise StoreError(path, "is encrypted with an algorithm that is no longer supported") from None
        except (ValueError, TypeError):
            continue  # nothing of the library's words: they may quote what the file holds
    reason = "is neither PEM nor PKCS#12"
    if data[:1] == b"\x30":  # an ASN.1 SEQUENCE, as every PKCS#12 file is
        reason = "wrong password, or a damaged PKCS#12 file" if password else "needs a password"
    raise StoreError(path, reason)


def _certificates_of(bundle: pkcs12.PKCS12KeyAndCertificates) -> tuple[x509.Certificate, ...]:
    entries = [bundle.cert] if bundle.cert is not None else []
    return tuple(entry.certificate for entry in [*entries, *bundle.additional_certs])


def _anchors_of(path: Path, bundle: pkcs12.PKCS12KeyAndCertificates) -> tuple[x509.Certificate, ...]:
    certificates = _certificates_of(bundle)
    if bundle.key is None:
        return certificates
    own = _paired(path, bundle.key, certificates)
    above = _above(own.certificate, [one for one in certificates if one is not own.certificate])
    anchors = tuple(one for one in certificates if one is not own.certificate and one not in above)
    if not anchors:
        reason = "holds a private key with its own certificates, and none besides that could be trusted"
        raise StoreError(path, reason)
    return anchors


def _pem_key(path: Path, data: bytes, password: Secret) -> PrivateKeyTypes:
    blocks = _PEM_KEY.findall(data)
    if not blocks:
        raise StoreError(path, "holds no private key")
    if len(blocks) > 1:
        raise StoreError(path, "holds more than one private key")
    match = _PEM_KEY.search(data)
    assert match is not None
    block = match.group()
    encrypted = b"ENCRYPTED" in block
    if encrypted and not password:
        raise StoreError(path, "the private key needs a password")
    try:
        return load_pem_private_key(block, password.reveal().encode() if encrypted else None)
    except UnsupportedAlgorithm:
        raise StoreError(path, "the private key is of a kind that is not supported") from None
    except (ValueError, TypeError):
        reason = "wrong password, or a damaged private key" if encrypted else "the private key cannot be read"
        raise StoreError(path, reason) from None


def pem_certificates(path: Path, data: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates among the PEM blocks. Raises StoreError."""
    if b"-----BEGIN CERTIFICATE-----" not in data:
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise StoreError(path, "a certificate in it cannot be read") from error


def _paired(path: Path, key: PrivateKeyTypes, certificates: Iterable[x509.Certificate]) -> KeyMaterial:
    """Find the certificate of the key, and order the others behind it."""
    pool = list(certificates)
    ours = _spki(key.public_key())
    leaf = next((one for one in pool if _spki(one.public_key()) == ours), None)
    if leaf is None:
        raise StoreError(path, "holds no certificate for its private key")
    others = [one for one in pool if one is not leaf]
    above = _above(leaf, others)
    # a self-signed root is not sent (RFC 8446, section 4.4.2)
    chain = tuple(one for one in above if one.issuer != one.subject)
    strays = tuple(one for one in others if one not in above)
    top = above[-1] if above else leaf
    return KeyMaterial(key, leaf, chain, strays, rooted=top.issuer == top.subject)


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _above(leaf: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Return the authorities from the leaf upwards, by name."""
    chain: list[x509.Certificate] = []
    below = leaf
    while below.issuer != below.subject:
        above = next((one for one in others if one.subject == below.issuer and one not in chain), None)
        if above is None:
            break
        chain.append(above)
        below = above
    return tuple(chain)
