"""A line that is too long for its receiver: shorter, and still read by the strict reader of its format."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.formats import FORMATS
from gateway.audit.requests import of_request, of_turned_away
from gateway.audit.shorten import LEAST, cap_of, clipped
from tests.fixtures.siem import read_cef, read_leef
from tests.unit.audit.events import STAMP, TURNED_AWAY, refused
from tests.unit.audit.test_formats import TEXTS, hostile_records

LEAST_ROOM = 1600
"""What the shortest `message_bytes`, 2048, leaves behind the longest header."""
CHARACTERS = ("\U0001f600", "é", "a", "\\", "=", '"', " ", "|")


def long_record(character):
    """Return a record whose caller filled in whatever callers can."""
    text = character * 255
    facts = dict.fromkeys(("claimed", "user", "tracking_id", "issuer", "assertion_id", "operation"), text)
    reason = f"IGW1302E The signature was invalid [{character * 1500}]"
    event = refused("IGW1302E", reason, certificate=character * 1500, attested_by=character * 1500, **facts)
    return of_request(event, STAMP)


def verdict(name, line):
    """Return id, outcome and id of the error, as the reader of a format finds them."""
    if name == "json":
        event = json.loads(line)["event"]
        return event["id"], event["outcome"], event["code"]
    if name == "leef":
        found = read_leef(line).attributes
        return found["eventId"], found["outcome"], found["msgId"]
    extension = read_cef(line).extension
    return extension["externalId"], extension["outcome"], extension["reason"]


@pytest.mark.parametrize("octets", [LEAST_ROOM, 2048, 4096, 6000])
@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
@pytest.mark.parametrize("name", FORMATS)
def test_a_line_becomes_short_enough_stays_of_its_format_and_keeps_the_verdict(name, character, octets):
    whole = FORMATS[name].line(long_record(character))
    made = FORMATS[name].shortened(whole, octets) if len(whole.encode()) > octets else whole

    assert len(made.encode()) <= octets
    assert verdict(name, made) == (STAMP.event_id, "failure", "IGW1302E")


@pytest.mark.parametrize("name", FORMATS)
def test_room_is_used_and_only_long_values_are_cut(name):
    whole = FORMATS[name].line(long_record("a"))
    made = FORMATS[name].shortened(whole, 4096)

    assert len(made) > 4096 - 100
    assert "phonebook-saml20" in made
    assert "192.0.2.17" in made
    assert "aaa..." in made


@pytest.mark.parametrize("name", FORMATS)
def test_a_path_of_strangers_is_cut_like_a_name(name):
    line = FORMATS[name].line(of_turned_away(replace(TURNED_AWAY, path="/é" * 120), STAMP))
    made = FORMATS[name].shortened(line, len(line.encode()) - 50)
    assert verdict(name, made) == (STAMP.event_id, "failure", "IGW1001E")
    assert "/nothing" not in made


@given(hostile_records(), st.sampled_from(sorted(FORMATS)))
def test_whatever_a_record_tells_its_shorter_line_can_be_read(record, name):
    record = replace(
        record, stamp=replace(STAMP, sequence=1), **{one: getattr(record, one) * 9 for one in TEXTS}
    )
    line = FORMATS[name].line(record)
    made = FORMATS[name].shortened(line, 2048) if len(line.encode("utf-8", "replace")) > 2048 else line
    assert len(made.encode("utf-8", "replace")) <= 2048
    {"json": json.loads, "leef": read_leef, "cef": read_cef}[name](made)


@pytest.mark.parametrize(
    ("sizes", "excess", "cap"),
    [
        ((100, 100), 20, 90),
        ((200, 100, 10), 50, 150),
        ((200, 100, 10), 150, 75),
        ((200, 100), 10_000, LEAST),
        ((LEAST, 10), 5, LEAST),
        ((), 5, LEAST),
    ],
)
def test_the_longest_are_cut_to_one_size(sizes, excess, cap):
    assert cap_of(sizes, excess) == cap


@pytest.mark.parametrize(
    ("text", "octets", "made"),
    [("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc..."), ("aéééé", 6, "aé..."), ("éééé", 6, "é...")],
)
def test_a_text_is_cut_between_characters(text, octets, made):
    assert clipped(text, octets) == made
