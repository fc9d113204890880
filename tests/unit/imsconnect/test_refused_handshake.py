"""When an alert says that nothing that was sent has been looked at, so that it may be sent elsewhere."""

import ssl
from unittest.mock import Mock

import pytest

from gateway.imsconnect.sockets import judged_later, refused_handshake


def alert(name: str) -> ssl.SSLError:
    error = ssl.SSLError(1, name)
    error.reason = name
    return error


def on(version: str, *, later_certificates: bool = False) -> Mock:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.post_handshake_auth = later_certificates
    return Mock(spec=ssl.SSLSocket, version=lambda: version, context=context)


def test_one_of_the_handshake_does():
    assert refused_handshake(alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"))


def test_one_of_the_connection_does_not():
    assert not refused_handshake(alert("TLSV13_ALERT_INTERNAL_ERROR"))


def test_in_tls_1_3_it_comes_after_the_handshake():
    assert judged_later(on("TLSv1.3"))


@pytest.mark.parametrize(
    # what comes in TLS 1.2 belongs to another handshake, perhaps after the request was read
    "sock",
    [on("TLSv1.2"), on("TLSv1.3", later_certificates=True), Mock()],
    ids=["TLS 1.2", "certificates may be asked for later", "no TLS"],
)
def test_where_it_could_come_after_the_request_was_read_it_says_nothing(sock):
    assert not judged_later(sock)
