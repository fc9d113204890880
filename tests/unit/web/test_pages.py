"""The page for people."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from gateway.web.pages import PAGE_HEADERS, Entry, list_of_services


class Reader(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*entries: Entry) -> Reader:
    return Reader(list_of_services(entries, "https://h:8443", "/imssoap/services/"))


def test_each_service_is_listed_in_order_with_a_link_to_its_contract() -> None:
    read = page(Entry("rating", "RatingPort"), Entry("phonebook", "PhonePort"))
    assert read.links == [
        "https://h:8443/imssoap/services/PhonePort?wsdl",
        "https://h:8443/imssoap/services/RatingPort?wsdl",
    ]
    assert read.text.index("phonebook") < read.text.index("rating")


def test_names_are_escaped() -> None:
    read = page(Entry("<script>alert(1)</script>", "P\"'&?#\u00fc"))
    assert "script" not in read.tags
    assert "<script>alert(1)</script>" in read.text
    assert read.links == ["https://h:8443/imssoap/services/P%22%27%26%3F%23%C3%BC?wsdl"]


def test_an_empty_gateway_says_so() -> None:
    assert "No service is deployed." in page().text


def test_the_page_names_its_language_and_has_one_heading_and_a_caption() -> None:
    raw = list_of_services([Entry("a", "b")], "https://h", "/").decode()
    assert '<html lang="en">' in raw
    assert raw.count("<h1>") == raw.count("<caption>") == raw.count("<title>") == 1
    assert raw.count('scope="col"') == 3


def test_the_policy_allows_the_page_s_own_style_and_nothing_else() -> None:
    policy = dict(PAGE_HEADERS)["Content-Security-Policy"]
    found = re.search(r"<style>(.*?)</style>", list_of_services([], "", "").decode(), re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
