import socket

import pytest
from cryptography import x509

from gateway.clock import SYSTEM_CLOCK
from gateway.preflight.online_tls import look
from tests.fixtures.certificates import key_of_kind
from tests.fixtures.ports import free_port
from tests.fixtures.scripted_server import Close, ExpectNothing, Send, Stall, full_backlog
from tests.unit.preflight.online import SHORT, authority, context_of, days, ids, security, server, terms, text

HERE = "127.0.0.1"


@pytest.fixture
def seen(scripted_server, tmp_path):
    """Look at a server that shows a certificate, as a client that trusts an authority."""

    def look_at(holder, *trusted, name="localhost", policy="modern", connections=2):
        running = scripted_server(*[(ExpectNothing(),)] * connections, tls=context_of(holder))
        return look(HERE, running.port, security(tmp_path, trusted, name, policy), terms())

    return look_at


def test_a_certificate_in_order_is_accepted_and_described(seen):
    ca = authority()
    holder = server(ca)
    found = seen(holder, ca, connections=1)
    assert found.wrong == ()
    assert found.shown.subject == "CN=server"
    assert found.shown.issuer == "CN=authority"
    assert found.shown.names == ("localhost", "127.0.0.1")
    assert found.shown.version == "TLSv1.3"
    assert found.said == (str(found.shown),)
    facts = found.shown.facts(SYSTEM_CLOCK.now())
    assert facts["days_left"] == 364
    assert len(facts["sha256"]) == 64


def test_an_unknown_authority_is_told_with_what_to_compare(seen):
    found = seen(server(authority("stranger")), authority())
    assert ids(found) == ["online.untrusted"]
    assert "the certificate of CN=server, issued by CN=stranger, does not lead to the truststore" in text(found)
    assert f"sha256:{found.shown.sha256}" in text(found)


def test_another_name_is_told_with_those_that_the_certificate_bears(seen):
    ca = authority()
    found = seen(server(ca), ca, name="ims.example.com")
    assert ids(found) == ["online.server-name"]
    assert text(found) == "the certificate of CN=server is for localhost, 127.0.0.1, not for ims.example.com"


def test_a_certificate_without_names_is_told_so(seen):
    ca = authority()
    found = seen(server(ca, names=x509.SubjectAlternativeName([x509.RFC822Name("a@b.example")])), ca)
    assert ids(found) == ["online.server-name"]
    assert "is for no name at all, not for localhost" in text(found)


@pytest.mark.parametrize(("start", "end"), [(-9, -1), (1, 9)], ids=["expired", "not valid yet"])
def test_a_certificate_that_is_not_valid_now_is_told_with_its_end(seen, start, end):
    ca = authority()
    found = seen(server(ca, start=start, end=end), ca)
    assert ids(found) == ["online.expired"]
    assert f"{SYSTEM_CLOCK.now() + days(end):%Y-%m-%d}" in text(found)


def test_a_certificate_that_ends_soon_is_accepted_with_a_warning(seen):
    ca = authority()
    found = seen(server(ca, end=5.5), ca, connections=1)
    assert ids(found) == ["online.certificate"]
    assert text(found).endswith(", in 5 days")
    assert found.shown is not None


def test_a_weak_key_is_told(seen):
    ca = authority()
    found = seen(server(ca, key=key_of_kind("rsa-1024")), ca)
    assert ids(found) == ["online.tls"]
    assert "the certificate of CN=server is too weak" in text(found)


def test_a_key_outside_the_policy_is_told(seen):
    ca = authority()
    holder = server(ca, key=key_of_kind("ed25519"))
    found = seen(holder, ca, policy="sp800-131a", connections=1)
    assert ids(found) == ["online.tls"]
    assert "crypto policy" in text(found)


# -- before TLS


def test_an_address_where_nobody_listens_is_told():
    found = look(HERE, free_port(), None, terms())
    assert ids(found) == ["online.connect"]
    assert text(found) == "no connection: Connection refused"


def test_a_name_that_nobody_knows_is_told(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = look("ims.example.com", 9999, None, terms())
    assert ids(found) == ["online.name"]
    assert text(found) == "the name ims.example.com is not known: Name or service not known"


def test_a_name_that_cannot_be_looked_up_is_none():
    assert ids(look("x" * 64 + ".example", 9999, None, terms())) == ["online.name"]


def test_an_address_that_takes_no_connection_costs_its_time_and_no_more():
    with full_backlog() as listener:
        found = look(HERE, listener.getsockname()[1], None, terms(SHORT))
    assert ids(found) == ["online.time"]


def test_a_server_that_connects_and_says_nothing_costs_its_time_and_no_more(scripted_server, tmp_path):
    running = scripted_server((Stall(),))
    found = look(HERE, running.port, security(tmp_path, [authority()]), terms(SHORT))
    assert ids(found) == ["online.time"]
    assert "TLS handshake" in text(found)


def test_a_server_that_speaks_something_else_is_told(scripted_server, tmp_path):
    running = scripted_server((Send(b"220 mail.example ESMTP\r\n"), Stall()))
    found = look(HERE, running.port, security(tmp_path, [authority()]), terms())
    assert ids(found) == ["online.tls"]


def test_a_server_that_closes_at_once_is_told(scripted_server, tmp_path):
    running = scripted_server((Close(),))
    found = look(HERE, running.port, security(tmp_path, [authority()]), terms())
    assert ids(found) == ["online.tls"]


def test_without_tls_a_connection_is_all(scripted_server):
    running = scripted_server((ExpectNothing(),))
    found = look(HERE, running.port, None, terms())
    assert (found.said, found.wrong) == (("connected",), ())


# -- what is said before TLS begins


def test_a_protocol_may_speak_before_tls(scripted_server, tmp_path):
    running = scripted_server((Send(b"N"), ExpectNothing()))

    def asks(sock):
        return "" if sock.recv(1) == b"S" else "the server does no TLS"

    found = look(HERE, running.port, security(tmp_path, [authority()]), terms(), asks)
    assert (ids(found), text(found)) == (["online.tls"], "the server does no TLS")


@pytest.mark.parametrize(
    ("script", "seconds", "kind"),
    [((Stall(),), SHORT, "online.time"), ((Close(),), 30, "online.connect")],
    ids=["nothing", "closed"],
)
def test_an_answer_that_does_not_come_is_told(scripted_server, tmp_path, script, seconds, kind):
    running = scripted_server(script)

    def asks(sock):
        if not sock.recv(1):
            raise ConnectionResetError
        return ""

    found = look(HERE, running.port, security(tmp_path, [authority()]), terms(seconds), asks)
    assert ids(found) == [kind]
