"""What a key store or trust store holds, for people to look at and for moving it elsewhere."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from gateway.exchange import Secret
from gateway.tls.stores import (
    StoreError,
    der_certificate,
    list_folder,
    open_pkcs12,
    pem_certificates,
    read_bytes,
)

_PEM = b"-----BEGIN "
_PRIVATE = b"PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate of a store."""

    path: Path
    """The file: of a folder, which one."""
    kind: str
    """"key": there is a private key for it; "certificate": there is none."""
    alias: str
    """Name in the store, empty where it has none."""
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a store."""

    form: str
    """"PEM", "DER", "PKCS#12" or "folder"."""
    private_key: bool
    entries: tuple[Entry, ...]

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """All certificates, each once."""
        return tuple(dict.fromkeys(entry.certificate for entry in self.entries))


def read_contents(path: Path, password: Secret) -> Contents:
    """Return what a file or a folder of files holds; private keys stay closed where they need not be opened.

    Raises StoreError.
    """
    if not path.is_dir():
        return _of_file(path, password)
    inside = [_of_file(file, password) for file in list_folder(path) if file.is_file() and _may_be_store(file)]
    entries = tuple(entry for one in inside for entry in one.entries)
    return Contents("folder", any(one.private_key for one in inside), entries)


def _may_be_store(path: Path) -> bool:
    return path.suffix.lower() in {".pem", ".crt", ".cer", ".der", ".p12", ".pfx"}


def _of_file(path: Path, password: Secret) -> Contents:
    data = read_bytes(path)
    if _PEM in data:
        certificates = pem_certificates(path, data)
        return Contents("PEM", _PRIVATE in data, _plain(path, certificates))
    if certificates := der_certificate(data):
        return Contents("DER", private_key=False, entries=_plain(path, certificates))
    bundle = open_pkcs12(path, data, password)
    own = (_entry(path, "key", bundle.cert),) if bundle.cert is not None else ()
    others = tuple(_entry(path, "certificate", one) for one in bundle.additional_certs)
    return Contents("PKCS#12", bundle.key is not None, (*own, *others))


def _plain(path: Path, certificates: tuple[x509.Certificate, ...]) -> tuple[Entry, ...]:
    return tuple(Entry(path, "certificate", "", one) for one in certificates)


def _entry(path: Path, kind: str, entry: pkcs12.PKCS12Certificate) -> Entry:
    try:
        alias = (entry.friendly_name or b"").decode()
    except UnicodeDecodeError as error:
        raise StoreError(path, "a name in it is not UTF-8") from error
    return Entry(path, kind, alias, entry.certificate)
