"""What the front door does about requests that are too many: lanes, faults for want of a thread, visits."""

from typing import Any

import pytest

from gateway.config.model import ServerSettings
from gateway.errors import GatewayError, M, RateLimitedError
from gateway.web.environ import Environ, ListenerName, Origin, call, environ_of
from gateway.web.guards import Guards
from gateway.web.lanes import OPERATORS, OTHERS, Lane
from gateway.web.message import Request
from gateway.web.wsgi import FrontDoor, Mounted

BUSY = GatewayError(M.BUSY, private="no room")
LANE = Lane("söap", most=3)


def answer(_arrival: Any) -> Any:
    return 200, (), b"served"


def fault(error: GatewayError, content_type: str, tracking_id: str) -> Any:
    return 503, (("Content-Type", content_type),), f"{error.message.id} {tracking_id}".encode()


def door_with(turned: list[Any] | None = None, **guards: Any) -> FrontDoor:
    mounts = [Mounted("Pört", "söap", lambda _name, _url: b"<w/>", answer, LANE)]
    told = [] if turned is None else turned
    return FrontDoor(mounts, ServerSettings(), turned_away=told.append, guards=Guards(**guards))


def environ(
    method: str = "POST",
    path: str = "/imssoap/services/P\xc3\xb6rt",
    content_type: str = "text/xml",
    listener: ListenerName = "https",
) -> Environ:
    request = Request(method, path, "", "1.1", (("host", "h"), ("content-type", content_type)), b"")
    origin = Origin(listener, ("203.0.113.9", 5), ("192.0.2.1", 8443))
    return environ_of(request, origin, tracking_id="abc", stopping=False)


@pytest.mark.parametrize(
    ("listener", "path", "lane"),
    [
        ("https", "/imssoap/services/P\xc3\xb6rt", LANE),
        ("http", "/imssoap/services/P\xc3\xb6rt", LANE),
        ("admin", "/imssoap/services/P\xc3\xb6rt", OPERATORS),
        ("admin", "/api/v1/status", OPERATORS),
        ("https", "/imssoap/services/Other", OTHERS),
        ("https", "/imssoap/services/Port", OTHERS),
        ("https", "/imssoap/", OTHERS),
        ("https", "\xff", OTHERS),
    ],
)
def test_a_path_leads_to_the_lane_of_its_service(listener: ListenerName, path: str, lane: Lane) -> None:
    assert door_with().lane(listener, path) is lane


def test_a_soap_request_that_got_no_thread_is_answered_in_its_envelope() -> None:
    turned: list[Any] = []
    reply = door_with(turned, fault=fault).fault(environ(), BUSY)
    assert reply is not None
    assert (reply.status, reply.body) == (503, b"IGW1006E abc")
    assert reply.header("Content-Type") == "text/xml"
    assert reply.header("X-Tracking-Id") == "abc"
    assert [(event.message_id, event.status, event.path) for event in turned] == [
        ("IGW1006E", 503, "/imssoap/services/P\xc3\xb6rt")
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "GET"},
        {"path": "/imssoap/"},
        {"path": "/imssoap/services/Other"},
        {"content_type": "application/json"},
        {"listener": "admin"},
    ],
    ids=["a contract", "the list", "no service", "no SOAP", "operators"],
)
def test_other_requests_are_answered_in_plain_text(asked: dict[str, Any]) -> None:
    turned: list[Any] = []
    assert door_with(turned, fault=fault).fault(environ(**asked), BUSY) is None
    assert not turned, "who answers tells of it"


def test_visits_are_counted_but_for_soap_requests_health_and_operators() -> None:
    visits: list[str] = []

    def visited(peer: str) -> None:
        visits.append(peer)
        if len(visits) > 3:
            raise RateLimitedError.after(7, "too many")

    door = door_with(visited=visited)
    asked = [environ("GET", path) for path in ("/imssoap/", "/nowhere", "/imssoap/services/P\xc3\xb6rt")]
    asked += [environ("GET", "/healthz"), environ(), environ("GET", "/", listener="admin")]
    assert [call(door, one).status for one in asked] == [200, 404, 405, 200, 200, 404]
    assert visits == ["203.0.113.9"] * 3
    reply = call(door, environ("GET", "/imssoap/"))
    assert (reply.status, reply.header("Retry-After")) == (429, "7")
    assert reply.body.startswith(b"IGW1012E Too many requests; try again in 7 s")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "a malformed one"}, 415),
        ({"coding": "gzip"}, 415),
        ({"path": "/\xff"}, 404),
    ],
    ids=["no SOAP", "no type", "compressed", "no UTF-8"],
)
def test_what_no_service_ever_sees_is_counted_as_a_visit(asked: dict[str, Any], status: int) -> None:
    visits: list[str] = []

    def visited(peer: str) -> None:
        if visits:
            raise RateLimitedError.after(7, "too many")
        visits.append(peer)

    door = door_with(visited=visited)
    coding, others = asked.get("coding", "identity"), {k: v for k, v in asked.items() if k != "coding"}
    first, second = (environ(**others) | {"HTTP_CONTENT_ENCODING": coding} for _ in range(2))
    assert (call(door, first).status, visits) == (status, ["203.0.113.9"])
    assert call(door, second).status == 429


def test_an_unreadable_path_at_the_admin_listener_is_no_visit() -> None:
    visits: list[str] = []
    assert call(door_with(visited=visits.append), environ("GET", "/\xff", listener="admin")).status == 404
    assert visits == []
