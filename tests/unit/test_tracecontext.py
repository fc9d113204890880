"""W3C Trace Context: the cases of the recommendation (level 1, sections 3.2, 3.3, 4.3), one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tracecontext import TraceContext, is_picked, parse_traceparent, parse_tracestate

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("text", "sampled"),
    [
        (VALID, True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-02", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-ff", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", True),
        (f"01-{TRACE}-{SPAN}-00-", False),
    ],
)
def test_a_valid_traceparent_names_a_span(text, sampled):
    assert parse_traceparent(text) == TraceContext(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"FF-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"00-{TRACE}-{SPAN}-0A",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-001",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-",
        f"0-{TRACE}-{SPAN}-01",
        f"000-{TRACE}-{SPAN}-01",
        f"{VALID}-",
        f"{VALID}-extra",
        f"{VALID}.",
        f"cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like",
        f"cc-{TRACE}-{SPAN}-01x",
        f" {VALID}",
        f"{VALID} ",
        f"{VALID}\n",
        f"{VALID},{VALID}",
        VALID.replace("-", "_"),
        f"zz-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-g1",
        f"٠٠-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_no_traceparent_is_as_good_as_absent(text):
    assert parse_traceparent(text) is None


def test_a_context_is_written_as_version_00_whatever_version_it_came_in():
    assert str(parse_traceparent(f"cc-{TRACE}-{SPAN}-03-more")) == VALID
    assert str(parse_traceparent(f"00-{TRACE}-{SPAN}-02")) == f"00-{TRACE}-{SPAN}-00"


@given(st.text(max_size=80))
def test_no_text_gets_through_that_would_not_be_read_again(text):
    context = parse_traceparent(text)
    assert context is None or parse_traceparent(str(context)) == context


@pytest.mark.parametrize(
    ("text", "passed_on"),
    [
        ("rojo=00f067aa0ba902b7", "rojo=00f067aa0ba902b7"),
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("fw529a3039@dt=FfAAAA,*=1".replace(",*=1", ""), "fw529a3039@dt=FfAAAA"),
        ("0tenant@system=1", "0tenant@system=1"),
        ("a=1 ,\tb=2,", "a=1,b=2"),
        (",,a=1", "a=1"),
        ("a= x", "a= x"),
        ("a_-*/1=!~", "a_-*/1=!~"),
        (",".join(f"k{n}=1" for n in range(32)), ",".join(f"k{n}=1" for n in range(32))),
        (f"{'k' * 255}={'v' * 256}", f"{'k' * 255}={'v' * 256}"),
        ("", ""),
    ],
)
def test_a_valid_tracestate_is_passed_on(text, passed_on):
    assert parse_tracestate(text) == passed_on


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a=",
        "=1",
        "A=1",
        "1a=1",
        "a b=1",
        "a=1=2",
        "a=1\n",
        "a=\x00",
        "a=\x7f",
        "a=ü",
        "a=1,a=2",
        "a@1b=1",
        f"a@{'b' * 15}=1",
        f"{'k' * 257}=1",
        f"a={'v' * 257}",
        f"{'k' * 256}={'v' * 256}",
        ",".join(f"k{n}=1" for n in range(33)),
    ],
)
def test_what_is_no_tracestate_is_let_go_whole(text):
    assert parse_tracestate(text) == ""


def test_a_share_is_of_the_last_seven_bytes_and_a_larger_share_has_the_smaller_in_it():
    half = 1 << 55
    assert [is_picked(number, 0.5) for number in (half - 1, half, (0xFF << 56) + half - 1)] == [
        False,
        True,
        False,
    ]
    assert is_picked(0, 1.0)
    assert not is_picked((1 << 56) - 1, 0.0)
    picked = [number for number in range(0, 1 << 56, 1 << 46) if is_picked(number, 0.1)]
    assert len(picked) == pytest.approx(1024 * 0.1, abs=1)
    assert all(is_picked(number, 0.3) for number in picked)
