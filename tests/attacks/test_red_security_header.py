"""Forged, missing and strange Security headers: what is no UsernameToken over HTTPS reaches nobody."""

import pytest

from tests.fixtures.in_process import LAB, SOAP12, WSSE, username_token
from tests.fixtures.standin import USERS

WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
NEXT = {False: "http://schemas.xmlsoap.org/soap/actor/next", True: f"{SOAP12}/role/next"}
WHOAMI = f'<whoAmI xmlns="{LAB}"/>'
ALICE = username_token("ALICE", "WONDER1")
TOKEN = ALICE.partition(">")[2].rpartition("</wsse:Security>")[0]


@pytest.fixture
def standin(standin_factory):
    return standin_factory(ims_connect={"racf": True}, users=USERS)


@pytest.fixture
def gateway(in_process, standin):
    return in_process(standin.port)


def security(inside, attributes=""):
    return f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" {attributes}>{inside}</wsse:Security>'


def timestamp(*children):
    inside = "".join(f"<wsu:{name}>{text}</wsu:{name}>" for name, text in children)
    return f"<wsu:Timestamp>{inside}</wsu:Timestamp>"


def of_someone_else(text):
    """Return a header as one for another node: the same element with an actor that is not ours."""
    return text.replace("<wsse:Security ", '<wsse:Security e:actor="urn:someone-else" ', 1)


@pytest.mark.parametrize(
    "header",
    [
        "",
        of_someone_else(ALICE),
        f"<wrap xmlns='urn:w'>{ALICE}</wrap>",
        ALICE.replace("secext-1.0", "secext-1.1"),
        ALICE.replace("http://docs", "https://docs"),
        ALICE.replace("http://docs.oasis", "HTTP://docs.oasis"),
        TOKEN.replace("<wsse:UsernameToken>", f'<wsse:UsernameToken xmlns:wsse="{WSSE}">'),
        ALICE + ALICE,
        ALICE + username_token("BOB", "BUILDER1"),
        ALICE + ALICE.replace("<wsse:Security ", f'<wsse:Security e:actor="{NEXT[False]}" ', 1),
        security(TOKEN + TOKEN),
        security(f"<x xmlns='urn:x'>{TOKEN}</x>"),
        security(TOKEN + "<x xmlns='urn:x'/>"),
        security(TOKEN + "<!-- c -->"),
        security(TOKEN.replace("ALICE", "AL<!-- c -->ICE")),
        security(TOKEN.replace("ALICE", "<b xmlns=''>ALICE</b>")),
        security(TOKEN.replace("WONDER1", "WONDER1<!-- c -->")),
        security(TOKEN.replace("PasswordText", "PasswordDigest")),
        security(TOKEN.replace("PasswordText", "passwordtext")),
        security(TOKEN.replace(' Type="', ' wsse:Type="')),
        security(TOKEN.replace("<wsse:Password ", "<wsse:Password>WONDER1</wsse:Password><wsse:Password ")),
        security(TOKEN.replace("</wsse:Username>", "</wsse:Username><wsse:Username>BOB</wsse:Username>")),
        security(TOKEN.replace("wsse:Username>", "wsse:username>")),
        "".join(("<e:Security xmlns:e='", WSSE, "'>", TOKEN.replace("wsse:", "e:"), "</e:Security>")).replace(
            "e:UsernameToken>", "e:usernameToken>"
        ),
    ],
)
@pytest.mark.parametrize("tls", [True, False])
def test_a_header_that_is_missing_forged_or_strange_brings_nothing_to_ims(gateway, standin, header, tls):
    reply = gateway.post("SecureLabPort", WHOAMI, header, tls=tls)
    assert reply.status == 500
    assert reply.fault_code in (
        {"InvalidSecurity", "InvalidSecurityToken", "UnsupportedSecurityToken", "FailedAuthentication"}
        if tls
        else {"Client"}
    )
    assert not standin.seen


def test_a_second_security_header_for_someone_else_is_no_matter_and_never_read(gateway, standin):
    for other in (username_token("BOB", "BUILDER1"), security("<junk xmlns='urn:j'/>")):
        assert gateway.post("SecureLabPort", WHOAMI, of_someone_else(other) + ALICE).status == 200
        assert gateway.post("SecureLabPort", WHOAMI, ALICE + of_someone_else(other)).status == 200
    assert {seen.user for seen in standin.seen} == {"ALICE"}


