"""Tokens on calls that leave: whom they name, where they may go, what is never told."""

import logging

import pytest
from lxml import etree

from gateway.callout.codes import Hope, Status
from gateway.config.model import ConsumerSecurity
from gateway.exchange import Secret
from tests.fixtures import hostile_service as hostile
from tests.fixtures.hostile_service import RATING
from tests.unit.callout.outbound.calls import basic, call, failure

NAMES = {
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "saml": "urn:oasis:names:tc:SAML:1.0:assertion",
    "saml2": "urn:oasis:names:tc:SAML:2.0:assertion",
}
TOKENS = ("username", "saml11", "saml20")


def security(token="username", password="", **more):
    made = ConsumerSecurity.model_validate({"token": token} | more)
    return made.model_copy(update={"password": Secret(password)})


@pytest.fixture
def outside(service_factory, pki):
    from tests.unit.callout.outbound.test_tls import server_context

    return service_factory(tls=server_context(pki, pki.keys.server))


@pytest.fixture
def caller(calling, pki):
    calling.callout = {"truststore": pki.truststore()}
    return lambda given, **more: calling.caller(security=given, **more)


def header_of(outside):
    [heard] = outside.heard
    first = heard.root.find("{*}Header")[0]
    assert etree.QName(first).localname == "Security"
    return first


@pytest.mark.parametrize(("port", "must"), [("Soap11", "1"), ("Soap12", "true")])
def test_a_username_token_names_the_user_and_needs_no_password(caller, outside, port, must):
    caller(security()).call(call(outside.origin, port=port))
    header = header_of(outside)
    assert header.findtext("wsse:UsernameToken/wsse:Username", namespaces=NAMES) == "ALICE"
    assert header.find("wsse:UsernameToken/wsse:Password", NAMES) is None
    assert header.find("wsu:Timestamp/wsu:Expires", NAMES) is not None
    [understand] = [value for name, value in header.items() if name.endswith("}mustUnderstand")]
    assert understand == must


def test_a_username_token_has_the_password_that_is_configured(caller, outside):
    caller(security(password="of-the-service")).call(call(outside.origin))
    password = header_of(outside).find("wsse:UsernameToken/wsse:Password", NAMES)
    assert password.text == "of-the-service"
    assert password.get("Type").endswith("#PasswordText")


def test_a_saml_20_assertion_says_what_is_configured(caller, outside):
    given = security("saml20", issuer="urn:us", audience="urn:them", name_qualifier="RACF", lifetime_seconds=60)
    caller(given).call(call(outside.origin))
    assertion = header_of(outside).find("saml2:Assertion", NAMES)
    name = assertion.find("saml2:Subject/saml2:NameID", NAMES)
    assert (name.text, name.get("NameQualifier")) == ("ALICE", "RACF")
    assert assertion.findtext("saml2:Issuer", namespaces=NAMES) == "urn:us"
    assert assertion.findtext(".//saml2:Audience", namespaces=NAMES) == "urn:them"
    confirmation = assertion.find(".//saml2:SubjectConfirmation", NAMES)
    assert confirmation.get("Method") == "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
    assert _seconds(assertion, "saml2:Conditions") == 120  # from a minute before, as clocks differ


def test_a_saml_11_assertion_says_what_is_configured(caller, outside):
    caller(security("saml11", issuer="urn:us", lifetime_seconds=60)).call(call(outside.origin))
    assertion = header_of(outside).find("saml:Assertion", NAMES)
    assert assertion.get("Issuer") == "urn:us"
    assert assertion.findtext(".//saml:NameIdentifier", namespaces=NAMES) == "ALICE"
    assert assertion.find(".//saml:Audience", NAMES) is None
    assert _seconds(assertion, "saml:Conditions") == 120


def _seconds(assertion, conditions):
    from datetime import datetime

    found = assertion.find(conditions, NAMES)
    begin, end = (datetime.fromisoformat(found.get(name)) for name in ("NotBefore", "NotOnOrAfter"))
    return (end - begin).total_seconds()


