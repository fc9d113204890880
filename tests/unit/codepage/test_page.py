import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codepage import MIXED, SUPPORTED, CodePage, UnmappableCharacter
from tests.unit.codepage.pages import page

EBCDIC = [ccsid for ccsid in SUPPORTED if ccsid != 1208]
SINGLE = [ccsid for ccsid in EBCDIC if ccsid not in MIXED]
EVERY_BYTE = bytes(range(256))

# IBM's code page charts: where the national and the euro pages differ
CHARTS = {
    37: {"A": 0xC1, "a": 0x81, "0": 0xF0, " ": 0x40, "*": 0x5C, "[": 0xBA, "]": 0xBB, "^": 0xB0, "¬": 0x5F},
    1047: {"[": 0xAD, "]": 0xBD, "^": 0x5F, "¬": 0xB0, "Ý": 0xBA, "¨": 0xBB},
    500: {"[": 0x4A, "]": 0x5A, "!": 0x4F, "|": 0xBB, "¢": 0xB0},
    273: {"Ä": 0x4A, "Ü": 0x5A, "Ö": 0xE0, "ä": 0xC0, "ü": 0xD0, "ö": 0x6A, "ß": 0xA1, "§": 0x7C},
    277: {"Æ": 0x7B, "Ø": 0x7C, "Å": 0x5B, "æ": 0xC0, "ø": 0x6A, "å": 0xD0},
    278: {"Ä": 0x7B, "Ö": 0x7C, "Å": 0x5B, "ä": 0xC0, "ö": 0x6A, "å": 0xD0, "É": 0xE0, "\\": 0x71},
    285: {"£": 0x5B, "$": 0x4A},
    297: {"à": 0x7C, "é": 0xC0, "è": 0xD0, "ù": 0x6A, "ç": 0xE0, "£": 0x7B},
    871: {"Þ": 0x4A, "þ": 0xC0, "Æ": 0x5A, "Ð": 0x7C},
    1140: {"€": 0x9F, "[": 0xBA},
    1141: {"€": 0x9F, "Ä": 0x4A},
    1142: {"€": 0x5A},
    1143: {"€": 0x5A},
    1148: {"€": 0x9F, "[": 0x4A},
    1149: {"€": 0x9F},
}


@pytest.mark.parametrize(("ccsid", "chart"), CHARTS.items())
def test_characters_stand_where_ibms_charts_have_them(ccsid, chart):
    page = CodePage.of(ccsid)
    for character, byte in chart.items():
        assert page.encode(character) == bytes([byte]), character
        assert page.decode(bytes([byte])) == character


@pytest.mark.parametrize("ccsid", SINGLE)
def test_every_byte_survives_both_ways(ccsid):
    page = CodePage.of(ccsid)
    text = page.decode(EVERY_BYTE)
    assert len(set(text)) == 256
    assert page.encode(text) == EVERY_BYTE


@pytest.mark.parametrize("ccsid", EBCDIC)
def test_nl_and_lf_are_the_same_two_bytes_in_every_page(ccsid):
    assert page(ccsid).encode("\n\x85\r") == b"\x25\x15\x0d"


@pytest.mark.parametrize("ccsid", EBCDIC)
def test_letters_and_digits_are_the_same_in_every_page(ccsid):
    invariant = "ABCXYZ0189 +<=>%&*'(),_-./:;?"
    assert page(ccsid).encode(invariant) == invariant.encode("cp037")


@pytest.mark.parametrize("ccsid", [ccsid for ccsid in EBCDIC if ccsid != 930])
def test_small_letters_are_the_same_in_every_page_but_that_of_katakana(ccsid):
    invariant = "abcxyz"
    assert page(ccsid).encode(invariant) == invariant.encode("cp037")


@pytest.mark.skipif(shutil.which("iconv") is None, reason="iconv is the independent table")
@pytest.mark.parametrize("ccsid", [37, 277, 280, 284, 297, 500, 1047, *range(1140, 1150)])
def test_the_tables_agree_with_those_of_iconv(ccsid):
    def iconv(name):
        command = ["iconv", "-f", name, "-t", "UTF-8"]
        return subprocess.run(command, input=EVERY_BYTE, capture_output=True, check=False)

    answers = [iconv(f"IBM{ccsid:03d}"), iconv(f"IBM-{ccsid}"), iconv(f"CP{ccsid}")]
    tables = [answer.stdout.decode() for answer in answers if answer.returncode == 0]
    if not tables:
        pytest.skip(f"this iconv has no table for {ccsid}")
    assert page(ccsid).decode(EVERY_BYTE) == tables[0]


def test_utf_8_is_1208():
    page = CodePage.of(1208)
    assert page.encode("Grüße €") == "Grüße €".encode()
    assert page.decode("Grüße €".encode()) == "Grüße €"


@pytest.mark.parametrize("ccsid", SUPPORTED)
def test_a_character_that_is_not_there_is_named_with_its_position(ccsid):
    character = "\ud800" if ccsid == 1208 else "\U0001f600"
    with pytest.raises(UnmappableCharacter) as caught:
        page(ccsid).encode(f"ABC{character}D")
    assert (caught.value.character, caught.value.position) == (character, 3)
    assert str(caught.value) == f"character U+{ord(character):04X} at position 3"


def test_bytes_that_are_not_utf_8_are_refused():
    for data in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"):
        with pytest.raises(UnicodeDecodeError):
            CodePage.of(1208).decode(data)


@pytest.mark.parametrize("ccsid", [0, -1, 1, 38, 931, 1200, 1399, 65535])
def test_an_unknown_number_is_answered_with_those_there_are(ccsid):
    with pytest.raises(ValueError, match=r"37, 273, 277.*1047.*1208") as caught:
        CodePage.of(ccsid)
    assert f"CCSID {ccsid} " in str(caught.value)


def test_code_pages_are_values():
    assert CodePage.of(1047) == CodePage.of(1047)
    assert CodePage.of(37) != CodePage.of(1140)
    assert repr(CodePage.of(37)) == "CodePage(ccsid=37)"


@pytest.mark.parametrize("ccsid", SUPPORTED)
@given(st.text("AZ09 .", max_size=40), st.integers(4, 12))
def test_the_pieces_of_a_text_are_its_text(ccsid, text, width):
    pieces = page(ccsid).split(page(ccsid).encode(text), width)
    assert all(0 < len(piece) <= width for piece in pieces)
    assert "".join(page(ccsid).decode(piece) for piece in pieces) == text


@given(st.text(max_size=60), st.integers(4, 20))
def test_utf_8_is_cut_between_characters_only(text, width):
    data = text.encode(errors="ignore")
    pieces = CodePage.of(1208).split(data, width)
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= width for piece in pieces)
    for piece in pieces:
        piece.decode()


@given(st.binary(max_size=60), st.integers(4, 20))
def test_what_is_not_utf_8_is_cut_too(data, width):
    pieces = CodePage.of(1208).split(data, width)
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= width for piece in pieces)


@pytest.mark.parametrize(("ccsid", "width"), [(1208, 3), (939, 3), (37, 0), (37, -1)])
def test_a_width_that_takes_not_every_character_is_refused(ccsid, width):
    with pytest.raises(ValueError, match=r"take (no|every) character"):
        page(ccsid).split(b"\xc1", width)
