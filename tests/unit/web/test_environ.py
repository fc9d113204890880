"""The WSGI environ, and what a WSGI callable may do; wsgiref's validator watches as an independent judge."""

from wsgiref.validate import validator

import pytest

from gateway.errors import GatewayError
from gateway.observe.events import TurnedAway
from gateway.observe.limit_events import LimitReached
from gateway.web.environ import (
    LISTENER,
    PEER_CERTIFICATE,
    STOPPING,
    TRACKING_ID,
    ListenerName,
    Origin,
    call,
    environ_of,
)
from gateway.web.lanes import OTHERS, Lane
from gateway.web.message import Request

ORIGIN = Origin("https", ("10.0.0.9", 5555), ("10.0.0.1", 8443), b"DER")


def environ(*headers: tuple[str, str], body: bytes = b"<a/>", origin: Origin = ORIGIN):
    request = Request("POST", "/p\xc3\xbc", "q=1", "1.1", (("host", "h"), *headers), body)
    return environ_of(request, origin, tracking_id="abc", stopping=False)


class App:
    """Any WSGI callable as an application."""

    def __init__(self, function) -> None:
        self._function = function

    def __call__(self, environ, start_response):
        return self._function(environ, start_response)

    def turned_away(self, _event: TurnedAway) -> None:
        pass

    def at_once(self, _path: str) -> bool:
        return False

    def beside(self, _listener: ListenerName, _path: str) -> bool:
        return False

    def lane(self, _listener: ListenerName, _path: str) -> Lane:
        return OTHERS

    def fault(self, _environ, _error: GatewayError) -> None:
        return None

    def limit_reached(self, _event: LimitReached) -> None:
        pass

    def close(self) -> None:
        """Nothing."""


def test_the_standard_keys_are_there() -> None:
    one = environ(("content-type", "text/xml"), ("x-a-b", "1"))
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/p\xc3\xbc",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "q=1",
        "SERVER_NAME": "10.0.0.1",
        "SERVER_PORT": "8443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "10.0.0.9",
        "CONTENT_TYPE": "text/xml",
        "CONTENT_LENGTH": "4",
        "HTTP_HOST": "h",
        "HTTP_X_A_B": "1",
        "wsgi.url_scheme": "https",
        LISTENER: "https",
        PEER_CERTIFICATE: b"DER",
        TRACKING_ID: "abc",
        STOPPING: False,
    }
    assert {key: one[key] for key in expected} == expected
    assert one["wsgi.input"].read() == b"<a/>"


def test_the_plain_listener_is_plain() -> None:
    one = environ(origin=Origin("http", ("10.0.0.9", 1), ("10.0.0.1", 8080)))
    assert (one["wsgi.url_scheme"], one[PEER_CERTIFICATE]) == ("http", None)


def test_a_name_with_an_underscore_cannot_pose_as_another() -> None:
    one = environ(("x-forwarded-for", "real"), ("x_forwarded_for", "posed"), ("x_client_cert", "posed"))
    assert one["HTTP_X_FORWARDED_FOR"] == "real"
    assert "HTTP_X_CLIENT_CERT" not in one


def test_headers_of_the_connection_end_there() -> None:
    one = environ(
        ("connection", "close"), ("transfer-encoding", "chunked"), ("proxy", "evil:80"), ("expect", "x")
    )
    assert not {"HTTP_CONNECTION", "HTTP_TRANSFER_ENCODING", "HTTP_PROXY", "HTTP_EXPECT"} & set(one)


def test_a_repeated_header_is_joined_in_order() -> None:
    assert environ(("x-forwarded-for", "1"), ("x-forwarded-for", "2"))["HTTP_X_FORWARDED_FOR"] == "1,2"


def test_the_environ_and_the_call_satisfy_the_validator_of_the_standard_library() -> None:
    def application(environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [body[:2], body[2:]]

    reply = call(App(validator(application)), environ(("content-type", "text/xml")))
    assert (reply.status, reply.headers, reply.body) == (200, (("Content-Type", "text/plain"),), b"<a/>")


def test_what_is_written_comes_first_and_a_length_is_left_to_us() -> None:
    def application(_environ, start_response):
        start_response("202 Accepted", [("content-length", "99")])(b"a")
        return [b"b"]

    reply = call(App(application), environ())
    assert (reply.status, reply.headers, reply.body) == (202, (), b"ab")


def test_a_generator_is_closed_also_when_it_fails() -> None:
    closed = []

    def application(_environ, start_response):
        start_response("200 OK", [])
        try:
            yield b"a"
            raise LookupError
        finally:
            closed.append(True)

    with pytest.raises(LookupError):
        call(App(application), environ())
    assert closed == [True]


def test_a_callable_that_breaks_the_rules_is_an_error() -> None:
    def silent(_environ, _start_response):
        return [b"a"]

    def twice(_environ, start_response):
        start_response("200 OK", [])
        start_response("200 OK", [])
        return [b"a"]

    for application in (silent, twice):
        with pytest.raises(RuntimeError):
            call(App(application), environ())
