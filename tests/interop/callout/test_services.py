"""Callouts to SOAP stacks from outside: what each receives, seen by its own code, and what comes back."""

import pytest

from gateway import testkeys
from gateway.observe.callout_events import CalloutEnded
from tests.fixtures.callout import ERROR_RESPONSE, GOOD, code, event, iogcallout, rating, text
from tests.fixtures.hostile_service import RATING
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, wait_until
from tests.interop.callout.services import CLIENT_NAME, PASSWORD, STACKS, TOKEN_PASSWORD, USER

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("outside services")]

VOUCHES = {
    "1.1": "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches",
    "2.0": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches",
}


@pytest.fixture(scope="module", params=STACKS)
def outside(request, outside_services):
    """Give one stack after the other."""
    return outside_services(request.param)


@pytest.fixture
def service(outside):
    outside.forget()
    return outside


class Called:
    """A lab whose services are those of one stack."""

    def __init__(self, lab, service):
        self.lab = lab
        self.service = service

    def deploy(self, name="rating", policy="open", listener="tls", security=None, **tables):
        """Deploy what one address of the stack offers; the WSID is its NAME."""
        callout = {"truststore": {"path": self.service.keys.ca}}
        if listener == "mutual":
            callout["keystore"] = {"path": self.service.keys.client, "password": KEYSTORE_PASSWORD}
        self.lab.bundle(callout=callout)
        wsdl = self.service.contract(name, policy, listener)
        self.lab.service(wsdl, name, **({"security": security} if security else {}), **tables)
        return self.lab.start()

    def port(self, name):
        """Names of wsdl:service and wsdl:port: Spyne's are its own."""
        if self.service.stack == "spyne":
            return {
                "rating": ("Rating", "rating"),
                "rating12": ("Rating", "rating"),
                "events": ("Events", "events"),
            }[name]
        return {
            "rating": ("RatingService", "RatingPort"),
            "rating12": ("RatingService", "RatingPort12"),
            "ratingrpc": ("RatingRpcService", "RatingRpcPort"),
            "events": ("EventsService", "EventsPort"),
        }[name]

    def message(self, name="rating", customer="MÜLLER & SÖHNE", amount=250):
        service, port = self.port(name)
        return rating(customer, amount, name, Service=service, Port=port)

    def call(self, name="rating", user="ALICE", **asked):
        return self.lab.call(self.message(name, **asked), user=user)


@pytest.fixture
def called(lab, service):
    return Called(lab, service)


def rated(answer, who):
    """The program got the service's own judgement of who calls."""
    assert code(answer) == GOOD, (answer.words, text(answer))
    assert f">{250 % 97}</" in text(answer)
    assert f">{who}</" in text(answer), text(answer)


# -- styles and versions ---------------------------------------------------------------------------------------


def test_document_literal_over_soap_11(called, service):
    called.deploy()
    rated(called.call(), "nobody")
    (sight,) = service.saw()
    assert (sight.operation, sight.soap) == ("Rate", "1.1")
    assert sight.values == {"customer": "MÜLLER & SÖHNE", "amount": 250}
    assert (sight.basic, sight.certificate, sight.saml, sight.username) == (None, None, None, None)


def test_document_literal_over_soap_12(called, service):
    called.deploy("rating12")
    rated(called.call("rating12"), "nobody")
    (sight,) = service.saw()
    assert (sight.operation, sight.soap) == ("Rate", "1.2")
    assert sight.values == {"customer": "MÜLLER & SÖHNE", "amount": 250}


def test_rpc_literal(called, service):
    if service.stack == "spyne":
        pytest.skip("Spyne has no rpc/literal")
    called.deploy("ratingrpc")
    body = "<customer>MÜLLER</customer><amount>250</amount>"
    body = f'<r:Rate xmlns:r="urn:ims-gateway:lab:ratingrpc">{body}</r:Rate>'
    asked = iogcallout(
        "ratingrpc", "Rate", body,
        Namespace="urn:ims-gateway:lab:ratingrpc", Service="RatingRpcService", Port="RatingRpcPort",
    )  # fmt: skip
    rated(called.lab.call(asked.encode("cp1140")), "nobody")
    (sight,) = service.saw()
    assert (sight.operation, sight.values) == ("RpcRate", {"customer": "MÜLLER", "amount": 250})


def test_an_answer_that_follows_its_schema_passes_the_check(called, service):
    called.deploy(validate=True)
    rated(called.call(), "nobody")


def test_the_headers_of_ws_addressing_arrive(called, service):
    running = called.deploy()
    called.call()
    (sight,) = service.saw()
    (record,) = running.records.wait(CalloutEnded)
    assert sight.message_id == record.tracking_id
    assert sight.message_id.startswith("urn:uuid:")
    assert sight.to == service.address("rating")
    assert sight.action


def test_without_addressing_there_are_none(called, service):
    called.deploy(addressing=False)
    rated(called.call(), "nobody")
    (sight,) = service.saw()
    assert (sight.message_id, sight.action, sight.to) == (None, None, None)


@pytest.mark.parametrize("name", ["rating", "rating12"])
def test_a_fault_of_the_service_reaches_the_program_in_its_own_words(called, service, name):
    called.deploy(name)
    namespace_service, port = called.port(name)
    body = f'<Refuse xmlns="{RATING}"><reason>no credit</reason></Refuse>'
    asked = iogcallout(name, "Refuse", body, Namespace=RATING, Service=namespace_service, Port=port)
    answer = called.lab.call(asked.encode("cp1140"))
    assert code(answer) == ERROR_RESPONSE
    assert answer.extended_reason == 1002
    assert "refused: no credit" in text(answer)


