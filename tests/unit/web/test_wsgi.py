"""The addresses: who answers where, and what a caller gets before there is an envelope to answer in."""

import logging
from typing import Any

import pytest

from gateway.config.model import ServerSettings
from gateway.web.environ import Origin, call, environ_of
from gateway.web.message import Reply, Request
from gateway.web.wsgi import FrontDoor, Mounted
from tests.fixtures.web import XML, Desk

ENDPOINT = "/imssoap/services/Echo"


class Caller:
    """Calls the front door without a socket."""

    def __init__(self, **settings: Any) -> None:
        self.desk = Desk()
        self.door = self.desk.front_door(ServerSettings(**settings))

    def ask(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        *,
        listener: Any = "https",
        stopping: bool = False,
        headers: tuple[tuple[str, str], ...] = (("content-type", XML),),
    ) -> Reply:
        request = Request(method, path, query, "1.1", (("host", "h:8443"), *headers), body)
        origin = Origin(listener, ("203.0.113.9", 5), ("192.0.2.1", 8443))
        return call(self.door, environ_of(request, origin, tracking_id="abc", stopping=stopping))


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_a_soap_request_reaches_its_service_as_it_came(caller: Caller) -> None:
    headers = (("content-type", "application/soap+xml; action=x"), ("soapaction", '"urn:x"'))
    reply = caller.ask("POST", ENDPOINT, body=b"<a/>", headers=headers)
    assert (reply.status, reply.body) == (200, b"<a/>")
    [arrival] = caller.desk.seen
    assert (arrival.service, arrival.tracking_id, arrival.body) == ("echo", "abc", b"<a/>")
    assert (arrival.content_type, arrival.soap_action) == ("application/soap+xml; action=x", '"urn:x"')
    assert (arrival.peer.address, arrival.peer.tls) == ("203.0.113.9", True)
    assert arrival.received.tzinfo is not None


def test_a_missing_action_is_none_and_an_empty_one_is_empty(caller: Caller) -> None:
    caller.ask("POST", ENDPOINT)
    caller.ask("POST", ENDPOINT, headers=(("content-type", XML), ("soapaction", '""')))
    assert [arrival.soap_action for arrival in caller.desk.seen] == [None, '""']


def test_every_answer_carries_the_tracking_id_and_forbids_sniffing(caller: Caller) -> None:
    for reply in (
        caller.ask("POST", ENDPOINT),
        caller.ask("GET", ENDPOINT, "wsdl"),
        caller.ask("GET", "/imssoap/"),
        caller.ask("GET", "/nowhere"),
    ):
        assert reply.header("X-Tracking-Id") == "abc"
        assert reply.header("X-Content-Type-Options") == "nosniff"


def test_without_a_worker_of_ours_a_tracking_id_is_made_here(caller: Caller) -> None:
    environ = environ_of(
        Request("GET", "/healthz", "", "1.1", (), b""),
        Origin("http", ("a", 1), ("b", 2)),
        tracking_id="",
        stopping=False,
    )
    assert len(call(caller.door, environ).header("X-Tracking-Id") or "") == 32


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "wsdl=", "Wsdl&x=1"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_contract_is_shown_with_the_live_address(caller: Caller, method: str, query: str) -> None:
    reply = caller.ask(method, ENDPOINT, query)
    assert (reply.status, reply.body) == (200, b"<document name='None' base='https://h:8443'/>")
    assert reply.header("Content-Type") == "text/xml; charset=utf-8"


@pytest.mark.parametrize("query", ["xsd=types.xsd", "XSD=types%2Exsd", "wsdl=types.xsd"])
def test_a_schema_of_the_contract_is_shown(caller: Caller, query: str) -> None:
    assert caller.ask("GET", ENDPOINT, query).body == b"<document name='types.xsd' base='https://h:8443'/>"


@pytest.mark.parametrize("query", ["xsd=other.xsd", "wsdl=../../gateway.toml", "xsd=%00", "xsd=%ff"])
def test_a_document_that_the_contract_does_not_have_is_404(caller: Caller, query: str) -> None:
    assert caller.ask("GET", ENDPOINT, query).status == 404


