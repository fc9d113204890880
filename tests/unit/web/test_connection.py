"""The life of a connection on a real socket: deadlines, bounds, what stays open and what is closed."""

import http.client
import logging
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from gateway.config.model import LimitsSettings
from gateway.observe.limit_events import LimitReached
from tests.fixtures.web import PATIENCE, Got, ServiceFactory, ask, post, read_answer, read_to_end

LIMIT = 100_000


def test_a_connection_is_kept_for_the_next_request(web_service: ServiceFactory) -> None:
    service = web_service()
    with service.connect() as sock:
        assert ask(sock, post("Echo", b"<one/>")).body == b"<one/>"
        second = ask(sock, post("Echo", b"<two/>"))
    assert second.body == b"<two/>"
    assert second.headers["Connection"] is None
    assert [arrival.body for arrival in service.desk.seen] == [b"<one/>", b"<two/>"]


def test_each_request_has_a_tracking_id_of_its_own(web_service: ServiceFactory) -> None:
    service = web_service()
    with service.connect() as sock:
        ids = [ask(sock, post("Echo")).headers["X-Tracking-Id"] for _ in range(2)]
    assert ids == [arrival.tracking_id for arrival in service.desk.seen]
    assert len(set(ids)) == 2


def test_without_keepalive_the_answer_is_the_last(web_service: ServiceFactory) -> None:
    service = web_service(keepalive_seconds=0)
    with service.connect() as sock:
        assert ask(sock, post("Echo")).headers["Connection"] == "close"
        assert read_to_end(sock) == b""


def test_a_client_that_asks_to_close_is_closed(web_service: ServiceFactory) -> None:
    service = web_service()
    with service.connect() as sock:
        assert ask(sock, post("Echo", b"<a/>", "Connection: close")).status == 200
        assert read_to_end(sock) == b""


def test_an_idle_connection_is_closed_without_a_word(web_service: ServiceFactory) -> None:
    service = web_service(keepalive_seconds=0.05)
    with service.connect() as sock:
        assert ask(sock, post("Echo")).status == 200
        assert read_to_end(sock) == b""


def test_a_silent_client_is_closed_without_a_word(web_service: ServiceFactory) -> None:
    service = web_service(header_seconds=0.05)
    with service.connect() as sock:
        assert read_to_end(sock) == b""


def test_a_header_that_does_not_end_in_time_is_a_408(web_service: ServiceFactory) -> None:
    service = web_service(header_seconds=0.2)
    with service.connect() as sock:
        got = ask(sock, b"POST /imssoap/services/Echo HTTP/1.1\r\nHost: a\r\n")
        assert (got.status, got.body[:8]) == (408, b"IGW1009E")
        assert got.headers["Connection"] == "close"
        assert read_to_end(sock) == b""


def test_the_deadline_of_the_header_holds_for_a_client_that_dribbles(web_service: ServiceFactory) -> None:
    service = web_service(header_seconds=0.3)
    with service.connect() as sock:
        status = dribble(sock, b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"x" * 10_000)
    assert status.status == 408


def dribble(sock: socket.socket, data: bytes) -> Got:
    """Send a byte every few milliseconds until something comes back."""
    answered = threading.Event()

    def send() -> None:
        for byte in data:
            if answered.wait(0.005):
                return
            sock.send(bytes([byte]))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        return read_answer(sock)
    finally:
        answered.set()
        thread.join()


def test_the_header_of_the_next_request_has_its_deadline_too(web_service: ServiceFactory) -> None:
    service = web_service(header_seconds=0.2, keepalive_seconds=PATIENCE)
    with service.connect() as sock:
        assert ask(sock, post("Echo")).status == 200
        assert ask(sock, b"GET /he").status == 408


def test_a_body_that_does_not_end_in_time_is_a_408(web_service: ServiceFactory) -> None:
    service = web_service(body_seconds=0.2)
    with service.connect() as sock:
        got = ask(sock, post("Echo", b"x" * 100)[:-1])
        assert (got.status, got.body[:8]) == (408, b"IGW1009E")
    assert service.desk.seen == []


