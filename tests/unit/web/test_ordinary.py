"""Requests as clients send them are read at once, as h11 would have read them; all others are left to it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError, M
from gateway.web.message import Reply
from gateway.web.ordinary import Ordinary
from gateway.web.thorough import Thorough
from gateway.web.way import Bounds, Progress

NOW = datetime(2026, 11, 8, 8, 49, 37, tzinfo=UTC)
BOUNDS = Bounds(body=1000)
HEAD = b"POST /imssoap/services/Echo?a=b HTTP/1.1\r\nHost: gateway.example:8443\r\nContent-Length: 4\r\n"
ALLOWED = "".join(map(chr, range(0x20, 0x7F))) + "\t"


def test_a_request_in_one_piece_is_complete_at_once():
    way = Ordinary.begun(HEAD + b"Connection: Keep-Alive\r\nX-Any:  a b\t\r\n\r\n<a/>GET /next", BOUNDS)
    assert way.progress is Progress.COMPLETE
    request = way.request()
    assert (request.method, request.path, request.query) == ("POST", "/imssoap/services/Echo", "a=b")
    assert request.headers == (
        ("host", "gateway.example:8443"),
        ("content-length", "4"),
        ("connection", "Keep-Alive"),
        ("x-any", "a b"),
    )
    assert (request.version, request.body, way.early) == ("1.1", b"<a/>", b"GET /next")


def test_a_body_may_come_in_pieces_and_an_end_within_it_is_refused():
    way = Ordinary.begun(HEAD + b"\r\n<", BOUNDS)
    assert (way.progress, way.body_bytes) == (Progress.BODY, 1)
    way.receive(b"a/")
    with pytest.raises(GatewayError) as refused:
        way.receive(b"")
    assert refused.value.message is M.BAD_HTTP
    assert b"Connection: close" in way.reply(Reply(400, (), b""), now=NOW, close=False)
    assert not way.reusable


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(HEAD, id="head-not-whole"),
        pytest.param(b"\r\n" + HEAD + b"\r\n<a/>", id="empty-line-before"),
        pytest.param(HEAD.replace(b"1.1", b"1.0") + b"\r\n<a/>", id="http-1.0"),
        pytest.param(HEAD.replace(b"POST", b"PUT") + b"\r\n<a/>", id="another-method"),
        pytest.param(HEAD.replace(b"/Echo", b"/%45cho") + b"\r\n<a/>", id="escape"),
        pytest.param(HEAD.replace(b"/imssoap", b"http://a/imssoap") + b"\r\n<a/>", id="absolute-form"),
        pytest.param(HEAD.replace(b"Content-Length: 4\r\n", b"") + b"\r\n", id="no-length"),
        pytest.param(HEAD.replace(b": 4", b": +4") + b"\r\n<a/>", id="length-with-sign"),
        pytest.param(HEAD.replace(b": 4", b": 4, 4") + b"\r\n<a/>", id="two-lengths"),
        pytest.param(HEAD.replace(b": 4", b": 1001") + b"\r\n<a/>", id="too-long"),
        pytest.param(HEAD + b"Content-Length: 4\r\n\r\n<a/>", id="length-twice"),
        pytest.param(HEAD + b"X-A: 1\r\nX-a: 2\r\n\r\n<a/>", id="any-header-twice"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n<a/>", id="chunked"),
        pytest.param(HEAD + b"Expect: 100-continue\r\n\r\n", id="continue"),
        pytest.param(HEAD + b"Upgrade: h2c\r\n\r\n<a/>", id="upgrade"),
        pytest.param(HEAD + b"Connection: close\r\n\r\n<a/>", id="close"),
        pytest.param(HEAD + b"Connection: keep-alive, X\r\n\r\n<a/>", id="connection-names-a-header"),
        pytest.param(HEAD + b"X-A: 1\n\r\n<a/>", id="bare-lf"),
        pytest.param(HEAD + b"X-A: \r1\r\n\r\n<a/>", id="bare-cr"),
        pytest.param(HEAD + b"X-A: 1\r\n 2\r\n\r\n<a/>", id="folded"),
        pytest.param(HEAD + b"X-A : 1\r\n\r\n<a/>", id="space-before-colon"),
        pytest.param(HEAD + b"X_A: 1\r\n\r\n<a/>", id="underscore"),
        pytest.param(HEAD + b": 1\r\n\r\n<a/>", id="no-name"),
        pytest.param(HEAD + b"no colon\r\n\r\n<a/>", id="no-colon"),
        pytest.param(HEAD + b"X-A: \x00\r\n\r\n<a/>", id="nul"),
        pytest.param(HEAD + b"X-A: \xe9\r\n\r\n<a/>", id="not-ascii"),
        pytest.param(HEAD.replace(b"gateway.example:8443", b"a b") + b"\r\n<a/>", id="bad-host"),
        pytest.param(HEAD.replace(b"Host: gateway.example:8443\r\n", b"") + b"\r\n<a/>", id="no-host"),
        pytest.param(HEAD + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n<a/>", id="head-too-long"),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_h11(data: bytes):
    assert Ordinary.begun(data, BOUNDS) is None


values = st.text(alphabet=ALLOWED, max_size=12)
names = st.text(alphabet="abz019-", min_size=1, max_size=6)


@given(
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    target=st.text(alphabet="/aZ9.~;=:@!$&'()*+,-_?", max_size=12),
    headers=st.dictionaries(names, values, max_size=4),
    body=st.binary(max_size=20),
    status=st.sampled_from([200, 202, 204, 400, 500, 503]),
    close=st.booleans(),
)
def test_whatever_is_read_here_is_read_and_answered_as_by_h11(method, target, headers, body, status, close):
    lines = [
        f"{method} /{target} HTTP/1.1",
        "Host: a",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    data = ("\r\n".join(lines) + "\r\n\r\n").encode() + (body if method == "POST" else b"")
    quick = Ordinary.begun(data, BOUNDS)
    if quick is None:
        return
    slow = Thorough(BOUNDS)
    slow.receive(data)
    assert quick.progress is slow.progress is Progress.COMPLETE
    assert quick.request() == slow.request()
    reply = Reply(status, (("Content-Type", "text/xml; charset=utf-8"), ("X-Tracking-Id", "a" * 32)), b"<r/>")
    assert quick.reply(reply, now=NOW, close=close) == slow.reply(reply, now=NOW, close=close)
    assert quick.reusable == slow.reusable


@pytest.mark.parametrize(
    "header", [("X-A", "b\r\nX-B: c"), ("X A", "b"), ("X-A", "\xe9"), ("X-A", " b"), ("X-A", "b "), ("", "b")]
)
def test_a_reply_that_would_split_the_response_is_not_made(header):
    way = Ordinary.begun(HEAD + b"\r\n<a/>", BOUNDS)
    way.request()
    with pytest.raises(ValueError, match="not valid HTTP"):
        way.reply(Reply(200, (header,), b""), now=NOW, close=False)
    assert way.reply(Reply(500, (), b""), now=NOW, close=True).endswith(b"Connection: close\r\n\r\n")