@pytest.mark.parametrize("query", ["", "xsd", "xsd=", "wsdlx", "x=1&wsdl"])
def test_reading_an_endpoint_without_asking_for_a_document_is_405(caller: Caller, query: str) -> None:
    reply = caller.ask("GET", ENDPOINT, query)
    assert (reply.status, reply.header("Allow"), reply.body[:8]) == (405, "POST", b"IGW1002E")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "post"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [(ENDPOINT, "POST"), ("/imssoap/", "GET, HEAD"), ("/healthz", "GET, HEAD"), ("/readyz", "GET, HEAD")],
)
def test_other_methods_are_405_and_say_which_is_not(
    caller: Caller, method: str, path: str, allowed: str
) -> None:
    reply = caller.ask(method, path)
    assert (reply.status, reply.header("Allow")) == (405, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "/imssoap/services/echo",
        "/imssoap/services/Echo/",
        "/imssoap/services//Echo",
        "/imssoap/services/Ech",
        "/imssoap/Echo",
        "/services/Echo",
        "//imssoap/",
        "/imssoap/services/../services/Echo",
        "/healthz/",
        "/metrics",
        "/imssoap/services/\xff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_address_is_404(caller: Caller, method: str, path: str) -> None:
    reply = caller.ask(method, path, "wsdl")
    assert (reply.status, reply.body) == (404, b"IGW1001E No such address\n")


def test_a_port_name_may_hold_any_letter() -> None:
    desk = Desk()
    door = FrontDoor([Mounted("Gr\u00f6\u00dfe", "s", desk.document, desk.echo)], ServerSettings())
    path = "/imssoap/services/Gr\u00f6\u00dfe".encode().decode("latin-1")
    request = Request("POST", path, "", "1.1", (("content-type", XML),), b"<a/>")
    environ = environ_of(request, Origin("http", ("1.2.3.4", 1), ("b", 2)), tracking_id="abc", stopping=False)
    assert call(door, environ).status == 200


def test_two_services_with_the_same_port_name_are_refused_by_name() -> None:
    desk = Desk()
    mounts = [Mounted("P", service, desk.document, desk.echo) for service in ("one", "two")]
    with pytest.raises(ValueError, match="services one and two both have a port P"):
        FrontDoor(mounts, ServerSettings())


@pytest.mark.parametrize("path", ["/imssoap", "/imssoap/", "/imssoap/services", "/imssoap/services/"])
def test_the_list_of_services_is_a_page(caller: Caller, path: str) -> None:
    reply = caller.ask("GET", path)
    assert reply.status == 200
    assert reply.header("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in (reply.header("Content-Security-Policy") or "")
    assert b'href="https://h:8443/imssoap/services/Echo?wsdl"' in reply.body


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("application/json", b"application/json"),
        ("application/xml", b"application/xml"),
        ("text/xmlx", b"text/xmlx"),
        ('text/plain; x="text/xml"', b"text/plain"),
        ('multipart/related; type="text/xml"; boundary=b', b"multipart/related"),
        ("text/xml, multipart/related", b"a malformed one"),
        ("text/xml; charset", b"a malformed one"),
        ("text/xml; charset=utf-8; charset=utf-16", b"a malformed one"),
        ("", b"none"),
    ],
)
def test_other_content_types_are_415_and_named(caller: Caller, value: str, got: bytes) -> None:
    reply = caller.ask("POST", ENDPOINT, headers=(("content-type", value),))
    assert (reply.status, reply.body[:8]) == (415, b"IGW1004E")
    assert b"not " + got + b"\n" in reply.body
    assert caller.desk.seen == []


@pytest.mark.parametrize("value", ["text/xml", "TEXT/XML", "text/xml;charset=utf-8", "application/soap+xml"])
def test_soap_s_content_types_are_taken(caller: Caller, value: str) -> None:
    assert caller.ask("POST", ENDPOINT, headers=(("content-type", value),)).status == 200


@pytest.mark.parametrize(
    ("coding", "status"),
    [("identity", 200), ("Identity", 200), ("gzip", 415), ("gzip, identity", 415), ("x", 415)],
)
def test_a_content_coding_is_415(caller: Caller, coding: str, status: int) -> None:
    headers = (("content-type", XML), ("content-encoding", coding))
    assert caller.ask("POST", ENDPOINT, headers=headers).status == status


def test_a_body_over_the_limit_is_413_whoever_serves() -> None:
    caller = Caller(max_request_bytes=1024)
    assert caller.ask("POST", ENDPOINT, body=b"x" * 1024).status == 200
    assert caller.ask("POST", ENDPOINT, body=b"x" * 1025).status == 413


