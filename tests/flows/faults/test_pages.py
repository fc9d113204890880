"""The pages that are written from the figures of faults and soak."""

import json

from bench.faults.ledger import Came, Ledger, Told, balance
from bench.faults.pages import page
from bench.faults.suite import FAULTS
from bench.soak import write_pages

HEAD = {"commit": "0123456789ab", "date": "2026-11-23", "cores": 2}


def figures():
    refused = Told("a", Came.REFUSED, "IGW2001E", 0.0, 0.25)
    requests = balance([refused, Told("b", Came.RIGHT, "", 0.0, 1.5)], {"b": 1})
    requests.recovery_seconds = 0.75
    requests.also["workers_killed"] = 3
    callouts = Ledger(
        callouts={
            "messages": 40,
            "deliveries": 44,
            "lost": 0,
            "doubles_with_the_same_message_id": 3,
            "doubles_that_ims_handed_over_again": 1,
        }
    )
    told = {name: {"promise": fault.promise, "done": fault.done} for name, fault in FAULTS.items()}
    return {
        "worker-killed": told["worker-killed"] | requests.figures(),
        "callout-killed": told["callout-killed"] | callouts.figures(),
        "clock-stepped": told["clock-stepped"] | {"skipped": "needs faketime"},
    }


def row(text, start):
    (found,) = [line for line in text.splitlines() if line.startswith(f"| `{start}` | ")][:1]
    return [cell.strip() for cell in found.split("|")[3:-1]]


def test_the_page_of_faults_has_each_promise_with_its_figures():
    text = page(HEAD | {"figures": figures()})
    assert row(text, "worker-killed") == ["2", "1", "IGW2001E 1", "0", "0", "1.5 s", "0.8 s"]
    assert row(text, "callout-killed") == ["40", "44", "0", "3", "1"]
    assert row(text, "clock-stepped")[0] == "not run: needs faketime"
    assert "- `worker-killed`: workers killed: 3." in text
    assert all(FAULTS[name].promise in text for name in figures())


def soak(judged):
    flat = {"first_quarter": 51200, "last_quarter": 51712, "most": 52000}
    series = dict.fromkeys(("pss_kib", "private_kib", "descriptors", "threads"), "51200 51712 51712")
    names = ("pss_kib", "private_kib", "descriptors", "threads")
    return {
        "minutes": 20,
        "judged": judged,
        "requests": 3,
        "requests_per_second": 1.5,
        "right_answers": {"none": 3},
        "wrong_answers": 0,
        "without_answer": 0,
        "asynchronous_callouts": 1,
        "asynchronous_callouts_lost": 0,
        "reloads": 1,
        "processes": {
            "master": dict.fromkeys(names, flat) | {"pss_growth_percent": 1, "private_growth_percent": 2}
        },
        "series": {"seconds": "0 5 10", "reloads": "5", "master": series},
    }


def test_the_page_of_the_soak_says_whether_it_was_judged(tmp_path):
    for judged in (True, False):
        record = tmp_path / "soak.json"
        record.write_text(json.dumps(HEAD | {"figures": soak(judged)}))
        write_pages(record, tmp_path)
        text = (tmp_path / "soak.md").read_text()
        assert ("All of it held in this run." in text) is judged
        assert "| master | 50.0 MiB | 50.5 MiB | +1.00 % | +2.00 % |" in text
        assert (tmp_path / "soak.svg").read_text().count("<polyline") == 3
