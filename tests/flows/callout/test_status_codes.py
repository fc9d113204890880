"""Each status code as the program behind the ICAL gets it: AIBRETRN, AIBREASN, AIBERRXT and the text.

1003 and 1008 cannot reach the program, as the way to it is what is broken: they are in the log.
"""

import pytest

from gateway import testkeys
from gateway.callout.message import MessageReader
from gateway.callout.state import ListenerState
from gateway.exchange import Secret
from gateway.observe.callout_events import CalloutEnded, ListenerChanged
from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import (
    ERROR_RESPONSE,
    GOOD,
    NAKED,
    TIMED_OUT,
    code,
    contract,
    event,
    iogcallout,
    rate,
    rating,
    text,
)
from tests.fixtures.hostile_service import RATING
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, wait_until

NOBODY_THERE = "192.0.2.1"
"""TEST-NET-1: nothing may ever be sent there."""


def failed(answer, status):
    """The program gets an error response with this status; returns what the text says behind it."""
    assert code(answer) == ERROR_RESPONSE, answer.words
    assert answer.extended_reason == status, text(answer)
    beginning = f"SOAP Gateway Error: {status}: "
    assert text(answer).startswith(beginning), text(answer)
    said = text(answer).removeprefix(beginning)
    assert said.strip()
    return said


def refused(answer, status):
    """The program's message got a NAK with this status."""
    assert code(answer) == NAKED, answer.words
    assert answer.extended_reason == status


@pytest.fixture
def deployed(lab, service):
    """The rating service behind PIPE1, nothing started."""
    lab.service(contract("rating", service.origin))
    return lab


@pytest.fixture
def running(deployed):
    return deployed.start()


def test_no_code_at_all_where_all_goes_well(deployed, running, service):
    answer = deployed.call(rating("MÜLLER", 100))
    assert code(answer) == GOOD
    assert answer.extended_reason == 0
    assert "<score>3</score>" in text(answer), text(answer)
    assert [heard.text("customer") for heard in service.heard] == ["MÜLLER"]


# -- 1001: no answer in time -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour",
    [hostile.hang, hostile.hang_in_header, hostile.hang_in_body, hostile.drip(), hostile.drip_header()],
    ids=["silent", "mid-header", "mid-body", "dripping body", "dripping header"],
)
def test_1001_no_response_came_in_time(lab, service, behaviour):
    service.behave = behaviour
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 300, "late_answer_ms": 0})
    lab.start()
    failed(lab.call(rating()), 1001)
    assert len(service.heard) == 1, "a synchronous call is made once"


# -- 1002: an answer that is none ------------------------------------------------------------------------------

