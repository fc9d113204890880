"""Records of the spool: found again whatever a crash, a full disk or a fault of the disk left around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.spool_record import Scan, count, encode, scan

CHECK = b"\x1ecbf43926 9 123456789\n"
"""CBF43926 is the check value of CRC-32, that of the octets "123456789"."""
EMPTY = b"\x1e00000000 0 \n"

MESSAGES = st.binary(max_size=40).map(lambda data: data.translate(None, bytes({*range(0x20)} - {9} | {0x7F})))
JUNK = st.binary(max_size=40)


def test_a_record_is_marker_checksum_length_message_and_line_end():
    assert encode(b"123456789") == CHECK
    assert encode(b"") == EMPTY


def test_records_are_found_one_after_the_other():
    data = CHECK + EMPTY + CHECK
    assert scan(data, whole=True) == Scan((b"123456789", b"", b"123456789"), len(data), 0)
    assert count(data) == 3


@pytest.mark.parametrize(
    "damage",
    [
        b"\0" * 4096,
        CHECK[:-1],
        CHECK[:12],
        b"\x1e",
        b"text\n",
        CHECK.replace(b"1234", b"1235"),
        CHECK.replace(b" 9 ", b" 8 "),
        CHECK.replace(b"cbf43926", b"CBF43926"),
        CHECK.replace(b" 9 ", b" 9999999 "),
        CHECK[:-1] + CHECK[:5],
    ],
    ids=["zeros", "no-end", "torn", "marker", "text", "altered", "length", "case", "long", "twice"],
)
def test_damage_is_skipped_to_the_next_whole_record_and_counted_once(damage):
    data = CHECK + damage + CHECK
    assert scan(data, whole=True) == Scan((b"123456789", b"123456789"), len(data), 1)


def test_a_torn_end_waits_for_the_rest_unless_nothing_comes_any_more():
    data = CHECK + CHECK[:10]
    assert scan(data, whole=False) == Scan((b"123456789",), len(CHECK), 0)
    assert scan(data, whole=True) == Scan((b"123456789",), len(data), 1)


def test_an_end_that_begins_no_record_is_skipped_at_once():
    assert scan(CHECK + b"junk", whole=False) == Scan((b"123456789",), len(CHECK) + 4, 1)


def test_two_damaged_places_are_two():
    assert scan(b"junk" + CHECK + b"junk" + CHECK, whole=True).damaged == 2


@given(st.lists(MESSAGES, max_size=5))
def test_every_message_comes_back(messages):
    data = b"".join(map(encode, messages))
    assert scan(data, whole=True) == Scan(tuple(messages), len(data), 0)


@given(st.lists(st.tuples(JUNK, MESSAGES), max_size=5), JUNK)
def test_no_whole_record_is_lost_between_anything(pairs, end):
    data = b"".join(junk + encode(message) for junk, message in pairs) + end
    found = scan(data, whole=True)
    assert list(found.messages) == [message for _, message in pairs]
    assert found.consumed == len(data)
    assert (found.damaged > 0) == bool(end or any(junk for junk, _ in pairs))


@given(st.lists(MESSAGES, min_size=1, max_size=4), st.data())
def test_read_in_two_steps_nothing_is_lost_or_twice(messages, data):
    whole = b"".join(map(encode, messages))
    middle = data.draw(st.integers(0, len(whole)))
    first = scan(whole[:middle], whole=False)
    second = scan(whole[first.consumed :], whole=True)
    assert [*first.messages, *second.messages] == messages
    assert first.damaged + second.damaged == 0


@given(st.binary(max_size=300))
def test_anything_can_be_scanned(data):
    found = scan(data, whole=True)
    assert found.consumed == len(data)
    assert all(encode(message) in data for message in found.messages)