def test_health_is_alive_and_ready(caller: Caller) -> None:
    for listener in ("https", "http", "admin"):
        assert caller.ask("GET", "/healthz", listener=listener).body == b"alive\n"
        assert caller.ask("GET", "/readyz", listener=listener).body == b"ready\n"
    assert caller.door.at_once("/healthz")
    assert caller.door.at_once("/readyz")
    assert not caller.door.at_once(ENDPOINT)


def test_who_is_not_ready_or_stopping_says_so_and_lives(caller: Caller) -> None:
    assert caller.ask("GET", "/readyz", stopping=True).status == 503
    caller.desk.ready = False
    reply = caller.ask("GET", "/readyz")
    assert (reply.status, reply.header("Retry-After")) == (503, "5")
    assert caller.ask("GET", "/healthz").status == 200


@pytest.fixture
def counting() -> FrontDoor:
    return FrontDoor(
        [Mounted("metrics", "s", Desk.document, Desk().echo)], ServerSettings(), metrics=lambda: b"a 1\n"
    )


def ask_for_metrics(door: FrontDoor, listener: Any, method: str = "GET", path: str = "/metrics") -> Reply:
    origin = Origin(listener, ("203.0.113.9", 5), ("192.0.2.1", 8443))
    request = Request(method, path, "", "1.1", (("host", "h:8443"),), b"")
    return call(door, environ_of(request, origin, tracking_id="abc", stopping=False))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_metrics_are_shown_on_the_admin_listener_beside_the_threads(counting: FrontDoor, method: str) -> None:
    reply = ask_for_metrics(counting, "admin", method)
    assert (reply.status, reply.body) == (200, b"a 1\n")
    assert reply.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    assert reply.header("Cache-Control") == "no-store"
    assert not counting.at_once("/metrics"), "of many services the page takes too long for the loop"
    assert [counting.beside(listener, "/metrics") for listener in ("admin", "https", "http")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("listener", ["https", "http"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", ["/metrics", "//metrics", "/metrics/", "/imssoap/metrics"])
def test_metrics_are_shown_nowhere_else(counting: FrontDoor, listener: str, method: str, path: str) -> None:
    assert ask_for_metrics(counting, listener, method, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_metrics_can_only_be_read(counting: FrontDoor, method: str) -> None:
    reply = ask_for_metrics(counting, "admin", method)
    assert (reply.status, reply.header("Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", [ENDPOINT, "/imssoap/", "/", "/metrics", "/metrics/"])
def test_the_admin_listener_has_nothing_else(caller: Caller, path: str) -> None:
    for method in ("GET", "POST"):
        assert caller.ask(method, path, "wsdl", listener="admin").status == 404
    assert caller.desk.seen == []


def test_an_unexpected_error_is_logged_and_told_to_nobody(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reply = caller.ask("POST", "/imssoap/services/Crash", body=b"<a/>")
    assert (reply.status, reply.body) == (500, b"IGW3001E Internal error\n")
    assert "tracking_id=abc" in caplog.text


def test_an_answer_of_a_service_is_passed_on_whatever_its_status() -> None:
    door = FrontDoor(
        [Mounted("P", "s", Desk.document, lambda _: (299, [("X-A", "b"), ("X-Tracking-Id", "own")], b"x"))],
        ServerSettings(),
    )
    request = Request("POST", "/imssoap/services/P", "", "1.1", (("content-type", XML),), b"")
    environ = environ_of(request, Origin("http", ("1.2.3.4", 1), ("b", 2)), tracking_id="abc", stopping=False)
    reply = call(door, environ)
    assert (reply.status, reply.header("X-A"), reply.body) == (299, "b", b"x")
    assert [value for name, value in reply.headers if name == "X-Tracking-Id"] == ["own"]


@pytest.mark.parametrize(
    ("trusted", "told"),
    [
        (("203.0.113.9/32",), ("198.51.100.7", 0)),
        (("10.0.0.0/8",), ("203.0.113.9", 5)),
        ((), ("203.0.113.9", 5)),
    ],
    ids=["our proxy", "another network", "no proxy"],
)
def test_what_is_turned_away_is_told_with_the_client_that_a_trusted_proxy_names(
    trusted: tuple[str, ...], told: tuple[str, int]
) -> None:
    caller = Caller(trusted_proxies=trusted)
    forwarded = ("x-forwarded-for", "198.51.100.7")
    assert caller.ask("POST", ENDPOINT, headers=(("content-type", "text/plain"), forwarded)).status == 415
    assert caller.ask("GET", "/nowhere", headers=(forwarded,)).status == 404
    assert [(event.peer, event.peer_port) for event in caller.desk.turned_away] == [told, told]
