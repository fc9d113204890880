"""The request path with a backend that plays IMS Connect: what is told, and what the guard learns."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.audit.auditor import NotAuditedError
from gateway.audit.ports import Unaudited
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import Bundle, ProviderSettings, Service, SignOnSettings
from gateway.errors import GatewayError, ImsError, M, SecurityError, TransportError
from gateway.exchange import Arrival, ImsAnswer, Peer
from gateway.identity.authenticator import Decision
from gateway.identity.seconds import Seconds
from gateway.identity.signon import SignOnGuard
from gateway.observe import timeline
from gateway.outcome import Outcome
from gateway.provider.path import Journey, Route
from gateway.safexml import Bounds
from gateway.soap.operations import Operation
from gateway.tls.trusted import TrustedKeys
from gateway.wss.policy import Policy
from gateway.wss.replay import Unremembered
from tests.fixtures.in_process import envelope, username_token

ECHO = Operation("Echo", "a", "a", False, frozenset(), "document")
NEWS = Operation("News", "a", None, True, frozenset(), "document")


class Backend:
    """Answers each call with the next of its outcomes."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.calls = []

    def call(self, call, note):
        self.calls.append(call)
        note.waiting("ims.example:9999", SYSTEM_CLOCK.monotonic())
        note.talking(
            SimpleNamespace(endpoint="ims.example:9999", client_id="CLIENT01"), SYSTEM_CLOCK.monotonic()
        )
        note.over(SYSTEM_CLOCK.monotonic())
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return ImsAnswer((outcome,))


@pytest.fixture
def journey_for(tmp_path):
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)

    def make(
        backend,
        token="username",
        user="ALICE",
        password="WONDER1",
        authenticator=None,
        peer="192.0.2.1",
        audit=None,
        **operation,
    ):
        settings = ProviderSettings.model_validate(
            {
                "role": "provider",
                "wsdl": "x.wsdl",
                "bundle": "ims1",
                "security": {"token": token},
                "operations": {"*": {"transaction": "ECHO", **operation}},
            }
        )
        bundle = Bundle.model_validate(
            {
                "ims_connect": {"host": "127.0.0.1", "port": 9999, "datastore": "IMS1"},
                "credentials": {"user": "GWUSER", "password": "GWPASS1"},
            },
            context={"resolver": _Literal()},
        )
        policy = Policy.of(settings.security)
        route = Route(
            Service("s", Path("x.wsdl"), settings),
            bundle,
            backend,
            policy,
            Bounds(),
            guard,
            SYSTEM_CLOCK,
            TrustedKeys.none,
            Unremembered(),
            Seconds(Unremembered()),
            authenticator=authenticator,
            audit=audit or Unaudited(),
        )
        header = username_token(user, password) if token == "username" else ""
        body = envelope("<a>x</a>", header)
        arrived = Arrival("s", "t1", SYSTEM_CLOCK.now(), Peer("192.0.2.1", tls=True), "text/xml", None, body)
        return Journey(route, arrived)

    yield make
    guard.close()


class _Literal:
    def secret(self, value):
        from gateway.exchange import Secret

        return Secret(value)


def travel(journey, operation=ECHO):
    """Go the whole way; returns the payload or the error, and the record."""
    try:
        admitted = journey.admit(journey._arrival)
        result = journey.perform(admitted, operation)
    except GatewayError as error:
        return error, journey.ended(error)
    return result, journey.ended(None)


def test_an_answer_is_told_with_caller_and_transaction(journey_for):
    backend = Backend(b"<a>y</a>")
    payload, told = travel(journey_for(backend))
    assert payload.text == "y"
    assert (told.user, told.origin, told.transaction, told.outcome) == ("ALICE", "username", "ECHO", "answered")
    assert told.reached_ims_connect
    assert "WONDER1" not in repr(told)
    (call,) = backend.calls
    assert (call.caller.user, call.caller.password.reveal(), call.caller.group) == ("ALICE", "WONDER1", "")


class Closed(Unaudited):
    """An audit trail that cannot be written."""

    def require(self):
        raise NotAuditedError("disk full", Outcome.NOT_SENT)


def test_nothing_goes_to_ims_that_could_not_be_recorded_and_who_is_refused_anyway_is_told_why(journey_for):
    backend = Backend(b"<a>y</a>")

    error, told = travel(journey_for(backend, audit=Closed()))

    assert (error.message, error.message.http_status) == (M.AUDIT_DOWN, 503)
    assert (told.outcome, told.reached_ims_connect, backend.calls) == ("refused", False, [])
    refused, _ = travel(journey_for(backend, password="too long a password", audit=Closed()))
    assert refused.message is M.PASSWORD_LENGTH


def test_a_one_way_call_is_send_only_and_has_no_payload(journey_for):
    backend = Backend(b"")
    payload, _ = travel(journey_for(backend), NEWS)
    assert payload is None
    assert backend.calls[0].send_only


REFUSED = ImsError(
    M.SIGN_ON, {"standard": "x"}, "RACF", return_code=8, reason_code=78, racf_code=8, sign_on_failed=True
)


def test_a_refusal_by_racf_is_the_one_fault_and_the_codes_are_told_only(journey_for):
    error, told = travel(journey_for(Backend(REFUSED)))
    assert isinstance(error, SecurityError)
    assert error.text == SecurityError.sign_on("").text
    assert (told.return_code, told.reason_code, told.racf_code) == (8, 78, 8)


