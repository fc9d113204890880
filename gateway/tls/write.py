"""Writing key stores and trust stores: whole or not at all, never readable for others when a key is inside."""

import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from gateway.exchange import Secret
from gateway.tls.certificates import describe
from gateway.tls.contents import Contents, read_contents
from gateway.tls.stores import KeyMaterial, StoreError

PKCS12_SUFFIXES: Final = frozenset({".p12", ".pfx"})


def add_certificates(
    path: Path, certificates: Sequence[x509.Certificate], password: Secret
) -> tuple[x509.Certificate, ...]:
    """Add certificates to a trust store, PEM or PKCS#12, or make it; return those that were not in it before.

    A new file is PKCS#12 when its name ends in .p12 or .pfx. What stands in a PEM file stays as it is, comments
    included. Raises StoreError: a store with a private key, a wrong password, a file that cannot be written.
    """
    before = read_contents(path, password) if path.exists() else _nothing(path)
    if before.form in {"DER", "folder"}:
        raise StoreError(path, f"is a {before.form}; certificates are added to PEM and PKCS#12 files")
    if before.private_key:
        raise StoreError(path, "holds a private key; a trust store holds certificates alone")
    new = tuple(dict.fromkeys(one for one in certificates if one not in before.certificates))
    if not new:
        return ()
    if before.form == "PEM":
        old = path.read_bytes() if path.exists() else b""
        write_whole(path, old + (b"\n" if old and not old.endswith(b"\n") else b"") + pem(new), 0o644)
    else:
        write_whole(path, _trust_pkcs12(path, before, new, password), 0o600)
    return new


def pem(certificates: Sequence[x509.Certificate]) -> bytes:
    """Return certificates as PEM (RFC 7468), each below a comment that names its subject."""
    return b"".join(f"# {_comment(one)}\n".encode() + one.public_bytes(Encoding.PEM) for one in certificates)


def _comment(certificate: x509.Certificate) -> str:
    """Return the subject for a line above the certificate: one that is read as nothing but a comment."""
    return describe(certificate).subject.replace("-----", "?")[:200]


def key_pkcs12(material: KeyMaterial, password: Secret) -> bytes:
    """Return a private key with its certificates as PKCS#12 (AES-256, PBES2; RFC 7292)."""
    return pkcs12.serialize_key_and_certificates(
        _alias(material.certificate, set()).encode(),
        material.key,  # type: ignore[arg-type]  # kinds that are not for signing raise TypeError
        material.certificate,
        material.chain,
        BestAvailableEncryption(password.reveal().encode()),
    )


def key_pem(material: KeyMaterial, password: Secret) -> bytes:
    """Return a private key, encrypted (PKCS #8), with its certificates as PEM."""
    key = material.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.reveal().encode())
    )
    return key + pem((material.certificate, *material.chain))


def trust_pkcs12(path: Path, certificates: Sequence[x509.Certificate], password: Secret) -> bytes:
    """Return certificates as a PKCS#12 trust store that Java knows as one. Raises StoreError: no password."""
    return _trust_pkcs12(path, _nothing(path), certificates, password)


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """Put a file in place at once: written aside, then renamed. A file that is there keeps its mode.

    Raises StoreError.
    """
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else mode
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.resolve()  # through links, which stay
        descriptor, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(aside).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(aside).unlink()
            raise
    except OSError as error:
        raise StoreError(path, f"cannot be written: {error.strerror or error}") from error


def _nothing(path: Path) -> Contents:
    form = "PKCS#12" if path.suffix.lower() in PKCS12_SUFFIXES else "PEM"
    return Contents(form, private_key=False, entries=())


def _trust_pkcs12(path: Path, before: Contents, new: Sequence[x509.Certificate], password: Secret) -> bytes:
    if not password:
        raise StoreError(path, "a PKCS#12 trust store needs a password")
    taken: set[str] = set()
    old = [(entry.alias, entry.certificate) for entry in before.entries]
    bags = [
        pkcs12.PKCS12Certificate(one, _alias(one, taken, alias).encode())
        for alias, one in [*old, *(("", one) for one in new)]
    ]
    return pkcs12.serialize_java_truststore(bags, BestAvailableEncryption(password.reveal().encode()))


def _alias(certificate: x509.Certificate, taken: set[str], alias: str = "") -> str:
    """Return a name for the entry that no other entry has: Java compares them in lower case."""
    if not alias:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        text = str(names[-1].value) if names else ""
        alias = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-") or "certificate"
    name, number = alias, 2
    while name.lower() in taken:
        name, number = f"{alias}-{number}", number + 1
    taken.add(name.lower())
    return name
