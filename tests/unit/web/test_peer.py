"""Who is calling: what a trusted proxy says counts, what anybody else says does not."""

import base64
import logging
import textwrap
from typing import Any
from urllib.parse import quote

import pytest

from gateway.config.model import ServerSettings
from gateway.exchange import Peer
from gateway.web.peer import base_url, caller_at, certificate_from_header, peer_of
from tests.fixtures.pki import Pki

PROXIED: dict[str, Any] = {
    "trusted_proxies": ["10.1.0.0/16", "fd00::/8"],
    "client_certificate_header": "X-Client-Cert",
}


@pytest.fixture(scope="session")
def pem(pki: Pki) -> str:
    return pki.pem(pki.keys.client).read_text().partition("-----END PRIVATE KEY-----\n")[2]


@pytest.fixture(scope="session")
def der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


def environ(remote: str = "10.1.0.1", listener: str = "https", **more: Any) -> dict[str, Any]:
    own = {"imsgw.listener": listener, "imsgw.peer_certificate": b"connection's own", "REMOTE_ADDR": remote}
    return {**own, "SERVER_NAME": "192.0.2.1", "SERVER_PORT": "8443", **more}


def peer(settings: dict[str, Any] | None = None, **fields: Any) -> Peer:
    return peer_of(environ(**fields), ServerSettings(**(PROXIED if settings is None else settings)))


def test_without_proxies_the_connection_counts() -> None:
    assert peer({}, remote="203.0.113.9") == Peer("203.0.113.9", tls=True, certificate=b"connection's own")
    assert peer({}, remote="203.0.113.9", listener="http").tls is False


@pytest.mark.parametrize("remote", ["203.0.113.9", "10.2.0.1", "::1"])
def test_forwarded_headers_from_a_stranger_are_ignored(remote: str, pem: str) -> None:
    forged = {
        "HTTP_X_FORWARDED_FOR": "10.1.2.3",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_CLIENT_CERT": quote(pem),
    }
    one = environ(remote, "http", HTTP_HOST="h:8080", **forged)
    one["imsgw.peer_certificate"] = None
    settings = ServerSettings(**PROXIED)
    assert peer_of(one, settings) == Peer(remote, tls=False, certificate=None)
    assert base_url(one, settings) == "http://h:8080"


def test_a_trusted_proxy_names_address_scheme_and_certificate(pem: str, der: bytes) -> None:
    said = peer(
        listener="http",
        HTTP_X_FORWARDED_FOR="203.0.113.9",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_CLIENT_CERT=quote(pem),
    )
    assert said == Peer("203.0.113.9", tls=True, certificate=der)


def test_the_proxy_s_own_certificate_is_never_the_caller_s() -> None:
    assert peer(HTTP_X_FORWARDED_FOR="203.0.113.9").certificate is None
    assert peer().certificate is None
    assert peer({"trusted_proxies": ["10.1.0.0/16"]}).certificate is None


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.1.7.7", "203.0.113.9"),
        ("1.1.1.1,203.0.113.9 ,10.1.7.7, 10.1.8.8", "203.0.113.9"),
        ("10.1.5.5, 10.1.7.7", "10.1.5.5"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, fd00::7", "203.0.113.9"),
        ("203.0.113.9, unknown", "10.1.0.1"),
        ("203.0.113.9, <script>, 10.1.7.7", "10.1.7.7"),
        ("", "10.1.0.1"),
        (",", "10.1.0.1"),
    ],
)
def test_the_caller_is_the_rightmost_address_that_is_not_a_proxy_of_ours(forwarded: str, address: str) -> None:
    assert peer(HTTP_X_FORWARDED_FOR=forwarded).address == address
    lines = tuple(("x-forwarded-for", entry) for entry in forwarded.split(","))
    for headers in ((("x-forwarded-for", forwarded),), lines):
        assert caller_at(("10.1.0.1", 9), headers, ServerSettings(**PROXIED)) == (address, 0)
        assert caller_at(("203.0.113.5", 9), headers, ServerSettings(**PROXIED)) == ("203.0.113.5", 9)


def test_an_ipv4_proxy_is_recognised_on_an_ipv6_socket() -> None:
    assert peer(remote="::ffff:10.1.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9").address == "203.0.113.9"


