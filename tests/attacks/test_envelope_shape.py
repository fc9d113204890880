"""Attacks by the shape of the envelope: what one reader sees and another does not."""

import pytest

from gateway.errors import M
from gateway.soap.spyne_import import Soap11
from tests.fixtures.soap import FIND, SOAP11, SOAP12, SOAP_XML, TEXT_XML, PlainSteps, arrival, envelope

STORE = '<d:person xmlns:d="urn:example:directory"><d:name>EVIL</d:name></d:person>'
FIND_ACTION = '"urn:example:directory#Find"'
STORE_ACTION = '"urn:example:directory#Store"'


def refused(application, message, expected, content_type=TEXT_XML, action=None):
    steps = PlainSteps()
    answer = application.handle(arrival(message, content_type, action), steps)
    assert steps.performed == []
    assert answer.error is not None
    assert answer.error.message is expected


def test_a_second_body_is_refused_whichever_comes_first(directory):
    for first, second in ((FIND, STORE), (STORE, FIND), ("", FIND), (FIND, "")):
        message = envelope(first).replace(b"</s:Envelope>", f"<s:Body>{second}</s:Body></s:Envelope>".encode())
        refused(directory, message, M.ENVELOPE_SHAPE)


def test_a_body_of_the_other_version_beside_ours_is_refused(directory):
    for where in (b"<s:Body>", b"</s:Envelope>"):
        other = f'<o:Body xmlns:o="{SOAP12}">{STORE}</o:Body>'.encode()
        refused(directory, envelope(FIND).replace(where, other + where), M.ENVELOPE_SHAPE)


def test_a_relocated_body_inside_a_header_is_never_what_is_performed(directory):
    wrapped = f'<w:wrapper xmlns:w="urn:w"><s:Body>{STORE}</s:Body></w:wrapper>'
    steps = PlainSteps()
    directory.handle(arrival(envelope(FIND, wrapped), soap_action=FIND_ACTION), steps)
    assert steps.performed == ["Find"]
    assert b"EVIL" not in steps.payloads[0]


def test_a_relocated_body_after_ours_is_refused(directory):
    message = envelope(FIND).replace(
        b"</s:Envelope>", f'<w:w xmlns:w="urn:w">{STORE}</w:w></s:Envelope>'.encode()
    )
    refused(directory, message, M.ENVELOPE_SHAPE)


def test_a_second_operation_in_the_body_is_refused(directory):
    refused(directory, envelope(FIND + STORE), M.BODY_SHAPE, action=FIND_ACTION)
    refused(directory, envelope(STORE + FIND), M.BODY_SHAPE, action=FIND_ACTION)


def test_an_action_that_promises_a_harmless_operation_does_not_let_another_through(directory):
    """SOAPAction spoofing: a filter in front may have looked at the action only."""
    refused(directory, envelope(STORE), M.ACTION_MISMATCH, action=FIND_ACTION)
    refused(directory, envelope(FIND), M.ACTION_MISMATCH, action=STORE_ACTION)
    spoofed = f"{SOAP_XML}; action={FIND_ACTION}"
    refused(directory, envelope(STORE, namespace=SOAP12), M.ACTION_MISMATCH, spoofed)
    refused(directory, envelope(STORE, namespace=SOAP12), M.ACTION_MISMATCH, spoofed, STORE_ACTION)


def test_an_action_in_front_of_wsa_action_does_not_let_another_through(directory):
    header = '<a:Action xmlns:a="http://www.w3.org/2005/08/addressing">urn:example:directory#Find</a:Action>'
    refused(directory, envelope(STORE, header), M.ACTION_MISMATCH, action=STORE_ACTION)
    refused(directory, envelope(STORE, header), M.ACTION_MISMATCH)


def test_two_action_parameters_are_refused(directory):
    twice = f"{SOAP_XML}; action={FIND_ACTION}; action={STORE_ACTION}"
    refused(directory, envelope(FIND, namespace=SOAP12), M.CONTENT_TYPE, twice)


def test_a_reference_does_not_pull_content_from_elsewhere_into_the_body(directory):
    """Spyne would copy the attributes, children and text of `#x` into the place, before validation."""
    body = '<d:find xmlns:d="urn:example:directory"><d:name href="#x"/></d:find>'
    header = '<h:h xmlns:h="urn:h" id="x">EVIL</h:h>'
    refused(directory, envelope(body, header), M.HREF)