@pytest.mark.parametrize(
    ("outcome", "reached"),
    [
        (TransportError(M.UNREACHABLE, {"bundle": "ims1"}, maybe_sent=False), False),
        (TransportError(M.NO_SOCKET, {"seconds": "5"}, maybe_sent=False), False),
        (TransportError(M.CONNECTION_LOST), True),
        (GatewayError(M.REQUEST_SIZE, {"size": "1", "limit": "1"}), False),
        (ImsError(M.IMS_CONNECT, {"meaning": "x"}, return_code=8, reason_code=72), True),
        (ImsError(M.SIGN_ON, {"standard": "x"}, sign_on_failed=True), False),
    ],
)
def test_it_is_told_whether_the_request_may_have_reached_ims_connect(journey_for, outcome, reached):
    _, told = travel(journey_for(Backend(outcome)))
    assert told.reached_ims_connect is reached


@pytest.mark.parametrize(
    "outcome",
    [
        ImsError(M.EXECUTION_TIMEOUT, {"milliseconds": "5"}, return_code=40, reason_code=1),
        ImsError(M.OTMA, {"meaning": "x"}, return_code=16, reason_code=26),
        b"DFS555I TRAN ECHO ABEND U0100",
        b"<a/>",
    ],
)
def test_an_answer_from_behind_racf_proves_the_password(journey_for, outcome):
    backend = Backend(REFUSED, outcome, REFUSED, REFUSED)
    for _ in range(4):
        travel(journey_for(backend))
    assert len(backend.calls) == 4, "the answer between them has made the first failure forgotten"


@pytest.mark.parametrize(
    "outcome",
    [
        TransportError(M.CONNECTION_LOST),
        TransportError(M.UNREACHABLE, {"bundle": "ims1"}, maybe_sent=False),
        ImsError(M.IMS_CONNECT, {"meaning": "x"}, return_code=8, reason_code=72),
        RuntimeError("unforeseen"),
    ],
)
def test_an_end_that_proves_nothing_neither_counts_nor_forgives(journey_for, outcome):
    backend = Backend(REFUSED, outcome, REFUSED, b"<a/>")
    for _ in range(4):
        try:
            travel(journey_for(backend))
        except RuntimeError:
            pass
    assert len(backend.calls) == 3, "the two failures before and after count together"


def test_the_bundles_own_failures_are_held_back_apart_from_those_of_clients(journey_for):
    backend = Backend(REFUSED, REFUSED, b"<a/>")
    for _ in range(3):
        error, _ = travel(journey_for(backend, token="none"))
        assert error.message is M.BUNDLE_SIGN_ON
    assert len(backend.calls) == 2
    payload, _ = travel(journey_for(backend, user="BOB"))
    assert payload is not None


def test_a_message_that_is_refused_early_tells_the_rules_and_nothing_was_sent(journey_for):
    backend = Backend()
    journey = journey_for(backend, password="123456789")
    error, told = travel(journey)
    assert error.message is M.PASSWORD_LENGTH
    assert told.rules[-1] == "!username.length"
    assert not told.reached_ims_connect
    assert backend.calls == []


# -- guesses at an authentication module --------------------------------------------------------------------


class Module:
    """Knows one password, and counts who asks."""

    def __init__(self):
        self.asked = []

    def authenticate(self, verified):
        self.asked.append(verified.claims.user)
        if verified.claims.password.reveal() == "BROKEN":
            raise ValueError("out of order")
        return None if verified.claims.password.reveal() == "WONDER1" else Decision.refuse("wrong password")


@pytest.fixture
def module():
    return Module()


def refused(journey):
    with pytest.raises(GatewayError) as error:
        travel_in(journey)
    return error.value


def travel_in(journey):
    return journey.admit(journey._arrival)


def test_a_module_is_asked_of_no_more_wrong_passwords_than_racf_would_be(journey_for, module):
    for user in ("ALICE", "Alice", " alice "):
        error = refused(journey_for(Backend(), user=user, password="WRONG", authenticator=module))
        assert error.message is M.SIGN_ON
    assert module.asked == ["ALICE", "Alice"]
    assert travel_in(journey_for(Backend(), user="BOB", authenticator=module)).caller.user == "BOB"


def test_a_password_that_a_module_accepts_counts_for_nothing(journey_for, module):
    for _ in range(5):
        travel_in(journey_for(Backend(), authenticator=module))
    assert len(module.asked) == 5


def test_a_module_that_fails_says_nothing_of_a_password(journey_for, module):
    for _ in range(3):
        error = refused(journey_for(Backend(), password="BROKEN", authenticator=module))
        assert error.message is M.AUTHENTICATOR


@pytest.mark.parametrize(
    "outcome", [b"<a>y</a>", REFUSED, TransportError(M.SOCKET_TIMEOUT, {"milliseconds": "1"})]
)
def test_where_a_call_went_and_how_long_is_told_whether_it_worked_or_not(journey_for, outcome):
    _, told = travel(journey_for(Backend(outcome)))
    assert (told.endpoint, told.client_id) == ("ims.example:9999", "CLIENT01")
    parts = {stretch.name: stretch for stretch in told.timeline}
    within, wait, trip = parts[timeline.IMS], parts[timeline.POOL], parts[timeline.ROUND_TRIP]
    assert within.began <= wait.began
    assert wait.began + wait.seconds == pytest.approx(trip.began)
    assert trip.began + trip.seconds <= within.began + within.seconds + 1e-9


def test_what_never_came_to_a_call_tells_of_none(journey_for):
    _, told = travel(journey_for(Backend(), user="", password=""))
    assert (told.outcome, told.endpoint, told.client_id) == ("refused", "", "")
    assert {timeline.IMS, timeline.POOL, timeline.ROUND_TRIP}.isdisjoint(one.name for one in told.timeline)
