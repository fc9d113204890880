"""The head of a request; the refusals stand in the corpus, here is what is made of what passes."""

import pytest

from gateway.web.head import valid_host
from gateway.web.http import Bounds, Exchange


def target(line: str, *headers: str) -> tuple[str, str, str | None]:
    exchange = Exchange(Bounds(1000))
    exchange.receive("\r\n".join([f"GET {line} HTTP/1.1", *(headers or ["Host: a"]), "", ""]).encode())
    request = exchange.request()
    return request.path, request.query, dict(request.headers).get("host")


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("/", ("/", "", "a")),
        ("/x?y=1?2", ("/x", "y=1?2", "a")),
        ("/x%2Fy%3fz", ("/x/y?z", "", "a")),
        ("//evil.example/x", ("//evil.example/x", "", "a")),
        ("/%C3%BC", ("/\xc3\xbc", "", "a")),
        ("http://b.example:81/x?y", ("/x", "y", "b.example:81")),
        ("https://b.example", ("/", "", "b.example")),
        ("HTTP://b.example/", ("/", "", "b.example")),
    ],
)
def test_a_target_is_split_and_decoded(line: str, split: tuple[str, str, str]) -> None:
    assert target(line) == split


@pytest.mark.parametrize("host", ["a", "a.b-c_d.example:8443", "10.0.0.1", "[::1]", "[fe80::1]:443"])
def test_hosts_that_are_taken(host: str) -> None:
    assert valid_host(host)


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "a@b", "a:", "a:b", "a:123456", "[::1", "::1", "a,b", "a\n", "\u0663", '"', "<"]
)
def test_hosts_that_are_not(host: str) -> None:
    assert not valid_host(host)
