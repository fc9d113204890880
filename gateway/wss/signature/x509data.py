"""ds:X509Data: certificates, or issuer and serial number of one (XML Signature 1.1, section 4.5.4).

Straight in KeyInfo an STS sends it. Inside a SecurityTokenReference it names the sender's certificate (X.509
Token Profile 1.1.1, section 3.2.3), and zeep and others put the certificate itself there.
"""

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.tls.distinguished import either_way, name_key, parse_name
from gateway.tls.trusted import TrustedKeys, key_identifier
from gateway.wss.names import DS, X509_CERTIFICATE, X509_ISSUER_NAME, X509_ISSUER_SERIAL, X509_SERIAL_NUMBER
from gateway.wss.octets import octets_of
from gateway.wss.rules import R
from gateway.wss.signature.markup import text_between
from gateway.wss.signature.tokens import Path, read_certificates
from gateway.wss.text import plain_text
from gateway.wss.verdict import RuleBrokenError, Trail

_SKI: Final = f"{{{DS}}}X509SKI"
_SUBJECT: Final = f"{{{DS}}}X509SubjectName"
_ONCE: Final = (X509_ISSUER_SERIAL, _SKI, _SUBJECT)
_KNOWN: Final = frozenset({X509_CERTIFICATE, *_ONCE})
_SERIAL: Final = re.compile(r"[0-9]{1,60}")
_XML_SPACE: Final = " \t\r\n"


@dataclass(frozen=True, slots=True)
class X509Data:
    """What X509Data names."""

    certificates: Path
    """The signer's first."""
    in_message: bool


def read_x509_data(data: Element, keys: TrustedKeys, trail: Trail) -> X509Data:
    """Return the certificates that X509Data holds, or the one of the truststore that it names.

    What stands beside certificates must agree with the signer's. A subject name alone names nothing here: two
    certificates may have the same.
    """
    children = list(data)
    known = bool(children) and all(child.tag in _KNOWN for child in children) and not data.keys()
    known = known and all(sum(child.tag == tag for child in children) <= 1 for tag in _ONCE)
    known = known and not text_between(data, children)
    trail.require(R.KEY_DATA, known, "it holds other things", WssFault.UNSUPPORTED_SECURITY_TOKEN)
    elements = [child for child in children if child.tag == X509_CERTIFICATE]
    named = _Named.read(data, trail)
    if not elements:
        return X509Data((named.look_up(keys, trail),), in_message=False)
    path = read_certificates(elements, trail)
    named.judge_fits(path[0], trail)
    trail.met(R.KEY_FOUND)
    return X509Data(path, in_message=True)


@dataclass(frozen=True, slots=True)
class _Named:
    """Properties by which X509Data names a certificate, None where they are absent."""

    issuer: str | None
    serial: int
    identifier: bytes | None

    @classmethod
    def read(cls, data: Element, trail: Trail) -> "_Named":
        issuer, serial, identifier = None, 0, None
        pair = data.find(X509_ISSUER_SERIAL)
        if pair is not None:
            issuer, serial = _issuer_serial(pair, trail)
        octets = data.find(_SKI)
        if octets is not None:
            try:
                identifier = octets_of(octets)
            except ValueError as error:
                raise _strange(trail, f"X509SKI: {error}") from error
        return cls(issuer, serial, identifier)

    def look_up(self, keys: TrustedKeys, trail: Trail) -> x509.Certificate:
        """Return the one certificate of the truststore that has these properties."""
        try:
            found = self._find(keys)
        except ValueError as error:
            raise _strange(trail, "X509IssuerName is no name") from error
        fitting = [one for one in found if self._fits(one)]
        detail = f"{len(fitting)} certificates of the truststore, serial number {self.serial:x}"
        trail.require(R.KEY_FOUND, len(fitting) == 1, detail, WssFault.SECURITY_TOKEN_UNAVAILABLE)
        return fitting[0]

    def _find(self, keys: TrustedKeys) -> Path:
        if self.issuer is not None:
            return keys.by_issuer_serial(self.issuer, self.serial)
        return () if self.identifier is None else keys.by_ski(self.identifier)

    def judge_fits(self, certificate: x509.Certificate, trail: Trail) -> None:
        """Demand that the properties are those of a certificate."""
        try:
            fits = self._fits(certificate)
        except ValueError as error:
            raise _strange(trail, "X509IssuerName is no name") from error
        if not fits:
            raise _strange(trail, "the certificate is not the one that is named beside it")

    def _fits(self, certificate: x509.Certificate) -> bool:
        if self.identifier is not None and key_identifier(certificate) != self.identifier:
            return False
        if self.issuer is None:
            return True
        issuer = either_way(parse_name(self.issuer)) == either_way(name_key(certificate.issuer))
        return issuer and certificate.serial_number == self.serial


def _issuer_serial(pair: Element, trail: Trail) -> tuple[str, int]:
    """Read X509IssuerSerial: a name as of RFC 4514, and a decimal number."""
    if [child.tag for child in pair] != [X509_ISSUER_NAME, X509_SERIAL_NUMBER] or text_between(pair, pair):
        raise _strange(trail, "X509IssuerSerial is not issuer and serial number")
    issuer, serial = (plain_text(child) for child in pair)
    number = (serial or "").strip(_XML_SPACE)
    if not issuer or _SERIAL.fullmatch(number) is None:
        raise _strange(trail, "X509IssuerSerial is not issuer and decimal number")
    return issuer.strip(_XML_SPACE), int(number)


def _strange(trail: Trail, detail: str) -> RuleBrokenError:
    return trail.broken(R.KEY_DATA, detail, WssFault.INVALID_SECURITY_TOKEN)
