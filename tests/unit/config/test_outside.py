"""Hosts that may be called, as the configuration spells them (RFC 3986, section 3.2.2)."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.config.model import BasicAuthentication, BundleCallout
from gateway.config.outside import is_host
from gateway.exchange import Secret


@pytest.mark.parametrize(
    "text",
    [
        "rating.example.com",
        "rating.example.com.",
        "RATING",
        "localhost",
        "10.1.2.3",
        "[::1]",
        "[2001:DB8::1]",
        "[::ffff:10.0.0.1]",
        "host_1.example",
        "3com.example",
        "1.2.3.example",
        "xn--bcher-kva.example",
        "a" * 63 + ".example",
    ],
)
def test_a_name_or_address_is_a_host(text):
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..b",
        ".example.com",
        "-a.example",
        "a-.example",
        "a" * 64 + ".example",
        "a." * 126 + "ab",
        "10.0.0.256",
        "10.0.0",
        "127.1",
        "127.0.0.1.",
        "010.0.0.1",
        "2130706433",
        "0x7f000001",
        "127.0.0.0x1",
        "[::1",
        "[10.0.0.1]",
        "[]",
        "[fe80::1%eth0]",
        "::1",
        "a b",
        "a@b",
        "a/b",
        "a:80",
        "*",
        "*.example.com",
        "bücher.example",
        "１２７.0.0.1",
    ],
)
def test_what_is_no_host_or_an_address_in_an_odd_spelling_is_none(text):
    assert not is_host(text)


@given(st.text(max_size=40) | st.text("0123456789abcdefxX.:[]-_%", max_size=40))
@example("0x")
@example("1.2.3.0x")
def test_whatever_a_resolver_would_take_for_an_ipv4_address_is_one_in_its_plain_spelling(text):
    """WHATWG URL, "ends in a number": such a host is an address for a browser, and for inet_aton."""
    if not is_host(text):
        return
    last = text.removesuffix(".").rpartition(".")[2]
    if last.isdigit() or last.lower().startswith("0x"):
        plain = not last.isdigit() and not all(c in "0123456789abcdef" for c in last[2:].lower())
        assert plain or str(ipaddress.IPv4Address(text)) == text
    if text.startswith("["):
        assert ipaddress.ip_address(text[1:-1]).version == 6
    assert text.isascii()
    assert not set(text) & set(" /?#@\\%*")


@given(st.text(max_size=30))
def test_no_entry_of_a_list_of_hosts_makes_anything_but_a_refusal(text):
    try:
        callout = BundleCallout.model_validate({"tpipes": ["RATING"], "allowed_hosts": [text]})
    except ValidationError:
        return
    assert callout.allowed_hosts == (text,)


@pytest.mark.parametrize(
    "entry",
    [
        "rating.example.com",
        "rating.example.com:8443",
        "rating.example.com:*",
        "https://rating.example.com",
        "http://rating.example.com:8080/",
        "http://[::1]:*",
        "10.0.0.1:1",
    ],
)
def test_an_entry_may_name_scheme_and_port(entry):
    callout = BundleCallout.model_validate({"tpipes": ["RATING"], "allowed_hosts": [entry]})
    assert callout.allowed_hosts == (entry,)


@pytest.mark.parametrize("proxy", ["", "http://proxy.example.com:3128", "https://[::1]:8443/", "http://proxy"])
def test_a_proxy_is_an_address_or_none(proxy):
    assert BundleCallout.model_validate({"tpipes": ["RATING"], "proxy": proxy}).proxy == proxy


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy:3128",
        "socks5://proxy",
        "http://",
        "http://a@proxy",
        "http://proxy:0",
        "http://proxy/x",
        "http://127.1",
    ],
)
def test_what_is_no_address_of_a_proxy_is_refused(proxy):
    with pytest.raises(ValidationError):
        BundleCallout.model_validate({"tpipes": ["RATING"], "proxy": proxy})


@pytest.mark.parametrize(
    ("user", "password"), [("a:b", "x"), ("", "x"), ("a\nb", "x"), ("a", "x\ny"), ("a", "\x7f"), ("\x00", "x")]
)
def test_a_name_and_password_that_http_basic_cannot_say_are_refused(user, password):
    with pytest.raises(ValidationError) as caught:
        BasicAuthentication(user=user, password=Secret(password))
    assert "x" not in repr([each.get("ctx") for each in caught.value.errors(include_url=False)])


def test_a_colon_in_a_password_can_be_said():
    assert BasicAuthentication(user="gw", password=Secret("a:b")).password.reveal() == "a:b"
