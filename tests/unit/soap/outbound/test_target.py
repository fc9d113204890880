"""Addresses, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.soap.outbound.connection import Origin, Target
from gateway.soap.outbound.errors import OutboundError


@pytest.mark.parametrize(
    ("address", "origin", "path", "url"),
    [
        ("http://a.example/", Origin("http", "a.example", 80), "/", "http://a.example/"),
        ("https://A.Example", Origin("https", "a.example", 443), "/", "https://a.example/"),
        ("https://a:8443/x?y=z", Origin("https", "a", 8443), "/x?y=z", "https://a:8443/x?y=z"),
        ("http://a:80/x", Origin("http", "a", 80), "/x", "http://a/x"),
        ("http://[::1]:81/", Origin("http", "::1", 81), "/", "http://[::1]:81/"),
        ("HTTPS://a/#f", Origin("https", "a", 443), "/", "https://a/"),
        ("http://a/b c", Origin("http", "a", 80), "/b%20c", "http://a/b%20c"),
        ("http://a/%41?q=%20&r='", Origin("http", "a", 80), "/%41?q=%20&r='", "http://a/%41?q=%20&r='"),
        ("http://b\u00fccher.example/", Origin("http", "xn--bcher-kva.example", 80), "/", None),
    ],
)
def test_an_address_is_origin_and_path(address, origin, path, url):
    target = Target.of(address)
    assert (target.origin, target.path) == (origin, path)
    assert url is None or target.url == url


@pytest.mark.parametrize(
    "address",
    ["", "/x", "a.example", "http:", "http:///x", "ftp://a/", "http://u@a/", "http://u:p@a/", "http://a:0/",
     "http://a:x/", "http://a:65536/", "http://[::1/", "http://[zz]/", "http://" + "a" * 64 + "\u00fc/"],
)  # fmt: skip
def test_whatever_else_is_none(address):
    with pytest.raises(OutboundError, match="none of HTTP"):
        Target.of(address)


@given(
    st.text(max_size=60)
    | st.text(max_size=40).map("http://a/".__add__)
    | st.text(max_size=40).map("http://".__add__)
)
def test_no_address_breaks_out_of_its_line(address):
    try:
        target = Target.of(address)
    except OutboundError:
        return
    assert target.path.startswith(("/", "?")) or target.path
    line = target.path + target.url
    assert line.isascii()
    assert not any(one.isspace() or not one.isprintable() for one in target.path)


def test_ipv6_is_named_with_brackets_to_a_proxy():
    assert Target.of("https://[2001:db8::1]/").origin.authority == "[2001:db8::1]:443"
