"""Faults: codes, texts, detail and status, against the wire forms of the standards."""

from typing import Any

import pytest
from lxml import etree

from gateway import safexml
from gateway.envelope import WSA10, WSSE, SoapVersion
from gateway.errors import (
    AddressingError,
    GatewayError,
    ImsError,
    M,
    MustUnderstandError,
    SecurityError,
    WssFault,
)
from gateway.soap.addressing import Addressing
from gateway.soap.answer import SoapAnswer
from gateway.soap.faults import DETAIL, render
from tests.fixtures.soap import SOAP11, SOAP12

VERSION = {SOAP11: SoapVersion.SOAP11, SOAP12: SoapVersion.SOAP12}
BOTH = pytest.mark.parametrize("namespace", [SOAP11, SOAP12])


def rendered(
    error: GatewayError, namespace: str, addressing: Addressing | None = None
) -> tuple[SoapAnswer, Any]:
    answer = render(error, VERSION[namespace], "T-1", addressing)
    return answer, safexml.parse(answer.body, safexml.Bounds())


def qname(element: Any, text: str) -> str:
    """Resolve a QName in a text by the prefixes in scope there."""
    prefix, _, local = text.partition(":")
    return f"{{{element.nsmap[prefix]}}}{local}"


def codes(root: Any) -> list[str]:
    elements = root.xpath("//faultcode | //*[local-name() = 'Code']//*[local-name() = 'Value']")
    return [qname(element, element.text) for element in elements]


CASES = [
    (GatewayError(M.NOT_XML, {"reason": "x"}), ["Client"], ["Sender"], 400),
    (GatewayError(M.UNREACHABLE, {"bundle": "ims1"}), ["Server"], ["Receiver"], 500),
    (GatewayError(M.INTERNAL), ["Server"], ["Receiver"], 500),
    (GatewayError(M.VERSION_MISMATCH), ["VersionMismatch"], ["VersionMismatch"], 500),
    (
        MustUnderstandError(M.MUST_UNDERSTAND, {"header": "{x}y"}),
        ["MustUnderstand"],
        ["MustUnderstand"],
        500,
    ),
]


@pytest.mark.parametrize(("error", "soap11", "soap12", "status12"), CASES, ids=lambda value: str(value)[:30])
def test_codes_and_status_of_soap_itself(error, soap11, soap12, status12):
    answer, root = rendered(error, SOAP11)
    assert (answer.status, codes(root)) == (500, [f"{{{SOAP11}}}{code}" for code in soap11])
    answer, root = rendered(error, SOAP12)
    assert (answer.status, codes(root)) == (status12, [f"{{{SOAP12}}}{code}" for code in soap12])


@pytest.mark.parametrize("fault", list(WssFault))
def test_codes_of_ws_security(fault):
    error = SecurityError.header(fault, "a private reason")
    answer, root = rendered(error, SOAP11)
    assert (answer.status, codes(root)) == (500, [f"{{{WSSE}}}{fault.local_name}"])
    assert root.find(".//detail") is None
    assert fault.text in root.findtext(".//faultstring")
    answer, root = rendered(error, SOAP12)
    assert (answer.status, codes(root)) == (400, [f"{{{SOAP12}}}Sender", f"{{{WSSE}}}{fault.local_name}"])
    assert b"private" not in answer.body


@pytest.mark.parametrize(
    ("subcode", "expected"),
    [
        ("OnlyAnonymousAddressSupported", ["InvalidAddressingHeader", "OnlyAnonymousAddressSupported"]),
        ("InvalidCardinality", ["InvalidAddressingHeader", "InvalidCardinality"]),
        ("InvalidAddressingHeader", ["InvalidAddressingHeader"]),
        ("MessageAddressingHeaderRequired", ["MessageAddressingHeaderRequired"]),
    ],
)
def test_codes_of_ws_addressing(subcode, expected):
    error = AddressingError(M.ADDRESSING, {"reason": "x"}, subcode=subcode)
    _, root = rendered(error, SOAP11)
    assert codes(root) == [f"{{{WSA10}}}{expected[-1]}"]
    assert root.find(".//detail") is None
    _, root = rendered(error, SOAP12)
    assert codes(root) == [f"{{{SOAP12}}}Sender", *(f"{{{WSA10}}}{code}" for code in expected)]


@BOTH
def test_the_text_names_id_and_tracking_id(namespace):
    _, root = rendered(GatewayError(M.DOCTYPE), namespace)
    (text,) = root.xpath("//faultstring | //*[local-name() = 'Text']")
    assert text.text == "IGW1103E A document type declaration is not accepted (tracking id T-1)"
    # SOAP 1.2 demands it; in SOAP 1.1 some stacks would give the caller an object in place of a text
    language = text.get("{http://www.w3.org/XML/1998/namespace}lang")
    assert language == ("en" if namespace == SoapVersion.SOAP12.namespace else None)


