"""The partner's services over real TLS: whom they serve, whom they do not, and what they say."""

import base64
import socket
import ssl
from contextlib import contextmanager
from http.client import HTTPSConnection

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from gateway import testkeys
from gateway.demo.partner import Partner, PartnerKeys
from gateway.demo.partner_checks import Shown
from gateway.exchange import Secret

SECRET = Secret("of-the-partner")
CLIENT = "IMS Gateway test client"
RATE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<rate xmlns="urn:ims-gateway:example:rating"><product>HOUSE</product><amount>300000</amount></rate>'
    "</e:Body></e:Envelope>"
)
EVENT = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>'
    '<w:MessageID xmlns:w="http://www.w3.org/2005/08/addressing">urn:uuid:7</w:MessageID></e:Header><e:Body>'
    '<event xmlns="urn:ims-gateway:example:events"><id>E1</id><time>2026-03-04T12:00:00Z</time>'
    "<source>REPORT</source><text>a text</text></event></e:Body></e:Envelope>"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return testkeys.create(tmp_path_factory.mktemp("keys"), password=SECRET)


@pytest.fixture
def partner(keys):
    with Partner(PartnerKeys(keys.partner, SECRET, keys.clients, keys.partner_basic), 0, 0) as running:
        yield running


@pytest.fixture(scope="module")
def client_pem(keys, tmp_path_factory):
    store = pkcs12.load_pkcs12(keys.client.read_bytes(), SECRET.reveal().encode())
    assert store.key is not None
    assert store.cert is not None
    path = tmp_path_factory.mktemp("client") / "client.pem"
    key = store.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key + store.cert.certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def basic(keys):
    pair = f"imsgw:{keys.partner_basic.read_text()}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@contextmanager
def connected(keys, port, certificate=None):
    context = ssl.create_default_context(cafile=keys.ca)
    if certificate:
        context.load_cert_chain(certificate)
    connection = HTTPSConnection("localhost", port, context=context, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def post(connection, path, body, headers=None):
    connection.request("POST", path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.read().decode()


def test_a_caller_with_the_password_gets_a_rating_that_says_who_it_was(partner, keys, basic):
    with connected(keys, partner.ports[0]) as connection:
        status, body = post(connection, "/rating-basic", RATE, basic)
    assert status == 200
    assert "<rating:premium>600</rating:premium>" in body
    assert "<rating:basic>imsgw</rating:basic><rating:certificate></rating:certificate>" in body
    [visit] = partner.visits
    assert (visit.path, visit.shown, visit.refused) == ("/rating-basic", Shown(basic="imsgw"), "")


def test_a_caller_with_a_certificate_gets_a_rating_that_says_who_it_was(partner, keys, client_pem):
    with connected(keys, partner.ports[1], client_pem) as connection:
        status, body = post(connection, "/rating-certificate", RATE)
    assert status == 200
    assert f"<rating:certificate>{CLIENT}</rating:certificate>" in body
    assert partner.visits[0].shown == Shown(certificate=CLIENT)


def test_a_port_in_use_is_named_with_the_option_that_names_another(keys):
    ours = PartnerKeys(keys.partner, SECRET, keys.clients, keys.partner_basic)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = f"^cannot listen on 127.0.0.1:{port}: Address already in use; --port and --certificate-port "
        for ports in ((port, 0), (0, port)):
            with pytest.raises(OSError, match=words):
                Partner(ours, *ports)


def test_without_its_keys_it_says_who_makes_them(keys, tmp_path):
    password = tmp_path / "partner.key"
    with pytest.raises(
        OSError, match=r"partner\.key cannot be read: No such file .* imsgw keystore create-test makes it"
    ):
        Partner(PartnerKeys(keys.partner, SECRET, keys.clients, password), 0, 0)


def test_one_connection_serves_several_requests(partner, keys, basic):
    with connected(keys, partner.ports[0]) as connection:
        first = post(connection, "/rating-basic", RATE, basic)
        assert post(connection, "/rating-basic", RATE, basic) == first


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic aW1zZ3c6d3Jvbmc="}])
def test_without_the_right_password_there_is_none(partner, keys, headers):
    with connected(keys, partner.ports[0]) as connection:
        status, body = post(connection, "/rating-basic", RATE, headers)
    assert status == 401
    assert "premium" not in body
    assert partner.visits[0].refused


def test_without_a_certificate_nobody_gets_in_at_the_port_that_demands_one(partner, keys):
    with connected(keys, partner.ports[1]) as connection, pytest.raises(OSError, match=r"."):
        post(connection, "/rating-certificate", RATE)
    assert partner.visits == ()


def test_a_certificate_alone_is_not_enough_where_the_user_is_asked_for(partner, keys, client_pem):
    with connected(keys, partner.ports[1], client_pem) as connection:
        status, body = post(connection, "/rating", RATE)
    assert status == 500
    assert "SAML 2.0 assertion is missing" in body


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("/rating-basic", RATE.replace("HOUSE", "MOON"), 500, "no such product: MOON"),
        ("/rating-basic", RATE.replace("300000", "-1"), 500, "no request for a rating"),
        ("/rating-basic", EVENT, 500, "no request for a rating"),
        ("/events-basic", RATE, 500, "no event"),
        ("/nowhere", RATE, 404, "no such service"),
        ("/rating-basic", "<a", 500, "faultstring"),
        ("/rating-basic", "<a/>", 500, "no SOAP 1.1 message"),
    ],
)
def test_what_it_does_not_serve_is_a_fault_with_the_reason(partner, keys, basic, path, body, status, why):
    with connected(keys, partner.ports[0]) as connection:
        told = post(connection, path, body, basic)
    assert told[0] == status
    assert why in told[1]
    assert partner.visits[0].refused


