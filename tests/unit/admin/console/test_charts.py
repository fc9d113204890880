"""Charts as SVG: well-formed, told to those who do not see them, without styles or scripts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.admin.console.charts import HEIGHT, WIDTH, nice, of_hour, spark
from gateway.admin.console.series import hour
from gateway.observe.traffic import Bucket
from gateway.safexml import Bounds, parse
from tests.unit.admin.console.pictures import EPOCH_NOON, NOON, bucket, worker

SVG = "{http://www.w3.org/2000/svg}"
BUCKETS = st.builds(
    Bucket,
    start=st.integers(EPOCH_NOON - 5000, EPOCH_NOON + 100).map(lambda second: second - second % 10),
    answered=st.integers(0, 10**6),
    refused=st.integers(0, 10**6),
    milliseconds=st.integers(0, 10**10),
    longest=st.integers(0, 10**7),
)


def hour_of(*buckets):
    return hour([worker(traffic={"lab": buckets})], NOON)


def tree(svg):
    return parse(str(svg).encode(), Bounds())


def charts(*buckets):
    return {chart.id: chart for chart in of_hour(hour_of(*buckets))}


def test_there_is_one_of_requests_one_of_time_one_of_faults():
    assert list(charts()) == ["requests", "latency", "faults"]


@pytest.mark.parametrize("name", ["requests", "latency", "faults"])
def test_each_has_a_title_and_a_sentence_that_it_is_labelled_by(name):
    root = tree(charts(bucket(30, 34, 2))[name].svg)
    assert root.get("role") == "img"
    told = {node.get("id"): node.text for node in root if node.tag in ("title", "desc")}
    assert [bool(told[id_]) for id_ in root.get("aria-labelledby").split()] == [True, True]


def test_the_sentence_says_the_most_and_when():
    chart = charts(bucket(30, 34, 2), bucket(630, 5))["requests"]
    assert (
        chart.summary
        == "Answered: at most 34 a minute, at 11:59 UTC; Faults: at most 2 a minute, at 11:59 UTC."
    )


def test_an_hour_without_requests_says_so_and_has_no_rows():
    for chart in of_hour(hour_of()):
        assert chart.summary == "No requests in the last hour."
        assert chart.rows == ()


def test_the_numbers_are_there_newest_first_without_empty_minutes():
    chart = charts(bucket(30, 34, 2), bucket(630, 5))["requests"]
    assert [(f"{step.at:%H:%M}", cells) for step, cells in chart.rows] == [
        ("11:59", ("34", "2")),
        ("11:49", ("5", "0")),
    ]


def test_one_fault_among_thousands_is_seen():
    root = tree(charts(bucket(30, 10_000, 1))["requests"].svg)
    (fault,) = [rect for rect in root.iter("rect") if rect.get("class") == "fault"]
    assert float(fault.get("height")) >= 1


def test_time_has_gaps_where_there_was_no_request():
    root = tree(charts(bucket(30), bucket(90), bucket(900), bucket(960), bucket(1800))["latency"].svg)
    assert len([line for line in root.iter("polyline") if "mean" in line.get("class")]) == 2
    assert len([dot for dot in root.iter("circle") if "mean" in dot.get("class")]) == 1


@settings(max_examples=40)
@given(st.lists(BUCKETS, max_size=8))
def test_whatever_was_counted_the_drawing_stays_within_its_frame(buckets):
    for chart in of_hour(hour_of(*buckets)):
        root = tree(chart.svg)
        for rect in root.iter("rect"):
            x, y, wide, tall = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
            assert 0 <= x <= x + wide <= WIDTH
            assert -1 <= y <= y + tall <= HEIGHT
        names = {str(name) for node in root.iter() for name, _ in node.items()}
        assert not [name for name in names if name == "style" or name.startswith("on")]
    tree(spark(hour_of(*buckets)))


@given(st.floats(0, 1e12))
def test_the_top_of_an_axis_is_round_and_not_far_above(value):
    top = nice(value)
    assert value <= top * 1.000001
    assert top <= max(1, 2.5 * value)
    assert f"{top:e}"[0] in "125"
