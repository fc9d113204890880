"""Custom authentication modules for calls that leave."""

import logging
from pathlib import Path
from typing import Any

import pytest

from gateway.callout.authentication import (
    BasicCredentials,
    CalloutDecision,
    OutgoingCall,
    UnavailableError,
    consult,
    load_callout_authenticator,
)
from gateway.callout.codes import CalloutError, Hope, Status
from gateway.config.model import ConsumerSecurity
from gateway.errors import ConfigError
from gateway.exchange import Secret
from tests.unit.callout.outbound.calls import call, failure

HERE = "tests.unit.callout.outbound.test_authentication"
CALL = OutgoingCall("rating", "Rate", "ims1", "TPIPE1", "https://127.0.0.1/", synchronous=True, user="ALICE")
FILE = "wsdl/rating/correlator.toml"
SEEN: list[OutgoingCall] = []


class Scripted:
    """Answers as its options say."""

    def __init__(self, options, home):
        if "complain" in options:
            raise ValueError(options["complain"])
        if "explode" in options:
            raise RuntimeError("a secret of the module")
        self.home = home
        self.answer = options.get("answer")

    def authenticate(self, outgoing):
        SEEN.append(outgoing)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Wordless:
    def __init__(self, options, home):
        pass


NOT_CALLABLE = 1


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()


@pytest.fixture
def outside(service_factory, pki):
    from tests.unit.callout.outbound.test_tls import server_context

    return service_factory(tls=server_context(pki, pki.keys.server))


@pytest.fixture
def caller(calling, pki):
    """Make a caller whose module gives an answer."""

    def made(answer, token="none", password=""):
        calling.callout = {"truststore": pki.truststore()}
        security = ConsumerSecurity.model_construct(
            **ConsumerSecurity().model_dump()
            | {
                "token": token,
                "password": Secret(password),
                "authenticator": f"{HERE}:Scripted",
                "authenticator_options": {"answer": answer},
            }
        )
        return calling.caller(security=security)

    return made


# -- what it sees ---------------------------------------------------------------------------------------------


def test_a_module_sees_who_calls_what_and_where(caller, outside):
    made = call(f"{outside.origin}/x", network_user="uid=alice", network_session="ldap")
    caller(None).call(made)
    assert [
        OutgoingCall(
            service="rating",
            operation="Rate",
            bundle="ims1",
            tpipe="TPIPE1",
            address=f"{outside.origin}/x",
            synchronous=True,
            user="ALICE",
            network_user="uid=alice",
            network_session="ldap",
        )
    ] == SEEN


# -- what it may change ---------------------------------------------------------------------------------------


def test_a_module_may_name_another_user(caller, outside):
    caller(CalloutDecision(user="BOB"), token="saml20").call(call(outside.origin))
    assert outside.heard[0].user == "BOB"


def test_a_module_may_name_a_user_where_ims_names_none(caller, outside):
    made = call(outside.origin, user="", synchronous=False)
    caller(CalloutDecision(user="BATCH1"), token="username").call(made)
    assert outside.heard[0].user == "BATCH1"
    assert not SEEN[0].synchronous


def test_a_module_may_take_the_user_away_which_a_token_cannot_do_without(caller, outside):
    error = failure(caller(CalloutDecision(user=""), token="saml20"), call(outside.origin))
    assert error.status is Status.IDENTITY
    assert outside.heard == []


def test_a_module_may_give_user_and_password_for_http_basic(caller, outside):
    decision = CalloutDecision(basic=BasicCredentials("alice", Secret("of alice")))
    caller(decision).call(call(outside.origin))
    assert outside.heard[0].basic == "alice:of alice"


@pytest.mark.parametrize(("given", "sent"), [("of alice", "of alice"), ("", None), (None, "configured")])
def test_a_module_may_give_the_password_of_the_token(caller, outside, given, sent):
    decision = CalloutDecision(password=None if given is None else Secret(given))
    caller(decision, token="username", password="configured").call(call(outside.origin))
    assert outside.heard[0].root.findtext(".//{*}UsernameToken/{*}Password") == sent


def test_a_password_for_a_token_that_takes_none_is_no_decision(caller, outside):
    error = failure(caller(CalloutDecision(password=Secret("x")), token="saml11"), call(outside.origin))
    assert error.status is Status.IDENTITY
    assert outside.heard == []