# -- HTTP Basic, server and client certificates ----------------------------------------------------------------


def test_http_basic(called, service):
    called.deploy(policy="basic", security={"basic": {"user": USER, "password": PASSWORD}})
    rated(called.call(), USER)
    (sight,) = service.saw()
    assert (sight.basic, sight.refused) == (USER, "")


def test_http_basic_with_a_wrong_password_is_refused_and_the_secret_is_nowhere(called, service):
    running = called.deploy(policy="basic", security={"basic": {"user": USER, "password": "wrong-secret"}})
    answer = called.call()
    assert answer.extended_reason == 1002
    assert "wrong-secret" not in text(answer)
    assert "wrong-secret" not in str(running.records.of(CalloutEnded))
    (sight,) = service.saw()
    assert sight.refused == "HTTP Basic"


def test_a_server_that_is_not_trusted_gets_nothing(lab, service, tmp_path):
    lab.bundle(callout={"truststore": {"path": testkeys.create(tmp_path / "strangers").ca}})
    lab.service(service.contract("rating"))
    lab.start()
    assert Called(lab, service).call().extended_reason == 1009
    assert service.sights == []


def test_a_client_certificate(called, service):
    called.deploy(listener="mutual")
    rated(called.call(), CLIENT_NAME)
    (sight,) = service.saw()
    assert sight.certificate == CLIENT_NAME


def test_where_a_client_certificate_is_demanded_and_there_is_none_nothing_arrives(lab, service):
    lab.bundle(callout={"truststore": {"path": service.keys.ca}})
    lab.service(service.contract("rating", listener="mutual"))
    lab.start()
    assert Called(lab, service).call().extended_reason == 1009
    assert service.sights == []


# -- tokens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.1", "2.0"])
@pytest.mark.parametrize("name", ["rating", "rating12"])
def test_an_assertion_about_the_ims_user_behind_a_client_certificate(called, service, version, name):
    token = "saml" + version.replace(".", "")
    security = {"token": token, "lifetime_seconds": 120, "audience": "urn:lab:rating"}
    called.deploy(name, policy=token, listener="mutual", security=security)
    for user in ("ALICE", "BOB"):
        rated(called.call(name, user), user)
    first, second = service.saw(2)
    assert [sight.saml["name"] for sight in (first, second)] == ["ALICE", "BOB"]
    for sight in (first, second):
        assert sight.certificate == CLIENT_NAME
        assert sight.refused == ""
        assert sight.saml["version"] == version
        assert sight.saml["method"] == VOUCHES[version]
        assert sight.saml["issuer"] == "ims-gateway"
        assert sight.saml["audience"] == "urn:lab:rating"
        assert sight.saml["valid"] is True
        assert 60 < sight.saml["lifetime"] <= 120


def test_an_assertion_of_another_issuer_is_refused_by_the_service(called, service):
    called.deploy(policy="saml20", listener="mutual", security={"token": "saml20", "issuer": "somebody-else"})
    answer = called.call()
    assert answer.extended_reason == 1002
    (sight,) = service.saw()
    assert sight.refused
    assert sight.saml["issuer"] == "somebody-else"


@pytest.mark.parametrize("name", ["rating", "rating12"])
def test_a_username_token_names_the_ims_user(called, service, name):
    called.deploy(name, policy="username", security={"token": "username"})
    rated(called.call(name, "ALICE"), "ALICE")
    (sight,) = service.saw()
    assert sight.username == {"user": "ALICE", "password": None}


def test_a_username_token_with_the_password_that_the_service_gave_us(called, service):
    called.deploy(policy="username", security={"token": "username", "password": TOKEN_PASSWORD})
    rated(called.call(user="ALICE"), "ALICE")
    (sight,) = service.saw()
    assert sight.username == {"user": "ALICE", "password": TOKEN_PASSWORD}


def test_a_username_token_with_a_wrong_password_is_refused(called, service):
    called.deploy(policy="username", security={"token": "username", "password": "another-secret"})
    answer = called.call(user="ALICE")
    assert answer.extended_reason == 1002
    assert "another-secret" not in text(answer)


# -- business events: asynchronous, one-way --------------------------------------------------------------------


def posted(called, service, number, **how):
    running = called.deploy("events", **how)
    namespace_service, port = called.port("events")
    message = event(number, "disk full: ÄÖÜ").decode("cp1140")
    message = message.replace("EventsService", namespace_service).replace("EventsPort", port)
    called.lab.post(message.encode("cp1140"))
    (record,) = running.records.wait(CalloutEnded)
    assert record.outcome == "accepted", record
    (sight,) = service.saw()
    assert sight.operation == "Post"
    assert sight.values == {"id": str(number), "time": "2026-11-23T01:02:03Z", "text": "disk full: ÄÖÜ"}
    assert sight.message_id == record.tracking_id
    assert sight.refused == ""
    wait_until(lambda: not sum(running.runtime.journal.counts().values()), "an empty journal")
    return sight


def test_an_event_is_posted_over_http_basic(called, service):
    sight = posted(called, service, 1, policy="basic", security={"basic": {"user": USER, "password": PASSWORD}})
    assert sight.basic == USER


def test_an_event_is_posted_with_server_authentication(called, service):
    sight = posted(called, service, 2)
    assert (sight.basic, sight.certificate) == (None, None)


def test_an_event_is_posted_with_client_authentication(called, service):
    sight = posted(called, service, 3, listener="mutual")
    assert sight.certificate == CLIENT_NAME
