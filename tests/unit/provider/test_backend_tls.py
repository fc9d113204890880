"""TLS to IMS Connect, against the stand-in: certificates both ways, and what is said when one does not do."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from gateway import tls
from gateway.bundles import connection_settings
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import BackendTls, ImsConnectSettings, KeyStore, PoolSettings, TrustStore
from gateway.errors import M, TransportError
from gateway.exchange import Secret
from gateway.imsconnect.unserved import CLOSED_AT_ONCE
from gateway.provider.backend import BundleBackend
from gateway.testkeys import LOCAL_NAMES, TestAuthority
from gateway.tls.backend import HandshakeCheck
from tests.fixtures.scripted_server import Stall

PASSWORD = "pki-password"


@dataclass
class Keys:
    """An authority with its files; everything it issued is below one folder."""

    folder: Path
    authority: TestAuthority = field(default_factory=TestAuthority)

    def ca(self) -> str:
        path = self.folder / f"{id(self):x}-ca.pem"
        path.write_bytes(self.authority.certificate.public_bytes(Encoding.PEM))
        return str(path)

    def issue(self, name: str, hosts: tuple[str, ...] = (), **how: Any) -> str:
        path = self.folder / f"{id(self):x}-{name}.p12"
        path.write_bytes(self.authority.issue(name, hosts, Secret(PASSWORD), **how))
        return str(path)


@pytest.fixture
def keys(tmp_path) -> Keys:
    return Keys(tmp_path)


@pytest.fixture
def stranger(tmp_path) -> Keys:
    return Keys(tmp_path)


@pytest.fixture
def port(standin_factory) -> Callable[..., tuple[str, int]]:
    """Start a stand-in with TLS on its port."""

    def start(keystore: str, clients: str = "", **settings: Any) -> tuple[str, int]:
        asked: dict[str, Any] = {"keystore": {"path": keystore, "password": PASSWORD}, **settings}
        if clients:
            asked["client_truststore"] = {"path": clients}
        running = standin_factory(ims_connect={"tls": asked})
        return running.host, running.port

    return start


@contextmanager
def backend(
    where: tuple[str, int],
    trusted: str,
    keystore: str = "",
    *,
    server_name: str = "",
    seen: Callable[[str, datetime], None] = lambda _address, _not_after: None,
    change: Callable[[ssl.SSLContext], None] = lambda _context: None,
) -> Iterator[BundleBackend]:
    own = KeyStore.model_construct(path=Path(keystore), password=Secret(PASSWORD)) if keystore else None
    truststore = TrustStore.model_construct(path=Path(trusted), password=Secret(""))
    secure = BackendTls.model_construct(truststore=truststore, keystore=own, server_name=server_name)
    settings = ImsConnectSettings(
        host=where[0], port=where[1], datastore="IMS1", tls=secure, pool=PoolSettings(size=2)
    )
    context = tls.backend_context(secure)
    change(context)
    made = BundleBackend(connection_settings("ims1", settings, context, seen), clock=SYSTEM_CLOCK)
    try:
        yield made
    finally:
        made.close(0)


def refusal(made: BundleBackend) -> str:
    """The private reason of a ping that did not come to be, without the address."""
    with pytest.raises(TransportError) as caught:
        made.ping()
    error = caught.value
    assert error.message is M.UNREACHABLE
    assert not error.maybe_sent
    assert "Traceback" not in error.private
    assert "\n" not in error.private
    return error.private.split(": ", 1)[1]


def only_tls_1_2(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def any_version(_context: ssl.SSLContext) -> None:
    pass


VERSIONS = pytest.mark.parametrize("change", [any_version, only_tls_1_2])


@VERSIONS
def test_both_sides_show_certificates(keys, port, change):
    where = port(keys.issue("ims", LOCAL_NAMES), keys.ca())
    with backend(where, keys.ca(), keys.issue("gateway"), change=change) as made:
        assert made.ping().startswith("HWSC0030I")


def test_the_end_of_the_certificate_that_was_shown_is_noted(keys, port):
    noted: list[tuple[str, datetime]] = []
    where = port(keys.issue("ims", LOCAL_NAMES, valid=timedelta(days=30)))
    with backend(where, keys.ca(), seen=lambda *seen: noted.append(seen)) as made:
        made.ping()
        made.ping()
    [(address, not_after)] = noted
    assert address == f"{where[0]}:{where[1]}"
    assert abs(not_after - SYSTEM_CLOCK.now() - timedelta(days=30)) < timedelta(hours=1)


@VERSIONS
def test_a_certificate_of_another_name(keys, port, change):
    where = port(keys.issue("ims", LOCAL_NAMES))
    with backend(where, keys.ca(), server_name="ims.example", change=change) as made:
        assert refusal(made) == (
            "TLS handshake: certificate refused: Hostname mismatch, certificate is not valid for 'ims.example'."
        )


@VERSIONS
def test_a_certificate_of_an_authority_that_is_not_trusted(keys, stranger, port, change):
    where = port(stranger.issue("ims", LOCAL_NAMES))
    with backend(where, keys.ca(), change=change) as made:
        assert refusal(made) == "TLS handshake: certificate refused: unable to get local issuer certificate"


@VERSIONS
def test_a_certificate_that_has_expired(keys, port, change):
    where = port(keys.issue("ims", LOCAL_NAMES, valid=timedelta(days=-1)))
    with backend(where, keys.ca(), change=change) as made:
        assert refusal(made) == "TLS handshake: certificate refused: certificate has expired"


@pytest.fixture
def strict(keys, scripted_server) -> tuple[str, int]:
    """A server that wants client certificates and says in an alert, as OpenSSL does, what is wrong with one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(keys.ca())
    bundle = pkcs12.load_pkcs12(Path(keys.issue("ims", LOCAL_NAMES)).read_bytes(), PASSWORD.encode())
    assert bundle.key is not None
    assert bundle.cert is not None
    key = bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = keys.folder / "strict.pem"
    path.write_bytes(key + bundle.cert.certificate.public_bytes(Encoding.PEM))
    context.load_cert_chain(path)
    server = scripted_server([Stall()], tls=context)
    return server.host, server.port