# -- fail closed ----------------------------------------------------------------------------------------------


def test_a_refusal_is_told_without_its_reason(caller, outside):
    error = failure(caller(CalloutDecision.refuse("not on our list")), call(outside.origin))
    assert (error.status, error.hope, error.maybe_done) == (Status.IDENTITY, Hope.NONE, False)
    assert "list" not in error.response
    assert "not on our list" in error.private
    assert outside.connections == 0


@pytest.mark.parametrize("raised", [RuntimeError("secret-1"), KeyError("secret-1"), OSError("secret-1")])
def test_a_module_that_fails_lets_nothing_out_and_its_words_go_nowhere(caller, outside, caplog, raised):
    caplog.set_level(logging.DEBUG)
    error = failure(caller(raised), call(outside.origin))
    assert (error.status, error.hope) == (Status.IDENTITY, Hope.LATER)
    assert type(raised).__name__ in error.private
    assert "secret-1" not in str(error) + caplog.text
    assert outside.connections == 0


def test_a_module_that_cannot_decide_now_says_why_in_the_log(caller, outside):
    error = failure(caller(UnavailableError("the directory is down")), call(outside.origin))
    assert (error.status, error.hope) == (Status.IDENTITY, Hope.LATER)
    assert "the directory is down" in error.private
    assert "directory" not in error.response


def decision(**given: Any):
    return CalloutDecision(**given)


def of_basic(user: Any, password: Any):
    return BasicCredentials(user, password)


@pytest.mark.parametrize(
    "answer",
    [
        True,
        "ALICE",
        {"user": "ALICE"},
        decision(refused="no"),
        decision(user=1),
        decision(user="not a user"),
        decision(user="TOOLONG99"),
        decision(basic=("alice", "x")),
        decision(basic=of_basic("al:ice", Secret("x"))),
        decision(basic=of_basic("", Secret("x"))),
        decision(basic=of_basic("a\r\nX: y", Secret("x"))),
        decision(basic=of_basic("alice\udc80", Secret("x"))),
        decision(basic=of_basic("alice", Secret("x\udc80"))),
        decision(basic=of_basic("alice", Secret("x\x00"))),
        decision(basic=of_basic("alice", "x")),
        decision(password="x"),
        decision(reason=None),
    ],
)
def test_an_answer_that_is_not_in_order_lets_nothing_out(answer):
    with pytest.raises(CalloutError) as caught:
        consult(Scripted({"answer": answer}, Path("/home")), CALL)
    assert (caught.value.status, caught.value.hope) == (Status.IDENTITY, Hope.NONE)


# -- how it is found ------------------------------------------------------------------------------------------


def load(name, options=None):
    return load_callout_authenticator(name, options or {}, Path("/home"), FILE)


def test_a_module_is_found_by_its_path_and_told_the_home():
    assert load(f"{HERE}:Scripted").home == Path("/home")


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("no.such.module:X", {}, "there is no module"),
        (f"{HERE}:Nobody", {}, "has no"),
        (f"{HERE}:NOT_CALLABLE", {}, "nothing that can be called"),
        (f"{HERE}:Wordless", {}, "without a method authenticate"),
        (f"{HERE}:Scripted", {"complain": "needs a server"}, "needs a server"),
        (f"{HERE}:Scripted", {"explode": True}, "cannot be used: RuntimeError"),
        ("unheard-of", {}, "imsgw.callout_authenticators"),
        ("ldap", {}, "imsgw.callout_authenticators"),
    ],
)
def test_a_module_that_is_none_is_a_problem_of_the_configuration(name, options, words):
    with pytest.raises(ConfigError) as caught:
        load(name, options)
    [problem] = caught.value.problems
    assert (problem.file, words in problem.text) == (FILE, True)
    assert "a secret of the module" not in str(problem)


def test_a_module_that_cannot_be_made_stands_in_the_way_of_the_deployment(calling):
    security = {"authenticator": f"{HERE}:Scripted"}
    made = ConsumerSecurity.model_validate(security).model_copy(
        update={"authenticator_options": {"complain": "needs a server"}}
    )
    with pytest.raises(ConfigError, match="needs a server"):
        calling.caller(security=made)