def test_each_message_has_a_token_of_its_own(caller, outside):
    made = caller(security("saml20"))
    for user in ("ALICE", "BOB"):
        made.call(call(outside.origin, user=user))
    found = [heard.root.find(".//saml2:Assertion", NAMES) for heard in outside.heard]
    assert len({one.get("ID") for one in found}) == 2
    assert [heard.user for heard in outside.heard] == ["ALICE", "BOB"]


# -- nobody to name -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("user", ["", "not a user", "TOOLONG99", "alice", "A<B"])
def test_without_a_user_to_name_nothing_is_sent(caller, outside, token, user):
    error = failure(caller(security(token)), call(outside.origin, user=user))
    assert (error.status, error.hope, error.maybe_done) == (Status.IDENTITY, Hope.NONE, False)
    assert outside.heard == []
    assert not user or user not in str(error)


def test_without_a_token_nobody_needs_to_be_named(caller, outside):
    caller(security("none")).call(call(outside.origin, user=""))
    assert outside.heard[0].root.find(".//wsse:Security", NAMES) is None


# -- where they go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_does_not_go_over_plain_http(caller, service, token):
    error = failure(caller(security(token)), call(service.origin))
    assert (error.status, error.hope, error.maybe_done) == (Status.INVOKING, Hope.NONE, False)
    assert "https" in error.text
    assert service.connections == 0


def test_a_token_does_not_go_to_whom_no_authority_of_ours_knows(calling, service_factory, pki):
    from tests.unit.callout.outbound.test_tls import server_context

    outside = service_factory(tls=server_context(pki, pki.other.server))
    calling.callout = {"truststore": pki.truststore(), "basic": basic("gw", "secret-1")}
    failure(calling.caller(security=security("username", "secret-2")), call(outside.origin))
    assert outside.heard == []


@pytest.mark.parametrize("line", ["301 Moved Permanently", "307 Temporary Redirect"])
def test_neither_token_nor_password_follows_a_redirection(caller, outside, service, line):
    outside.behave = hostile.redirect(service.origin, line)
    made = security("username", "secret-2", basic=basic("gw", "secret-1"))
    failure(caller(made), call(outside.origin))
    assert service.connections == 0


# -- what is never told ---------------------------------------------------------------------------------------

ECHOES = {
    "as a fault": lambda text: hostile.fault11("e:Client", text),
    "as HTML": lambda text: hostile.status("500 Internal Server Error", text.encode()),
    "as another element": lambda text: hostile.payload(f"<{text}/>"),
    "as what is not valid": lambda text: hostile.payload(
        f'<RateResponse xmlns="{RATING}"><{text}/></RateResponse>'
    ),
    "as a status": lambda text: hostile.raw(f"HTTP/1.1 500 {text}\r\nContent-Length: 0\r\n\r\n".encode()),
    "as a redirection": lambda text: hostile.redirect(f"http://127.0.0.1/{text}"),
    "as a content type": lambda text: hostile.answer(b"", kind=f"x/{text}"),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_no_secret_is_told_even_if_the_service_says_it_back(caller, outside, caplog, echo):
    caplog.set_level(logging.DEBUG)
    secrets = ("secret-of-basic", "secret-of-token")
    outside.behave = echo(" ".join(secrets) if echo is ECHOES["as a fault"] else "-".join(secrets))
    given = security("username", secrets[1], basic=basic("gw", secrets[0]))
    made = caller(given, validate=True)
    error = failure(made, call(outside.origin))
    assert len(outside.heard) == 1
    told = [str(error), repr(error), error.response, caplog.text, repr(made), repr(vars(made)), repr(given)]
    for one in told:
        assert not any(secret in one for secret in secrets)


def test_nothing_of_message_or_token_is_logged_at_any_level(caller, outside, caplog):
    caplog.set_level(logging.DEBUG)
    given = security("username", "secret-of-token", basic=basic("gw", "secret-of-basic"))
    caller(given).call(call(outside.origin))
    assert etree.tostring(outside.heard[0].payload)
    for secret in ("secret-of", "ALICE", "C1", "Basic"):
        assert secret not in caplog.text
