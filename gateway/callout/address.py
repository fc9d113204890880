"""Addresses that a program may have made up, read so that nobody else can read them differently.

Only what RFC 3986 says without doubt is taken: an absolute http or https URL of printable ASCII, without user
information and fragment, its host a name, an IPv4 address of four decimal numbers or an IPv6 address in
brackets. All that other readers of URLs take as well, each its own way (backslashes, 127.1, 0x7f000001, %2e,
full-width dots), is refused. What is called is put together from the parts that were judged, never the text as
it came.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from gateway.callout.codes import CalloutError, Status

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_LONGEST_HOST: Final = 253
_PRINTABLE: Final = re.compile(r"[!-~]+")
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL
)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>.*))?", re.DOTALL)
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_HIGHEST_PORT: Final = 65_535
_CHARACTER: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})"
_REST: Final = re.compile(rf"(?:/{_CHARACTER}*)?(?:\?(?:{_CHARACTER}|\?)*)?")
"""Path and query, RFC 3986 sections 3.3 and 3.4."""
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label for which some readers take the host for an IPv4 address (WHATWG URL: "ends in a number")."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port in the one spelling that they have here."""

    scheme: str
    """http or https."""
    host: str
    """Lower case, without the dot at the end; IPv6 in brackets, compressed."""
    port: int

    def __str__(self) -> str:
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


@dataclass(frozen=True, slots=True)
class Address:
    """An address in its parts."""

    origin: Origin
    rest: str
    """Path and query; begins with a slash."""

    def __str__(self) -> str:
        return f"{self.origin}{self.rest}"


def read_address(text: str, tag: str) -> Address:
    """Return the parts of an address; `tag` is what errors call it.

    Raises CalloutError: BAD_ADDRESS, HOST_NAME, IP_ADDRESS. Their texts quote nothing.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise _bad(f"{tag} is no address: it reads http://HOST:PORT or https://HOST:PORT")
    scheme, authority, rest = found["scheme"].lower(), found["authority"], found["rest"]
    if scheme not in DEFAULT_PORTS:
        raise _bad(f"{tag} is neither http nor https")
    if not authority.isascii():
        raise CalloutError(Status.HOST_NAME, f"{tag} has a host that is not ASCII; spell it as xn--...")
    if "@" in authority:
        raise _bad(f"{tag} holds user information")
    if _PRINTABLE.fullmatch(text) is None or "\\" in text or "#" in text or _REST.fullmatch(rest) is None:
        raise _bad(f"{tag} holds a character that may not be there, or a fragment")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise CalloutError(Status.HOST_NAME, f"{tag} holds a bracket that may not be there")
    origin = Origin(scheme, _host(parts["host"], tag), _port(parts["port"], scheme, tag))
    return Address(origin, rest if rest.startswith("/") else f"/{rest}")


def read_origin(text: str, tag: str) -> Origin:
    """Return scheme, host and port of an address that has no more than those. Raises as `read_address`."""
    address = read_address(text, tag)
    if address.rest != "/":
        raise _bad(f"{tag} holds more than scheme, host and port")
    return address.origin


def _port(text: str | None, scheme: str, tag: str) -> int:
    if text is None:
        return DEFAULT_PORTS[scheme]
    if _PORT.fullmatch(text) is None or int(text) > _HIGHEST_PORT:
        raise _bad(f"{tag} has a port that is none")
    return int(text)


def _host(text: str, tag: str) -> str:
    if text.startswith("["):
        return _ipv6(text[1:-1], tag)
    host = text.lower()
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(host, tag)
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise CalloutError(Status.HOST_NAME, f"{tag} has a host name that is none")
    return ".".join(labels)


def _ipv4(text: str, tag: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise _no_ip(tag) from None


def _ipv6(text: str, tag: str) -> str:
    if "%" in text:
        raise _no_ip(tag)  # a zone, which the machine of the caller alone understands
    try:
        return f"[{IPv6Address(text).compressed}]"
    except AddressValueError:
        raise _no_ip(tag) from None


def _no_ip(tag: str) -> CalloutError:
    return CalloutError(Status.IP_ADDRESS, f"{tag} has an IP address that is none")


def _bad(text: str) -> CalloutError:
    return CalloutError(Status.BAD_ADDRESS, text)
