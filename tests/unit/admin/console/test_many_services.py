"""Two thousand services, all of them busy and each with a warning: every page stays one that can be read."""

from dataclasses import replace

import pytest

from gateway.admin.console.services import PAGE
from gateway.errors import Problem
from gateway.observe.traffic import Bucket
from tests.fixtures.admin import Admin
from tests.unit.admin.console.browsing import Browser, text_of
from tests.unit.admin.console.pictures import bucket, ended, worker

MANY = [f"service-{number:04}" for number in range(2000)]
MOST_BYTES = 200_000


@pytest.fixture
def viewer(managed: Admin) -> Browser:
    snapshot = managed.gateway.snapshot_
    (name, lab), *_ = snapshot.home.services.items()
    managed.gateway.snapshot_ = replace(
        snapshot,
        home=replace(snapshot.home, services={one: replace(lab, name=one) for one in MANY}, consumers={}),
        contracts=dict.fromkeys(MANY, snapshot.contracts[name]),
        warnings=tuple(Problem(f"wsdl/{one}/correlator.toml", "", "is odd", warning=True) for one in MANY),
    )
    busy: tuple[Bucket, ...] = tuple(bucket(ago, 3) for ago in range(3550, 0, -60))
    traffic = dict.fromkeys(MANY, busy)
    managed.gateway.workers_ = tuple(worker(pid, traffic, digest=snapshot.digest) for pid in (1, 2))
    managed.gateway.ended = tuple(ended(f"{number:032x}", service=MANY[number]) for number in range(1600))
    return Browser(managed, "vera")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/services",
        "/services/service-1000",
        "/requests",
        "/bundles",
        "/bundles/ims1",
        "/configuration",
        "/certificates",
    ],
)
def test_no_page_grows_with_the_number_of_services(viewer: Browser, path: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 200
    assert len(answer.data) < MOST_BYTES


def test_the_list_is_gone_through_by_links_alone(viewer: Browser) -> None:
    viewer.admin.gateway.workers_ = ()
    seen: list[str] = []
    path = "/services"
    while True:
        page = viewer.page(path)
        shown = page.xpath("//div[@id='list']//tbody/tr/th/a/text()")
        assert 0 < len(shown) <= PAGE
        seen += shown
        here = int(page.xpath("//nav[@class='pager']//*[@aria-current='page']/text()")[0])
        links = page.xpath("//nav[@class='pager']//a/@href")
        following = [link for link in links if f"page={here + 1}" in link.partition("?")[2].split("&")]
        if not following:
            break
        (path,) = following
    assert seen == MANY


def test_a_service_is_found_by_the_form_alone(viewer: Browser) -> None:
    form = viewer.page("/services").xpath("//form[@role='search']")[0]
    assert (form.get("method"), form.get("action")) == ("get", "/services")
    assert form.xpath(".//input[@name='q']")
    assert form.xpath(".//button[@type='submit']")
    found = viewer.page("/services?q=service-1234&state=&role=&sort=name")
    assert found.xpath("//div[@id='list']//tbody/tr/th/a/text()") == ["service-1234"]


def test_of_thousands_of_warnings_the_first_are_shown_and_how_many_more_there_are(viewer: Browser) -> None:
    page = viewer.page("/configuration")
    assert "1 800 more: imsgw check shows all" in text_of(page)
    assert len(page.xpath("//tbody/tr")) == 200
