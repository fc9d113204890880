"""When an alert says that nothing that was sent has been looked at, so that it may be sent elsewhere."""

import ssl
from unittest.mock import Mock

import pytest

from gateway.imsconnect.sockets import refused_handshake


def alert(name: str) -> ssl.SSLError:
    error = ssl.SSLError(1, name)
    error.reason = name
    return error


def on(version: str, *, later_certificates: bool = False) -> Mock:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.post_handshake_auth = later_certificates
    return Mock(spec=ssl.SSLSocket, version=lambda: version, context=context)


def test_in_tls_1_3_an_alert_of_the_handshake_before_the_first_byte():
    assert refused_handshake(alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), on("TLSv1.3"))


@pytest.mark.parametrize(
    ("reason", "socket"),
    [
        ("TLSV13_ALERT_INTERNAL_ERROR", on("TLSv1.3")),
        # the handshake was over on both sides: this is another one, perhaps after the request was read
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", on("TLSv1.2")),
        ("TLSV1_ALERT_ACCESS_DENIED", on("TLSv1.2")),
        # a certificate may be asked for after the request was read
        ("SSLV3_ALERT_BAD_CERTIFICATE", on("TLSv1.3", later_certificates=True)),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", Mock()),
    ],
)
def test_no_other_alert(reason, socket):
    assert not refused_handshake(alert(reason), socket)
