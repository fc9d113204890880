"""Who is at the other end, and by which address it sees us: the connection, and what trusted proxies say.

`X-Forwarded-Proto`, `X-Forwarded-For`, `X-Forwarded-Host` and the client certificate header count only on
connections from `trusted_proxies`. From such a network the connection's own TLS certificate is the proxy's
and never the caller's.
"""

import base64
import binascii
import logging
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.config.model import ServerSettings
from gateway.exchange import Peer
from gateway.web.environ import LISTENER, PEER_CERTIFICATE
from gateway.web.head import valid_host
from gateway.web.message import Headers

log = logging.getLogger("gateway.web")

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"
_ABSENT: Final = frozenset({"", "(null)", "-"})
"""How proxies write that the client sent no certificate."""


def peer_of(environ: Mapping[str, Any], settings: ServerSettings) -> Peer:
    """Return who is calling.

    A malformed forwarded value is never believed: the address then is the last one that a proxy of ours vouches
    for, the scheme is plain, the certificate is absent.
    """
    remote = _address(environ["REMOTE_ADDR"])
    tls = environ[LISTENER] != "http"
    if not _from_proxy(remote, settings.trusted_proxies):
        port = int(environ.get("REMOTE_PORT") or 0)
        return Peer(str(remote or environ["REMOTE_ADDR"]), tls, environ[PEER_CERTIFICATE], port)
    tls = _forwarded_tls(environ, tls=tls)
    certificate = _forwarded_certificate(environ, settings.client_certificate_header) if tls else None
    client = _client(environ.get("HTTP_X_FORWARDED_FOR", ""), remote, settings.trusted_proxies)
    return Peer(str(client), tls, certificate)


def caller_at(peer: tuple[str, int], headers: Headers, settings: ServerSettings) -> tuple[str, int]:
    """Return address and port of who sent a request that never became an environ, as `peer_of` would.

    `headers`: the header section as it was read; without it, it is the connection. The port is 0 where a proxy
    tells the address.
    """
    remote = _address(peer[0])
    if not headers or not _from_proxy(remote, settings.trusted_proxies):
        return peer
    forwarded = ",".join(value for name, value in headers if name == "x-forwarded-for")
    return str(_client(forwarded, remote, settings.trusted_proxies)), 0


def base_url(environ: Mapping[str, Any], settings: ServerSettings) -> str:
    """Return how the caller sees us, ``https://host:port``, without a slash at the end.

    `public_url` if it is set; else what a trusted proxy forwards; else the Host header; else the socket's
    address.
    """
    if settings.public_url:
        return settings.public_url
    tls, host = environ[LISTENER] != "http", environ.get("HTTP_HOST", "")
    if _from_proxy(_address(environ["REMOTE_ADDR"]), settings.trusted_proxies):
        tls = _forwarded_tls(environ, tls=tls)
        host = _last(environ.get("HTTP_X_FORWARDED_HOST", "")) or host
    if not valid_host(host):
        name, port = environ["SERVER_NAME"], environ["SERVER_PORT"]
        host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return f"{'https' if tls else 'http'}://{host}"


def _address(text: str) -> Address | None:
    """Read an address, with or without a port; an IPv4 address inside IPv6 becomes IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _from_proxy(address: Address | None, networks: Networks) -> bool:
    return address is not None and any(address in network for network in networks)


def _client(forwarded: str, remote: Address | None, networks: Networks) -> Address | None:
    """Walk X-Forwarded-For from the right: each proxy wrote who called it; stop where one is not ours."""
    client = remote
    for entry in reversed(forwarded.split(",") if forwarded else []):
        address = _address(entry)
        if address is None:
            break
        client = address
        if not _from_proxy(address, networks):
            break
    return client


def _forwarded_tls(environ: Mapping[str, Any], *, tls: bool) -> bool:
    """Read X-Forwarded-Proto, the value nearest to us; without one the connection itself counts."""
    forwarded = environ.get("HTTP_X_FORWARDED_PROTO")
    return tls if forwarded is None else _last(forwarded).lower() == "https"


def _last(value: str) -> str:
    return value.rpartition(",")[2].strip()


def _forwarded_certificate(environ: Mapping[str, Any], header: str) -> bytes | None:
    """Return the certificate that a trusted proxy passes, DER; None when there is none or it cannot be read."""
    if not header:
        return None
    value = environ.get(f"HTTP_{header.upper().replace('-', '_')}", "").strip()
    if value in _ABSENT:
        return None
    try:
        return certificate_from_header(value)
    except ValueError as error:
        log.warning("%s from %s is not believed: %s", header, environ["REMOTE_ADDR"], error)
        return None


def certificate_from_header(value: str) -> bytes:
    """Return the certificate, DER, in a header: PEM, URL-encoded PEM, base64 of DER.

    PEM may have blanks in place of line ends; base64 may stand between colons (Client-Cert, RFC 9440). Of
    several certificates the first counts. ValueError when there is none to read, or when the header was sent
    twice.
    """
    if "," in value:
        raise ValueError("it stands there more than once")
    text = unquote(value) if "%" in value else value
    if _BEGIN in text:
        text, end, _ = text.partition(_BEGIN)[2].partition(_END)
        if not end:
            raise ValueError("the PEM text is cut off")
    compact = "".join(text.split()).strip(":")
    try:
        der = base64.b64decode(compact, validate=True)
        return x509.load_der_x509_certificate(der).public_bytes(Encoding.DER)
    except (binascii.Error, ValueError):
        raise ValueError("it holds no certificate in PEM, URL-encoded PEM or base64") from None
