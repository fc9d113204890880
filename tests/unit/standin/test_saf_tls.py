"""TLS on the port as AT-TLS does it: which clients get as far as IMS Connect."""

import socket
import ssl
from contextlib import suppress

import pytest
import trustme

from tests.unit.standin.by_hand import reply, text, until

ANSWER = reply("USER= GROUP= LTERM= CLIENTID=CLIENT01 TRANSACTION=WHOAMI DATASTORE=IMS1 NETUID= NETSID=")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.RSA)


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)


@pytest.fixture(scope="module")
def alice(authority) -> trustme.LeafCert:
    return named(authority, "Alice")


def named(authority: trustme.CA, name: str) -> trustme.LeafCert:
    return authority.issue_cert(
        f"{name}@example.com",
        common_name=name,
        organization_name="Example",
        organization_unit_name="Sales",
        key_type=trustme.KeyType.RSA,
    )


@pytest.fixture
def start(standin_factory, authority, server, tmp_path):
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ims.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def begin(users=None, trace=0, write=None, **tls):
        settings = {"keystore": {"path": "ims.pem"}, "client_truststore": {"path": "ca.pem"}, **tls}
        return standin_factory(ims_connect={"tls": settings}, users=users or {}, trace=trace, write=write)

    return begin


def ask(standin, authority, certificate=None, newest=None) -> bytes:
    """Return what comes back to WHOAMI; empty when the connection is refused."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    if newest is not None:
        context.maximum_version = newest
    with (
        suppress(ssl.SSLError, ConnectionError),
        socket.create_connection(("127.0.0.1", standin.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        secured.sendall(text("WHOAMI"))
        answer = b""
        while len(answer) < len(ANSWER) and (piece := secured.recv(4096)):
            answer += piece
        return answer
    return b""


class TestClientAuthentication:
    @pytest.mark.parametrize(
        ("asked", "with_certificate", "without"),
        [("none", ANSWER, ANSWER), ("full", ANSWER, ANSWER), ("required", ANSWER, b""), (None, ANSWER, b"")],
    )
    def test_each_type_takes_whom_it_takes(self, start, authority, alice, asked, with_certificate, without):
        standin = start(**({"client_authentication": asked} if asked else {}))
        assert ask(standin, authority, alice) == with_certificate
        assert ask(standin, authority) == without

    @pytest.mark.parametrize("asked", ["full", "required", "safcheck"])
    def test_a_strange_certificate_is_refused(self, start, authority, asked):
        stranger = named(trustme.CA(key_type=trustme.KeyType.RSA), "Alice")
        users = {"ALICE": {"certificates": ["subject:CN=Alice,OU=Sales,O=Example"]}}
        standin = start(users, client_authentication=asked)
        assert ask(standin, authority, stranger) == b""
        assert standin.seen == ()


class TestSafCheck:
    USERS = {"ALICE": {"certificates": ["subject:CN=Alice,OU=Sales,O=Example"]}}  # noqa: RUF012

    def test_a_certificate_of_a_user_passes_and_is_put_into_no_message(self, start, authority, alice):
        standin = start(self.USERS, client_authentication="safcheck")
        assert ask(standin, authority, alice) == ANSWER
        assert standin.seen[0].user == ""

    def test_a_certificate_of_no_user_is_refused(self, start, authority):
        lines: list[str] = []
        standin = start(self.USERS, 1, lines.append, client_authentication="safcheck")
        assert ask(standin, authority, named(authority, "Bob")) == b""
        assert ask(standin, authority) == b""
        assert standin.seen == ()
        assert any("SAFCheck: the certificate CN=Bob" in line for line in lines)

    def test_so_is_that_of_a_revoked_user(self, start, authority, alice):
        standin = start(self.USERS, client_authentication="safcheck")
        standin.racf.revoke("ALICE")
        assert ask(standin, authority, alice) == b""
        standin.racf.resume("ALICE")
        assert ask(standin, authority, alice) == ANSWER

    def test_a_refused_connection_takes_no_place(self, start, authority):
        standin = start(self.USERS, client_authentication="safcheck")
        ask(standin, authority, named(authority, "Bob"))
        assert standin.connections == 0


class TestVersions:
    def test_an_older_version_than_allowed_is_refused(self, start, authority, alice):
        standin = start(min_version="1.3")
        assert ask(standin, authority, alice, ssl.TLSVersion.TLSv1_2) == b""
        assert ask(standin, authority, alice) == ANSWER

    def test_tls_1_2_is_enough_unless_told_otherwise(self, start, authority, alice):
        assert ask(start(), authority, alice, ssl.TLSVersion.TLSv1_2) == ANSWER


def test_a_handshake_under_way_counts_for_maxsoc(standin_factory, connect, server, tmp_path):
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ims.pem")
    standin = standin_factory(ims_connect={"maxsoc": 1, "tls": {"keystore": {"path": "ims.pem"}}})
    first = connect(standin)
    until(lambda: standin.standin._listener.arriving)
    connect(standin).assert_closed()
    first.close()
    until(lambda: not standin.standin._listener.arriving)