def test_a_client_that_awaits_continue_gets_it_and_then_its_answer(web_service: ServiceFactory) -> None:
    service = web_service()
    head, _, body = post("Echo", b"<a/>", "Expect: 100-continue").rpartition(b"\r\n\r\n")
    with service.connect() as sock:
        sock.sendall(head + b"\r\n\r\n")
        interim = b""
        while not interim.endswith(b"\r\n\r\n"):
            interim += sock.recv(1)
        assert interim.startswith(b"HTTP/1.1 100 ")
        assert ask(sock, body).body == b"<a/>"


def test_a_client_that_ignores_413_and_sends_on_can_still_read_it(web_service: ServiceFactory) -> None:
    service = web_service(max_request_bytes=LIMIT)
    with service.connect() as sock:
        got = ask(sock, post("Echo", b"x" * 8_000_000))
    assert (got.status, got.body) == (413, f"IGW1003E The request is larger than {LIMIT} bytes\n".encode())


def test_a_body_of_exactly_the_limit_is_taken(web_service: ServiceFactory) -> None:
    service = web_service(max_request_bytes=LIMIT)
    with service.connect() as sock:
        assert ask(sock, post("Echo", b"x" * LIMIT)).body == b"x" * LIMIT
        assert ask(sock, post("Echo", b"x" * (LIMIT + 1))).status == 413


def test_chunks_of_a_standard_client_are_put_together(web_service: ServiceFactory) -> None:
    service = web_service()
    connection = http.client.HTTPConnection("127.0.0.1", service.ports["http"], timeout=PATIENCE)
    parts = [b"<a>", b"x" * 70_000, b"</a>"]
    connection.request(
        "POST", "/imssoap/services/Echo", iter(parts), {"Content-Type": "text/xml"}, encode_chunked=True
    )
    assert connection.getresponse().read() == b"".join(parts)
    connection.close()


