"""What workers say of themselves survives the way over the socket."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.ports import Pool, Worker
from gateway.control.words import MOST_BYTES, line_of
from gateway.observe.events import RequestEnded
from gateway.observe.traffic import BUCKETS, Bucket, Captured, Ended
from gateway.runtime import pictures

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


@given(st.lists(st.builds(Ended, times, st.from_type(RequestEnded)), max_size=3))
def test_requests_are_read_as_they_were_said(ended):
    assert pictures.ended_of(through_json(pictures.ended_facts(ended))) == ended


@given(st.lists(st.builds(Captured, times, texts, texts, counts, texts, texts), max_size=3))
def test_captured_messages_are_read_as_they_were_said(captured):
    assert pictures.captured_of(through_json(pictures.captured_facts(captured))) == captured


def test_the_traffic_of_thousands_of_busy_services_fits_into_an_answer():
    hour = tuple(Bucket(1_790_000_040 + 10 * number, 12, 1, 3456, 789) for number in range(BUCKETS))
    worker = Worker(
        1,
        1,
        "d",
        datetime(2026, 9, 21, tzinfo=UTC),
        0,
        0,
        (),
        {f"service-{number:04}": hour for number in range(2000)},
    )
    facts = pictures.worker_facts(worker)
    assert len(line_of(facts)) < MOST_BYTES
    told = pictures.worker_of(facts).traffic["service-1999"]
    assert told[0] == Bucket(1_790_000_040, 6 * 12, 6, 6 * 3456, 789)
    assert sum(one.answered for one in told) == sum(one.answered for one in hour)
