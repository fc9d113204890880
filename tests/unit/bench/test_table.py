"""What the page says is what was measured; what was not is told as that."""

import copy

import pytest

from bench import pages
from bench.comparison.aims import aims
from bench.comparison.figures import Figures
from bench.comparison.place import ONE, PLAIN, USERNAME
from bench.comparison.table import markdown


def row(server, service, cpu, transport="HTTP"):
    return {
        "server": server,
        "transport": transport,
        "service": service,
        "cpu_microseconds": cpu,
        "requests_per_second": 1234,
    }


@pytest.fixture
def record():
    return copy.deepcopy(
        {
            "commit": "abc",
            "date": "2026-05-04",
            "complete": True,
            "settings": {"seconds": 4.0, "rounds": 3, "connections": 8, "senders": 2000},
            "machine": {"processor": "CPU", "cores": 2, "kernel": "6", "load_before": [0.1, 0, 0]},
            "versions": {"gateway": "1"},
            "missing": {"node": ["not installed: node (Debian: nodejs)"]},
            "refused": [
                {"server": "gateway", "service": ONE, "refused": ["Body changed", "the same once more"]},
                {"server": "gsoap", "service": ONE, "refused": ["Body changed"]},
            ],
            "rows": [
                row("gateway", PLAIN, 300.0),
                row("gateway", USERNAME, 200.0),
                row("gateway", ONE, 450.0),
                row("spyne", PLAIN, 300.0),
                row("gsoap", ONE, 150.0),
            ],
            "latency": [],
            "payload": [],
            "services": [
                {"services": 1, "cpu_microseconds": 100.0},
                {"services": 2000, "cpu_microseconds": 110.0},
            ],
            "waiting": [],
            "memory": [],
        }
    )


def line(text, start):
    (found,) = [each for each in text.splitlines() if each.startswith(start)]
    return found


def test_a_cell_has_time_ratio_and_rate(record):
    assert line(markdown(record), "| SAML 2.0, one sender, HTTP |") == (
        "| SAML 2.0, one sender, HTTP | 450, 1,234/s | - | 150 (3.0), 1,234/s |"
    )


def test_who_is_missing_and_why_is_told(record):
    assert "node-soap: not installed: node (Debian: nodejs)" in markdown(record)


def test_what_all_refused_is_told_apart_from_what_one_refused(record):
    told = line(markdown(record), "| SAML 2.0, one sender | ")
    assert told.endswith("| Body changed; IMS Gateway also: the same once more |")


def test_an_unfinished_run_says_so(record):
    assert "not finished" not in markdown(record)
    assert "not finished" in markdown({**record, "complete": False})


def test_a_machine_that_was_not_quiet_is_told(record):
    assert "It was busy until then" not in markdown(record)
    record["machine"]["load_before"] = [1.5, 0, 0]
    assert "It was busy until then" in markdown(record)


def test_aims_are_judged_by_the_figures(record):
    found = {aim.words: aim for aim in aims(Figures(record))}
    assert found["ahead of gSOAP, one sender"].verdict == "no: 3.00 times the aim"
    assert found["UsernameToken for two thirds of bare Spyne's echo"].verdict == "yes"
    assert found["signed SAML 2.0 for less than bare Spyne's plain echo"].verdict == "no: 1.50 times the aim"
    assert found["flat in services"].verdict == "yes"
    assert found["ahead of gSOAP, many senders"].figure == "not measured"


def test_a_part_of_a_page_is_replaced_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"above\n{pages.begin('x')}\nold\n{pages.end('x')}\nbelow\n")
    pages.replace(page, "x", "new")
    assert page.read_text() == f"above\n{pages.begin('x')}\nnew\n{pages.end('x')}\nbelow\n"


@pytest.mark.parametrize("text", ["", "only {begin}", "only {end}"], ids=["none", "begin", "end"])
def test_a_page_without_the_part_is_left_as_it_is(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text.format(begin=pages.begin("x"), end=pages.end("x")))
    before = page.read_text()
    with pytest.raises(ValueError, match="no part x"):
        pages.replace(page, "x", "new")
    assert page.read_text() == before
