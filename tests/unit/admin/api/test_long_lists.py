"""Lists that can be long come by pages, or are bounded and say how much there is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.api.paging import MOST, PageAsked, page
from gateway.admin.api.problem import MOST_PROBLEMS, ApiError, HomeProblem, unfit
from gateway.admin.ports import Worker
from gateway.errors import Problem
from gateway.observe.traffic import BUCKETS, Bucket
from tests.fixtures.admin import Admin

MANY = [f"service-{number:04}" for number in range(2000)]
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=3)


def deploy_copies(admin: Admin, wanted: list[str]) -> None:
    """Have the lab deployed under other names too."""
    snapshot = admin.gateway.snapshot_
    (name, lab), *_ = snapshot.home.services.items()
    services = {one: replace(lab, name=one) for one in wanted}
    contracts = dict.fromkeys(wanted, snapshot.contracts[name])
    admin.gateway.snapshot_ = replace(
        snapshot, home=replace(snapshot.home, services=services, consumers={}), contracts=contracts
    )


def said(admin: Admin, path: str) -> Any:
    """Return what a viewer is told."""
    answer = admin.ask("GET", path, "viewer")
    assert answer.status_code == 200, answer.text
    return answer.json


def walked(admin: Admin, path: str, of: Callable[[Any], list[str]], limit: int) -> list[list[str]]:
    """Return the names on each page, one page after the other, as a program reads them."""
    pages, after = [], ""
    while True:
        told = said(admin, f"{path}?{urlencode({'after': after, 'limit': limit})}")
        pages.append(of(told))
        after = told["next"]
        if not after:
            return pages


def services_of(said: Any) -> list[str]:
    return [one["name"] for one in said["services"]]


def traffic_of(said: Any) -> list[str]:
    return [one["service"] for one in said["services"]]


@given(st.sets(names, max_size=12), st.integers(1, 5))
def test_page_by_page_everything_comes_once_and_in_order(found: set[str], limit: int) -> None:
    seen: list[str] = []
    after = ""
    while True:
        shown = page(found, PageAsked(after=after, limit=limit))
        assert len(shown.names) <= limit
        assert shown.total == len(found)
        seen += shown.names
        if not shown.next:
            break
        after = shown.next
    assert seen == sorted(found)


@given(st.sets(names, min_size=2, max_size=12), st.data())
def test_what_stays_is_shown_though_the_name_that_was_seen_last_has_gone(found: set[str], data: Any) -> None:
    first = page(found, PageAsked(limit=data.draw(st.integers(1, len(found) - 1))))
    left = found - {first.next}
    second = page(left, PageAsked(after=first.next, limit=MOST))
    assert [*first.names, *second.names] == sorted(found)


def test_two_thousand_services_come_by_pages_of_two_hundred(managed: Admin) -> None:
    deploy_copies(managed, MANY)
    first = said(managed, "/api/services")
    assert (first["total"], first["next"]) == (2000, "service-0199")
    assert services_of(first) == MANY[:200]
    pages = walked(managed, "/api/services", services_of, 900)
    assert [len(one) for one in pages] == [900, 900, 200]
    assert [name for one in pages for name in one] == MANY


@pytest.mark.parametrize("path", ["/api/services", "/api/bundles", "/api/files", "/api/traffic"])
@pytest.mark.parametrize(
    "wrong", ["limit=0", f"limit={MOST + 1}", "limit=x", "after=a&after=b", f"after={'a' * 1025}"]
)
def test_a_page_that_cannot_be_is_refused(managed: Admin, path: str, wrong: str) -> None:
    assert managed.ask("GET", f"{path}?{wrong}", "viewer").status_code == 400


def test_bundles_and_files_come_by_pages_too(managed: Admin) -> None:
    (names_,) = walked(managed, "/api/bundles", lambda said: [one["name"] for one in said["bundles"]], 10)
    assert names_ == sorted(managed.gateway.snapshot_.home.bundles)
    pages = walked(managed, "/api/files", lambda said: [one["file"] for one in said["files"]], 1)
    assert [file for one in pages for file in one] == sorted(managed.gateway.snapshot_.home.files)


def test_the_traffic_of_two_thousand_busy_services_comes_by_pages(managed: Admin) -> None:
    now = int(managed.clock.now().timestamp()) // 10 * 10
    hour = tuple(Bucket(now - 10 * number, 3, 0, 9, 3) for number in reversed(range(BUCKETS)))
    traffic = dict.fromkeys(MANY, hour) | {"long ago": (Bucket(now - 7200, 1, 0, 1, 1),)}
    worker = Worker(1, 1, "d", managed.clock.now(), 0, 0, (), traffic)
    managed.gateway.workers_ = (worker, worker)
    pages = [said(managed, "/api/traffic?limit=5")]
    pages.append(said(managed, f"/api/traffic?limit=5&after={pages[0]['next']}"))
    assert [name for one in pages for name in traffic_of(one)] == MANY[:10]
    assert {one["total"] for one in pages} == {2000}
    assert pages[1]["services"][0]["buckets"][-1] == {
        "start": now,
        "answered": 6,
        "refused": 0,
        "milliseconds": 18,
        "longest": 3,
    }
    (only,) = said(managed, "/api/traffic?service=service-1999")["services"]
    assert only["service"] == "service-1999"


def problems_of_many(warning: Callable[[int], bool]) -> list[Problem]:
    return [Problem(f"{name}.toml", "", "is odd", warning=warning(number)) for number, name in enumerate(MANY)]


def test_of_thousands_of_problems_the_first_are_told_errors_before_warnings() -> None:
    problems = problems_of_many(lambda number: number != 1999)
    told = HomeProblem.first(problems)
    assert len(told) == MOST_PROBLEMS
    assert (told[0].file, told[0].warning) == ("service-1999.toml", False)
    assert [one.file for one in told[1:3]] == ["service-0000.toml", "service-0001.toml"]
    assert [one.file for one in HomeProblem.first(problems[:MOST_PROBLEMS])] == [
        one.file for one in problems[:MOST_PROBLEMS]
    ], "what fits keeps its order"


def test_a_refusal_and_the_status_say_how_many_problems_there_are(managed: Admin) -> None:
    problems = problems_of_many(lambda _: True)
    refused: ApiError = unfit("the home would have mistakes", problems)
    assert (len(refused.facts()["problems"]), refused.facts()["problems_total"]) == (MOST_PROBLEMS, 2000)
    managed.gateway.snapshot_ = replace(managed.gateway.snapshot_, warnings=tuple(problems))
    status = said(managed, "/api/status")
    assert (len(status["warnings"]), status["warnings_total"]) == (MOST_PROBLEMS, 2000)
