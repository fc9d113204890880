"""A wsse plug-in for zeep that puts an assertion into the header and signs Body, Timestamp and assertion.

zeep's own Signature and BinarySignature sign Body and Timestamp only. This is what a user adds, in zeep's own
style: python-xmlsec signs, the certificate goes as a BinarySecurityToken.
"""

# mypy: allow-untyped-calls, disable-error-code="attr-defined"
from datetime import timedelta
from pathlib import Path
from typing import Any

import xmlsec
from lxml import etree
from zeep import ns
from zeep.utils import detect_soap_env
from zeep.wsse.utils import WSU, ensure_id, get_security_header, get_timestamp

from gateway.clock import SYSTEM_CLOCK
from gateway.safexml import Bounds, parse

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_X509 = f"{_OASIS}x509-token-profile-1.0#X509v3"
_BASE64 = f"{_OASIS}soap-message-security-1.0#Base64Binary"


def timestamp(seconds: int = 300) -> Any:
    """Return a Timestamp; zeep makes none."""
    now = SYSTEM_CLOCK.now().replace(microsecond=0)
    return WSU.Timestamp(
        WSU.Created(get_timestamp(now, zulu_timestamp=True)),
        WSU.Expires(get_timestamp(now + timedelta(seconds=seconds), zulu_timestamp=True)),
    )


class Vouching:
    """Adds a Timestamp and the assertion; signs nothing."""

    def __init__(self, assertion: str) -> None:
        self._assertion = assertion

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Called by zeep for every message that goes out."""
        security = get_security_header(envelope)
        security.set(etree.QName(detect_soap_env(envelope), "mustUnderstand"), "1")
        security.append(timestamp())
        security.append(parse(self._assertion.encode(), Bounds()))
        return envelope, headers

    def verify(self, envelope: Any) -> Any:
        """Called by zeep for every reply: the gateway's carry no header."""
        return envelope


class VouchingSignature(Vouching):
    """Adds a Timestamp and the assertion, and signs both with the Body."""

    def __init__(self, assertion: str, key: Path, certificate: Path) -> None:
        super().__init__(assertion)
        self._key = xmlsec.Key.from_file(str(key), xmlsec.KeyFormat.PEM)
        self._text = "".join(certificate.read_text().splitlines()[1:-1])

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Called by zeep for every message that goes out."""
        super().apply(envelope, headers)
        security = get_security_header(envelope)
        body = envelope.find(etree.QName(detect_soap_env(envelope), "Body"))
        stamp, assertion = security[-2], security[-1]
        signature = xmlsec.template.create(envelope, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256)
        context = xmlsec.SignatureContext()
        context.key = self._key
        for element in (body, stamp):
            ensure_id(element)
            context.register_id(element, "Id", ns.WSU)
            _refer(signature, element.get(etree.QName(ns.WSU, "Id")))
        name = "ID" if "ID" in assertion.attrib else "AssertionID"
        context.register_id(assertion, name)
        _refer(signature, assertion.get(name))
        self._name_key(security, signature)
        security.append(signature)
        context.sign(signature)
        return envelope, headers

    def _name_key(self, security: Any, signature: Any) -> None:
        types = {"EncodingType": _BASE64, "ValueType": _X509}
        token = etree.SubElement(security, etree.QName(ns.WSSE, "BinarySecurityToken"), types)
        token.text = self._text
        key_info = xmlsec.template.ensure_key_info(signature)
        reference = etree.SubElement(key_info, etree.QName(ns.WSSE, "SecurityTokenReference"))
        target = {"URI": "#" + ensure_id(token), "ValueType": _X509}
        etree.SubElement(reference, etree.QName(ns.WSSE, "Reference"), target)


def _refer(signature: Any, name: str) -> None:
    reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="#" + name)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
