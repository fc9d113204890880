"""A record that grows on the disk, and goes on with what a run before found."""

import json

import pytest

from bench.comparison.results import ROWS, Results

SETTINGS = {"seconds": 4.0, "rounds": 3}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "results.json"


def kept(path):
    return json.loads(path.read_text())


def test_every_row_is_on_the_disk_when_it_is_known(path):
    results = Results(path, "abc", SETTINGS, ["race"])
    results.add("rows", server="gateway", cpu_microseconds=1.0)
    assert kept(path)["rows"] == [{"server": "gateway", "cpu_microseconds": 1.0}]
    assert not kept(path)["complete"]
    results.add("rows", server="spyne", cpu_microseconds=2.0)
    assert len(kept(path)["rows"]) == 2


def test_a_part_that_is_measured_alone_joins_the_others(path):
    Results(path, "abc", SETTINGS, ["race"]).add("rows", server="gateway")
    Results(path, "abc", SETTINGS, ["latency"]).add("latency", load="half load")
    assert kept(path)["rows"]
    assert kept(path)["latency"]


def test_a_part_that_is_measured_again_is_new(path):
    Results(path, "abc", SETTINGS, ["latency"]).add("latency", load="old")
    Results(path, "abc", SETTINGS, ["latency"]).add("latency", load="new")
    assert kept(path)["latency"] == [{"load": "new"}]


@pytest.mark.parametrize(
    ("commit", "settings"), [("def", SETTINGS), ("abc", {**SETTINGS, "rounds": 1})], ids=["commit", "settings"]
)
def test_figures_of_another_commit_or_pace_are_not_mixed_in(path, commit, settings):
    Results(path, "abc", SETTINGS, ["race"]).add("rows", server="gateway")
    Results(path, commit, settings, ["latency"]).add("latency", load="half load")
    assert kept(path)["rows"] == []


def test_it_is_complete_when_every_part_is_there_and_nobody_missing(path):
    results = Results(path, "abc", SETTINGS, list(ROWS))
    for number, name in enumerate(name for names in ROWS.values() for name in names):
        results.finish()
        assert not kept(path)["complete"], number
        results.add(name, any="row")
    results.finish()
    assert kept(path)["complete"]
    results.lacks("node", ["not installed"])
    results.finish()
    assert not kept(path)["complete"]