def test_an_event_is_taken_without_a_word(partner, keys):
    with connected(keys, partner.ports[0]) as connection:
        assert post(connection, "/events", EVENT) == (202, "")
    [visit] = partner.visits
    assert (visit.event, visit.message_id, visit.refused) == ("E1", "urn:uuid:7", "")


def test_a_password_that_nobody_asked_for_is_refused(partner, keys, basic):
    with connected(keys, partner.ports[0]) as connection:
        assert "not asked for" in post(connection, "/events", EVENT, basic)[1]


def test_a_closed_monitor_answers_503_until_it_is_open_again(partner, keys):
    with connected(keys, partner.ports[0]) as connection:
        partner.services.close_monitor()
        assert post(connection, "/events", EVENT) == (503, "")
        partner.services.open_monitor()
        assert post(connection, "/events", EVENT) == (202, "")
    assert [visit.refused for visit in partner.visits] == ["closed for maintenance", ""]
    assert [visit.message_id for visit in partner.visits] == ["urn:uuid:7"] * 2


def test_a_request_of_unknown_or_too_great_length_is_not_read(partner, keys, basic):
    for headers in ({"Content-Length": "1000001"}, {"Transfer-Encoding": "chunked"}):
        with connected(keys, partner.ports[0]) as connection:
            connection.putrequest("POST", "/rating-basic")
            for name, value in {**basic, **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            assert connection.getresponse().status == 413


def test_closing_ends_connections_that_are_idle(keys):
    partner = Partner(PartnerKeys(keys.partner, SECRET, keys.clients, keys.partner_basic), 0, 0)
    port = partner.ports[0]
    with connected(keys, port) as idle, connected(keys, port) as other:
        post(idle, "/events", EVENT)
        post(other, "/events", EVENT)
        partner.close()
        with pytest.raises(OSError, match=r"."):
            connected_again(keys, port)


def connected_again(keys, port):
    with connected(keys, port) as connection:
        post(connection, "/events", EVENT)


def test_a_port_in_use_is_an_error_and_nothing_stays_open(keys, partner):
    taken = partner.ports[1]
    with pytest.raises(OSError, match="in use"):
        Partner(PartnerKeys(keys.partner, SECRET, keys.clients, keys.partner_basic), 0, taken)
