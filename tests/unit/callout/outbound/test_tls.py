"""TLS to services outside: who is believed, who is shown, what a failure is called."""

import datetime as dt
import socket
import ssl
import warnings
from contextlib import suppress

import pytest

from gateway.callout.codes import Hope, Status
from gateway.errors import ConfigError
from gateway.exchange import Secret
from gateway.testkeys import TestAuthority
from tests.fixtures import hostile_service as hostile
from tests.fixtures.certificates import CA, issue, key_of_kind
from tests.fixtures.pki import PASSWORD, keystore, truststore
from tests.unit.callout.outbound.calls import call, failure

pytestmark = pytest.mark.timeout(60)


def server_context(pki, store, clients=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.pem(store))
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def start(service_factory, pki):
    """Start a service with TLS."""

    def made(store=None, clients=None, behave=None):
        return service_factory(behave, server_context(pki, store or pki.keys.server, clients))

    return made


@pytest.fixture
def caller(calling, pki):
    """Make a caller that trusts our authority."""

    def made(**callout):
        calling.callout = {"truststore": pki.truststore()} | callout
        return calling.caller()

    return made


def told(error):
    return error.status, error.hope, error.maybe_done


UNREACHED = (Status.NETWORK, Hope.LATER, False)


# -- who is believed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_service_of_a_trusted_authority_is_called(start, caller, host):
    service = start()
    made = call(f"https://{host}:{service.port}/")
    assert caller().call(made).findtext("{*}score") == "3"


def test_a_connection_with_tls_is_used_again(start, caller):
    service, made = start(), caller()
    for _ in range(3):
        made.call(call(service.origin))
    assert service.connections == 1


def test_a_service_of_another_authority_is_not(start, caller, pki):
    service = start(pki.other.server)
    error = failure(caller(), call(service.origin))
    assert told(error) == UNREACHED
    assert error.text == "the certificate of the web service is not signed by an authority that is trusted"
    assert service.heard == []


def test_without_a_truststore_only_the_systems_authorities_count(start, calling):
    service = start()
    error = failure(calling.caller(), call(service.origin))
    assert told(error) == UNREACHED
    assert service.heard == []


def test_the_truststore_of_the_service_stands_in_for_that_of_the_bundle(start, calling, pki):
    service = start()
    calling.callout = {"truststore": truststore(pki.other.ca)}
    assert told(failure(calling.caller(), call(service.origin))) == UNREACHED
    caller = calling.caller(security={"truststore": pki.truststore()})
    assert caller.call(call(service.origin)) is not None


def test_a_certificate_for_another_host_is_not_accepted(start, caller, pki, tmp_path):
    authority = TestAuthority()
    store = tmp_path / "elsewhere.p12"
    store.write_bytes(authority.issue("elsewhere", ("elsewhere.example.com",), PASSWORD))
    ca = tmp_path / "ca.pem"
    from cryptography.hazmat.primitives.serialization import Encoding

    ca.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    service = start(store)
    error = failure(caller(truststore=truststore(ca)), call(service.origin))
    assert told(error) == UNREACHED
    assert error.text == "the certificate of the web service is not for the host that was called"
    assert service.heard == []


@pytest.mark.parametrize(("days", "words"), [(-1, "has expired"), (400, "is not valid yet")])
def test_a_certificate_out_of_its_time_is_not_accepted(service_factory, caller, tmp_path, days, words):
    now = dt.datetime.now(dt.UTC)  # noqa: TID251  OpenSSL knows no other
    day = dt.timedelta(days=1)
    authority = issue("authority", CA, start=now - day, end=now + day)
    start, end = (now + days * day, now + (days + 1) * day) if days > 0 else (now - 9 * day, now + days * day)
    leaf = authority.issue("leaf", *_for_localhost(), start=start, end=end)
    service = service_factory(tls=_serving(leaf, tmp_path))
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    error = failure(caller(truststore=truststore(ca)), call(service.origin))
    assert told(error) == UNREACHED
    assert error.text == f"the certificate of the web service {words}"


def _for_localhost():
    from ipaddress import ip_address

    from cryptography import x509

    return (x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),)


def _serving(holder, folder):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = folder / "leaf.pem"
    key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key + holder.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(path)
    return context