@pytest.mark.parametrize(
    "inside",
    [
        timestamp(("Created", "0001-01-01T00:00:00+14:00")) + TOKEN,
        timestamp(("Created", "9999-12-31T23:59:59Z")) + TOKEN,
        timestamp(("Created", "2000-01-01T00:00:00Z"), ("Expires", "9999-12-31T23:59:59Z")) + TOKEN,
        timestamp(("Created", "9999-12-31T23:59:59-14:00")) + TOKEN,
        timestamp(("Created", "2026-02-30T00:00:00Z")) + TOKEN,
        timestamp(("Created", "٢٠٢٦-01-01T00:00:00Z")) + TOKEN,
        timestamp() + TOKEN,
        TOKEN.replace(
            "</wsse:UsernameToken>", "<wsu:Created>9999-12-31T23:59:59Z</wsu:Created></wsse:UsernameToken>"
        ),
        TOKEN.replace(
            "</wsse:UsernameToken>", "<wsu:Created>0001-01-01T00:00:00Z</wsu:Created></wsse:UsernameToken>"
        ),
        TOKEN.replace("</wsse:UsernameToken>", "<wsse:Nonce>AAAA</wsse:Nonce></wsse:UsernameToken>"),
        TOKEN.replace("</wsse:UsernameToken>", "<wsse:Nonce>\xe9\xe9\xe9</wsse:Nonce></wsse:UsernameToken>"),
    ],
)
def test_times_at_the_ends_of_the_calendar_are_the_senders_fault(gateway, standin, inside):
    reply = gateway.post("SecureLabPort", WHOAMI, security(inside))
    assert reply.fault_code in {"InvalidSecurity", "InvalidSecurityToken", "MessageExpired"}
    assert not standin.seen


def test_a_timestamp_that_expires_at_the_end_of_the_calendar_is_fine_while_it_is_young(gateway):
    created = gateway.runtime.live.current.door._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    stamp = timestamp(("Created", created), ("Expires", "9999-12-31T23:59:59Z"))
    assert gateway.post("SecureLabPort", WHOAMI, security(stamp + TOKEN)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-proto": "https"},
        {"x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1"},
        {"forwarded": "proto=https"},
        {"x-forwarded-ssl": "on", "front-end-https": "on", "x-url-scheme": "https"},
        {"host": "https://gateway.example"},
        {"https": "on"},
        {"x_forwarded_proto": "https"},
    ],
)
def test_nobody_but_a_trusted_proxy_turns_plain_http_into_https_by_words(gateway, standin, headers):
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>{ALICE}</e:Header>'
        f"<e:Body>{WHOAMI}</e:Body></e:Envelope>"
    )
    headers = {"content-type": "text/xml", **headers}
    reply = gateway.request("POST", "/imssoap/services/SecureLabPort", body.encode(), headers, tls=False)
    assert (reply.status, reply.message_id) == (500, "IGW1301E")
    assert not standin.seen


@pytest.mark.parametrize(
    ("proto", "accepted"),
    [
        ("https", True),
        ("HTTPS", True),
        ("http, https", True),
        ("https, http", False),
        ("https,", False),
        ("https http", False),
        ("", False),
    ],
)
def test_of_a_trusted_proxy_the_word_nearest_to_us_counts(in_process, standin, proto, accepted):
    gateway = in_process(standin.port, gateway={"server.trusted_proxies": ["192.0.2.0/24"]})
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>{ALICE}</e:Header>'
        f"<e:Body>{WHOAMI}</e:Body></e:Envelope>"
    )
    headers = {"content-type": "text/xml", "x-forwarded-proto": proto}
    path = "/imssoap/services/SecureLabPort"
    assert (gateway.request("POST", path, body.encode(), headers, tls=False).status == 200) is accepted
    outside = gateway.request("POST", path, body.encode(), headers, tls=False, peer="198.51.100.1")
    assert outside.message_id == "IGW1301E"


@pytest.mark.parametrize("soap12", [True, False])
@pytest.mark.parametrize("attributes", ["", 'e:mustUnderstand="1"', 'e:{role}="{next}"'])
def test_a_service_without_token_takes_no_security_header_meant_for_it(gateway, standin, soap12, attributes):
    attributes = attributes.format(role="role" if soap12 else "actor", next=NEXT[soap12])
    how = {"soap": SOAP12} if soap12 else {}
    reply = gateway.post("LabPort", WHOAMI, security(TOKEN, attributes), **how)
    assert reply.message_id == "IGW1306E"
    assert not standin.seen
