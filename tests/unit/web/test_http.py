"""One exchange without a socket: however the bytes are cut, and never another error than our own."""

from collections.abc import Iterator
from datetime import UTC, datetime

import h11
import pytest

from gateway.errors import GatewayError, M, Message
from gateway.web.http import Bounds, Exchange, Progress
from gateway.web.message import Reply, Request
from tests.fixtures.web import post

NOW = datetime(2026, 11, 8, 8, 49, 37, tzinfo=UTC)
BOUNDS = Bounds(body=1000)
CHUNKED = (
    b"POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-Name: M\xfcller\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n2;n=v\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n"
)


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def byte_by_byte(data: bytes) -> Iterator[bytes]:
    for byte in data:
        yield bytes([byte])


def received(parts: Iterator[bytes]) -> Exchange:
    exchange = Exchange(BOUNDS)
    for part in parts:
        exchange.receive(part)
    return exchange


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
@pytest.mark.parametrize("raw", [post("Echo", b"<a/>"), b"\r\n" + post("Echo", b"<a/>")])
def test_a_request_with_a_length_is_read(cut, raw: bytes) -> None:
    exchange = received(cut(raw))
    assert exchange.progress is Progress.COMPLETE
    request = exchange.request()
    assert (request.method, request.path, request.query) == ("POST", "/imssoap/services/Echo", "")
    assert request.body == b"<a/>"
    assert ("host", "gateway.example") in request.headers


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
def test_a_chunked_request_is_read_without_its_trailer(cut) -> None:
    request = received(cut(CHUNKED)).request()
    assert request == Request(
        "POST",
        "/a b",
        "x=1",
        "1.1",
        (("host", "h"), ("x-name", "M\xfcller"), ("transfer-encoding", "chunked")),
        b"abcde",
    )


def test_what_comes_behind_a_request_is_kept_for_the_next() -> None:
    exchange = received(whole(CHUNKED + b"GET /next"))
    assert exchange.request().body == b"abcde"
    assert exchange.early == b"GET /next"


def test_progress_is_told() -> None:
    exchange = Exchange(BOUNDS)
    steps = [exchange.progress]
    for part in (b"\r", b"\n", b"P", post("Echo", b"<a/>")[1:-2], b"/>"):
        exchange.receive(part)
        steps.append(exchange.progress)
    assert [step.value for step in steps] == ["nothing", "nothing", "nothing", "head", "body", "complete"]


def test_a_close_before_a_request_is_no_error() -> None:
    assert received(whole(b"")).progress is Progress.CLOSED


def feed(exchange: Exchange, parts: tuple[bytes, ...]) -> None:
    for part in parts:
        exchange.receive(part)


def error_of(raw: bytes, bounds: Bounds = BOUNDS, *, end: bool = True) -> Message:
    exchange = Exchange(bounds)
    with pytest.raises(GatewayError) as refused:
        feed(exchange, (raw, b"") if end else (raw,))
    wire = exchange.reply(Reply(400, (), b"no"), now=NOW, close=False)
    assert b"Connection: close" in wire
    assert not exchange.reusable
    return refused.value.message


@pytest.mark.parametrize("size", [1, 10, 100])
def test_a_close_in_the_middle_of_a_request_is_refused(size: int) -> None:
    assert error_of(post("Echo", b"<a/>")[:size]) is M.BAD_HTTP


def test_a_body_over_the_bound_is_refused_before_it_comes() -> None:
    head = post("Echo", b"x" * 1001).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert error_of(head, end=False) is M.TOO_LARGE
    assert error_of(head.replace(b"1001", b"1" + b"0" * 17), end=False) is M.TOO_LARGE


def test_a_chunked_body_over_the_bound_is_refused() -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert error_of(head + b"3e9\r\n" + b"x" * 1001, end=False) is M.TOO_LARGE
    assert error_of(head + (b"190\r\n" + b"x" * 400 + b"\r\n") * 3, end=False) is M.TOO_LARGE


def test_a_head_over_the_bound_is_refused_with_or_without_its_end() -> None:
    bounds = Bounds(body=1000, header=500)
    head = b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 500
    assert error_of(head, bounds, end=False) is M.HEADER_TOO_LARGE
    assert error_of(head + b"\r\n\r\n", bounds, end=False) is M.HEADER_TOO_LARGE