def test_a_weak_key_is_not_accepted(service_factory, caller, tmp_path):
    now = dt.datetime.now(dt.UTC)  # noqa: TID251  OpenSSL knows no other
    day = dt.timedelta(days=1)
    authority = issue("authority", CA, start=now - day, end=now + day)
    leaf = authority.issue(
        "leaf", *_for_localhost(), start=now - day, end=now + day, key=key_of_kind("rsa-1024")
    )
    service = service_factory(tls=_serving(leaf, tmp_path))
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    assert told(failure(caller(truststore=truststore(ca)), call(service.origin))) == UNREACHED
    assert service.heard == []


@pytest.mark.parametrize(("purpose", "accepted"), [("CLIENT_AUTH", False), ("SERVER_AUTH", True)])
def test_a_certificate_that_is_for_clients_is_none_of_a_service(
    service_factory, caller, tmp_path, purpose, accepted
):
    """Whoever has a client certificate of the same authority could pretend to be a service otherwise."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now = dt.datetime.now(dt.UTC)  # noqa: TID251  OpenSSL knows no other
    day = dt.timedelta(days=1)
    authority = issue("authority", CA, start=now - day, end=now + day)
    use = x509.ExtendedKeyUsage([getattr(ExtendedKeyUsageOID, purpose)])
    leaf = authority.issue("leaf", *_for_localhost(), use, start=now - day, end=now + day)
    service = service_factory(tls=_serving(leaf, tmp_path))
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    made = caller(truststore=truststore(ca))
    if accepted:
        assert made.call(call(service.origin)) is not None
    else:
        assert told(failure(made, call(service.origin))) == UNREACHED
        assert service.heard == []


def test_old_versions_of_tls_are_not_spoken(service_factory, caller, pki):
    context = server_context(pki, pki.keys.server)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    service = service_factory(tls=context)
    error = failure(caller(), call(service.origin))
    assert told(error) == UNREACHED
    assert error.text == "the web service speaks none of our versions of TLS"


def test_a_cipher_outside_the_crypto_policy_is_not_accepted(service_factory, caller, pki):
    context = server_context(pki, pki.keys.server)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+CHACHA20")
    service = service_factory(tls=context)
    assert caller().call(call(service.origin)) is not None
    service.forget()
    error = failure(caller(crypto_policy="sp800-131a"), call(service.origin))
    assert told(error) == UNREACHED
    assert service.heard == []


def test_plain_http_where_tls_is_due_is_no_tls(service, caller):
    def greet(link):
        link.raw.recv(10)
        link.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    service.greet = greet
    error = failure(caller(), call(f"https://127.0.0.1:{service.port}/"))
    assert told(error) == UNREACHED
    assert error.text == "no TLS connection to the web service"


def test_a_handshake_that_hangs_ends_with_the_time_for_connections(service, calling, pki):
    service.greet = lambda link: link.stopping.wait()
    calling.callout = {"truststore": pki.truststore()}
    caller = calling.caller(connect_timeout_ms=300)
    error = failure(caller, call(f"https://127.0.0.1:{service.port}/"))
    assert told(error) == (Status.NETWORK, Hope.LATER, False)
    assert "TLS" in error.text


def test_a_handshake_that_drips_ends_with_the_time_for_connections(service, calling, pki):
    def greet(link):
        link.send(b"\x16\x03\x03\x40\x00")
        while not link.stopping.wait(0.02):
            link.send(b"\x02")

    service.greet = greet
    calling.callout = {"truststore": pki.truststore()}
    caller = calling.caller(connect_timeout_ms=300)
    error = failure(caller, call(f"https://127.0.0.1:{service.port}/"))
    assert told(error) == (Status.NETWORK, Hope.LATER, False)


@pytest.mark.parametrize(
    "behaviour", [hostile.hang, hostile.hang_in_header, hostile.hang_in_body, hostile.drip()]
)
def test_silence_over_tls_is_cut_as_well(start, caller, behaviour):
    service = start(behave=behaviour)
    error = failure(caller(), call(service.origin, 1.0))
    assert told(error) == (Status.NO_RESPONSE, Hope.LATER, True)


@pytest.mark.parametrize("behaviour", [hostile.drop, hostile.reset, hostile.drop_in_body])
def test_a_connection_with_tls_that_breaks_may_have_brought_the_request_there(start, caller, behaviour):
    service = start(behave=behaviour)
    assert told(failure(caller(), call(service.origin))) == (Status.NETWORK, Hope.LATER, True)


def test_a_long_answer_over_tls_is_read_and_an_endless_one_cut(start, calling, pki):
    service = start(behave=hostile.big(900_000))
    calling.callout = {"truststore": pki.truststore()}
    caller = calling.caller(max_response_bytes=1_000_000)
    assert len(caller.call(call(service.origin)).findtext("{*}who")) == 900_000
    service.behave = hostile.endless
    assert told(failure(caller, call(service.origin))) == (Status.INVOKING, Hope.NONE, True)


# -- who is shown ---------------------------------------------------------------------------------------------

versions = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


def demanding(pki, version):
    context = server_context(pki, pki.keys.server, pki.keys.ca)
    context.minimum_version = context.maximum_version = version
    return context


@versions
def test_our_certificate_is_shown_to_a_service_that_demands_one(service_factory, caller, pki, version):
    service = service_factory(tls=demanding(pki, version))
    caller(keystore=keystore(pki.keys.client)).call(call(service.origin))
    assert service.heard[0].certificate == "IMS Gateway test client"


def test_the_keystore_of_the_service_stands_in_for_that_of_the_bundle(service_factory, calling, pki):
    service = service_factory(tls=demanding(pki, ssl.TLSVersion.TLSv1_3))
    calling.callout = {"truststore": pki.truststore(), "keystore": keystore(pki.other.client)}
    failure(calling.caller(), call(service.origin))
    caller = calling.caller(security={"keystore": keystore(pki.keys.client)})
    caller.call(call(service.origin))
    assert service.heard[0].certificate == "IMS Gateway test client"


@versions
@pytest.mark.parametrize("which", ["none", "of a stranger", "expired"])
def test_a_service_that_does_not_accept_our_certificate_has_done_nothing(
    service_factory, caller, pki, version, which
):
    service = service_factory(tls=demanding(pki, version))
    stores = {"of a stranger": pki.other.client, "expired": pki.expired_client}
    own = {"keystore": keystore(stores[which])} if which in stores else {}
    error = failure(caller(**own), call(service.origin))
    assert (error.status, error.hope) == (Status.NETWORK, Hope.LATER)
    assert service.heard == []


def test_a_missing_client_certificate_is_called_by_its_name(service, caller, pki):
    context = demanding(pki, ssl.TLSVersion.TLSv1_3)

    def greet(link):
        """Refuse, and stay until the other side has gone: a reset could overtake the alert."""
        link.raw = context.wrap_socket(link.raw, server_side=True, do_handshake_on_connect=False)
        with suppress(ssl.SSLError):
            link.raw.do_handshake()
        while socket.socket.recv(link.raw, 65_536):
            pass

    service.greet = greet
    error = failure(caller(), call(f"https://127.0.0.1:{service.port}/"))
    assert told(error) == UNREACHED
    assert error.text == "the web service wants a client certificate"


def test_a_reset_right_after_the_handshake_may_come_from_either_reason(service_factory, caller, pki):
    service = service_factory(hostile.reset, server_context(pki, pki.keys.server))
    error = failure(caller(), call(service.origin))
    assert told(error) == (Status.NETWORK, Hope.LATER, True)
    assert "perhaps it does not accept our client certificate" in error.private


def test_a_key_is_never_written_to_disk(start, caller, pki, monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a file")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    service = start(clients=pki.keys.ca)
    caller(keystore=keystore(pki.keys.client)).call(call(service.origin))
    assert service.heard[0].certificate == "IMS Gateway test client"


# -- mistakes of the configuration ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["service", "bundle"])
def test_a_store_that_cannot_be_opened_is_a_problem_that_says_where(calling, pki, where):
    store = keystore(pki.keys.client, Secret("wrong-password"))
    settings = {}
    if where == "service":
        settings["security"] = {"keystore": store}
    else:
        calling.callout = {"keystore": store}
    with pytest.raises(ConfigError) as caught:
        calling.caller(**settings)
    [problem] = caught.value.problems
    expected = "wsdl/rating/correlator.toml" if where == "service" else "bundles/ims1.toml"
    assert (problem.file, "keystore" in problem.key or where == "bundle") == (expected, True)
    assert "wrong-password" not in str(problem)


def test_the_same_stores_are_read_once(calling, pki, monkeypatch):
    from gateway.callout import outbound

    made = []
    monkeypatch.setattr(outbound, "client_context", lambda *given: made.append(given) or _context())
    calling.callout = {"truststore": pki.truststore()}
    calling.caller()
    assert len(made) == 1


def _context():
    return ssl.create_default_context()
