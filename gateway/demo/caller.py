"""Callers of the demonstration: zeep sends UsernameTokens or nothing, bytes of our own making all else."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)
from lxml import etree

from gateway.demo.signing import Signer
from gateway.errors import GatewayError
from gateway.exchange import Secret
from gateway.safexml import Bounds, Element, parse
from gateway.soap.client import CallError, ServiceClient, SignOn
from gateway.testkeys import TestAuthority, TestKeys

_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the fields of the reply, or the local name of the fault code and the fault's text."""

    fields: Mapping[str, str]
    fault: str = ""
    text: str = ""


@dataclass(slots=True)
class Cast:
    """Everybody who calls: their keys, and what an eavesdropper kept."""

    base: str
    """Address of the gateway's services, up to the port's name."""
    ca: Path
    sender: Signer
    sts: Signer
    stranger: Signer
    """A valid key and certificate of an authority that nobody here has heard of."""
    client: Path
    """PEM file with the TLS client's certificate and encrypted key."""
    client_password: Secret
    kept: bytes = field(default=b"", repr=False)
    """A signed message of another caller, as it went over the wire."""

    @classmethod
    def of(cls, base: str, keys: TestKeys) -> Self:
        """Open the stores that were made for the demonstration."""
        stranger = TestAuthority(name="stranger").issue("stranger", (), Secret("x"), signing=True)
        return cls(
            base=base,
            ca=keys.ca,
            sender=_signer(keys.sender.read_bytes(), keys.sender_password),
            sts=_signer(keys.sts.read_bytes(), keys.sts_password),
            stranger=_signer(stranger, Secret("x")),
            client=_pem(keys.client, keys.client_password),
            client_password=keys.client_password,
        )

    def call(self, port: str, operation: str, values: Mapping[str, str], sign_on: SignOn | None) -> Answer:
        """Call an operation with zeep, which reads the service's WSDL first."""
        try:
            with ServiceClient(f"{self.base}/{port}", ca=self.ca, sign_on=sign_on) as client:
                reply: dict[str, Any] = client.call(operation, values)
        except CallError as error:
            return Answer({}, error.fault_code.rpartition(":")[2] or "no fault", str(error))
        return Answer({name: str(value or "") for name, value in reply.items()})

    def post(self, port: str, message: bytes, *, with_certificate: bool = False) -> Answer:
        """Send the bytes of a SOAP 1.1 message."""
        context = ssl.create_default_context(cafile=self.ca)
        if with_certificate:
            context.load_cert_chain(self.client, password=self.client_password.reveal())
        host, _, path = self.base.removeprefix("https://").partition("/")
        connection = HTTPSConnection(host, timeout=_SECONDS, context=context)
        try:
            headers = {"Content-Type": "text/xml; charset=utf-8"}
            connection.request("POST", f"/{path}/{port}", message, headers)
            return _answer(connection.getresponse().read())
        except (OSError, HTTPException, GatewayError, IndexError) as error:
            return Answer({}, "no answer", str(error) or type(error).__name__)
        finally:
            connection.close()


def _answer(body: bytes) -> Answer:
    payload = parse(body, Bounds())[-1][0]
    if etree.QName(payload).localname != "Fault":
        return Answer({etree.QName(child).localname: child.text or "" for child in payload})
    return Answer({}, _text(payload, "faultcode").rpartition(":")[2], _text(payload, "faultstring"))


def _text(element: Element, name: str) -> str:
    return element.findtext(name) or ""


def _signer(store: bytes, password: Secret) -> Signer:
    bundle = pkcs12.load_pkcs12(store, password.reveal().encode())
    assert bundle.cert is not None, "our own stores have one"
    assert isinstance(bundle.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey), "our own keys are of these"
    return Signer(bundle.key, bundle.cert.certificate)


def _pem(store: Path, password: Secret) -> Path:
    """Write the store as PEM, the key encrypted: what the ssl module loads."""
    signer = _signer(store.read_bytes(), password)
    path = store.with_suffix(".pem")
    protection = BestAvailableEncryption(password.reveal().encode())
    path.touch(mode=0o600)
    path.write_bytes(
        signer.certificate.public_bytes(Encoding.PEM)
        + signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    )
    return path
