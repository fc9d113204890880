"""Bytes of messages. What they should be comes from Python's own tables and base64's RFC 4648."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.encoding import bytes_of, read_document, text_of, unreadable, write_element
from gateway.callout.values import Form
from gateway.codepage import SUPPORTED, UTF_8, CodePage
from gateway.errors import GatewayError, M
from gateway.safexml import Bounds, parse

DOCUMENT = "<a><b>Grüße</b></a>"
EBCDIC = DOCUMENT.encode("cp1140")


def document(data, ccsid=1140, **bounds):
    root, found = read_document(data, ccsid, Bounds(**bounds))
    return root[0].text, found


def failed(data, ccsid=1140, **bounds):
    with pytest.raises(CalloutError) as caught:
        read_document(data, ccsid, Bounds(**bounds))
    return caught.value


@pytest.mark.parametrize(
    ("data", "ccsid"),
    [
        (EBCDIC, 1140),
        (DOCUMENT.encode(), UTF_8),
        (b"\xef\xbb\xbf" + DOCUMENT.encode(), UTF_8),
        (b"\xff\xfe" + DOCUMENT.encode("utf-16-le"), UTF_8),
        (b"\xfe\xff" + DOCUMENT.encode("utf-16-be"), UTF_8),
        ('<?xml version="1.0"?>'.encode("cp1140") + EBCDIC, 1140),
        ('<?xml version="1.0" encoding="UTF-8"?>\n'.encode("cp1140") + EBCDIC, 1140),
        ('<?xml version="1.0" encoding="IBM-1047" standalone="yes"?>'.encode("cp1140") + EBCDIC, 1140),
        (b'<?xml version="1.0" encoding="UTF-8"?>' + DOCUMENT.encode(), UTF_8),
    ],
)
def test_the_first_bytes_show_the_encoding(data, ccsid):
    assert document(data) == ("Grüße", ccsid)


@pytest.mark.parametrize("padding", [b"\x40" * 40, b"\x00" * 9, b"\x00\x40\r\n", b"    "])
@pytest.mark.parametrize(
    "data",
    [
        EBCDIC,
        DOCUMENT.encode(),
        b"\xff\xfe" + DOCUMENT.encode("utf-16-le"),
        b"\xfe\xff" + DOCUMENT.encode("utf-16-be"),
    ],
)
def test_what_fills_the_area_behind_the_document_is_dropped(data, padding):
    assert document(data + padding)[0] == "Grüße"
    assert failed(data + padding + b"\xc1").status is Status.PARSING_DISCARDED


@pytest.mark.parametrize("ccsid", [ccsid for ccsid in SUPPORTED if ccsid != UTF_8])
def test_every_code_page_of_the_host_is_read(ccsid):
    data = CodePage.of(ccsid).encode("<a><b>Rate 30/A</b></a>")
    assert document(data, ccsid) == ("Rate 30/A", ccsid)


def test_characters_of_two_bytes_are_read():
    # iconv -t IBM939: shift-out, U+6F22 (X'4F58'), U+5B57 (X'48F2'), shift-in
    data = "<a><b>".encode("cp037") + bytes.fromhex("0E4F5848F20F") + "</b></a>".encode("cp037")
    assert document(data, 939) == ("漢字", 939)


def test_the_new_line_of_ebcdic_is_white_space():
    data = "<a>".encode("cp037") + b"\x15" + "<b>x</b>".encode("cp037") + b"\x15\x25" + "</a>".encode("cp037")
    assert document(data) == ("x", 1140)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x40" * 9, b"   ", b"\x00\x40\r\n\t"])
def test_a_message_of_nothing(data):
    assert failed(data).status is Status.RECEIVING_DISCARDED


@pytest.mark.parametrize(
    "data",
    [
        b"HELLO",
        "HELLO".encode("cp1140"),
        b" " + EBCDIC,
        b" " + DOCUMENT.encode(),
        b"\x00" + EBCDIC,
        b"\xc4\xc6\xe2",
    ],
)
def test_a_message_that_is_no_xml(data):
    assert failed(data).status is Status.RECEIVING_DISCARDED


@pytest.mark.parametrize(
    "data",
    [
        b"<a>",
        b"<a/><b/>",
        b"<",
        b"\x4c",
        "<a>".encode("cp037"),
        "<a/>x".encode("cp037"),
        "<a>&b;</a>".encode("cp037"),
        b"<!DOCTYPE a><a/>",
        "<!DOCTYPE a><a/>".encode("cp037"),
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'.encode("cp037"),
        "<?p x?><a/>".encode("cp037"),
        b"<a>\xff</a>",
        b"<\x00a\x00/\x00>\x00",
        b"\xff\xfe\x00\x00<\x00\x00\x00",
        b"\xff\xfe<\x00a",
        b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
        "<a>\x00</a>".encode("cp037"),
        b"<a><b>\xef\xbf\xbf</b></a>",
    ],
)
def test_xml_that_is_not_in_order(data):
    error = failed(data)
    assert error.status is Status.PARSING_DISCARDED
    assert "passwd" not in str(error)


def test_bytes_that_are_no_character_are_told_by_their_place():
    error = failed(bytes.fromhex("4C816E0E42"), 939)
    assert error.status is Status.PARSING_DISCARDED
    assert error.text == "byte 3 of the message is no character of CCSID 939"


def test_the_bound_is_one_of_bytes_of_the_message():
    """UTF-8 has up to three bytes for one of EBCDIC: a message of the longest length must not fail by that."""
    value = "ü" * 1000
    data = f"<a><b>{value}</b></a>".encode("cp1140")
    assert document(data, max_bytes=len(data)) == (value, 1140)
    assert failed(data, max_bytes=len(data) - 1).status is Status.PARSING_DISCARDED
    assert failed(data, max_bytes=len(data), max_elements=1).status is Status.PARSING_DISCARDED


def test_a_gateway_that_is_too_busy_may_read_it_later():
    assert unreadable(GatewayError(M.BUSY)).hope is Hope.LATER
    assert unreadable(GatewayError(M.DOCTYPE)).hope is Hope.NONE


def element(text):
    return parse(text.encode(), Bounds())


def test_a_response_is_text_without_a_declaration_in_the_encoding_asked():
    assert write_element(element("<a>ü</a>"), UTF_8) == "<a>ü</a>".encode()
    assert write_element(element("<a>ü\n</a>"), 1140) == bytes.fromhex("4C816EDC254C61816E")


def test_a_response_has_the_namespaces_that_it_needs_and_not_those_around_it():
    soap = element(
        '<s:E xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="urn:t"><s:B><t:a/></s:B></s:E>'
    )
    assert write_element(soap[0][0], UTF_8) == b'<t:a xmlns:t="urn:t"/>'


def test_a_character_that_the_code_page_lacks_is_a_reference_where_xml_has_any():
    assert write_element(element('<a b="日">€</a>'), 37) == '<a b="&#26085;">&#8364;</a>'.encode("cp037")
    with pytest.raises(CalloutError) as caught:
        write_element(element("<日/>"), 37)
    assert caught.value.status is Status.INVOKING


@pytest.mark.parametrize(
    ("form", "data", "text"),
    [
        (Form.TEXT, "Grüße ".encode("cp1140"), "Grüße "),
        (Form.TEXT, "A".encode("cp1140") + b"\x00\x00", "A"),
        (Form.TEXT, bytes.fromhex("C11525"), "A\x85\n"),
        (Form.BASE64, b"\x00\xff\x10", "AP8Q"),
        (Form.BASE64, b"a", "YQ=="),
        (Form.HEX, b"\x00\xff\x10\x00", "00FF1000"),
    ],
)
def test_bytes_become_text_and_text_bytes(form, data, text):
    assert text_of(data, form, 1140) == text
    assert bytes_of(text, form, 1140) == (data.rstrip(b"\x00") if form is Form.TEXT else data)


@pytest.mark.parametrize("data", [b"\x01", b"\xc1\x00\xc1", b"\x0e", b"\xc1\x27"])
def test_control_characters_are_no_text_of_xml(data):
    with pytest.raises(CalloutError) as caught:
        text_of(data, Form.TEXT, 1140)
    assert caught.value.status is Status.PARSING_DISCARDED


def test_bytes_that_are_no_text_of_the_code_page():
    with pytest.raises(CalloutError) as caught:
        text_of(bytes.fromhex("0E42"), Form.TEXT, 939)
    assert caught.value.status is Status.PARSING_DISCARDED


@pytest.mark.parametrize(
    ("form", "text", "data"),
    [
        (Form.BASE64, " AP\r\n8Q\t", b"\x00\xff\x10"),
        (Form.BASE64, "", b""),
        (Form.HEX, " 00ff10\n", b"\x00\xff\x10"),
        (Form.HEX, "", b""),
    ],
)
def test_spellings_that_a_service_may_use(form, text, data):
    assert bytes_of(text, form, 1140) == data


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Form.BASE64, "A"), (Form.BASE64, "AP8"), (Form.BASE64, "AP8Q="), (Form.BASE64, "AP8Q!"),
        (Form.BASE64, "AP8Q===="), (Form.BASE64, "ü"), (Form.BASE64, "YQ==YQ=="),
        (Form.BASE64, "A-_Q"), (Form.BASE64, "AP\xa08Q"),
        (Form.HEX, "0"), (Form.HEX, "0g"), (Form.HEX, "00 ff"), (Form.HEX, "٠٠"), (Form.HEX, "0x00"),
        (Form.TEXT, "日"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_form(form, text):
    with pytest.raises(CalloutError) as caught:
        bytes_of(text, form, 1140)
    assert caught.value.status is Status.INVOKING


@given(st.binary(max_size=60), st.sampled_from([37, 1140, 1026]))
def test_what_is_said_comes_back_as_it_was(data, ccsid):
    for form in (Form.BASE64, Form.HEX):
        assert bytes_of(text_of(data, form, ccsid), form, ccsid) == data
    try:
        text = text_of(data, Form.TEXT, ccsid)
    except CalloutError as error:
        assert error.status is Status.PARSING_DISCARDED
    else:
        assert bytes_of(text, Form.TEXT, ccsid) == data.rstrip(b"\x00")