@pytest.mark.parametrize(
    ("proto", "tls"),
    [
        ("https", True),
        ("HTTPS", True),
        ("http", False),
        ("http, https", True),
        ("https, http", False),
        ("", False),
        ("x", False),
    ],
)
@pytest.mark.parametrize("listener", ["http", "https"])
def test_the_scheme_is_what_the_nearest_proxy_says(proto: str, tls: bool, listener: str) -> None:
    assert peer(listener=listener, HTTP_X_FORWARDED_PROTO=proto).tls is tls


@pytest.mark.parametrize(("listener", "tls"), [("http", False), ("https", True)])
def test_a_proxy_that_says_no_scheme_leaves_that_of_the_connection(listener: str, tls: bool) -> None:
    assert peer(listener=listener).tls is tls


def test_a_certificate_without_tls_is_not_believed(pem: str) -> None:
    assert peer(HTTP_X_FORWARDED_PROTO="http", HTTP_X_CLIENT_CERT=quote(pem)).certificate is None


def test_every_usual_form_of_the_certificate_is_read(pem: str, der: bytes) -> None:
    plain = base64.b64encode(der).decode()
    body = pem.replace("\n", " ")
    forms = {
        "nginx $ssl_client_escaped_cert": quote(pem),
        "AWS": quote(pem, safe="+=/"),
        "PEM with blanks": body,
        "PEM with tabs": pem.replace("\n", "\t"),
        "PEM, chain": quote(pem + pem),
        "HAProxy base64": plain,
        "RFC 9440": f":{plain}:",
        "base64 with blanks": " ".join(textwrap.wrap(plain, 64)),
        "base64, URL-encoded": quote(plain),
    }
    assert {name: certificate_from_header(form) for name, form in forms.items()} == dict.fromkeys(forms, der)


@pytest.mark.parametrize(
    "damage",
    [
        lambda pem, _der: f"{quote(pem)},{quote(pem)}",
        lambda pem, _der: quote(pem)[:-40],
        lambda pem, _der: pem.replace("-----END CERTIFICATE-----", "").replace("\n", " "),
        lambda _pem, der: base64.b64encode(der[:-1]).decode(),
        lambda _pem, der: base64.b64encode(der + b"\0").decode(),
        lambda _pem, _der: base64.b64encode(b"not a certificate").decode(),
        lambda _pem, _der: "CN=somebody",
        lambda _pem, _der: "%00%ff",
        lambda _pem, _der: "\xff\xfe",
    ],
)
def test_a_damaged_certificate_is_no_certificate(
    damage, pem: str, der: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    value = damage(pem, der)
    with pytest.raises(ValueError):
        certificate_from_header(value)
    assert peer(HTTP_X_CLIENT_CERT=value).certificate is None
    assert "is not believed" in caplog.text


@pytest.mark.parametrize("value", ["", "(null)", "-"])
def test_a_proxy_may_say_that_there_was_none(value: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert peer(HTTP_X_CLIENT_CERT=value).certificate is None
    assert caplog.text == ""


def url(settings: dict[str, Any] | None = None, **fields: Any) -> str:
    return base_url(environ(**fields), ServerSettings(**(settings or {})))


def test_the_base_url_comes_from_public_url_first() -> None:
    public = {"public_url": "https://soap.example.com/ims", **PROXIED}
    assert url(public, HTTP_HOST="h", HTTP_X_FORWARDED_HOST="f") == "https://soap.example.com/ims"


def test_then_from_a_trusted_proxy_then_from_the_host_header_then_from_the_socket() -> None:
    said = {"HTTP_X_FORWARDED_HOST": "a.example, soap.example.com", "HTTP_X_FORWARDED_PROTO": "https"}
    assert url(PROXIED, listener="http", HTTP_HOST="h", **said) == "https://soap.example.com"
    assert url(PROXIED, HTTP_HOST="h:1") == "https://h:1"
    assert url(HTTP_HOST="h:1", listener="http") == "http://h:1"
    assert url() == "https://192.0.2.1:8443"
    assert url(SERVER_NAME="2001:db8::1") == "https://[2001:db8::1]:8443"


@pytest.mark.parametrize("host", ['"><script>', "a b", "evil.example/path", "user@host", "a\r\nb"])
def test_a_host_that_is_none_is_never_shown(host: str) -> None:
    assert url(HTTP_HOST=host) == "https://192.0.2.1:8443"
    assert url(PROXIED, HTTP_X_FORWARDED_HOST=host) == "https://192.0.2.1:8443"
