"""Pages of one and two bytes. The bytes are IBM's: ward X'42' of the pairs has EBCDIC's own characters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codepage import MIXED, UnmappableCharacter
from gateway.codepage.iconv import Tables
from gateway.codepage.mixed import from_tables
from tests.unit.codepage.pages import page

CHARTS = {
    930: {
        "A": "C1",
        "a": "62",
        "ｱ": "81",
        "Ａ": "0E42C10F",
        "あ": "0E44810F",
        "ア": "0E43810F",
        "日": "0E45620F",
    },
    933: {"A": "C1", "a": "81", "Ａ": "0E42C10F", "가": "0E88610F", "\u3000": "0E40400F"},
    935: {"A": "C1", "a": "81", "Ａ": "0E42C10F", "あ": "0E44810F", "\u3000": "0E40400F"},
    937: {"A": "C1", "a": "81", "Ａ": "0E42C10F", "一": "0E4C410F", "\u3000": "0E40400F"},
    939: {
        "A": "C1",
        "a": "81",
        "ｱ": "59",
        "Ａ": "0E42C10F",
        "あ": "0E44810F",
        "ア": "0E43810F",
        "日": "0E45620F",
    },
}
TOY = from_tables(
    "toy",
    Tables(
        {0x40: " ", 0xC1: "A", 0xC2: "B"},
        {0x4040: "\u3000", 0x4281: "漢", 0x4282: "字", 0x4C41: "漢"},
        {"漢": 0x4281},
    ),
)
"""漢 has two byte pairs, as characters of CCSID 937 have."""


def repertoire(ccsid):
    codec = page(ccsid)._codec
    return "".join((*map(chr, codec.to_single), *codec.to_pair))


@pytest.mark.parametrize(("ccsid", "chart"), CHARTS.items())
def test_characters_stand_where_ibms_charts_have_them(ccsid, chart):
    for character, data in chart.items():
        assert page(ccsid).encode(character).hex().upper() == data
        assert page(ccsid).decode(bytes.fromhex(data)) == character


@pytest.mark.parametrize(
    ("ccsid", "least"), [(930, 11_861), (933, 10_972), (935, 9_519), (937, 20_236), (939, 11_861)]
)
def test_the_whole_repertoire_survives_both_ways(ccsid, least):
    characters = repertoire(ccsid)
    assert len(set(characters)) == len(characters) >= least
    assert page(ccsid).decode(page(ccsid).encode(characters)) == characters
    for character in characters:
        assert page(ccsid).decode(page(ccsid).encode(character)) == character


@pytest.mark.parametrize("ccsid", MIXED)
@given(data=st.data())
def test_text_survives_both_ways_in_as_few_shifts_as_can_be(ccsid, data):
    text = data.draw(st.text(repertoire(ccsid), max_size=60))
    encoded = page(ccsid).encode(text)
    assert page(ccsid).decode(encoded) == text
    assert re.fullmatch(rb"[^\x0e\x0f]*(\x0e[^\x0e\x0f]+\x0f[^\x0e\x0f]+)*(\x0e[^\x0e\x0f]+\x0f)?", encoded)


@pytest.mark.parametrize("ccsid", MIXED)
@given(data=st.data(), width=st.integers(4, 30))
def test_each_piece_of_a_text_has_whole_characters_and_balanced_shifts(ccsid, data, width):
    text = data.draw(st.text(repertoire(ccsid), max_size=60))
    pieces = page(ccsid).split(page(ccsid).encode(text), width)
    assert all(0 < len(piece) <= width for piece in pieces)
    assert "".join(page(ccsid).decode(piece) for piece in pieces) == text
    assert page(ccsid).decode(b"".join(pieces)) == text


@pytest.mark.parametrize("ccsid", MIXED)
@given(data=st.data())
def test_no_bytes_make_anything_but_text_or_an_error_with_an_offset(ccsid, data):
    raw = data.draw(st.binary(max_size=30))
    try:
        text = page(ccsid).decode(raw)
    except UnicodeDecodeError as error:
        assert 0 <= error.start < error.end <= len(raw)
    else:
        assert page(ccsid).decode(page(ccsid).encode(text)) == text


def test_pieces_of_a_run_that_is_cut_are_shifted_each():
    assert TOY.split(bytes.fromhex("C1 0E 4281 4282 4281 0F C2"), 6) == (
        bytes.fromhex("C1 0E 4281 0F"),
        bytes.fromhex("0E 4282 4281 0F"),
        bytes.fromhex("C2"),
    )
    assert TOY.split(b"", 6) == ()


def test_of_two_pairs_for_a_character_both_are_read_and_one_is_written():
    assert TOY.decode(bytes.fromhex("0E 4281 4C41 0F")) == "漢漢"
    assert TOY.encode("漢漢") == bytes.fromhex("0E 4281 4281 0F")


def test_redundant_shifts_are_read():
    assert TOY.decode(bytes.fromhex("0E0F C1 0E 4281 0F 0E 4282 0F 0E0F")) == "A漢字"


@pytest.mark.parametrize(
    ("data", "at", "reason"),
    [
        ("C1 0E 4281", 1, "shift-out without shift-in"),
        ("0E", 0, "shift-out without shift-in"),
        ("C1 0F C2", 1, "shift-in without shift-out"),
        ("C1 0E 4281 0F 0F", 5, "shift-in without shift-out"),
        ("0E 4281 42 0F", 3, "half a two-byte character"),
        ("0E 4281 0E 4281 0F", 5, "half a two-byte character"),
        ("0E 4281 0E40 0F", 3, "no two-byte character"),
        ("C1 0E 4281 4283 0F", 4, "no two-byte character"),
        ("C1 FF", 1, "no character"),
        ("0E 4281 0F C1 C3", 5, "no character"),
    ],
)
def test_bytes_that_are_no_text_are_named_with_their_offset(data, at, reason):
    with pytest.raises(UnicodeDecodeError) as caught:
        TOY.decode(bytes.fromhex(data))
    assert (caught.value.start, caught.value.reason, caught.value.encoding) == (at, reason, "toy")


@pytest.mark.parametrize(("data", "at"), [("C1 0E 4281", 1), ("0E 4281 42 0F", 3)])
def test_bytes_with_unbalanced_shifts_are_not_cut(data, at):
    with pytest.raises(UnicodeDecodeError) as caught:
        TOY.split(bytes.fromhex(data), 6)
    assert caught.value.start == at


@pytest.mark.parametrize(
    ("text", "character", "position"),
    [
        ("AB\x0e", "\x0e", 2),
        ("\x0f", "\x0f", 0),
        ("A漢x字", "x", 2),
        ("漢字語", "語", 2),
        ("漢\ud800", "\ud800", 1),
    ],
)
def test_a_character_that_is_not_there_is_named_with_its_position(text, character, position):
    with pytest.raises(UnmappableCharacter) as caught:
        TOY.encode(text)
    assert (caught.value.character, caught.value.position) == (character, position)


@pytest.mark.parametrize("character", ["－", "～", "∥", "―", "￤"])
def test_a_character_that_would_come_back_as_another_is_refused(character):
    """Microsoft's tables write these where IBM's have U+2212, U+301C, U+2016, U+2014 and U+00A6."""
    with pytest.raises(UnmappableCharacter):
        page(939).encode(character)
