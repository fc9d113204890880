"""Certificate revocation lists (RFC 5280, section 5): reading files, and what one list is good for."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from gateway.tls.distinguished import name_key
from gateway.tls.stores import StoreError, list_folder, read_bytes
from gateway.tls.unreadable import UNREADABLE

_PEM: Final = b"-----BEGIN X509 CRL-----"
_END: Final = b"-----END X509 CRL-----"
_FOLDER_SUFFIXES: Final = frozenset({".crl", ".pem", ".der"})
_BROKEN: Final = frozenset({"sha1", "md5"})


def read_crls(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    """Read revocation lists from a PEM or DER file, or from all .crl, .pem and .der files of a folder.

    Raises StoreError: missing or unreadable file, no list at all.
    """
    if not path.is_dir():
        return _lists(path)
    files = [file for file in list_folder(path) if file.suffix.lower() in _FOLDER_SUFFIXES]
    if not files:
        raise StoreError(path, "the folder holds no .crl, .pem or .der file")
    return tuple(one for file in files for one in _lists(file))


def _lists(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    data = read_bytes(path)
    try:
        if _PEM not in data:
            return (x509.load_der_x509_crl(data),)
        blocks = [_PEM + rest.partition(_END)[0] + _END for rest in data.split(_PEM)[1:]]
        return tuple(x509.load_pem_x509_crl(block) for block in blocks)
    except UNREADABLE as error:
        raise StoreError(path, "holds no revocation list that can be read") from error


@dataclass(frozen=True, slots=True, eq=False)
class RevocationList:
    """One list, read once: its serial numbers are at hand, and who was found to have signed it."""

    crl: x509.CertificateRevocationList = field(repr=False)
    last_update: datetime
    next_update: datetime | None
    digest: str
    """Hash of the signature, empty for schemes that have none of their own."""
    flaw: str
    """Why the list cannot be used at all; empty when it can."""
    _serials: frozenset[int] = field(repr=False)
    _signers: dict[x509.Certificate, bool] = field(repr=False, default_factory=dict)

    @classmethod
    def of(cls, crl: x509.CertificateRevocationList) -> "RevocationList":
        """Read one list. Raises one of UNREADABLE when it is damaged."""
        critical = [one.oid.dotted_string for one in crl.extensions if one.critical]
        flaw = (
            f"critical extension {critical[0]}: delta, indirect or partial lists are not taken"
            if critical
            else ""
        )
        digest = crl.signature_hash_algorithm.name if crl.signature_hash_algorithm else ""
        serials = frozenset(entry.serial_number for entry in crl)
        return cls(crl, crl.last_update_utc, crl.next_update_utc, digest, flaw, serials)

    def lists(self, serial: int) -> bool:
        """Tell whether a certificate of the list's issuer is revoked, whatever the reason."""
        return serial in self._serials

    def complaint(self, now: datetime) -> str:
        """Say why the list cannot be used at `now`; empty when it can. Without nextUpdate it never can."""
        if self.flaw:
            return self.flaw
        if now < self.last_update:
            return f"is not valid before {self.last_update:%Y-%m-%d %H:%M} UTC"
        if self.next_update is None:
            return "has no nextUpdate"
        if now >= self.next_update:
            return f"should have been replaced by {self.next_update:%Y-%m-%d %H:%M} UTC"
        return ""

    def is_of(self, issuer: x509.Certificate) -> bool:
        """Tell whether `issuer` signed the list and may do so; SHA-1 and MD5 are no signatures here, ever."""
        if self.digest in _BROKEN:
            return False
        found = self._signers.get(issuer)
        if found is None:
            found = self._signers[issuer] = _signed(self.crl, issuer)
        return found


def _signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Tell whether name, permission and signature fit (RFC 5280, section 6.3.3 (f) and (g))."""
    if name_key(crl.issuer) != name_key(issuer.subject):
        return False
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    except UNREADABLE:
        return False
    if usage is not None and not usage.crl_sign:
        return False
    try:
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # TypeError: other kinds
    except UNREADABLE:
        return False
