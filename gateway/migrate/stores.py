"""Java key stores (JKS and JCEKS) to keys and certificates: the one door to pyjks.

pyjks is pure Python and quiet since 2020; nothing else in the product uses it, and a home that was migrated
does not need it. What it raises on damaged files is anything at all, so everything is caught here.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from gateway.exchange import Secret
from gateway.tls.stores import KeyMaterial, StoreError

EXTRA: Final = 'Java key stores need the extra "migration", which requirements/runtime.txt has'
_HAND_IN: Final = "hand it in by --passwords (key_password)"
_MAGIC: Final = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_MOST_ENTRIES: Final = 10_000
_MOST_ITERATIONS: Final = 5_000_000
"""The most that Java itself makes (jdk.jceks.iterationCount); beyond it a file is made to keep us busy."""


@dataclass(frozen=True, slots=True)
class JavaKey:
    """A private key entry."""

    alias: str
    material: KeyMaterial | None = field(repr=False)
    reason: str = ""
    """Why there is no material: a password of its own, or damage."""


@dataclass(frozen=True, slots=True)
class JavaStore:
    """What is in a store."""

    keys: tuple[JavaKey, ...]
    trusted: tuple[x509.Certificate, ...]
    others: tuple[str, ...]
    """Aliases of entries that are neither: secret keys."""
    unreadable: tuple[str, ...]
    """Aliases of certificates that cannot be read."""
    checked: bool
    """Whether the password showed that nobody changed the store."""


def is_java_store(data: bytes) -> bool:
    """Tell a Java key store from PKCS#12 and PEM."""
    return data.startswith(_MAGIC)


def read_java_store(path: Path, data: bytes, password: Secret, key_password: Secret) -> JavaStore:
    """Open a store. Without a password it is read unchecked, certificates only.

    Raises StoreError: pyjks is missing, wrong password, damage.
    """
    if find_spec("jks") is None:
        raise StoreError(path, EXTRA)
    _check_shape(path, data)
    store = _loaded(path, data, password)
    keys, trusted, others, unreadable = [], [], [], []
    for alias, entry in sorted(store.entries.items()):
        kind = type(entry).__name__
        if kind == "PrivateKeyEntry":
            keys.append(_key(alias, entry, password, key_password))
        elif kind == "TrustedCertEntry":
            found = _certificate(entry.cert)
            if found is None:
                unreadable.append(alias)
            else:
                trusted.append(found)
        else:
            others.append(alias)
    return JavaStore(
        tuple(keys), tuple(dict.fromkeys(trusted)), tuple(others), tuple(unreadable), bool(password)
    )


def _check_shape(path: Path, data: bytes) -> None:
    """Refuse at once what says it has more entries than there are bytes."""
    if len(data) < 12 + 20:
        raise StoreError(path, "is damaged: it ends too early")
    version, entries = struct.unpack(">II", data[4:12])
    if version not in {1, 2}:
        raise StoreError(path, "is damaged, or of a version that nobody knows")
    if entries > min(_MOST_ENTRIES, len(data) // 12):
        raise StoreError(path, "is damaged: it says that it has more entries than fit into it")


def _loaded(path: Path, data: bytes, password: Secret) -> Any:
    import jks  # noqa: PLC0415  an extra; see is_java_store and EXTRA

    try:
        return jks.KeyStore.loads(data, password.reveal() or None, try_decrypt_keys=False)
    except jks.util.KeystoreSignatureException:
        reason = "wrong password, or somebody changed the store"
    except Exception:  # noqa: BLE001  whatever its reading of a damaged file runs into
        reason = "is damaged"
    raise StoreError(path, reason)


def _key(alias: str, entry: Any, password: Secret, key_password: Secret) -> JavaKey:
    """Open a key by its own password or, as keytool has it by default, that of the store."""
    if _iterations(entry) > _MOST_ITERATIONS:
        return JavaKey(alias, None, "its key is protected in a way that would take hours to open")
    for secret in (key_password, password):
        if not secret:
            continue
        try:
            entry.decrypt(secret.reveal())
            key = load_der_private_key(entry.pkey_pkcs8, None)
        except Exception:  # noqa: BLE001, S112  see _loaded; the reason is told below
            continue
        return _paired(alias, key, entry.cert_chain)
    if not password and not key_password:
        return JavaKey(alias, None, f"the key needs a password, and none is known; {_HAND_IN}")
    return JavaKey(alias, None, f"the key has a password of its own, which is not known; {_HAND_IN}")


def _iterations(entry: Any) -> int:
    """Return how often a JCEKS store has the password hashed (PBEParameter of PKCS #5), 0 where it does not."""
    from jks import rfc2898, sun_crypto  # noqa: PLC0415
    from pyasn1.codec.ber import decoder  # noqa: PLC0415  comes with pyjks
    from pyasn1_modules import rfc5208  # noqa: PLC0415

    try:
        info = decoder.decode(entry._encrypted, asn1Spec=rfc5208.EncryptedPrivateKeyInfo())[0]  # noqa: SLF001
        algorithm = info["encryptionAlgorithm"]
        if algorithm["algorithm"].asTuple() != sun_crypto.SUN_JCE_ALGO_ID:
            return 0
        parameters = decoder.decode(algorithm["parameters"].asOctets(), asn1Spec=rfc2898.PBEParameter())[0]
        return int(parameters["iterationCount"])
    except Exception:  # noqa: BLE001  see _loaded: pyjks will run into the same
        return 0


def _paired(alias: str, key: PrivateKeyTypes, chain: Iterable[tuple[str, bytes]]) -> JavaKey:
    certificates = [found for _, data in chain if (found := _certificate(data)) is not None]
    ours = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    leaf = next((one for one in certificates if _spki(one) == ours), None)
    if leaf is None:
        return JavaKey(alias, None, "there is no certificate of the key")
    above = tuple(one for one in certificates if one is not leaf and one.issuer != one.subject)
    return JavaKey(alias, KeyMaterial(key, leaf, above))


def _spki(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # noqa: BLE001  keys of kinds that the library does not have
        return b""


def _certificate(data: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(data)
    except ValueError:
        return None
