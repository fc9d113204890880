"""Attacks on memory and time: many small things in one request, and answers that are many times its size."""

import resource

import pytest

from gateway.errors import GatewayError, M
from gateway.safexml import Bounds, parse
from gateway.web.http import Bounds as HttpBounds
from gateway.web.http import Exchange, Progress

CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
FEW = Bounds(max_elements=1000)


def element(attributes):
    return "<b " + " ".join(f'a{n}=""' for n in range(attributes)) + "/>"


@pytest.mark.parametrize("attributes", [1, 2, 3, 60])
def test_all_elements_together_have_a_bounded_number_of_attributes(attributes):
    fits = 2000 // attributes if attributes > 2 else 990
    parse(f"<a>{element(attributes) * fits}</a>".encode(), FEW)
    if attributes > 2:
        with pytest.raises(GatewayError) as caught:
            parse(f"<a>{element(attributes) * (fits + 1)}</a>".encode(), FEW)
        assert caught.value.message is M.XML_BOUNDS


def test_an_equals_sign_in_text_is_no_attribute():
    parse(f"<a>{'=' * 100_000}<b c='{'=' * 100_000}'/></a>".encode(), FEW)


def test_a_message_of_nothing_but_attributes_takes_no_great_memory():
    many = f"<a>{element(60) * 24_000}</a>".encode()[:9_900_000]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GatewayError):
        parse(many, Bounds())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


def received(size, total):
    exchange = Exchange(HttpBounds(10_000_000))
    exchange.receive(CHUNKED)
    body = (b"%x\r\n" % size + b"a" * size + b"\r\n") * (total // size) + b"0\r\n\r\n"
    for start in range(0, len(body), 65_536):
        exchange.receive(body[start : start + 65_536])
    return exchange


@pytest.mark.parametrize("size", [1, 6, 16, 32])
def test_a_large_body_in_tiny_chunks_is_refused_before_it_has_cost_much(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with pytest.raises(GatewayError) as caught:
        received(size, 9_000_000)
    assert caught.value.message is M.BAD_HTTP
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 3


@pytest.mark.parametrize(
    ("size", "total"), [(1, 10_000), (64, 1_000_000), (1024, 9_000_000), (65_536, 9_000_000)]
)
def test_chunks_as_clients_make_them_are_fine(size, total):
    assert received(size, total).progress is Progress.COMPLETE
