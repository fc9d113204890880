"""Messages against RFC 5424 and frames against RFC 5425: the bytes are worked out from the grammar by hand."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.syslog import (
    FACILITIES,
    SEVERITIES,
    Header,
    Messages,
    counted,
    cut,
    ended,
    param_value,
    payload,
    timestamp,
)
from tests.fixtures.rfc5424 import parse_frames, parse_message

NOON = datetime(2026, 11, 22, 12, 0, 5, 7_999, tzinfo=UTC)
HEADER = Header("authpriv", "notice", "gw1.bank.example", "imsgw", 4711)
LEEF = "LEEF:2.0|Vendor|IMS Gateway|1.0|Invoke|\tcat=Provider\tusrName=ALICE"


def message(line: str, header: Header = HEADER, sequence: int = 1) -> bytes:
    return Messages(header).message(line, NOON, sequence)


def test_a_message_is_header_nil_structured_data_and_the_record():
    # authpriv is facility 10, notice severity 5: 10 * 8 + 5 = 85
    expected = b'<85>1 2026-11-22T12:00:05.007Z gw1.bank.example imsgw 4711 audit - {"a":1}'
    assert message('{"a":1}') == expected


def test_a_frame_counts_the_octets_of_the_message_not_its_characters():
    assert counted("ü".encode()) == b"2 \xc3\xbc"
    assert counted(b"<85>1 - - - - - -") == b"17 <85>1 - - - - - -"


def test_receivers_of_lines_get_a_line_feed_at_the_end():
    assert ended(b"<85>1 - - - - - -") == b"<85>1 - - - - - -\n"


def test_structured_data_number_the_messages_and_name_the_product():
    header = Header("local4", "info", "gw1", "imsgw", 1, software="0.1.0")
    # local4 is 20, info 6: 166
    expected = (
        b'<166>1 2026-11-22T12:00:05.007Z gw1 imsgw 1 audit [meta sequenceId="7"]'
        b'[origin software="IMS Gateway" swVersion="0.1.0"] x'
    )
    assert message("x", header, 7) == expected


@pytest.mark.parametrize(("sequence", "shown"), [(1, 1), (2_147_483_647, 2_147_483_647), (2_147_483_648, 1)])
def test_the_sequence_id_goes_round_where_rfc_5424_says(sequence, shown):
    header = Header("user", "info", "h", "a", 1, software="1")
    assert parse_message(message("x", header, sequence)).data["meta"] == {"sequenceId": str(shown)}


def test_what_closes_a_value_of_structured_data_is_escaped():
    header = Header("user", "info", "h", "a", 1, software='1"] [x y="\\')
    assert param_value('a"b\\c]d') == r"a\"b\\c\]d"
    found = parse_message(message("x", header))
    assert found.data["origin"] == {"software": "IMS Gateway", "swVersion": '1"] [x y="\\'}
    assert found.msg == b"x"


@pytest.mark.parametrize(
    ("facility", "severity", "priority"),
    [("kern", "emerg", 0), ("user", "notice", 13), ("audit", "info", 110), ("local7", "debug", 191)],
)
def test_the_priority_is_eight_times_the_facility_plus_the_severity(facility, severity, priority):
    assert Header(facility, severity, "h", "a", 1).priority == priority


@pytest.mark.parametrize(("facility", "severity"), [("local8", "info"), ("user", "fatal"), ("", "")])
def test_an_unknown_facility_or_severity_is_refused(facility, severity):
    with pytest.raises(ValueError):
        Messages(Header(facility, severity, "h", "a", 1))


def test_tables_have_every_code():
    assert (len(FACILITIES), FACILITIES[16], FACILITIES[23]) == (24, "local0", "local7")
    assert (len(SEVERITIES), SEVERITIES[3], SEVERITIES[7]) == (8, "err", "debug")


def test_a_time_is_told_in_utc_to_the_millisecond():
    berlin = timezone(timedelta(hours=1))
    assert timestamp(datetime(2026, 1, 1, 0, 30, tzinfo=berlin)) == b"2025-12-31T23:30:00.000Z"


@pytest.mark.parametrize(
    ("hostname", "shown"),
    [("", "-"), ("  ", "-"), ("gw 1\n", "gw1"), ("müller", "mller"), ("h" * 256, "h" * 255)],
)
def test_a_hostname_has_printable_ascii_only_or_is_nil(hostname, shown):
    header = Header("user", "info", hostname, "imsgw", 1)
    assert message("x", header) == f"<14>1 2026-11-22T12:00:05.007Z {shown} imsgw 1 audit - x".encode()


def test_an_app_name_has_at_most_48_characters():
    assert parse_message(message("x", Header("user", "info", "h", "a" * 49, 1))).app_name == "a" * 48


def test_a_record_has_no_byte_order_mark_before_it():
    assert parse_message(message("{}")).msg == b"{}"


def test_tabs_of_leef_stay():
    assert parse_message(message(LEEF)).msg == LEEF.encode()


def test_line_ends_and_other_controls_become_spaces():
    forged = "a\n<85>1 - evil - - - - b\r\x00\x1e\x7f\x1b[2J"
    assert payload(forged) == b"a <85>1 - evil - - - - b     [2J"


def test_half_a_surrogate_pair_is_told_as_a_question_mark():
    assert payload("a\ud800b") == b"a?b"


@pytest.mark.parametrize(
    ("octets", "kept"), [(7, b"ab\xe2\x82\xacc"), (5, b"ab\xe2\x82\xac"), (4, b"ab"), (2, b"ab")]
)
def test_a_long_message_is_cut_between_characters(octets, kept):
    assert cut("ab€c".encode(), octets) == kept


@given(st.text(), st.integers(1, 10), st.integers(80, 120))
def test_whatever_a_record_holds_it_is_one_message_in_one_counted(line, sequence, most):
    whole = message(line, sequence=sequence)
    octets = cut(whole, most)
    assert parse_frames(counted(octets) + counted(b"next")) == [octets, b"next"]
    assert (ended(octets) + ended(b"next")).split(b"\n") == [octets, b"next", b""]
    found = parse_message(octets)
    assert (found.hostname, found.msgid, found.data) == ("gw1.bank.example", "audit", {})
    assert found.time == NOON.replace(microsecond=7_000)
    assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", octets)
    assert whole.startswith(octets)
    assert len(octets) == min(len(whole), most) or len(octets) > most - 4
    octets.decode()


@given(st.text(), st.text(), st.text())
def test_whatever_names_and_version_hold_the_header_is_one(hostname, app_name, software):
    found = parse_message(message("x", Header("user", "info", hostname, app_name, 1, software=software)))
    assert found.msg == b"x"
    assert (found.procid, found.msgid) == ("1", "audit")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<192>1 - - - - - -",
        b"<85>2 - - - - - -",
        b"<085>1 - - - - - -",
        b"<85>1 - - - - -",
        b"<85>1 - - - - - [a b]",
    ],
)
def test_the_strict_reader_refuses_what_is_no_message(octets):
    with pytest.raises(ValueError):
        parse_message(octets)


@pytest.mark.parametrize("stream", [b"3 ab", b"03 abc", b"3abc", b"3 abcx"])
def test_the_strict_reader_refuses_what_is_no_counted(stream):
    with pytest.raises(ValueError):
        parse_frames(stream)
