"""ds:KeyValue beside a certificate: borne with if it is the same key, never used (XML Signature 1.1, 4.5.2)."""

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.safexml import Element
from gateway.tls.unreadable import UNREADABLE
from gateway.wss.names import DS, DSIG11
from gateway.wss.octets import octets_of

KEY_VALUE: Final = f"{{{DS}}}KeyValue"

_RSA: Final = f"{{{DS}}}RSAKeyValue"
_RSA_PARTS: Final = [f"{{{DS}}}Modulus", f"{{{DS}}}Exponent"]
_EC: Final = f"{{{DSIG11}}}ECKeyValue"
_EC_PARTS: Final = [f"{{{DSIG11}}}NamedCurve", f"{{{DSIG11}}}PublicKey"]
_CURVES: Final = {
    "secp256r1": "urn:oid:1.2.840.10045.3.1.7",
    "secp384r1": "urn:oid:1.3.132.0.34",
    "secp521r1": "urn:oid:1.3.132.0.35",
}


def is_key_of(value: Element, certificate: x509.Certificate) -> bool:
    """Whether a KeyValue holds the certificate's public key, as RSAKeyValue or ECKeyValue with NamedCurve."""
    parts = [child.tag for child in value[0]] if len(value) == 1 else []
    try:
        key = certificate.public_key()
        if parts == _RSA_PARTS and value[0].tag == _RSA and isinstance(key, rsa.RSAPublicKey):
            modulus, exponent = (int.from_bytes(octets_of(part), "big") for part in value[0])
            numbers = key.public_numbers()
            return (modulus, exponent) == (numbers.n, numbers.e)
        if parts == _EC_PARTS and value[0].tag == _EC and isinstance(key, ec.EllipticCurvePublicKey):
            same_curve = value[0][0].get("URI") == _CURVES.get(key.curve.name)
            point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return same_curve and octets_of(value[0][1]) == point
    except UNREADABLE:
        return False
    return False