def test_framing_that_outweighs_the_data_is_refused(web_service: ServiceFactory) -> None:
    service = web_service()
    head = post("Echo", b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with service.connect() as sock:
        got = ask(sock, head + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n")
    assert got.status == 400


def test_a_large_answer_arrives_whole(web_service: ServiceFactory) -> None:
    service = web_service()
    with service.connect() as sock:
        assert len(ask(sock, post("Large")).body) == 5_000_000


def test_a_client_that_does_not_read_its_answer_is_dropped(web_service: ServiceFactory) -> None:
    service = web_service(send_seconds=0.2)
    with service.connect() as sock:
        sock.sendall(post("Large"))
        wait_until(lambda: service.desk.seen)
        wait_until(lambda: not service.do(lambda: service.service._connections))
        assert len(read_to_end(sock)) < 5_000_000


def wait_until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_an_unexpected_error_tells_the_caller_nothing(
    web_service: ServiceFactory, caplog: pytest.LogCaptureFixture
) -> None:
    service = web_service()
    with service.connect() as sock:
        got = ask(sock, post("Crash", b"<password/>"))
        assert (got.status, got.body) == (500, b"IGW3001E Internal error\n")
        assert ask(sock, post("Echo")).status == 200
    assert got.headers["X-Tracking-Id"] in caplog.text


def test_an_answer_that_would_split_the_response_is_not_sent(
    web_service: ServiceFactory, caplog: pytest.LogCaptureFixture
) -> None:
    service = web_service()
    with service.connect() as sock:
        got = ask(sock, post("Split"))
    assert (got.status, got.headers["X-Injected"]) == (500, None)
    assert got.headers["X-Tracking-Id"] in caplog.text


def test_an_accepted_one_way_request_has_an_empty_answer(web_service: ServiceFactory) -> None:
    service = web_service()
    with service.connect() as sock:
        got = ask(sock, post("Accepted"))
        assert (got.status, got.body, got.headers["Content-Length"]) == (202, b"", "0")
        assert ask(sock, post("Echo")).status == 200


def test_bytes_of_a_malformed_request_are_not_told(
    web_service: ServiceFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = web_service()
    with service.connect() as sock:
        assert ask(sock, b"GET / HTTP/1.1\r\nAuthorization Basic c2VjcmV0\r\n\r\n").status == 400
    (told,) = service.desk.turned_away
    assert (told.message_id, told.status, told.listener, told.method) == ("IGW1008E", 400, "http", "")
    assert "c2VjcmV0" not in caplog.text + repr(told)


def test_what_is_refused_before_its_envelope_is_told_once_with_its_tracking_id(
    web_service: ServiceFactory,
) -> None:
    service = web_service()
    with service.connect() as sock:
        here = sock.getsockname()
        missing = ask(sock, post("Nobody"))
        assert ask(sock, post("Echo")).status == 200
    (told,) = service.desk.turned_away
    assert (told.tracking_id, told.message_id, told.status) == (
        missing.headers["X-Tracking-Id"],
        "IGW1001E",
        404,
    )
    assert (told.method, told.path, (told.peer, told.peer_port)) == (
        "POST",
        "/imssoap/services/Nobody",
        here[:2],
    )


FORWARDED = ("X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.9")
"""What a client made up, and below it what the proxy wrote."""
CHUNKS = (
    b"POST / HTTP/1.1\r\nHost: a\r\n" + "\r\n".join(FORWARDED).encode() + b"\r\nTransfer-Encoding: chunked\r\n"
)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(post("Echo", b"x" * 100, FORWARDED[1])[:-1], 408, id="slow body"),
        pytest.param(post("Echo", b"x" * 100, *FORWARDED)[:-1], 408, id="slow body, two lines"),
        pytest.param(post("Echo", b"x" * 1025, FORWARDED[1]), 413, id="too large"),
        pytest.param(CHUNKS + b"\r\nno chunk\r\n", 400, id="broken chunk"),
    ],
)
def test_a_refusal_below_a_whole_header_names_the_client_that_a_trusted_proxy_names(
    web_service: ServiceFactory, raw: bytes, status: int
) -> None:
    proxied = web_service(trusted_proxies=["127.0.0.1/32"], max_request_bytes=1024, body_seconds=0.2)
    stranger = web_service(max_request_bytes=1024, body_seconds=0.2)
    with proxied.connect() as sock:
        assert ask(sock, raw).status == status
    with stranger.connect() as sock:
        here = sock.getsockname()[:2]
        assert ask(sock, raw).status == status
    (told,), (told_of_stranger,) = proxied.desk.turned_away, stranger.desk.turned_away
    assert (told.peer, told.peer_port) == ("203.0.113.9", 0)
    assert (told_of_stranger.peer, told_of_stranger.peer_port) == here


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(CHUNKS, 408, id="header without an end"),
        pytest.param(CHUNKS + b"X-Long: " + b"x" * 40_000 + b"\r\n\r\n", 431, id="header too long"),
        pytest.param(CHUNKS + b"Content-Length: 1\r\n\r\n", 400, id="ambiguous header"),
    ],
)
def test_a_refusal_of_the_header_itself_names_the_proxy_as_its_line_may_not_have_come(
    web_service: ServiceFactory, raw: bytes, status: int
) -> None:
    service = web_service(trusted_proxies=["127.0.0.1/32"], header_seconds=0.2)
    with service.connect() as sock:
        here = sock.getsockname()[:2]
        assert ask(sock, raw).status == status
    (told,) = service.desk.turned_away
    assert (told.peer, told.peer_port) == here


def test_a_health_check_that_fails_is_nobody_turned_away(web_service: ServiceFactory) -> None:
    service = web_service()
    service.desk.ready = False
    with service.connect() as sock:
        assert ask(sock, b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", "GET").status == 503
    assert not service.desk.turned_away


def test_when_all_threads_and_places_are_taken_the_next_is_a_503(web_service: ServiceFactory) -> None:
    service = web_service(threads=1, waiting=1)
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(service.connect()) for _ in range(3))
        first.sendall(post("Wait"))
        assert service.desk.entered.acquire(timeout=PATIENCE)
        second.sendall(post("Wait"))
        wait_until(lambda: service.do(lambda: service.service._shared.turns.waiting) == 1)
        got = ask(third, post("Echo"))
        assert (got.status, got.body[:8], got.headers["Retry-After"]) == (503, b"IGW1006E", "5")
        assert got.headers["Connection"] is None
        service.desk.go.set()
        assert read_answer(first).body == b"<waited/>"
        assert read_answer(second).body == b"<waited/>"
        assert ask(third, post("Echo")).status == 200


