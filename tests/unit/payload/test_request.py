"""From a SOAP body to segments. Expected bytes are written by hand or come from the code page tables."""

import pytest

from gateway.codepage import CodePage
from gateway.config.model import OperationSettings
from gateway.errors import GatewayError, M
from gateway.payload.request import request_segments, standalone
from gateway.safexml import Bounds, parse

ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:unused="urn:unused"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:types">'
    "<soap:Body>{}</soap:Body></soap:Envelope>"
)


def payload(text):
    return parse(ENVELOPE.format(text).encode(), Bounds())[0][0]


def settings(**values):
    return OperationSettings.model_validate({"transaction": "IVTNO", **values})


def segments(text, *, max_segment=32767, max_message=10_000_000, **values):
    return request_segments(payload(text), settings(**values), max_segment, max_message)


def test_the_program_gets_its_code_in_ebcdic_and_the_xml_in_utf_8():
    assert segments('<a xmlns="urn:a">Grüße</a>') == (
        bytes.fromhex("C9E5E3D5D6404040") + '<a xmlns="urn:a">Grüße</a>'.encode(),
    )


def test_with_an_ebcdic_ccsid_the_xml_is_ebcdic_too():
    # 4C=< 81=a 6E=> 7C=@ 5B=$ 9F=euro sign (1140) DC=ü 61=/
    assert segments("<a>@$€ü</a>", inbound_ccsid=1140) == (
        bytes.fromhex("C9E5E3D5D64040404C816E7C5B9FDC4C61816E"),
    )


def test_with_the_xml_adapter_the_xml_stands_alone():
    assert segments("<a/>", adapter="xml", converter="IVTNOD") == (b"<a/>",)


def test_a_character_that_the_code_page_lacks_is_named_with_its_position():
    with pytest.raises(GatewayError) as caught:
        segments("<a>AB日</a>", inbound_ccsid=1140)
    assert caught.value.message is M.UNMAPPABLE
    assert caught.value.fields == {"character": "U+65E5", "position": "5", "ccsid": "1140"}


def test_a_long_message_is_cut_into_segments_that_join_to_the_whole():
    parts = segments("<a>" + "x" * 1000 + "</a>", max_segment=300)
    assert [len(part) for part in parts] == [296, 296, 296, 127]
    assert b"".join(parts) == bytes.fromhex("C9E5E3D5D6404040") + b"<a>" + b"x" * 1000 + b"</a>"


def test_a_message_that_is_too_long_for_ims_connect_is_refused():
    assert segments("<a>" + "x" * 500 + "</a>", max_message=1024)
    with pytest.raises(GatewayError) as caught:
        segments("<a>" + "x" * 1000 + "</a>", max_message=1024)
    assert caught.value.message is M.REQUEST_SIZE


def test_two_byte_characters_that_are_cut_into_segments_are_text_in_each():
    parts = segments("<a>" + "漢字" * 100 + "</a>", inbound_ccsid=939, max_segment=100)
    assert all(part.count(b"\x0e") == part.count(b"\x0f") == 1 for part in parts)
    assert "".join(CodePage.of(939).decode(part) for part in parts) == "IVTNO   <a>" + "漢字" * 100 + "</a>"


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        ("<a/>", "<a/>"),
        ('<p:a xmlns:p="urn:p"><p:b/></p:a>', '<p:a xmlns:p="urn:p"><p:b/></p:a>'),
        ("<a><t:b/></a>", '<a xmlns:t="urn:types"><t:b/></a>'),
        (
            '<a xsi:type="t:T"/>',
            '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:types" xsi:type="t:T"/>',
        ),
        ("<a>t:name</a>", '<a xmlns:t="urn:types">t:name</a>'),
        ("<a><b>x</b> tail <!-- said --></a>", "<a><b>x</b> tail <!-- said --></a>"),
        ('<a k="1">&lt;&amp;<![CDATA[<x>]]></a>', '<a k="1">&lt;&amp;&lt;x&gt;</a>'),
    ],
)
def test_the_payload_takes_the_namespaces_that_it_needs_and_no_others(sent, forwarded):
    expected, got = parse(forwarded.encode(), Bounds()), parse(standalone(payload(sent)).encode(), Bounds())
    assert got.nsmap == expected.nsmap
    assert "soap" not in standalone(payload(sent))
    assert _shape(got) == _shape(expected)


def _shape(element):
    children = [_shape(child) for child in element]
    return (element.tag, dict(element.attrib), element.text, element.tail, children)
