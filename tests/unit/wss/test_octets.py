"""Base64 has one spelling here, white space apart."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wss.octets import decode_base64


@pytest.mark.parametrize(
    ("text", "octets"),
    [("", b""), ("AA==", b"\0"), (" A\r\nQ\tI D\n", b"\x01\x02\x03"), ("+/+/", b"\xfb\xff\xbf")],
)
def test_these_texts_are_octets(text, octets):
    assert decode_base64(text) == octets


@pytest.mark.parametrize(
    "text",
    [
        "A", "AA", "AA=", "AA===", "AA==AA==", "=AA=", "AB==", "AAB=", "A-_A", "AA.=", "AAAA=", "ＡＡＡＡ",
        "AA\xa0==", "AA\x0b==", "AAAA\0",
    ],
)  # fmt: skip
def test_these_texts_are_refused(text):
    with pytest.raises(ValueError, match="base64"):
        decode_base64(text)


@given(st.binary(max_size=60), st.data())
def test_whatever_python_encodes_is_decoded_with_white_space_anywhere(octets, data):
    text = base64.encodebytes(octets).decode()
    place = data.draw(st.integers(0, len(text)))
    assert decode_base64(text[:place] + " \t\r\n" + text[place:]) == octets


@given(st.text(max_size=20))
def test_two_texts_are_the_same_octets_only_if_they_differ_in_white_space(text):
    try:
        octets = decode_base64(text)
    except ValueError:
        return
    assert base64.b64encode(octets).decode() == "".join(text.split())
