"""IRM extensions: named blocks behind the user portion of an IRM of architecture level 5.

Source: Format of IRM extensions; Distributed network security credential support and OTMA.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.imsconnect.wire.errors import InputViolation, LocalProtocolError
from gateway.imsconnect.wire.header import NAME_LENGTH, HeaderCode

HEADER_LENGTH: Final = 12
"""IRMEXTN_LL, IRMEXTN_ZZ and IRMEXTN_ID."""
MAX_EXTENSION: Final = 0x7FFF
NETUID: Final = "*NETUID*"
"""Network user id of whoever is behind the request; for auditing, not authenticated."""
NETSID: Final = "*NETSID*"
"""Network session id: realm or domain of that user."""
TRCKID: Final = "*TRCKID*"
"""Tracking id of a SOAP request; HWSSOAP1 knows it."""
DATA_LIMITS: Final = {NETUID: (246, 117), NETSID: (254, 118)}
"""Longest data by id, and the reason code for more."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: an id of eight characters such as ``*NETUID*``, and data as the wire has it."""

    id: str
    data: bytes = field(default=b"", repr=False)


def encode_extensions(extensions: tuple[Extension, ...], code: HeaderCode) -> bytes:
    """Return the extensions one after the other. Raises LocalProtocolError for one that has no valid form."""
    return b"".join(_encode(extension, code) for extension in extensions)


def _encode(extension: Extension, code: HeaderCode) -> bytes:
    length = HEADER_LENGTH + len(extension.data)
    if length > MAX_EXTENSION:
        raise LocalProtocolError(f"IRM extension {extension.id} is longer than {MAX_EXTENSION} bytes")
    try:
        name = code.encode(extension.id)
    except ValueError as error:
        raise LocalProtocolError(f"id of an IRM extension: {error}") from None
    return length.to_bytes(2) + bytes(2) + name + extension.data


def decode_extensions(
    data: bytes, code: HeaderCode, refuse: Callable[[str, int, int], InputViolation]
) -> tuple[Extension, ...]:
    """Return the extensions that fill `data`; unknown ids are kept, for the exit ignores them.

    Raises what `refuse` makes: reason code 113 when lengths do not fit, 9 when an id is not text.
    """
    found: list[Extension] = []
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 2])
        if length < HEADER_LENGTH or position + length > len(data):
            raise refuse(f"IRMEXTN_LL {length} at offset {position} of the IRM extensions", 4, 113)
        start = position + HEADER_LENGTH
        try:
            name = code.decode(data[start - NAME_LENGTH : start])
        except ValueError:
            raise refuse("IRMEXTN_ID is not text", 4, 9) from None
        found.append(Extension(name, data[start : position + length]))
        position += length
    return tuple(found)