@BOTH
def test_the_detail_holds_id_tracking_id_fields_and_the_codes_of_ims_connect(namespace):
    error = ImsError(M.OTMA, {"meaning": "transaction stopped"}, "private", return_code=16, reason_code=26)
    answer, root = rendered(error, namespace)
    (detail,) = root.xpath("//detail | //*[local-name() = 'Detail']")
    (fault,) = detail
    found = {etree.QName(child).localname: child.text for child in fault if not child.get("name")}
    assert found == {
        "id": "IGW2008E",
        "trackingId": "T-1",
        "text": "IMS refused the request: transaction stopped",
        "imsReturnCode": "16",
        "imsReasonCode": "26",
    }
    assert [(child.get("name"), child.text) for child in fault if child.get("name")] == [
        ("meaning", "transaction stopped")
    ]
    assert all(child.tag.startswith(f"{{{DETAIL}}}") for child in fault)
    assert b"private" not in answer.body


@BOTH
def test_codes_of_a_failed_sign_on_are_not_told(namespace):
    error = ImsError(
        M.IMS_CONNECT, {"meaning": "no"}, return_code=8, reason_code=40, racf_code=8, sign_on_failed=True
    )
    answer, _ = rendered(error, namespace)
    assert b"imsReturnCode" not in answer.body
    assert b"imsReasonCode" not in answer.body


@BOTH
def test_overload_is_503_with_a_time_to_come_back(namespace):
    answer, _ = rendered(GatewayError(M.BUSY), namespace)
    assert answer.status == 503
    assert int(dict(answer.headers)["Retry-After"]) > 0
    answer, _ = rendered(GatewayError(M.INTERNAL), namespace)
    assert "Retry-After" not in dict(answer.headers)


def test_the_content_type_is_that_of_the_version():
    assert dict(rendered(GatewayError(M.BUSY), SOAP11)[0].headers)["Content-Type"] == "text/xml; charset=utf-8"
    answer, _ = rendered(GatewayError(M.BUSY), SOAP12)
    assert dict(answer.headers)["Content-Type"] == "application/soap+xml; charset=utf-8"


def test_a_soap_1_2_fault_lists_the_headers_not_understood_by_names_that_resolve():
    headers = (("urn:x", "one"), (WSA10, "two"))
    error = MustUnderstandError(M.MUST_UNDERSTAND, {"header": "x"}, headers=headers)
    _, root = rendered(error, SOAP12, Addressing(WSA10, message_id="urn:m"))
    found = root.findall(f"{{{SOAP12}}}Header/{{{SOAP12}}}NotUnderstood")
    assert [qname(element, element.get("qname")) for element in found] == ["{urn:x}one", f"{{{WSA10}}}two"]
    _, root = rendered(error, SOAP11)
    assert root.find(f"{{{SOAP11}}}Header") is None


@BOTH
def test_a_version_mismatch_lists_the_versions_served_by_names_that_resolve(namespace):
    _, root = rendered(GatewayError(M.VERSION_MISMATCH), namespace)
    found = root.findall(f"{{{namespace}}}Header/{{{SOAP12}}}Upgrade/{{{SOAP12}}}SupportedEnvelope")
    names = {qname(element, element.get("qname")) for element in found}
    assert names == {f"{{{SOAP11}}}Envelope", f"{{{SOAP12}}}Envelope"}


@BOTH
def test_a_fault_relates_to_the_request_that_named_its_id(namespace):
    _, root = rendered(GatewayError(M.INTERNAL), namespace, Addressing(WSA10, message_id="urn:m"))
    header = root.find(f"{{{namespace}}}Header")
    assert header.findtext(f"{{{WSA10}}}RelatesTo") == "urn:m"
    assert header.findtext(f"{{{WSA10}}}Action") == f"{WSA10}/soap/fault"


@BOTH
@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_characters_that_xml_cannot_hold_are_replaced(namespace, character):
    _, root = rendered(GatewayError(M.DFS, {"text": f"DFS{character}555I"}), namespace)
    assert root.xpath("string(//*[local-name() = 'field'])") == "DFS\ufffd555I"


@BOTH
def test_markup_in_a_text_stays_text(namespace):
    _, root = rendered(GatewayError(M.REPLY_NOT_XML, {"text": "</detail>&<x>\U0001f4de"}), namespace)
    assert root.xpath("string(//*[local-name() = 'field'])") == "</detail>&<x>\U0001f4de"


@BOTH
def test_an_endless_text_is_cut(namespace):
    answer, _ = rendered(GatewayError(M.DFS, {"text": "x" * 1_000_000}), namespace)
    assert len(answer.body) < 10_000


def test_the_answer_carries_the_error_for_the_log():
    error = GatewayError(M.INTERNAL, private="reason")
    assert rendered(error, SOAP11)[0].error is error