NO_ANSWERS = {
    "fault 1.1": hostile.fault11(text="no such customer"),
    "401": hostile.status("401 Unauthorized", WWW_Authenticate='Basic realm="x"'),
    "404": hostile.status("404 Not Found"),
    "500 with a page": hostile.status("500 Internal Server Error", b"<html>oops</html>", "text/html"),
    "503": hostile.status("503 Service Unavailable"),
    "redirect": hostile.redirect(f"http://{NOBODY_THERE}/"),
    "redirect 302": hostile.redirect(f"http://{NOBODY_THERE}/", "302 Found"),
    "empty": hostile.answer(b""),
    "another envelope": hostile.answer(hostile.envelope(hostile.rated(1), "urn:x")),
    "no envelope": hostile.answer(b"<a/>"),
    "broken XML": hostile.answer(b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>"),
    "a page": hostile.answer(b"<html><body>hello</body></html>", kind="text/html"),
    "octets": hostile.answer(hostile.envelope(hostile.rated(1)), kind="application/octet-stream"),
    "DTD": hostile.answer(b"<!DOCTYPE e [<!ENTITY x 'y'>]>" + hostile.envelope(hostile.rated(1))),
    "body without element": hostile.answer(hostile.envelope("")),
    "another element": hostile.answer(hostile.envelope("<Other xmlns='urn:x'/>")),
}


@pytest.mark.parametrize("behaviour", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_1002_the_service_gives_no_right_answer(deployed, running, service, behaviour):
    service.behave = behaviour
    failed(deployed.call(rating()), 1002)
    assert len(service.heard) == 1
    service.behave = service.rating
    assert code(deployed.call(rating())) == GOOD, "the next call is as good as ever"


def test_1002_what_a_fault_says_reaches_the_program(deployed, running, service):
    service.behave = hostile.fault11(text="Kunde unbekannt: Ünal")
    assert "Kunde unbekannt: Ünal" in failed(deployed.call(rating()), 1002)


def test_1002_a_fault_of_soap_12(deployed, running, service):
    service.behave = hostile.fault12("no such customer")
    answer = deployed.call(rating(Port="RatingPort12"))
    assert "no such customer" in failed(answer, 1002)


@pytest.mark.parametrize(
    "message",
    [
        rating(wsid="unknown"),
        iogcallout(
            "rating", "Nothing", rate(), Namespace=RATING, Service="RatingService", Port="RatingPort"
        ).encode("cp1140"),
        rating(Service="OtherService"),
        rating(Namespace="urn:other"),
        iogcallout(
            "rating",
            "Rate",
            "<Other xmlns='urn:x'/>",
            Namespace=RATING,
            Service="RatingService",
            Port="RatingPort",
        ).encode("cp1140"),
    ],
    ids=["WSID", "Operation", "Service", "Namespace", "payload"],
)
def test_1002_what_is_asked_for_is_not_deployed(deployed, running, service, message):
    failed(deployed.call(message), 1002)
    assert service.connections == 0


# -- 1003: the way back is broken ------------------------------------------------------------------------------


def test_1003_a_response_that_cannot_be_sent_is_in_the_log(lab, service, tap_of):
    tap = tap_of(lab.standin)
    lab.bundle(ims_connect={"host": tap.host, "port": tap.port})
    lab.service(contract("rating", service.origin))
    running = lab.start()
    service.rating.hold("SLOW")
    waiting = lab.ical(rating("SLOW"), timeout_seconds=2.0)
    wait_until(lambda: service.heard, "the call")
    tap.close()
    service.rating.let_go()
    (record,) = running.records.wait(CalloutEnded)
    assert (record.outcome, record.status) == ("failed", 1003)
    assert code(waiting.result(20)) == TIMED_OUT, "IMS's own time-out speaks"
    assert len(service.heard) == 1, "the service is not asked again"


def test_no_response_is_lost_on_a_socket_that_ims_connect_has_closed_meanwhile(deployed, running, service):
    """A response without acknowledgement is never answered: its socket has to be a live one."""
    for _ in range(3):
        assert code(deployed.call(rating(), timeout_seconds=5.0)) == GOOD
        deployed.standin.restart()


# -- 1004 to 1007: no message at all, or one that cannot be read -----------------------------------------------

NO_MESSAGE = {"text": b"\xc8\xc5\xd3\xd3\xd6", "empty": b"", "zeros": bytes(40)}
UNREADABLE = {
    "not well-formed": "<IOGCallout>".encode("cp1140"),
    "another root": "<Callout xmlns='urn:x'/>".encode("cp1140"),
    "no service data": b"<IOGCallout xmlns='http://www.ibm.com/IMS/Callout'/>",
    "a DTD": b"<!DOCTYPE x [<!ENTITY a 'b'>]><IOGCallout xmlns='http://www.ibm.com/IMS/Callout'/>",
    "bad UTF-8": b"<IOGCallout xmlns='http://www.ibm.com/IMS/Callout'>\xff</IOGCallout>",
    "no WSID": rating().replace("<WSID>rating</WSID>".encode("cp1140"), b""),
}


@pytest.mark.parametrize(("nak", "status"), [("discard", 1004), ("reroute", 1005)])
@pytest.mark.parametrize("message", NO_MESSAGE.values(), ids=NO_MESSAGE.keys())
def test_1004_1005_what_is_no_message_gets_a_nak(lab, service, nak, status, message):
    lab.bundle(callout={"nak": nak})
    lab.service(contract("rating", service.origin))
    lab.start()
    refused(lab.call(message), status)
    assert code(lab.call(rating())) == GOOD, "the listener goes on"


@pytest.mark.parametrize(("nak", "status"), [("discard", 1006), ("reroute", 1007)])
@pytest.mark.parametrize("message", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_1006_1007_a_message_that_cannot_be_read_gets_a_nak(lab, service, nak, status, message):
    lab.bundle(callout={"nak": nak})
    lab.service(contract("rating", service.origin))
    lab.start()
    refused(lab.call(message), status)
    assert code(lab.call(rating())) == GOOD, "the listener goes on"


# -- 1008: the special NAK cannot be sent ----------------------------------------------------------------------


def test_1008_a_special_nak_that_cannot_be_sent_is_in_the_log(lab, service, tap_of, monkeypatch):
    tap = tap_of(lab.standin)
    lab.bundle(ims_connect={"host": tap.host, "port": tap.port}, callout={"nak": "retain"})
    lab.service(contract("rating", service.origin))
    running = lab.start()
    read = MessageReader.read

    def read_while_the_connection_breaks(self, received):
        tap.reset()
        return read(self, received)

    monkeypatch.setattr(MessageReader, "read", read_while_the_connection_breaks)
    waiting = lab.ical(b"<IOGCallout>", timeout_seconds=1.0)
    wait_until(lambda: any("1008" in one.reason for one in running.records.of(ListenerChanged)), "1008 told")
    assert code(waiting.result(20)) == TIMED_OUT
    monkeypatch.setattr(MessageReader, "read", read)
    assert code(lab.call(rating())) == GOOD


# -- 1009: the network -----------------------------------------------------------------------------------------


def network_error(answer):
    said = failed(answer, 1009)
    assert said.startswith("IOGS0077E: "), said
    return said


def test_1009_nobody_listens(lab):
    (port,) = free_ports(1)
    lab.service(contract("rating", f"http://127.0.0.1:{port}"))
    lab.start()
    network_error(lab.call(rating()))


def test_1009_the_host_name_is_unknown(lab):
    lab.service(contract("rating", "https://nobody.invalid"))
    lab.start()
    network_error(lab.call(rating()))


@pytest.mark.parametrize(
    "behaviour",
    [hostile.drop, hostile.reset, hostile.drop_in_body, hostile.GARBAGE],
    ids=["closed", "reset", "closed in body", "no HTTP"],
)
def test_1009_the_connection_breaks(deployed, running, service, behaviour):
    service.behave = behaviour
    answer = deployed.call(rating())
    assert answer.extended_reason in {1009, 1002} if behaviour is hostile.GARBAGE else network_error(answer)
    assert len(service.heard) == 1, "what may have been done is not asked for again"


class TestTls:
    @pytest.fixture
    def keys(self, tmp_path):
        return testkeys.create(tmp_path / "keys", password=Secret(KEYSTORE_PASSWORD))

    @pytest.fixture
    def secure(self, lab, service_factory, keys):
        """Make the service behind TLS; the bundle trusts `ca`."""

        def make(ca=keys.ca, clients=None, **callout):
            service = service_factory(tls=hostile.server_tls(keys.server, clients))
            lab.bundle(callout={"truststore": {"path": ca}, **callout})
            lab.service(contract("rating", service.origin))
            lab.start()
            return service

        return make

    def test_a_certificate_that_is_trusted(self, lab, secure):
        secure()
        assert code(lab.call(rating())) == GOOD

    def test_1009_a_certificate_of_a_stranger(self, lab, secure, tmp_path):
        service = secure(ca=testkeys.create(tmp_path / "strangers").ca)
        network_error(lab.call(rating()))
        assert service.heard == []

    def test_1009_a_certificate_with_another_name(self, lab, service_factory, tmp_path):
        keys = testkeys.create(tmp_path / "other", ("other.example.com",), Secret(KEYSTORE_PASSWORD))
        service = service_factory(tls=hostile.server_tls(keys.server))
        lab.bundle(callout={"truststore": {"path": keys.ca}})
        lab.service(contract("rating", service.origin))
        lab.start()
        network_error(lab.call(rating()))
        assert service.heard == []

    def test_1009_a_client_certificate_is_missing(self, lab, secure, keys):
        service = secure(clients=keys.clients)
        network_error(lab.call(rating()))
        assert service.heard == []

    def test_a_client_certificate_is_shown(self, lab, secure, keys):
        service = secure(clients=keys.clients, keystore={"path": keys.client, "password": KEYSTORE_PASSWORD})
        assert code(lab.call(rating())) == GOOD
        assert service.heard[0].certificate == "IMS Gateway test client"

    def test_1009_no_tls_there(self, lab, service):
        service.greet = lambda link: link.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        lab.service(contract("rating", service.origin.replace("http:", "https:")))
        lab.start()
        network_error(lab.call(rating()))

    @pytest.mark.parametrize("greet", ["silent", "closed"])
    def test_1009_or_1001_the_handshake_never_ends(self, lab, service, greet):
        service.greet = (lambda link: link.wait()) if greet == "silent" else (lambda _link: None)
        lab.service(
            contract("rating", service.origin.replace("http:", "https:")),
            operations={"timeout_ms": 400, "late_answer_ms": 0},
            connect_timeout_ms=5000,
        )
        lab.start()
        failed(lab.call(rating()), 1001 if greet == "silent" else 1009)

    def test_1009_the_connection_takes_too_long(self, lab, service):
        service.greet = lambda link: link.wait()
        lab.service(
            contract("rating", service.origin.replace("http:", "https:")),
            operations={"timeout_ms": 10_000},
            connect_timeout_ms=100,
        )
        lab.start()
        network_error(lab.call(rating()))


# -- 1010 to 1015, 1901, 1902, 1904: control data has a module of its own --------------------------------------


def test_1010_the_wsdl_has_no_such_port(deployed, running, service):
    failed(deployed.call(rating(Port="NoPort")), 1010)
    assert service.connections == 0


# -- 1903: no user ---------------------------------------------------------------------------------------------


def test_1903_the_call_needs_a_user_and_there_is_none(lab, service_factory, tmp_path):
    keys = testkeys.create(tmp_path / "keys", password=Secret(KEYSTORE_PASSWORD))
    service = service_factory(tls=hostile.server_tls(keys.server))
    lab.bundle(callout={"truststore": {"path": keys.ca}})
    lab.service(contract("rating", service.origin), security={"token": "saml20"})
    lab.start()
    failed(lab.call(rating(), user=""), 1903)
    assert service.heard == []
    assert code(lab.call(rating(), user="ALICE")) == GOOD
    assert service.heard[0].user == "ALICE"


# -- 1905: too long for IMS ------------------------------------------------------------------------------------


def test_1905_a_response_that_ims_connect_would_not_take(lab, service):
    service.behave = hostile.big(20_000)
    lab.bundle(ims_connect={"max_message_bytes": 16_000})
    lab.service(contract("rating", service.origin))
    running = lab.start()
    failed(lab.call(rating()), 1905)
    assert running.wait_state(ListenerState.LISTENING)


def test_an_asynchronous_failure_is_not_told_to_ims(lab, service):
    """A dead letter has the status in place of a program."""
    service.behave = hostile.fault11("soap:Client")
    lab.service(contract("events", service.origin), "events")
    running = lab.start()
    lab.post(event(1))
    (record,) = running.records.wait(CalloutEnded)
    assert (record.kind, record.outcome, record.status) == ("asynchronous", "dead", 1002)
    assert lab.left() == 0
