"""Keys to try the gateway with: an authority, and keys for server, client, signers, partner, made on the spot.

For `imsgw keystore create-test`, the demo and tests. The authority's own key is thrown away when the files
are written, so that nobody can add certificates later; not meant for production, and the subjects say so.
"""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.exchange import Secret

KeyKind = Literal["ec", "rsa"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
VALID = timedelta(days=365)
BACKDATED = timedelta(minutes=5)
"""Clocks differ a little: valid from slightly before now."""


@dataclass(frozen=True, slots=True)
class TestKeys:
    """The files that `create` made, and the password of each PKCS#12 file."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    ca: Path
    """Certificate of the authority, PEM: what clients trust, and `trust = "chain"`."""
    clients: Path
    """The same for the listener: whose client certificates are accepted."""
    server: Path
    server_password: Secret
    client: Path
    client_password: Secret
    sender: Path
    """Signs messages."""
    sender_password: Secret
    senders: Path
    """Certificate of the sender, PEM: for `trust = "one"`."""
    sts: Path
    """Signs assertions, as a security token service does."""
    sts_password: Secret
    issuers: Path
    """Certificate of the security token service, PEM."""
    passticket: Path
    """A secured sign-on key, 16 hexadecimal digits: for a bundle and the stand-in."""
    partner: Path
    """TLS server of the web service that the examples call out to."""
    partner_password: Secret
    partner_basic: Path
    """Password for HTTP Basic at that web service, as text."""

    @property
    def passwords(self) -> Mapping[str, Secret]:
        """The passwords by the name of the PKCS#12 file."""
        return {
            self.server.name: self.server_password,
            self.client.name: self.client_password,
            self.sender.name: self.sender_password,
            self.sts.name: self.sts_password,
            self.partner.name: self.partner_password,
        }

    @property
    def files(self) -> tuple[Path, ...]:
        """All files made."""
        return (
            self.ca,
            self.clients,
            self.server,
            self.client,
            self.sender,
            self.senders,
            self.sts,
            self.issuers,
            self.passticket,
            self.partner,
            self.partner_basic,
        )


@dataclass(frozen=True, slots=True)
class _Identity:
    key: PrivateKey
    certificate: x509.Certificate


class TestAuthority:
    """A certificate authority for tries and tests; its key exists in memory only."""

    __test__ = False

    def __init__(
        self, kind: KeyKind = "ec", clock: Clock = SYSTEM_CLOCK, name: str = "IMS Gateway test CA"
    ) -> None:
        self._kind = kind
        self._clock = clock
        key = _new_key(kind)
        subject = _name(name)
        builder = self._builder(subject, subject, key, VALID)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = _usage(key_cert_sign=True, crl_sign=True)
        self._identity = _Identity(key, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()))

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        return self._identity.certificate

    def issue(
        self,
        name: str,
        hosts: Sequence[str] = (),
        password: Secret | None = None,
        valid: timedelta = VALID,
        *,
        signing: bool = False,
    ) -> bytes:
        """Return PKCS#12 with a new key and certificate: a server's when `hosts` are named, else a client's.

        `hosts` are host names and addresses. `valid` may be negative, for an expired one.
        `signing`: for messages or assertions only, not for TLS.
        """
        key = _new_key(self._kind)
        builder = self._builder(_name(name), self.certificate.subject, key, valid)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(digital_signature=True), critical=True)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        if not signing:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if hosts:
            alternative = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(alternative, critical=False)
        certificate = builder.sign(self._identity.key, hashes.SHA256())
        protection = BestAvailableEncryption((password or Secret(secrets.token_hex())).reveal().encode())
        return pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, [self.certificate], protection
        )

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: PrivateKey, valid: timedelta
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, now + valid) - BACKDATED)
            .not_valid_after(now + valid)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(self._authority_key_id(key), critical=False)
        )

    def _authority_key_id(self, key: PrivateKey) -> x509.AuthorityKeyIdentifier:
        issuer = self._identity.key if hasattr(self, "_identity") else key
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())


def create(
    folder: Path,
    names: Sequence[str] = LOCAL_NAMES,
    password: Secret | None = None,
    *,
    kind: KeyKind = "ec",
    clock: Clock = SYSTEM_CLOCK,
) -> TestKeys:
    """Make an authority and the stores of server, client, sender, STS and partner in `folder`, mode 600.

    `names` are the host names and addresses of the server certificate.

    Without `password` each PKCS#12 file gets a random one of its own. Nothing is overwritten:
    FileExistsError. ValueError when `names` is empty.
    """
    if not names:
        raise ValueError("a server certificate needs at least one host name or address")
    keys = _files(folder, lambda: password or Secret(secrets.token_urlsafe(24)))
    taken = [str(path) for path in keys.files if path.exists()]
    if taken:
        raise FileExistsError(
            f"there are keys, not overwritten: {', '.join(taken)}; remove them to make new ones"
        )
    authority = TestAuthority(kind, clock)
    folder.mkdir(parents=True, exist_ok=True)
    for path in (keys.ca, keys.clients):
        _write(path, authority.certificate.public_bytes(Encoding.PEM))
    _write(keys.server, authority.issue(names[0], names, keys.server_password))
    _write(keys.client, authority.issue("IMS Gateway test client", (), keys.client_password))
    for store, certificate, name, secret in (
        (keys.sender, keys.senders, "IMS Gateway test sender", keys.sender_password),
        (keys.sts, keys.issuers, "IMS Gateway test STS", keys.sts_password),
    ):
        data = authority.issue(name, (), secret, signing=True)
        _write(store, data)
        _write(certificate, _certificate(data, secret))
    _write(keys.passticket, secrets.token_hex(8).upper().encode())
    _write(keys.partner, authority.issue("IMS Gateway test partner", LOCAL_NAMES, keys.partner_password))
    _write(keys.partner_basic, secrets.token_urlsafe(24).encode())
    return keys


def _files(folder: Path, password: Callable[[], Secret]) -> TestKeys:
    return TestKeys(
        ca=folder / "ca.pem",
        clients=folder / "clients.pem",
        server=folder / "server.p12",
        server_password=password(),
        client=folder / "client.p12",
        client_password=password(),
        sender=folder / "sender.p12",
        sender_password=password(),
        senders=folder / "senders.pem",
        sts=folder / "sts.p12",
        sts_password=password(),
        issuers=folder / "sts.pem",
        passticket=folder / "passticket.key",
        partner=folder / "partner.p12",
        partner_password=password(),
        partner_basic=folder / "partner.key",
    )


def _certificate(store: bytes, password: Secret) -> bytes:
    certificate = pkcs12.load_pkcs12(store, password.reveal().encode()).cert
    assert certificate is not None, "it was made with one"
    return certificate.certificate.public_bytes(Encoding.PEM)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _new_key(kind: KeyKind) -> PrivateKey:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "IMS Gateway test keys"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