def test_references_in_a_circle_do_not_recurse(directory):
    body = (
        '<d:find xmlns:d="urn:example:directory">'
        '<a href="#y"><b href="#x"/></a><c id="x"><d href="#y"/></c><e id="y"><f href="#x"/></e></d:find>'
    )
    refused(directory, envelope(body), M.HREF)


def test_a_fault_as_request_is_refused_and_never_deserialized(directory):
    fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring></s:Fault>"
    refused(directory, envelope(fault), M.BODY_SHAPE)


def test_an_attachment_never_reaches_a_parser_that_expands_entities(directory):
    """Spyne parses the root part of a multipart message with lxml's default parser."""
    bomb = b'<!DOCTYPE s [<!ENTITY a "EVIL">]>' + envelope(FIND.replace("LAST1", "&a;"))
    for kind in ("multipart/related", "Multipart/Related", "multipart/mixed", "multipart/form-data"):
        content_type = f'{kind}; boundary="b"; type="text/xml"; start="<root>"'
        part = b"--b\r\nContent-Type: text/xml\r\nContent-ID: <root>\r\n\r\n" + bomb + b"\r\n--b--\r\n"
        refused(directory, part, M.CONTENT_TYPE, content_type)
    sneaky = "text/xml; multipart/related; boundary=b"
    refused(directory, envelope(FIND), M.CONTENT_TYPE, sneaky)


def test_an_include_of_xop_is_not_replaced_by_anything(directory):
    include = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="file:///etc/passwd"/>'
    body = f'<d:find xmlns:d="urn:example:directory"><d:name>{include}</d:name></d:find>'
    refused(directory, envelope(body), M.NOT_VALID)


def test_none_of_spyne_s_own_reading_of_messages_is_reached(directory, monkeypatch):
    soap11 = __import__("spyne.protocol.soap.soap11", fromlist=["soap11"])

    def reached(*_args, **_kwargs):
        raise AssertionError("Spyne's reading of messages was reached")

    for name in ("_parse_xml_string", "_from_soap", "resolve_hrefs", "collapse_swa"):
        monkeypatch.setattr(soap11, name, reached)
    for name in ("from_element", "validate_body", "to_parent"):
        monkeypatch.setattr(Soap11, name, reached)
    for message, content_type in ((envelope(FIND), TEXT_XML), (envelope(FIND, namespace=SOAP12), SOAP_XML)):
        steps = PlainSteps()
        assert directory.handle(arrival(message, content_type), steps).status == 200
        assert steps.performed == ["Find"]


def test_a_header_that_hides_behind_the_other_version_s_attributes_is_refused(directory):
    hidden = f'<x:h xmlns:x="urn:x" xmlns:o="{SOAP12}" o:role="urn:elsewhere" s:mustUnderstand="1"/>'
    refused(directory, envelope(FIND, hidden), M.ENVELOPE_SHAPE)


@pytest.mark.parametrize("prefix", ["s", "wsse", "xsd"])
def test_prefixes_mean_nothing(directory, prefix):
    p = prefix
    message = f'<{p}:Envelope xmlns:{p}="{SOAP11}"><{p}:Body>{FIND}</{p}:Body></{p}:Envelope>'
    assert directory.handle(arrival(message.encode()), PlainSteps()).status == 200
    impostor = f'<soap:Envelope xmlns:soap="urn:soap"><soap:Body>{FIND}</soap:Body></soap:Envelope>'
    refused(directory, impostor.encode(), M.VERSION_MISMATCH)


def test_nil_on_the_payload_does_not_make_it_disappear(directory):
    """Spyne would hand None to the operation for a payload with xsi:nil."""
    note = (
        '<d:note xmlns:d="urn:example:directory" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'i:nil="true"/>'
    )
    refused(directory, envelope(note), M.NOT_VALID)


def test_a_type_on_the_payload_does_not_choose_a_class(directory):
    typed = STORE.replace(
        "<d:name>", "<d:name xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='d:Person'>"
    )
    refused(directory, envelope(typed), M.NOT_VALID, action=STORE_ACTION)