CLOSED = {CLOSED_AT_ONCE}
"""With TLS 1.3 a refused certificate shows at the first read: when the new socket is looked at, or later."""


@VERSIONS
def test_no_client_certificate_where_one_is_wanted(keys, strict, change):
    with backend(strict, keys.ca(), change=change) as made:
        said = refusal(made)
    assert said in CLOSED or "client certificate" in said


@VERSIONS
def test_a_client_certificate_of_an_authority_that_is_not_trusted(keys, stranger, strict, change):
    with backend(strict, keys.ca(), stranger.issue("gateway"), change=change) as made:
        said = refusal(made)
    assert said in CLOSED or said.endswith("the other side does not know the authority of our certificate")


@VERSIONS
def test_a_client_certificate_that_has_expired(keys, strict, change):
    with backend(strict, keys.ca(), keys.issue("gateway", valid=timedelta(days=-1)), change=change) as made:
        said = refusal(made)
    assert said in CLOSED or said.endswith("our certificate has expired, says the other side")


def test_without_the_certificate_that_the_stand_in_wants_nothing_gets_through(keys, port):
    where = port(keys.issue("ims", LOCAL_NAMES), keys.ca())
    with backend(where, keys.ca(), change=only_tls_1_2) as made:
        assert refusal(made) == (
            "TLS handshake: closed without a word: perhaps the other side wants a client certificate"
        )


def test_a_port_that_speaks_no_tls(keys, standin):
    with backend((standin.host, standin.port), keys.ca()) as made:
        assert refusal(made).startswith("TLS handshake: ")


class Shaken:
    """A finished handshake that is only pretended."""

    def __init__(self, certificate: bytes, cipher: str = "TLS_AES_128_GCM_SHA256") -> None:
        self._certificate = certificate
        self._cipher = cipher

    def version(self) -> str:
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int]:
        return self._cipher, "TLSv1.3", 128

    def getpeercert(self, *, binary_form: bool) -> bytes:
        assert binary_form
        return self._certificate


def test_a_cipher_outside_the_policy_is_refused(keys):
    noted: list[datetime] = []
    der = keys.authority.certificate.public_bytes(Encoding.DER)
    chacha: Any = Shaken(der, "TLS_CHACHA20_POLY1305_SHA256")
    complaint = HandshakeCheck("sp800-131a", noted.append)(chacha)
    assert complaint == "cipher TLS_CHACHA20_POLY1305_SHA256 is outside crypto_policy sp800-131a"
    assert noted == []
    assert HandshakeCheck("modern", noted.append)(chacha) is None
    aes: Any = Shaken(der)
    assert HandshakeCheck("sp800-131a", noted.append)(aes) is None
    assert noted == [keys.authority.certificate.not_valid_after_utc] * 2


def test_a_certificate_that_cannot_be_read_is_refused():
    unreadable: Any = Shaken(b"0")
    assert (
        HandshakeCheck("modern", lambda _not_after: None)(unreadable) == "the peer's certificate cannot be read"
    )


def test_what_the_check_complains_of_ends_the_connection(keys, port, monkeypatch):
    monkeypatch.setattr("gateway.tls.backend.handshake_complaint", lambda _connection, _policy: "too weak")
    where = port(keys.issue("ims", LOCAL_NAMES))
    with backend(where, keys.ca()) as made:
        assert refusal(made) == "TLS handshake: too weak"
