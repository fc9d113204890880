"""The address of a syslog receiver, as `[audit] to` has it."""

import re
from ipaddress import IPv6Address
from typing import Final, NamedTuple

TLS_PORT: Final = 6514
"""RFC 5425, section 4.1."""

_ADDRESS: Final = re.compile(
    r"syslog\+(?P<transport>tls|tcp)://(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?"
)
_UNSAFE: Final = re.compile(r"syslog(\+udp)?://", re.IGNORECASE)


class Receiver(NamedTuple):
    """Where messages go, and whether under TLS."""

    host: str
    port: int
    tls: bool


def parse_receiver(value: str) -> Receiver:
    """Read `syslog+tls://host:6514`, where 6514 may be left out, or `syslog+tcp://host:601`; else ValueError.

    Plain TCP has no port of its own that receivers agree on, so it must be named.
    """
    match = _ADDRESS.fullmatch(value)
    if match is None:
        if _UNSAFE.match(value):
            raise ValueError('UDP loses records without a word; name "syslog+tls://host:6514"')
        raise ValueError('a receiver reads "syslog+tls://host:6514" (or "syslog+tcp://host:601" without TLS)')
    tls = match["transport"] == "tls"
    if match["port"] is None and not tls:
        raise ValueError('plain TCP needs a port, for example "syslog+tcp://host:601"')
    port = int(match["port"] or TLS_PORT)
    if not 0 < port <= 65535:
        raise ValueError("the port is 1 to 65535")
    if match["v6"]:
        IPv6Address(match["v6"])
    return Receiver(match["v6"] or match["host"], port, tls)
