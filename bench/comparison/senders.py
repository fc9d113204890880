"""An authority and the senders it knows: RSA-2048 keys, made by all cores, kept under build/ for the next run.

Keys are kept, certificates are made anew: they are valid for a day.
"""

import os
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

from bench.comparison.messages import Sender
from gateway.clock import SYSTEM_CLOCK

BITS: Final = 2048
VALID: Final = timedelta(days=1)
KEPT: Final = Path(__file__).parents[2] / "build/bench/keys"
_USAGES: Final = (
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


def _new_key(_number: int) -> bytes:
    key = rsa.generate_private_key(65537, BITS)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes) -> None:
    """Write a file that is whole as soon as it has its name: another run may look for it now."""
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:  # readable for its owner alone
        file.write(data)
    Path(file.name).rename(path)


def _keys(count: int) -> Sequence[rsa.RSAPrivateKey]:
    KEPT.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = [KEPT / f"{number:04}.key" for number in range(count)]
    missing = [path for path in paths if not path.exists()]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for path, data in zip(missing, pool.map(_new_key, range(len(missing)), chunksize=8), strict=True):
            _write(path, data)
    return [_loaded(path.read_bytes()) for path in paths]


def _loaded(data: bytes) -> rsa.RSAPrivateKey:
    key = load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


_CA: Final = _name("Bench CA")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs certificates."""

    name: x509.Name
    key: rsa.RSAPrivateKey


def _certificate(subject: x509.Name, key: rsa.RSAPrivateKey, issuer: Issuer, now: datetime) -> x509.Certificate:
    """Make one: that of the authority when it is its own, else that of a sender."""
    ca = subject == issuer.name == _CA
    wanted = {"key_cert_sign", "crl_sign"} if ca else {"digital_signature"}
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.KeyUsage(**{bit: bit in wanted for bit in _USAGES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _in_message(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


@dataclass(frozen=True, slots=True)
class Senders:
    """Who signs the messages, and the files that say who is trusted."""

    many: Sequence[Sender]
    stranger: Sender
    """Bears the name of the first sender; issued by itself."""
    ca: Path
    """Certificate of the authority, PEM: `trust = "chain"`."""
    first: Path
    """Certificate of the first sender, PEM: `trust = "one"`."""


def make(folder: Path, count: int) -> Senders:
    """Make so many senders, and their files in the folder."""
    now = SYSTEM_CLOCK.now()
    ca_key, stranger_key, *keys = _keys(count + 2)
    authority = Issuer(_CA, ca_key)
    names = [_name(f"sender{number:04}") for number in range(count)]
    certificates = [_certificate(name, key, authority, now) for name, key in zip(names, keys, strict=True)]
    stranger = _certificate(names[0], stranger_key, Issuer(names[0], stranger_key), now)
    ca, first = folder / "bench-ca.pem", folder / "sender.pem"
    ca.write_bytes(_certificate(_CA, ca_key, authority, now).public_bytes(Encoding.PEM))
    first.write_bytes(certificates[0].public_bytes(Encoding.PEM))
    many = [Sender(key, _in_message(each)) for key, each in zip(keys, certificates, strict=True)]
    return Senders(many, Sender(stranger_key, _in_message(stranger)), ca, first)
