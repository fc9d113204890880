"""Which address a callout goes to: that of the WSDL, or one that the control data names and that is allowed.

Where several tags are there DFSENDPOINTURL is the whole address (`ENDPOINT_URL_WINS`); without it
DFSPORTNAME says whose address is taken, and DFSHOSTPORT replaces scheme, host and port of that.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.callout.address import DEFAULT_PORTS, Address, Origin, read_address, read_origin
from gateway.callout.codes import MEANINGS, CalloutError, Status
from gateway.callout.ical import ENDPOINT_URL, HOST_PORT
from gateway.callout.values import Control
from gateway.soap.consumer import is_address

ENDPOINT_URL_WINS: Final[bool] = True
"""unverified: which tag wins, DFSENDPOINTURL or DFSHOSTPORT, when a program gives both."""
_ENTRY: Final = re.compile(r"(?:(?P<scheme>https?)://)?(?P<host>\[[^\]]*\]|[^:/]*)(?::(?P<port>[0-9]+|\*))?/?")
_WSDL: Final = "the address in the WSDL"


@dataclass(frozen=True, slots=True)
class AllowList:
    """Where the control data may send a call."""

    origins: frozenset[Origin]
    any_port: frozenset[tuple[str, str]]
    """Scheme and host of which every port is allowed."""

    @classmethod
    def of(cls, own: Iterable[str], entries: Iterable[str]) -> "AllowList":
        """Allow the origins of a WSDL's own addresses and what the bundle's `allowed_hosts` say.

        What is not in order allows nothing.
        """
        origins = {origin for address in own if (origin := _own(address)) is not None}
        any_port: set[tuple[str, str]] = set()
        for entry in entries:
            origin, every = _allowed(entry)
            if origin is not None and every:
                any_port.add((origin.scheme, origin.host))
            elif origin is not None:
                origins.add(origin)
        return cls(frozenset(origins), frozenset(any_port))

    def allows(self, origin: Origin) -> bool:
        """Tell whether an address of this origin may be called."""
        return origin in self.origins or (origin.scheme, origin.host) in self.any_port


def choose_address(control: Control, port_address: str, allowed: AllowList) -> tuple[str, bool]:
    """Return the address to call, and whether the control data chose it.

    `port_address` is that of the port in the WSDL. All that the control data says of addresses is read, also
    what another tag overrides. Raises CalloutError: BAD_ADDRESS, HOST_NAME, IP_ADDRESS, NOT_ALLOWED; INVOKING
    for a placeholder in the WSDL.
    """
    origin = read_origin(control.origin, HOST_PORT) if control.origin else None
    address = read_address(control.address, ENDPOINT_URL) if control.address else None
    if origin is not None and (address is None or not ENDPOINT_URL_WINS):
        address = Address(origin, read_address(port_address, _WSDL).rest)
    if address is None and not is_address(port_address):
        text = f"{_WSDL} is none that can be called; control data can give another ({ENDPOINT_URL})"
        raise CalloutError(Status.INVOKING, text)
    if address is None:
        return port_address, False
    if not allowed.allows(address.origin):
        raise CalloutError(Status.NOT_ALLOWED, MEANINGS[Status.NOT_ALLOWED], private=str(address.origin))
    return str(address), True


def _own(address: str) -> Origin | None:
    try:
        return read_address(address, _WSDL).origin
    except CalloutError:
        return None


def _allowed(entry: str) -> tuple[Origin | None, bool]:
    """Return what an entry of `allowed_hosts` means, and whether it means every port."""
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return None, False
    scheme = found["scheme"] or "https"
    every = found["port"] == "*"
    port = DEFAULT_PORTS[scheme] if every or found["port"] is None else int(found["port"])
    try:
        return read_origin(f"{scheme}://{found['host']}:{port}", "allowed_hosts"), every
    except CalloutError:
        return None, False
