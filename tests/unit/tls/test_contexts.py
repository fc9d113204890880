"""What a handshake with our contexts admits and refuses; both ends mostly in memory."""

import os
import shutil
import ssl
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import BackendTls, ServerSettings
from gateway.exchange import Secret
from gateway.testkeys import VALID
from gateway.tls import StoreError, backend_context, contexts, server_context, server_tls
from tests.fixtures.pki import PASSWORD, Pki, keystore, truststore
from tests.fixtures.web import ServiceFactory, ask, post


def settings(pki: Pki, **more) -> ServerSettings:
    return ServerSettings(**{"keystore": pki.server_keystore(), "client_truststore": pki.truststore(), **more})


def trusting(pki: Pki) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pki.keys.ca)


def shake(
    server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost"
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Do a handshake in memory; raises what either end raises. Returns server end and client end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    pending = [theirs, ours]
    for _ in range(10):
        for end in tuple(pending):
            try:
                end.do_handshake()
                pending.remove(end)
            except ssl.SSLWantReadError:
                continue
        if not pending:
            return ours, theirs
    raise AssertionError("the handshake does not end")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(pki: Pki, version: ssl.TLSVersion) -> None:
    client = trusting(pki)
    client.minimum_version = client.maximum_version = version
    ours, _ = shake(server_context(settings(pki)), client)
    assert ours.version() == version.name.replace("v1_", "v1.")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(pki: Pki, version: ssl.TLSVersion) -> None:
    client = trusting(pki)
    client.set_ciphers("ALL:@SECLEVEL=0")
    client.minimum_version = client.maximum_version = version
    with pytest.raises(ssl.SSLError):
        shake(server_context(settings(pki)), client)


@pytest.mark.parametrize("policy", ["modern", "sp800-131a"])
@pytest.mark.parametrize("ciphers", ["AES256-GCM-SHA384", "ECDHE+AES+SHA256:!AESGCM", "ECDHE-ECDSA-AES256-SHA"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(
    pki: Pki, policy: str, ciphers: str
) -> None:
    client = trusting(pki)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        shake(server_context(settings(pki, crypto_policy=policy)), client)


def test_chacha20_is_modern_and_not_sp800_131a(pki: Pki) -> None:
    client = trusting(pki)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("ECDHE+CHACHA20")
    ours, _ = shake(server_context(settings(pki)), client)
    assert "CHACHA20" in str(ours.cipher())
    with pytest.raises(ssl.SSLError):
        shake(server_context(settings(pki, crypto_policy="sp800-131a")), client)


def test_a_tls_1_3_suite_outside_the_policy_is_refused_after_the_handshake(
    web_service: ServiceFactory, pki: Pki
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not there")
    answered = {}
    for policy in ("modern", "sp800-131a"):
        service = web_service(tls={"https": server_tls(settings(pki, crypto_policy=policy))})
        command = ["s_client", "-quiet", "-CAfile", str(pki.keys.ca), "-tls1_3", "-ign_eof"]
        command += ["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"]
        command += ["-connect", f"127.0.0.1:{service.ports['https']}"]
        request = post("Echo", b"<a/>", "Connection: close")
        done = subprocess.run([openssl, *command], input=request, capture_output=True, check=False, timeout=20)
        answered[policy] = done.stdout.startswith(b"HTTP/1.1 200")
    assert answered == {"modern": True, "sp800-131a": False}


def test_sp800_131a_agrees_on_a_nist_curve_only(pki: Pki) -> None:
    client = trusting(pki)
    client.set_ecdh_curve("X25519")
    shake(server_context(settings(pki)), client)
    with pytest.raises(ssl.SSLError):
        shake(server_context(settings(pki, crypto_policy="sp800-131a")), client)
    shake(server_context(settings(pki, crypto_policy="sp800-131a")), trusting(pki))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_ticket_is_given_out(web_service: ServiceFactory, pki: Pki, version: ssl.TLSVersion) -> None:
    service = web_service(tls={"https": server_tls(settings(pki))})
    client = trusting(pki)
    client.minimum_version = client.maximum_version = version
    with service.connect("https", client) as sock:
        assert ask(sock, post("Echo")).status == 200
        assert isinstance(sock, ssl.SSLSocket)
        assert sock.session is None or not sock.session.has_ticket


def test_renegotiation_and_compression_are_off(pki: Pki) -> None:
    options = server_context(settings(pki)).options
    assert options & ssl.OP_NO_RENEGOTIATION
    assert options & ssl.OP_NO_COMPRESSION


def with_certificate(pki: Pki, store: Path) -> ssl.SSLContext:
    client = trusting(pki)
    client.load_cert_chain(pki.pem(store))
    client.maximum_version = ssl.TLSVersion.TLSv1_2  # the refusal comes within the handshake, not behind it
    return client


@pytest.mark.parametrize(
    ("authentication", "absent", "ours", "foreign"),
    [("none", True, True, True), ("optional", True, True, False), ("required", False, True, False)],
)
def test_client_certificates_are_taken_as_set(
    pki: Pki, authentication: str, absent: bool, ours: bool, foreign: bool
) -> None:
    server = server_context(settings(pki, client_authentication=authentication))
    without = trusting(pki)
    without.maximum_version = ssl.TLSVersion.TLSv1_2
    clients = [without, with_certificate(pki, pki.keys.client), with_certificate(pki, pki.other.client)]
    assert [admitted(server, client) for client in clients] == [absent, ours, foreign]


def admitted(server: ssl.SSLContext, client: ssl.SSLContext) -> bool:
    try:
        shake(server, client)
    except ssl.SSLError:
        return False
    return True


@pytest.mark.parametrize("authentication", ["optional", "required"])
def test_an_expired_client_certificate_is_refused(pki: Pki, authentication: str) -> None:
    server = server_context(settings(pki, client_authentication=authentication))
    with pytest.raises(ssl.SSLError):
        shake(server, with_certificate(pki, pki.expired_client))


def test_a_server_certificate_does_not_pass_as_a_client_s(pki: Pki) -> None:
    server = server_context(settings(pki, client_authentication="required"))
    with pytest.raises(ssl.SSLError):
        shake(server, with_certificate(pki, pki.keys.server))


def test_a_single_trusted_certificate_stands_for_itself(pki: Pki, tmp_path: Path) -> None:
    one = tmp_path / "one.pem"
    one.write_text(pki.pem(pki.keys.client).read_text().partition("-----END PRIVATE KEY-----\n")[2])
    server = server_context(settings(pki, client_authentication="required", client_truststore=truststore(one)))
    shake(server, with_certificate(pki, pki.keys.client))
    with pytest.raises(ssl.SSLError):
        shake(server, with_certificate(pki, pki.keys.server))


def test_the_admin_listener_asks_for_no_certificate(pki: Pki) -> None:
    required = settings(pki, client_authentication="required")
    shake(server_context(required, client_certificates=False), trusting(pki))


def test_https_without_a_keystore_says_how_to_get_one() -> None:
    with pytest.raises(ValueError, match="imsgw keystore create-test"):
        server_context(ServerSettings())


def test_the_backend_s_certificate_and_name_are_checked(pki: Pki) -> None:
    client = backend_context(
        BackendTls.model_construct(truststore=pki.truststore(), keystore=None, server_name="")
    )
    server = server_context(settings(pki))
    shake(server, client)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(server, client, "ims.example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(server_context(settings(pki, keystore=pki.other_keystore())), client)


def test_the_backend_is_shown_our_certificate(pki: Pki) -> None:
    tls = BackendTls.model_construct(
        truststore=pki.truststore(), keystore=keystore(pki.keys.client), server_name=""
    )
    ours, _ = shake(server_context(settings(pki, client_authentication="required")), backend_context(tls))
    assert ours.getpeercert(binary_form=True)


def self_signed(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, path: Path) -> Path:
    name = x509.Name.from_rfc4514_string("CN=localhost")
    now = SYSTEM_CLOCK.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + VALID)
        .sign(key, hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None)
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    return path


def test_a_key_that_the_policy_does_not_take_is_refused(pki: Pki, tmp_path: Path) -> None:
    weak = self_signed(rsa.generate_private_key(65537, 1024), tmp_path / "weak.pem")
    with pytest.raises(StoreError, match="RSA of 1024 bits; 2048 are needed"):
        server_context(settings(pki, keystore=keystore(weak, Secret(""))))
    edwards = keystore(self_signed(ed25519.Ed25519PrivateKey.generate(), tmp_path / "ed.pem"), Secret(""))
    server_context(settings(pki, keystore=edwards))
    with pytest.raises(StoreError, match="crypto_policy sp800-131a does not take it"):
        server_context(settings(pki, keystore=edwards, crypto_policy="sp800-131a"))


def test_a_wrong_password_is_named_without_showing_it(pki: Pki) -> None:
    with pytest.raises(StoreError, match="wrong password") as refused:
        server_context(settings(pki, keystore=keystore(pki.keys.server, Secret("not-this-one"))))
    assert "not-this-one" not in str(refused.value)


@pytest.mark.parametrize("memory_files", [True, False])
def test_the_private_key_is_handed_to_openssl_encrypted_and_leaves_no_file(
    pki: Pki, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memory_files: bool
) -> None:
    handed: list[bytes] = []
    original = contexts._in_memory
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if not memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)

    def watched(data: bytes) -> AbstractContextManager[Path]:
        handed.append(data)
        return original(data)

    monkeypatch.setattr(contexts, "_in_memory", watched)
    shake(server_context(settings(pki)), trusting(pki))
    [data] = handed
    assert b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in data
    assert b"-----BEGIN PRIVATE KEY-----" not in data
    assert PASSWORD.reveal().encode() not in data
    assert list(tmp_path.iterdir()) == []
