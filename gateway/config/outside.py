"""Web services outside: the hosts that may be called, the proxy on the way, a name and password for them."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from gateway.config.values import MisfitError, RefusalError, SecretValue, Settings, Words
from gateway.exchange import Secret

_ORIGIN: Final = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}|\*))?/?"
)
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_PROXY: Final = re.compile(r"https?://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?/?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def is_host(text: str) -> bool:
    """Tell whether a text is a host name or an address as URLs write it (RFC 3986, section 3.2.2).

    What resolvers would take for an IPv4 address in a spelling of its own (`127.1`, `0x7f.1`, `2130706433`) is
    none: a list of hosts must not hold an address that nobody recognises.
    """
    try:
        if text.startswith("["):
            IPv6Address(text[1:-1])
            return text.endswith("]") and "%" not in text  # a zone means something to one machine only
        labels = text.removesuffix(".").split(".")
        if _NUMBER.fullmatch(labels[-1]):
            IPv4Address(text)
            return True
    except AddressValueError:
        return False
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def _is_port(text: str | None) -> bool:
    return text is None or 0 < int(text) < 65_536


def _is_origin(item: Any) -> bool:
    match = _ORIGIN.fullmatch(item) if isinstance(item, str) else None
    return match is not None and is_host(match["host"]) and (match["port"] == "*" or _is_port(match["port"]))


def _origins(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    for number, item in enumerate(value, start=1):
        if not _is_origin(item):
            text = 'is no host; one reads "rating.example.com", "https://rating.example.com:8443" or "host:*"'
            raise RefusalError(f"entry {number} {text}")
    return tuple(value)


Origins = Annotated[
    tuple[str, ...],
    BeforeValidator(_origins),
    Words('a list of hosts, for example ["rating.example.com", "http://10.1.2.3:8080"]'),
]


def _proxy(value: str) -> str:
    match = _PROXY.fullmatch(value)
    if value and (match is None or not is_host(match["host"]) or not _is_port(match["port"])):
        raise RefusalError('must be an address like "http://proxy.example.com:3128", without user and password')
    return value


ProxyAddress = Annotated[
    str, AfterValidator(_proxy), Words('an address like "http://proxy.example.com:3128", or empty')
]


class BasicAuthentication(Settings):
    """HTTP Basic, for a web service that asks for it."""

    user: str = Field(min_length=1, description="User name, without a colon.")
    password: SecretValue = Field(description="Password.")

    @field_validator("password")
    @classmethod
    def _can_be_sent(cls, value: Secret) -> Secret:
        if _CONTROL.search(value.reveal()):
            raise RefusalError("must not hold control characters (RFC 7617, section 2)")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        complaint = "must not hold a colon: HTTP Basic cannot say it" if ":" in self.user else None
        if _CONTROL.search(self.user):
            complaint = "must not hold control characters (RFC 7617, section 2)"
        MisfitError.check({"user": complaint})
        return self
