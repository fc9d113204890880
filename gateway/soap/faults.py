"""Errors as SOAP faults: codes, texts, detail and HTTP status, in the version asked.

Rules: SOAP 1.1 section 4.4, SOAP 1.2 part 1 sections 5.4 and 5.4.6 to 5.4.8, WSS SOAP Message Security 1.1.1
section 12, WS-Addressing 1.0 SOAP Binding section 6. A SOAP 1.1 fault about headers carries no detail (section
4.4 there).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.envelope import WSA10, WSSE, SoapVersion
from gateway.errors import (
    AddressingError,
    GatewayError,
    ImsError,
    M,
    MustUnderstandError,
    RateLimitedError,
    SecurityError,
    Side,
)
from gateway.safexml import Element, serialize
from gateway.soap.addressing import Addressing, fault_headers
from gateway.soap.answer import PREFIX, SoapAnswer, build_envelope, content_type

DETAIL: Final = "urn:ims-gateway:fault"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_RETRY_AFTER_SECONDS: Final = "5"
_LONGEST_TEXT: Final = 2000
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ADDRESSING_SUBSUBCODES: Final = {
    "InvalidAddress",
    "InvalidEPR",
    "InvalidCardinality",
    "MissingAddressInEPR",
    "DuplicateMessageID",
    "ActionMismatch",
    "OnlyAnonymousAddressSupported",
    "OnlyNonAnonymousAddressSupported",
}
"""What refines wsa:InvalidAddressingHeader (section 6.4.1)."""
_PREFIXES: Final = {
    SoapVersion.SOAP11: {SoapVersion.SOAP12: "soap12", SoapVersion.SOAP11: PREFIX},
    SoapVersion.SOAP12: {SoapVersion.SOAP12: PREFIX, SoapVersion.SOAP11: "soap11"},
}
"""Prefixes for the envelope namespaces in an envelope of each version."""


@dataclass(frozen=True, slots=True)
class _Code:
    """A fault code: the general one of SOAP, and names of another namespace from wide to narrow."""

    general: str
    namespace: str = ""
    subcodes: tuple[str, ...] = ()


def render(
    error: GatewayError, version: SoapVersion, tracking_id: str, addressing: Addressing | None = None
) -> SoapAnswer:
    """Return the fault for an error. `addressing`: what the request said, if that is known already."""
    code = _code(error, version)
    about_headers = isinstance(error, SecurityError | MustUnderstandError | AddressingError)
    text = f"{error.message.id} {error.text} (tracking id {tracking_id})"
    build: Callable[..., Element] = _fault_11 if version is SoapVersion.SOAP11 else _fault_12
    with_detail = version is SoapVersion.SOAP12 or not about_headers
    detail = _detail(error, tracking_id) if with_detail else None
    headers = fault_headers(addressing, about_addressing=isinstance(error, AddressingError))
    envelope = build_envelope(version, [*_headers(error, version), *headers], build(code, _clean(text), detail))
    status = _status(error, code, version)
    answer_headers = [("Content-Type", content_type(version))]
    if isinstance(error, RateLimitedError):
        answer_headers.append(("Retry-After", str(error.retry_after)))
    elif status == 503:
        answer_headers.append(("Retry-After", _RETRY_AFTER_SECONDS))
    return SoapAnswer(status, tuple(answer_headers), serialize(envelope, declaration=True), error)


def _code(error: GatewayError, version: SoapVersion) -> _Code:
    """Return the fault code, the general part in the words of the version."""
    client, server = ("Client", "Server") if version is SoapVersion.SOAP11 else ("Sender", "Receiver")
    if isinstance(error, MustUnderstandError):
        return _Code("MustUnderstand")
    if error.message is M.VERSION_MISMATCH:
        return _Code("VersionMismatch")
    if isinstance(error, SecurityError):
        return _Code(client, WSSE, (error.fault.local_name,))
    if isinstance(error, AddressingError):
        if error.subcode in _ADDRESSING_SUBSUBCODES:
            return _Code(client, WSA10, ("InvalidAddressingHeader", error.subcode))
        return _Code(client, WSA10, (error.subcode,))
    return _Code(client if error.message.side is Side.CLIENT else server)


def _status(error: GatewayError, code: _Code, version: SoapVersion) -> int:
    """Return the HTTP status (SOAP 1.1 section 6.2, SOAP 1.2 part 2 section 7.5.2.2)."""
    if error.message.http_status is not None:
        return error.message.http_status
    return 400 if version is SoapVersion.SOAP12 and code.general == "Sender" else 500


def _fault_11(code: _Code, text: str, detail: Element | None) -> Element:
    namespace = SoapVersion.SOAP11.namespace
    fault = etree.Element(f"{{{namespace}}}Fault", nsmap={PREFIX: namespace})
    if code.subcodes:
        _add_code(fault, "faultcode", code.namespace, code.subcodes[-1])
    else:
        etree.SubElement(fault, "faultcode").text = f"{PREFIX}:{code.general}"
    string = etree.SubElement(fault, "faultstring")
    string.text = text
    if detail is not None:
        etree.SubElement(fault, "detail").append(detail)
    return fault


def _fault_12(code: _Code, text: str, detail: Element | None) -> Element:
    namespace = SoapVersion.SOAP12.namespace
    fault = etree.Element(f"{{{namespace}}}Fault", nsmap={PREFIX: namespace})
    parent = etree.SubElement(fault, f"{{{namespace}}}Code")
    etree.SubElement(parent, f"{{{namespace}}}Value").text = f"{PREFIX}:{code.general}"
    for subcode in code.subcodes:
        parent = etree.SubElement(parent, f"{{{namespace}}}Subcode")
        _add_code(parent, f"{{{namespace}}}Value", code.namespace, subcode)
    reason = etree.SubElement(etree.SubElement(fault, f"{{{namespace}}}Reason"), f"{{{namespace}}}Text")
    reason.set(f"{{{_XML}}}lang", "en")
    reason.text = text
    if detail is not None:
        etree.SubElement(fault, f"{{{namespace}}}Detail").append(detail)
    return fault


def _add_code(parent: Element, tag: str, namespace: str, name: str) -> None:
    """Add a code of another namespace; its prefix is declared where its text needs it."""
    prefix = "wsse" if namespace == WSSE else "wsa"
    etree.SubElement(parent, tag, nsmap={prefix: namespace}).text = f"{prefix}:{name}"


def _headers(error: GatewayError, version: SoapVersion) -> list[Element]:
    """Return the header blocks of a fault: NotUnderstood for SOAP 1.2 only, Upgrade in both (its appendix A).

    Names in their attributes need prefixes in scope. lxml drops a declaration where the namespace has a prefix
    already, as XML's own always has, so that one is used then.
    """
    soap12 = SoapVersion.SOAP12.namespace
    headers = []
    if isinstance(error, MustUnderstandError) and version is SoapVersion.SOAP12:
        for namespace, local in error.headers:
            prefix = "xml" if namespace == _XML else "h"
            scope = {PREFIX: soap12} | ({} if prefix == "xml" else {prefix: namespace})
            block = etree.Element(f"{{{soap12}}}NotUnderstood", nsmap=scope)
            block.set("qname", f"{prefix}:{local}")
            headers.append(block)
    if error.message is M.VERSION_MISMATCH:
        upgrade = etree.Element(f"{{{soap12}}}Upgrade", nsmap={_PREFIXES[version][SoapVersion.SOAP12]: soap12})
        for supported, prefix in _PREFIXES[version].items():
            tag = f"{{{soap12}}}SupportedEnvelope"
            element = etree.SubElement(upgrade, tag, nsmap={prefix: supported.namespace})
            element.set("qname", f"{prefix}:Envelope")
        headers.append(upgrade)
    return headers


def _detail(error: GatewayError, tracking_id: str) -> Element:
    """Return our detail: id, tracking id, the fields of the text, and the codes of IMS Connect."""
    detail = etree.Element(f"{{{DETAIL}}}fault", nsmap={"ig": DETAIL})
    values = {"id": error.message.id, "trackingId": tracking_id, "text": error.text}
    if isinstance(error, ImsError) and not error.sign_on_failed:
        values |= {
            "imsReturnCode": "" if error.return_code is None else str(error.return_code),
            "imsReasonCode": "" if error.reason_code is None else str(error.reason_code),
        }
    for name, value in values.items():
        if value:
            etree.SubElement(detail, f"{{{DETAIL}}}{name}").text = _clean(value)
    for name, value in error.fields.items():
        field = etree.SubElement(detail, f"{{{DETAIL}}}field", name=_clean(name))
        field.text = _clean(value)
    return detail


def _clean(text: str) -> str:
    """Return text that XML can hold: host messages may contain anything."""
    return _NOT_XML.sub("\ufffd", text[:_LONGEST_TEXT])
