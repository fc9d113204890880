"""Calls that leave the gateway, made with zeep to a server that keeps what it got."""

import secrets
import ssl
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import zeep
from lxml import etree

from gateway.envelope import read_envelope
from gateway.exchange import Secret
from gateway.identity.userid import racf_user_id
from gateway.safexml import Bounds, parse
from gateway.soap.wsse import NamedUser, OutboundSecurity, VouchedUser
from gateway.wss.verdict import TokenKind
from tests.fixtures.clock import SetClock
from tests.unit.wss.outbound.messages import NAMESPACES, NASTY, find

ROOT = Path(__file__).parents[3]
WSDL = ROOT / "wsdl/phonebook/phonebook.wsdl"
BINDING = "{urn:ims-gateway:example:phonebook:service}PhoneBookBinding"
TIMEOUT = 20.0
ANSWER = (
    '<e:Envelope xmlns:e="{space}"><e:Header>{header}</e:Header><e:Body>'
    '<phonebookResponse xmlns="urn:ims-gateway:example:phonebook"><message>OK</message>'
    "<command>DISPLAY</command><lastName>LAST1</lastName><firstName>F</firstName><extension>1</extension>"
    "<zipCode>2</zipCode></phonebookResponse></e:Body></e:Envelope>"
)
SECURITY_OF_ANOTHER = (
    f'<w:Security xmlns:w="{NAMESPACES["wsse"]}" e:mustUnderstand="1"><w:UsernameToken/></w:Security>'
)


class Service:
    """A SOAP service outside, that answers as a test says."""

    def __init__(self, context=None):
        self.answers = []
        self.got = []
        self.paths = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                service.got.append(self.rfile.read(int(self.headers["Content-Length"])))
                service.paths.append(self.path)
                status, headers, body = service.answers.pop(0) if service.answers else ok()
                self.send_response(status)
                for name, value in (("Content-Type", "text/xml; charset=utf-8"), *headers):
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"{'https' if context else 'http'}://127.0.0.1:{self.server.server_port}/outside"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    @property
    def message(self):
        """The only message that came, as a tree."""
        assert len(self.got) == 1
        return parse(self.got[0], Bounds())


def ok(header="", version="s11"):
    return 200, (), ANSWER.format(header=header, space=NAMESPACES[version]).encode()


@pytest.fixture
def service(pki):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.pem(pki.keys.server))
    with Service(context) as running:
        yield running


@pytest.fixture
def session(pki):
    with closing(requests.Session()) as made:
        made.trust_env = False
        made.verify = str(pki.keys.ca)
        yield made


@pytest.fixture
def call(session, tmp_path):
    """Call the phone book at an address with a plug-in on."""

    def make(address, plugin, *, version="1.1"):
        transport = zeep.Transport(session=session, timeout=TIMEOUT, operation_timeout=TIMEOUT)
        client = zeep.Client(str(documents[version]), transport=transport, wsse=plugin)
        return client.create_service(BINDING, address).PhoneBook(command="DISPLAY", lastName="LAST1")

    documents = {"1.1": WSDL, "1.2": tmp_path / WSDL.name}
    documents["1.2"].write_text(WSDL.read_text().replace("/wsdl/soap/", "/wsdl/soap12/"))
    documents["1.2"].with_suffix(".xsd").write_text(WSDL.with_suffix(".xsd").read_text())
    return make


def vouching(kind=TokenKind.SAML20, user="ALICE", clock=None, **options):
    plugin = {key: options.pop(key) for key in ("timestamp", "actor") if key in options}
    token = VouchedUser(kind, options.pop("issuer", "urn:gateway"), lambda: user, **options)
    return OutboundSecurity(token, clock or SetClock(), **plugin)


# -- what arrives ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "assertion", "name"),
    [
        (TokenKind.SAML11, "saml:Assertion", "saml:AuthenticationStatement/saml:Subject/saml:NameIdentifier"),
        (TokenKind.SAML20, "saml2:Assertion", "saml2:Subject/saml2:NameID"),
    ],
)
def test_a_call_carries_one_header_with_timestamp_and_assertion(service, call, kind, assertion, name):
    reply = call(service.address, vouching(kind, audience="urn:outside"))
    assert reply.message == "OK"
    security = find(service.message, "/s11:Envelope/s11:Header/wsse:Security")
    assert dict(security.attrib) == {f"{{{NAMESPACES['s11']}}}mustUnderstand": "1"}
    assert [etree.QName(child).localname for child in security] == ["Timestamp", "Assertion"]
    assert find(security, f"{assertion}/{name}").text == "ALICE"
    assert find(service.message, "//s11:Body/*").tag == "{urn:ims-gateway:example:phonebook}phonebook"
    read_envelope(service.message)


