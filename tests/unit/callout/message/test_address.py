"""Addresses that programs make up. What is an address and what a trick comes from RFC 3986, the WHATWG URL
standard (which spellings of IPv4 other readers know) and published cases of readers that disagree."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from gateway.callout.address import read_address, read_origin
from gateway.callout.codes import CalloutError, Status

TAG = "DFSENDPOINTURL"


def status(text):
    with pytest.raises(CalloutError) as caught:
        read_address(text, TAG)
    assert TAG in caught.value.text
    return caught.value.status


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("http://host1.example.com:8080/a/b?c=d", "http://host1.example.com:8080/a/b?c=d"),
        ("HTTPS://Host1.EXAMPLE.com/A", "https://host1.example.com/A"),
        ("https://host1.example.com:443/", "https://host1.example.com/"),
        ("http://host1.example.com:80", "http://host1.example.com/"),
        ("http://host1.example.com:443/", "http://host1.example.com:443/"),
        ("https://host1.example.com./x", "https://host1.example.com/x"),
        ("http://host1?q", "http://host1/?q"),
        ("http://10.1.2.3:8080/", "http://10.1.2.3:8080/"),
        ("http://[2001:DB8:0:0:0:0:0:1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://[::1]/", "http://[::1]/"),
        ("http://my_host/", "http://my_host/"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://10.1.2.3.example.com/", "http://10.1.2.3.example.com/"),
        ("http://h/@other.example/:x;y=1,2~(a)'!*+$&", "http://h/@other.example/:x;y=1,2~(a)'!*+$&"),
        ("http://h/?u=http://other.example/?x@y", "http://h/?u=http://other.example/?x@y"),
        ("http://h/%2e%2e/%C3%BC", "http://h/%2e%2e/%C3%BC"),
    ],
)
def test_an_address_has_one_spelling(text, read):
    assert str(read_address(text, TAG)) == read
    assert str(read_address(read, TAG)) == read


NONE = [
    # scheme
    "", "x", "host", "host:8080", "//host/", "/path", "http:host", "http:/host/", "http:///host/", "://host",
    "ftp://host/", "file:///etc/passwd", "gopher://host/", "ldap://host/", "jar:http://host/", "dict://host:1/",
    "http+unix://%2Fvar%2Frun%2Fx/", "javascript://host/%0a", " http://host/", "\thttp://host/", "ht\ntp://host/",
    "http\\://host/", "http;//host/", "1http://host/", "httpſ://host/",
    # user information
    "http://user@host/", "http://user:secret@host/", "http://@host/", "http://:@host/", "http://host@evil.example/",
    "http://host:80@evil.example/", "http://a@b@host/", "http://host%40evil.example@x/", "http://[::1]@host/",
    # fragments, backslashes, white space and control characters
    "http://host/#", "http://host#@evil.example/", "http://host/a#b", "http://host\\@evil.example/",
    "http://host\\.evil.example/", "http:\\\\host\\", "http://host/\\evil", "http://host/a b", "http://ho st/",
    "http://host/ ", "http://host/\r\nX: y", "http://host\t/", "http://host\n.evil.example/", "http://host\x00/",
    "http://host/\x7f", "http://host/\x85", "http://host/\xa0",
    # path and query
    "http://host/ü", "http://host/%", "http://host/%2", "http://host/%zz", "http://host/{a}", "http://host/<a>",
    'http://host/"', "http://host/`", "http://host/|", "http://host/^", "http://host/[", "http://host/?a=[1]",
    # port
    "http://host:", "http://host:/", "http://host:0/", "http://host:00080/", "http://host:65536/",
    "http://host:99999999999999999999/", "http://host:-1/", "http://host:+80/", "http://host:8o/",
    "http://host:80:81/", "http://host:*/", "http://host:٣/", "http://[::1]:x/", "http://a:b]/",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_address_is_told_as_such(text):
    assert status(text) in {Status.BAD_ADDRESS, Status.HOST_NAME}


NUMBERS = [
    "2130706433", "0x7f000001", "0X7F.1", "017700000001", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "127.1", "127.0.1",
    "127.0.0.01", "127.0.0.1.", "127.0.0.256", "1.2.3.4.5", "999.1.1.1", "127.0.0.0x1", "host.0x", "host.1",
    "1", "host.example.127", "00000177.1", "4294967296", "127..1", "0", "0.", "09",
    "[]", "[1.2.3.4]", "[::1", "[::1%25eth0]", "[fe80::1%eth0]", "[::g]", "[1:2:3:4:5:6:7:8:9]", "[v1.x]",
    "[:::]", "[::127.0.0.01]", "[host]", "[12345::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", [host for host in NUMBERS if host != "[::1"])
def test_spellings_of_ip_addresses_that_some_readers_know_are_none(host):
    assert status(f"http://{host}/") is Status.IP_ADDRESS
    assert status(f"https://{host}:8443/x") is Status.IP_ADDRESS


HOSTS = [
    "", ".", "..", "host..example", ".host", "host..", "-host", "host-", "a.-b.c", "h%6fst", "%68ost",
    "host%00", "host%2eexample", "127%2e0%2e0%2e1", "host!", "host,evil.example", "host;evil.example",
    "host&x", "(host)", "host~", "ho*st", "*.example.com", "host$", "'host'", "ho=st", "bücher.example",
    "host。example", "host．example", "ⓗost", "ｈost", "１２７.0.0.1", "host\u200b", "host\u00ad",
    "loc\u0430lhost", "host℀.example", "host／x", "ß.example", "a" * 64, ".".join(["a" * 63] * 4),
    "[::1", "::1]", "[[::1]]", "x[::1]", "[::1]x",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_host_names_that_are_none(host):
    assert status(f"http://{host}/") is Status.HOST_NAME
    assert status(f"http://{host}:8080/x") is Status.HOST_NAME


def test_the_longest_names_are_names():
    assert read_address(f"http://{'a' * 63}/", TAG).origin.host == "a" * 63
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert read_address(f"http://{longest}/", TAG).origin.host == longest
    assert status(f"http://{longest}d/") is Status.HOST_NAME


def test_an_ipv4_address_within_ipv6_is_another_one():
    mapped = read_address("http://[::ffff:127.0.0.1]/", TAG).origin
    assert mapped != read_address("http://127.0.0.1/", TAG).origin
    assert mapped == read_address("http://[0:0:0:0:0:FFFF:7f00:1]/", TAG).origin


@pytest.mark.parametrize("text", ["http://host:8080", "http://host:8080/"])
def test_an_origin_has_scheme_host_and_port(text):
    assert str(read_origin(text, TAG)) == "http://host:8080"


@pytest.mark.parametrize(
    "text", ["http://host/x", "http://host/?", "http://host?x", "http://host//", "host:8080"]
)
def test_and_no_more_than_those(text):
    with pytest.raises(CalloutError) as caught:
        read_origin(text, TAG)
    assert caught.value.status is Status.BAD_ADDRESS


def test_no_error_quotes_the_address():
    for text in [*NONE, *(f"http://{host}/" for host in (*NUMBERS, *HOSTS))]:
        with pytest.raises(CalloutError) as caught:
            read_address(text, TAG)
        assert len(text) < 8 or text not in str(caught.value)


PIECES = st.sampled_from(
    ["http", "https", "://", ":", "/", "//", "\\", "@", "#", "?", "%", "%2e", "%00", ".", "[", "]", "::1",
     "127", "0x7f", "1", "80", "good.example", "evil.example", "a", "-", "_", " ", "\t", "\r\n", "\x00", "ü",
     "。", "&", ";"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(PIECES, max_size=10).map("".join),
    st.lists(PIECES, max_size=8).map(lambda pieces: "http://" + "".join(pieces)),
    st.lists(PIECES, max_size=8).map(lambda pieces: "https://good.example" + "".join(pieces)),
)


@given(TEXTS)
def test_what_is_read_other_readers_read_the_same(text):
    try:
        address = read_address(text, TAG)
    except CalloutError as error:
        assert error.status in {Status.BAD_ADDRESS, Status.HOST_NAME, Status.IP_ADDRESS}
        return
    written = str(address)
    host = address.origin.host.strip("[]")
    for url in (text, written):
        standard = urlsplit(url)
        assert standard.hostname.removesuffix(".") == host or ":" in host
        assert (standard.username, standard.password, standard.fragment) == (None, None, "")
        assert standard.scheme == address.origin.scheme
        other = parse_url(url)
        assert other.host.strip("[]").removesuffix(".") == host or ":" in host
        assert other.auth is None
        assert other.port == standard.port
    assert read_address(written, TAG) == address
    assert written.isascii()
    assert written.isprintable()
    assert " " not in written