def test_a_chunk_header_without_an_end_is_no_header_problem() -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert error_of(head + b"1;" + b"x" * 40_000, end=False) is M.BAD_HTTP


def test_the_reason_does_not_quote_the_request() -> None:
    exchange = Exchange(BOUNDS)
    with pytest.raises(GatewayError) as refused:
        exchange.receive(b"GET / HTTP/1.1\r\nAuthorization c2VjcmV0\r\n\r\n")
    assert "c2VjcmV0" not in str(refused.value)


def as_client_reads(wire: bytes, method: bytes = b"POST") -> tuple[h11.Response, bytes]:
    """Read a response with h11 in the client's role."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "h"), ("Content-Length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(wire)
    response, body = client.next_event(), b""
    assert isinstance(response, h11.Response)
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    return response, body


def test_a_reply_carries_its_length_and_date_and_leaves_the_connection_usable() -> None:
    exchange = received(whole(post("Echo")))
    wire = exchange.reply(Reply(200, (("X-A", "b"),), b"<r/>"), now=NOW, close=False)
    response, body = as_client_reads(wire)
    assert (response.status_code, response.reason, body) == (200, b"OK", b"<r/>")
    assert dict(response.headers) == {
        b"x-a": b"b",
        b"date": b"Sun, 08 Nov 2026 08:49:37 GMT",
        b"content-length": b"4",
    }
    assert exchange.reusable


def test_a_reply_that_closes_says_so() -> None:
    exchange = received(whole(post("Echo")))
    response, _ = as_client_reads(exchange.reply(Reply(200, (), b""), now=NOW, close=True))
    assert (b"connection", b"close") in list(response.headers)
    assert not exchange.reusable


def test_http_1_0_is_answered_and_closed() -> None:
    exchange = received(whole(b"GET / HTTP/1.0\r\n\r\n"))
    wire = exchange.reply(Reply(200, (), b"<r/>"), now=NOW, close=False)
    assert wire.endswith(b"\r\n\r\n<r/>")
    assert not exchange.reusable


def test_head_is_answered_without_a_body() -> None:
    exchange = received(whole(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"))
    wire = exchange.reply(Reply(200, (), b"<r/>"), now=NOW, close=False)
    response, body = as_client_reads(wire, b"HEAD")
    assert (dict(response.headers)[b"content-length"], body) == (b"4", b"")
    assert exchange.reusable


def test_no_content_has_neither_body_nor_length() -> None:
    exchange = received(whole(post("Echo")))
    response, body = as_client_reads(exchange.reply(Reply(204, (), b"dropped"), now=NOW, close=False))
    assert b"content-length" not in dict(response.headers)
    assert body == b""


@pytest.mark.parametrize(
    ("status", "headers"),
    [(200, (("X-A", "b\r\nX-B: c"),)), (200, (("X A", "b"),)), (200, (("X-A", "\u0141"),)), (299, ()), (7, ())],
)
def test_a_reply_that_is_not_http_is_refused_and_can_be_replaced(status: int, headers) -> None:
    exchange = received(whole(post("Echo")))
    with pytest.raises(ValueError):
        exchange.reply(Reply(status, headers, b""), now=NOW, close=False)
    assert exchange.reply(Reply(500, (), b""), now=NOW, close=True).startswith(b"HTTP/1.1 500 ")


def test_continue_is_sent_only_where_it_is_awaited() -> None:
    head, _, body = post("Echo", b"<a/>", "Expect: 100-continue").rpartition(b"\r\n\r\n")
    exchange = received(whole(head + b"\r\n\r\n"))
    assert exchange.continue_awaited
    assert exchange.go_on() == b"HTTP/1.1 100 \r\n\r\n"
    assert not exchange.continue_awaited
    exchange.receive(body)
    assert exchange.request().body == b"<a/>"
    assert not received(whole(post("Echo"))).continue_awaited


def test_what_was_asked_is_known_for_the_record() -> None:
    assert received(whole(CHUNKED)).asked == ("POST", "/a b")
    assert Exchange(BOUNDS).asked == ("", "")
