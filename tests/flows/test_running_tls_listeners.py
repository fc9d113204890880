"""What the listeners of a running gateway agree to, tried suite by suite; docs/network.md says the same."""

import socket
import ssl

import pytest

from tests.fixtures.calling import PATIENCE
from tests.fixtures.client_hello import SUITES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LISTENERS = ("https", "admin")
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
AGREED = {
    f"ECDHE-{key}-{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
}
"""OpenSSL's names of the suites of TLS 1.2 that are fine."""


def client(version, ciphers=EVERYTHING):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    return context


def shaken(port, context):
    """Return the suite of a finished handshake, None: it was refused."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
        try:
            with context.wrap_socket(plain) as sock:
                return sock.cipher()[0]
        except (ssl.SSLError, ConnectionResetError):
            return None


@pytest.fixture(params=LISTENERS)
def port(request, running_gateway):
    return {"https": running_gateway.https_port, "admin": running_gateway.admin_port}[request.param]


def test_of_all_suites_of_tls_1_2_those_with_forward_secrecy_and_aead_are_taken(port):
    known = [
        one["name"] for one in client(ssl.TLSVersion.TLSv1_2).get_ciphers() if one["protocol"] != "TLSv1.3"
    ]
    assert len(known) > 50, "OpenSSL knows many that are to be refused"
    taken = {name for name in known if shaken(port, client(ssl.TLSVersion.TLSv1_2, f"{name}:@SECLEVEL=0"))}
    key = "ECDSA" if any("ECDSA" in name for name in taken) else "RSA"
    assert taken == {name for name in AGREED if f"-{key}-" in name}


def test_tls_1_3_is_agreed_and_older_versions_are_not(port):
    assert shaken(port, client(ssl.TLSVersion.TLSv1_3)) in SUITES.values()
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        assert shaken(port, client(old)) is None