def test_a_request_that_waits_too_long_for_a_thread_is_a_503(web_service: ServiceFactory) -> None:
    service = web_service(threads=1, waiting_seconds=0.05)
    with service.connect() as first, service.connect() as second:
        first.sendall(post("Wait"))
        assert service.desk.entered.acquire(timeout=PATIENCE)
        assert ask(second, post("Echo")).status == 503
        service.desk.go.set()
        assert read_answer(first).status == 200
    assert len(service.desk.seen) == 1


def test_health_is_answered_when_all_threads_are_taken(web_service: ServiceFactory) -> None:
    service = web_service(threads=1, waiting=0)
    with service.connect() as first, service.connect() as second:
        first.sendall(post("Wait"))
        assert service.desk.entered.acquire(timeout=PATIENCE)
        for path in (b"/healthz", b"/readyz"):
            assert ask(second, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n", "GET").status == 200
        service.desk.go.set()
        read_answer(first)


def test_large_bodies_share_a_bounded_memory_and_small_ones_always_pass(web_service: ServiceFactory) -> None:
    service = web_service(threads=4)
    service.service._shared.memory.limit = 150_000
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(service.connect()) for _ in range(3))
        first.sendall(post("Wait", b"x" * 100_000))
        assert service.desk.entered.acquire(timeout=PATIENCE)
        assert ask(second, post("Echo", b"x" * 100_000)).status == 503
        assert ask(third, post("Echo", b"x" * 60_000)).status == 200
        service.desk.go.set()
        assert read_answer(first).status == 200
    with service.connect() as sock:
        assert ask(sock, post("Echo", b"x" * 100_000)).status == 200
    wait_until(lambda: service.do(lambda: service.service._shared.memory.taken) == 0)


def test_500_silent_clients_hold_nobody_up(web_service: ServiceFactory) -> None:
    service = web_service(threads=2)
    with ExitStack() as stack:
        for number in range(500):
            silent = stack.enter_context(service.connect())
            if number % 2:
                silent.sendall(b"POST /imssoap/services/Echo HTTP/1.1\r\nHost:")
        with service.connect() as sock:
            assert ask(sock, post("Echo")).status == 200


def test_a_body_that_stalls_is_a_408_long_before_its_deadline(web_service, monkeypatch) -> None:
    monkeypatch.setattr("gateway.web.connection.PATIENCE_SECONDS", 0.1)
    service = web_service(body_seconds=3600)
    with service.connect() as sock:
        got = ask(sock, post("Echo", b"x" * 200)[:-100])
        assert (got.status, got.body[:8]) == (408, b"IGW1009E")
        assert service.desk.limits == [LimitReached("slow", "echo")]


def test_a_body_that_comes_at_a_pace_has_the_time_that_it_takes(web_service, monkeypatch) -> None:
    monkeypatch.setattr("gateway.web.connection.PATIENCE_SECONDS", 0.3)
    service = web_service(limits=LimitsSettings(body_bytes_per_second=20))
    body = b"x" * 500
    with service.connect() as sock:
        raw = post("Echo", body)
        for start in range(0, len(raw), 50):
            sock.sendall(raw[start : start + 50])
            time.sleep(0.04)  # the whole takes longer than every body gets
        assert read_answer(sock).body == body


def test_without_a_slowest_pace_a_body_has_its_deadline_alone(web_service, monkeypatch) -> None:
    monkeypatch.setattr("gateway.web.connection.PATIENCE_SECONDS", 0.0)
    service = web_service(limits=LimitsSettings(body_bytes_per_second=0))
    with service.connect() as sock:
        raw = post("Echo", b"<a/>")
        sock.sendall(raw[:-2])
        time.sleep(0.2)
        sock.sendall(raw[-2:])
        assert read_answer(sock).status == 200
