"""Numbers, times and durations as people read them."""

from datetime import timedelta

import pytest

from gateway.admin.console.numbers import ago, milliseconds, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1, "1"), (1.0, "1"), (0.5, "0.5"), (0.123, "0.12"), (0.001, "<0.01"), (9.999, "10"),
        (12.34, "12.3"), (12.0, "12"), (123.4, "123"), (1234, "1\u202f234"), (1234567.8, "1\u202f234\u202f568"),
    ],
)  # fmt: skip
def test_numbers_have_few_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, "\u2013"), (0, "0 %"), (0.0001, "<0.1 %"), (0.015, "1.5 %"), (0.5, "50 %"), (0.9999, ">99.9 %"),
        (1, "100 %"),
    ],
)  # fmt: skip
def test_parts_are_told_in_percent_and_never_rounded_to_none_or_all(part, text):
    assert percent(part).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "\u2013"), (0, "0 ms"), (0.2, "<1 ms"), (38.4, "38 ms"), (9999, "9999 ms"), (12_300, "12.3 s")],
)
def test_times_taken_have_a_unit(value, text):
    assert milliseconds(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min"), (3600, "1 h"),
        (18_720, "5 h 12 min"), (86_400, "1 d"), (90_000, "1 d 1 h"), (86_460, "1 d"),
    ],
)  # fmt: skip
def test_spans_are_told_in_their_two_largest_units(seconds, text):
    assert ago(timedelta(seconds=seconds)).replace("\u00a0", " ") == text
