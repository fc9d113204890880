"""Addresses of servers that we connect to, as they stand in a list."""

from ipaddress import ip_address
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator

from gateway.config.values import RefusalError, Words, parse_listen


class Address(NamedTuple):
    """A host and a TCP port."""

    host: str
    """Name or address, without brackets."""
    port: int

    @property
    def key(self) -> tuple[str, int]:
        """The same for every spelling of one address; names are not looked up."""
        try:
            return ip_address(self.host).compressed, self.port
        except ValueError:
            return self.host.casefold().rstrip("."), self.port

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _addresses(value: Any) -> tuple[Address, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    if not value:
        raise RefusalError("is empty: it names one address at least")
    found: list[Address] = []
    for number, item in enumerate(value, start=1):
        address = item if isinstance(item, Address) else _address(number, item)
        earlier = next((n for n, other in enumerate(found, start=1) if other.key == address.key), None)
        if earlier is not None:
            raise RefusalError(f"entry {number} is entry {earlier} again: {address}")
        found.append(address)
    return tuple(found)


def _address(number: int, item: Any) -> Address:
    try:
        address = Address(*parse_listen(item)) if isinstance(item, str) else None
    except ValueError:
        address = None
    if address is None or not address.port or (":" in address.host and not _is_ipv6(address.host)):
        text = 'is no address; one reads "ims.example.com:9999" or "[2001:db8::1]:9999"'
        raise RefusalError(f"entry {number} {text}")
    return address


def _is_ipv6(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False


Addresses = Annotated[
    tuple[Address, ...],
    BeforeValidator(_addresses),
    Words('a list of addresses, for example ["a.example.com:9999", "[2001:db8::1]:9999"]'),
]
