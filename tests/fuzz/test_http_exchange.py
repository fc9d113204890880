"""Any bytes: a request, or one of three errors; a reply is always possible; cutting the bytes changes nothing.

IMSGW_FUZZ_EXAMPLES says how many, IMSGW_FUZZ_SEED repeats a run.
"""

import os
import random
from collections.abc import Iterable
from datetime import UTC, datetime

import h11

from gateway.errors import GatewayError, M
from gateway.web.http import Bounds, Exchange, Progress
from gateway.web.message import Reply, Request
from gateway.web.ordinary import Ordinary
from gateway.web.thorough import Thorough
from tests.fixtures.web import post
from tests.fuzz import http_cases

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "300"))
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))
NOW = datetime(2026, 11, 8, tzinfo=UTC)
REPLY = Reply(500, (("Content-Type", "text/xml"), ("X-Tracking-Id", "0123"), ("X-Empty", "")), b"<r/>")
REFUSED = (M.BAD_HTTP, M.HEADER_TOO_LARGE, M.TOO_LARGE)


def outcome(parts: Iterable[bytes]) -> Request | None:
    """Return the request, None when it was refused or never began; check what has to hold on the way."""
    exchange = Exchange(Bounds(body=2048))
    try:
        for part in (*parts, b""):
            exchange.receive(part)
            assert exchange.body_bytes <= 2048
            if exchange.progress in {Progress.COMPLETE, Progress.CLOSED}:
                break
    except GatewayError as error:
        assert error.message in REFUSED
        answered(exchange, last=True)
        return None
    if exchange.progress is Progress.CLOSED:
        return None
    request = exchange.request()
    answered(exchange, last=False)
    return request


def answered(exchange: Exchange, *, last: bool) -> None:
    wire = exchange.reply(Reply(400 if last else 200, (), b"<r/>"), now=NOW, close=False)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    client.receive_data(wire)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    if last:
        assert (b"connection", b"close") in list(response.headers)
        assert not exchange.reusable


def test_any_bytes_are_a_request_or_refused_and_cutting_them_changes_nothing() -> None:
    choose, seeds = random.Random(SEED), http_cases.seeds()
    for _ in range(EXAMPLES):
        data = http_cases.hostile(choose, seeds)
        whole, cut = outcome([data]), outcome(list(http_cases.pieces(data, choose)))
        assert whole == cut, data


def test_the_ordinary_way_reads_and_answers_as_the_thorough_one_does() -> None:
    choose, seeds = random.Random(SEED + 2), http_cases.seeds()
    seeds += [post("Echo", b"<a/>"), post("Echo", b"") + post("Echo", b"<b/>")]
    ordinary = 0
    for _ in range(EXAMPLES):
        data = http_cases.hostile(choose, seeds)
        quick = Ordinary.begun(data, Bounds(body=2048))
        if quick is None:
            continue
        ordinary += 1
        slow = Thorough(Bounds(body=2048))
        slow.receive(data)
        assert (quick.progress, quick.body_bytes, quick.asked) == (
            slow.progress,
            slow.body_bytes,
            slow.asked,
        ), data
        if quick.progress is Progress.COMPLETE:
            assert (quick.request(), quick.early) == (slow.request(), slow.early), data
        close = choose.random() < 0.3
        replies = [way.reply(REPLY, now=NOW, close=close) for way in (quick, slow)]
        assert replies[0] == replies[1], data
        assert quick.reusable == slow.reusable, data
    assert ordinary > EXAMPLES // 50


def test_a_request_that_is_taken_has_nothing_in_it_that_was_to_be_refused() -> None:
    choose, seeds = random.Random(SEED + 1), http_cases.seeds()
    taken = 0
    for _ in range(EXAMPLES):
        request = outcome([http_cases.hostile(choose, seeds)])
        if request is None:
            continue
        taken += 1
        names = [name for name, _ in request.headers]
        assert not {"content-length", "transfer-encoding"} <= set(names)
        assert all(names.count(name) <= 1 for name in ("host", "content-type", "content-length", "soapaction"))
        assert not any(c in value for _, value in request.headers for c in "\r\n\0")
        assert request.version in {"1.0", "1.1"}
    assert taken > EXAMPLES // 20
