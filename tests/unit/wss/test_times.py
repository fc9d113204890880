"""xs:dateTime as security headers write it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wss.times import Freshness, parse_instant

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T12:00:00Z", NOW),
        (" 2026-11-22T12:00:00Z\n", NOW),
        ("2026-11-22T12:00:00.000000000Z", NOW),
        ("2026-11-22T13:30:00+01:30", NOW),
        ("2026-11-22T04:00:00-08:00", NOW),
        ("2026-11-22T12:00:00.5Z", NOW + timedelta(milliseconds=500)),
    ],
)
def test_these_texts_name_the_instant(text, instant):
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22 12:00:00Z",
        "2026-11-22T12:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T23:59:60Z",
        "2026-02-30T00:00:00Z",
        "2026-11-22T12:00:00+15:00",
        "2026-11-22T12:00:00+00:60",
        "12026-11-22T12:00:00Z",
        "-2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "٢٠٢٦-11-22T12:00:00Z",
        "2026-11-22T12:00:00.Z",
    ],
)
def test_these_texts_are_refused(text):
    with pytest.raises(ValueError):
        parse_instant(text)


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_a_value_error(text):
    try:
        assert parse_instant(text).tzinfo is UTC
    except ValueError:
        pass


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(0, True), (-359.999999, True), (-360, False), (60, True), (60.000001, False)]
)
def test_created_is_fresh_within_age_and_skew(seconds, fresh):
    freshness = Freshness(NOW, timedelta(seconds=60), timedelta(seconds=300))
    assert (freshness.complaint(NOW + timedelta(seconds=seconds)) == "") is fresh
