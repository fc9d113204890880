"""From segments to a reply. EBCDIC bytes are written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.model import OperationSettings
from gateway.errors import GatewayError, ImsError, M, SecurityError, WssFault
from gateway.payload.reply import reply_payload
from gateway.safexml import Bounds

UTF_8 = OperationSettings.model_validate({"transaction": "IVTNO"})
EBCDIC = OperationSettings.model_validate({"transaction": "IVTNO", "outbound_ccsid": 1140})
# DFS555I TRAN IVTNO ABEND U0100
DFS555I = bytes.fromhex("C4C6E2F5F5F5C940E3D9C1D540C9E5E3D5D640C1C2C5D5C440E4F0F1F0F0")


def reply(*segments, settings=UTF_8, expected=None):
    return reply_payload(segments, settings, Bounds(), expected)


def test_segments_join_to_one_document():
    assert reply(b"<a><b>Gr", "üß</b></a>".encode())[0].text == "Grüß"


def test_an_ebcdic_reply_is_decoded_and_its_new_lines_are_white_space():
    # <a> NEL <b/> NEL </a>
    root = reply(bytes.fromhex("4C816E154C82616E154C61816E"), settings=EBCDIC)
    assert [child.tag for child in root] == ["b"]
    assert root.text == "\n"


@pytest.mark.parametrize("padding", [b"\0" * 9, b"   ", b"\x40" * 30, b"\r\n\0\x40 "])
def test_what_fills_the_output_area_behind_the_document_is_dropped(padding):
    assert reply(b"<a/>" + padding).tag == "a"


def test_an_xml_declaration_of_the_program_is_not_believed():
    ebcdic = bytes.fromhex("4C6FA79493")  # <?xml
    assert reply(b'<?xml version="1.0" encoding="IBM-1140"?>\n<a/>').tag == "a"
    declaration = ebcdic + bytes.fromhex("40A58599A28996957E7FF14BF07F6F6E")  # version="1.0"?>
    assert reply(declaration + bytes.fromhex("4C81616E"), settings=EBCDIC).tag == "a"


def test_a_dfs_message_in_ebcdic_becomes_a_fault_with_its_text():
    with pytest.raises(ImsError) as caught:
        reply(DFS555I)
    assert caught.value.message is M.DFS
    assert caught.value.fields["text"] == "DFS555I TRAN IVTNO ABEND U0100"


def test_a_dfs_message_in_ascii_is_known_too():
    with pytest.raises(ImsError) as caught:
        reply(b"DFS064 14:22:11 DESTINATION CAN NOT BE FOUND OR CREATED")
    assert caught.value.fields["text"].startswith("DFS064 ")


def test_a_document_that_only_speaks_of_dfs_is_a_document():
    assert reply(b"<a>DFS555I</a>").text == "DFS555I"


def test_a_user_who_may_not_run_the_transaction_looks_like_a_failed_sign_on():
    with pytest.raises(SecurityError) as caught:
        reply(b"DFS2469W TRANSACTION REJECTED BY RACF; RC=08")
    assert caught.value.fault is WssFault.FAILED_AUTHENTICATION
    assert "DFS2469W" not in caught.value.text


@pytest.mark.parametrize(
    "data", [b"", b"ENTRY WAS DISPLAYED", b"<a>", b"<a/><b/>", b"<!DOCTYPE a><a/>", b"\0\0"]
)
def test_a_reply_that_is_no_document_becomes_a_fault(data):
    with pytest.raises(GatewayError) as caught:
        reply(data)
    assert caught.value.message is M.REPLY_NOT_XML


def test_bytes_that_are_no_text_become_a_fault():
    with pytest.raises(GatewayError) as caught:
        reply(b"<a>\xff\xfe</a>")
    assert caught.value.message is M.NOT_TEXT


def test_a_reply_that_is_not_what_the_contract_says_becomes_a_fault():
    assert reply(b'<a xmlns="urn:a"/>', expected="{urn:a}a").tag == "{urn:a}a"
    with pytest.raises(GatewayError) as caught:
        reply(b"<a/>", expected="{urn:a}a")
    assert caught.value.message is M.REPLY_ELEMENT


def test_control_characters_of_ims_do_not_reach_the_fault():
    with pytest.raises(ImsError) as caught:
        reply(b"DFS555I TRAN\x00\x1b[31m X")
    assert caught.value.fields["text"].isprintable()


@given(st.lists(st.binary(max_size=60), max_size=3), st.sampled_from([UTF_8, EBCDIC]))
def test_any_bytes_are_a_document_or_one_of_our_errors(segments, settings):
    try:
        reply(*segments, settings=settings)
    except GatewayError as error:
        assert error.text
