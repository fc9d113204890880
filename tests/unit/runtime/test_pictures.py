"""What workers say of themselves survives the way over the socket."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.ports import Pool, Worker
from gateway.control.words import MOST_BYTES, line_of
from gateway.observe.events import RequestEnded
from gateway.observe.timeline import Stretch
from gateway.observe.traffic import MOST_TOLD, RECENT, Bucket, Captured, Ended
from gateway.redaction import Redaction
from gateway.runtime import pictures
from gateway.runtime.probe import MOST_MESSAGES

times = st.datetimes(timezones=st.just(UTC))
texts = st.text(max_size=20)
counts = st.integers(0, 2**40)
pools = st.builds(
    Pool,
    bundle=texts,
    endpoint=texts,
    up=st.booleans(),
    open=counts,
    in_use=counts,
    waiting=counts,
    limit=counts,
    opened=counts,
    failed=counts,
)
buckets = st.builds(Bucket, counts, counts, counts, counts, counts)
workers = st.builds(
    Worker,
    pid=counts,
    number=counts,
    digest=texts,
    started=times,
    in_work=counts,
    waiting=counts,
    pools=st.lists(pools, max_size=3).map(tuple),
    traffic=st.dictionaries(texts, st.lists(buckets, max_size=3).map(tuple), max_size=3),
)


def through_json(value):
    return json.loads(json.dumps(value))


@given(workers)
def test_a_worker_is_read_as_it_was_said(worker):
    assert pictures.worker_of(through_json(pictures.worker_facts(worker))) == worker


seconds = st.floats(0, 1e6)
timelines = st.lists(st.builds(Stretch, texts, seconds, seconds), max_size=3).map(tuple)
requests = st.builds(RequestEnded, received=times, timeline=timelines)


@given(st.lists(st.builds(Ended, times, requests), max_size=3))
def test_requests_are_read_as_they_were_said(ended):
    assert pictures.ended_of(through_json(pictures.ended_facts(ended))) == ended


@given(st.lists(st.builds(Captured, times, texts, texts, counts, texts, texts), max_size=3))
def test_captured_messages_are_read_as_they_were_said(captured):
    assert pictures.captured_of(through_json(pictures.captured_facts(captured))) == captured


def captured_calls(letter, most):
    """As many as a worker keeps, newest first, each with so long a request and answer."""
    return [
        Captured(
            datetime(2026, 9, 21, 12, 59 - number, tzinfo=UTC), f"t{number}", "lab", 200, *[letter * most] * 2
        )
        for number in range(MOST_MESSAGES)
    ]


@pytest.mark.parametrize("letter", ["Ж", "語", "\N{OLD PERSIAN SIGN A}"])
def test_of_more_captured_messages_than_a_line_holds_the_oldest_are_left_out_and_counted(letter):
    captured = captured_calls(letter, Redaction().most)
    line = line_of({"captured": pictures.captured_facts(captured)})
    assert len(line) <= MOST_BYTES
    told = pictures.captured_of(json.loads(line)["captured"])
    assert 0 < len(told) < len(captured)
    assert [replace(one, left_out=0) for one in told] == captured[: len(told)]
    assert [one.left_out for one in told] == [0] * (len(told) - 1) + [len(captured) - len(told)]
    # the next one would not have fitted
    assert len(line) + len(line_of(pictures.captured_facts(captured[:1])[0])) > MOST_BYTES - 4096


def test_of_captured_messages_that_fit_none_is_left_out():
    captured = captured_calls("x", Redaction().most)
    assert pictures.captured_of(through_json(pictures.captured_facts(captured))) == captured


def test_a_captured_message_longer_than_a_line_is_told_without_its_text():
    told = pictures.captured_of(pictures.captured_facts(captured_calls("x", MOST_BYTES)))
    assert [(one.tracking_id, one.left_out) for one in told] == [("t0", MOST_MESSAGES - 1)]
    assert told[0].request == told[0].answer == "(not shown: longer than an answer of a worker)"


@given(st.integers(0, 100_000))
def test_the_latest_requests_fit_into_an_answer_however_long_their_texts_are(length):
    event = RequestEnded(
        "t", "s", "o", "T", "p", True, "u", "saml20", "answered", "", "é" * length, *[None] * 3, True, 1
    )
    ended = [Ended(datetime(2026, 9, 21, tzinfo=UTC), event)] * RECENT
    line = line_of({"recent": pictures.ended_facts(ended)})
    assert len(line) <= MOST_BYTES
    assert json.loads(line)["recent"]


@pytest.mark.parametrize("most", [1, 12, 99_999])
def test_as_much_traffic_as_a_worker_ever_tells_fits_into_an_answer(most):
    services = 2000
    each = MOST_TOLD // services
    hour = tuple(Bucket(1_790_000_040 + 60 * number, most, most, 10**8, most) for number in range(each))
    traffic = {f"service-of-some-department-{number:04}": hour for number in range(services)}
    worker = Worker(1, 1, "d", datetime(2026, 9, 21, tzinfo=UTC), 0, 0, (), traffic)
    line = line_of(pictures.worker_facts(worker))
    assert len(line) < MOST_BYTES
    assert pictures.worker_of(json.loads(line)) == worker


@pytest.mark.parametrize("flat", [[], [1, 2], [1, 2, 3, 4, 5], [1] * 7, ["x"], None, [None] * 6])
def test_counts_that_are_none_are_refused(flat):
    worker = Worker(1, 1, "d", datetime(2026, 9, 21, tzinfo=UTC), 0, 0, (), {})
    with pytest.raises((KeyError, TypeError, ValueError)):
        pictures.worker_of({**through_json(pictures.worker_facts(worker)), "traffic": {"lab": flat}})