def test_soap_12_says_it_in_its_own_words(service, call):
    service.answers = [ok(version="s12")]
    assert call(service.address, vouching(actor="urn:gate"), version="1.2").message == "OK"
    security = find(service.message, "/s12:Envelope/s12:Header/wsse:Security")
    space = f"{{{NAMESPACES['s12']}}}"
    assert dict(security.attrib) == {f"{space}mustUnderstand": "true", f"{space}role": "urn:gate"}


def test_times_are_those_of_the_clock_and_the_settings(service, call):
    call(service.address, vouching(before_seconds=30, after_seconds=120))
    message = service.message
    assert find(message, "//wsu:Created").text == "2026-11-22T12:00:00.000Z"
    assert find(message, "//wsu:Expires").text == "2026-11-22T12:02:00.000Z"
    assert find(message, "//saml2:Conditions/@NotBefore") == "2026-11-22T11:59:30.000Z"
    assert find(message, "//saml2:Conditions/@NotOnOrAfter") == "2026-11-22T12:02:00.000Z"


def test_the_timestamp_can_be_left_out(service, call):
    call(service.address, vouching(timestamp=False))
    assert [etree.QName(child).localname for child in find(service.message, "//wsse:Security")] == ["Assertion"]


def test_each_call_gets_a_new_id_and_the_user_of_that_call(service, call):
    users = iter(["ALICE", "BOB"])
    plugin = OutboundSecurity(VouchedUser(TokenKind.SAML20, "urn:gateway", lambda: next(users)), SetClock())
    call(service.address, plugin)
    call(service.address, plugin)
    first, second = (parse(message, Bounds()) for message in service.got)
    assert [find(one, "//saml2:NameID").text for one in (first, second)] == ["ALICE", "BOB"]
    assert find(first, "//saml2:Assertion/@ID") != find(second, "//saml2:Assertion/@ID")


def test_ids_come_from_the_cryptographic_source_unless_a_test_says_otherwise():
    assert OutboundSecurity.__init__.__kwdefaults__["random_bytes"] is secrets.token_bytes


def test_a_password_goes_along_as_text_with_nonce_and_time(service, call):
    token = NamedUser("OUTSIDE", Secret("p<a>&s"), nonce=True)
    call(service.address, OutboundSecurity(token, SetClock()))
    found = find(service.message, "//wsse:Security/wsse:UsernameToken")
    assert find(found, "wsse:Username").text == "OUTSIDE"
    assert find(found, "wsse:Password").text == "p<a>&s"
    assert len(find(found, "wsse:Nonce").text) == 24
    assert find(found, "wsu:Created").text == "2026-11-22T12:00:00.000Z"


@pytest.mark.parametrize("user", ["", "outside", "TOO LONG", "ALICE123X", "A<B"])
def test_a_username_token_names_users_of_ims_only(service, call, user):
    with pytest.raises(ValueError, match="no user id"):
        call(service.address, OutboundSecurity(NamedUser(user, Secret("")), SetClock()))
    assert service.got == []


def test_without_a_password_the_token_names_the_user_only(service, call):
    call(service.address, OutboundSecurity(NamedUser("ALICE", Secret("")), SetClock()))
    found = find(service.message, "//wsse:Security/wsse:UsernameToken")
    assert [etree.QName(one).localname for one in found] == ["Username"]


@pytest.mark.parametrize("nasty", [text for text in NASTY if text == text.strip()])
def test_an_issuer_cannot_add_anything_to_the_message(service, call, nasty):
    call(service.address, vouching(issuer=nasty))
    assert find(service.message, "//saml2:Issuer").text == nasty
    assert len(service.message.xpath("//saml2:Assertion", namespaces=NAMESPACES)) == 1


@pytest.mark.parametrize("user", ["", "alice", "ALICE BOB", "ALICE<x/>", "ALICE123X", *NASTY])
def test_nothing_is_sent_for_what_is_no_user_id(service, call, user):
    with pytest.raises(ValueError, match="no user id"):
        call(service.address, vouching(user=user))
    assert service.got == []


def test_every_user_id_that_identity_makes_can_be_vouched_for(service, call):
    call(service.address, vouching(user=racf_user_id("a@#$z019")))
    assert find(service.message, "//saml2:NameID").text == "A@#$Z019"


def test_a_second_plug_in_is_refused(service, call):
    with pytest.raises(ValueError, match="already"):
        call(service.address, [vouching(), vouching()])
    assert service.got == []


@pytest.mark.parametrize("kind", [TokenKind.NONE, TokenKind.USERNAME])
def test_other_tokens_are_no_assertions(kind):
    with pytest.raises(ValueError, match="no assertion"):
        VouchedUser(kind, "urn:gateway", lambda: "ALICE")


def test_a_plug_in_does_not_show_the_password():
    assert "hunter2" not in repr(NamedUser("OUTSIDE", Secret("hunter2")))


# -- what comes back ------------------------------------------------------------------------------------------


def test_a_security_header_of_a_reply_is_left_alone(service, call):
    service.answers = [ok(SECURITY_OF_ANOTHER)]
    assert call(service.address, vouching()).message == "OK"
