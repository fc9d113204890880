"""Certificates of those who vouch, in the files that outside stacks read; made once a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from gateway.clock import SYSTEM_CLOCK

PASSWORD = "partners"
_BITS = (
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


def _quoted(value: str) -> str:
    return f'"{value}"' if "," in value else value


@dataclass(frozen=True, eq=False)
class Partner:
    """One identity: `<name>.p12` with PASSWORD, `<name>.pem` (certificate), `<name>.key` (PKCS#8, in clear)."""

    folder: Path
    name: str
    key: Any
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()

    def write(self) -> None:
        """Write the files."""
        protection = BestAvailableEncryption(PASSWORD.encode())
        store = pkcs12.serialize_key_and_certificates(
            self.name.encode(), self.key, self.certificate, self.above or None, protection
        )
        self.p12.write_bytes(store)
        self.pem.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        self.clear.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def p12(self) -> Path:
        """Key, certificate and those above it."""
        return self.folder / f"{self.name}.p12"

    @property
    def pem(self) -> Path:
        """The certificate."""
        return self.folder / f"{self.name}.pem"

    @property
    def clear(self) -> Path:
        """The key."""
        return self.folder / f"{self.name}.key"

    @property
    def store(self) -> dict[str, str]:
        """What a job of the Java stacks calls a keystore."""
        return {"path": str(self.p12), "password": PASSWORD}

    @property
    def ski(self) -> bytes:
        """The subject key identifier in the certificate."""
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    @property
    def dotnet_issuer(self) -> str:
        """The issuer as .NET writes it: a space after a comma, quotes where a value holds one."""
        names = [
            f"{each.rfc4514_attribute_name}={_quoted(str(each.value))}"
            for each in reversed(list(self.certificate.issuer))
        ]
        return ", ".join(names)

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)


class Partners:
    """`sender` (RSA), `curve` (a sender with P-256), `sts`; `stranger` has the sender's name, but no trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca = self._issued("ca", "Partner CA", None, ca=True)
        self.sender = self._issued("sender", "sender", self.ca)
        self.curve = self._issued("curve", "curve", self.ca, ec.generate_private_key(ec.SECP256R1()))
        self.sts = self._issued("sts", "sts", self.ca)
        self.stranger = self._issued("stranger", "sender", None)
        self.pinned = folder / "pinned.pem"
        self.pinned.write_bytes(b"".join(each.pem.read_bytes() for each in self.trusted))
        self.java = self._java_truststore()

    @property
    def trusted(self) -> Sequence[Partner]:
        """Those whose certificates are pinned."""
        return (self.sender, self.curve, self.sts)

    def _issued(
        self, file: str, common: str, issuer: Partner | None, key: Any = None, *, ca: bool = False
    ) -> Partner:
        own = key or rsa.generate_private_key(65537, 2048)
        now = SYSTEM_CLOCK.now()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(
                    NameOID.ORGANIZATION_NAME, "Partner, Inc."
                ),  # a comma: names are to be parsed
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )
        wanted = {"key_cert_sign", "crl_sign"} if ca else {"digital_signature"}
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(x509.KeyUsage(**{bit: bit in wanted for bit in _BITS}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    (issuer.key if issuer else own).public_key()
                ),
                critical=False,
            )
            .sign(issuer.key if issuer else own, hashes.SHA256())
        )
        above = (issuer.certificate, *issuer.above) if issuer else ()
        made = Partner(self._folder, file, own, certificate, above)
        made.write()
        return made

    def _java_truststore(self) -> dict[str, str]:
        entries = [
            pkcs12.PKCS12Certificate(each.certificate, each.name.encode()) for each in (self.ca, *self.trusted)
        ]
        path = self._folder / "trust.p12"
        path.write_bytes(pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(PASSWORD.encode())))
        return {"path": str(path), "password": PASSWORD}


@pytest.fixture(scope="session")
def partners(tmp_path_factory: pytest.TempPathFactory) -> Partners:
    """Make them."""
    return Partners(tmp_path_factory.mktemp("partners"))
