"""CTLDAT: the control data that an IMS application put beside a synchronous callout request.

Source: Format of the callout control data in the message. Each section is ``<tag>data</tag>`` behind
CTL_HDRLEN, the length of its opening tag; where a section ends, only its closing tag tells. What the program
wrote wrongly is nobody's fault on the way: it is read as it stands, for whoever answers the program.
"""

from typing import Final

from gateway.imsconnect.wire.errors import LocalProtocolError, RemoteProtocolError
from gateway.imsconnect.wire.header import HeaderCode

CTL_ID: Final = "*CTLDAT*"
CTL_HEADER: Final = 16
"""CTL_LLLL, CTL_ID and four reserved bytes."""
CTL_HDRLEN: Final = 4
MIN_TAG: Final = 3


def encode_control_data(sections: tuple[bytes, ...], code: HeaderCode, rest: bytes = b"") -> bytes:
    """Return the whole structure, `rest` at its end as it is.

    Raises LocalProtocolError for a section that is not ``<tag>data</tag>``.
    """
    body = bytearray()
    for section in sections:
        header = section.find(">".encode(code.value)) + 1
        try:
            end = section_end(section, 0, header, code)
        except RemoteProtocolError as error:
            raise LocalProtocolError(str(error)) from None
        if end != len(section):
            raise LocalProtocolError("a section of control data goes on behind its closing tag")
        body += header.to_bytes(CTL_HDRLEN) + section
    body += rest
    length = CTL_HEADER + len(body)
    return length.to_bytes(4) + code.encode(CTL_ID) + bytes(4) + bytes(body)


def read_control_data(structure: bytes | None, code: HeaderCode) -> tuple[tuple[bytes, ...], bytes]:
    """Return the sections of a structure, and what follows them and is none: from its CTL_HDRLEN on."""
    sections: list[bytes] = []
    position = CTL_HEADER
    while structure is not None and position < len(structure):
        header = int.from_bytes(structure[position : position + CTL_HDRLEN])
        start = position + CTL_HDRLEN
        try:
            end = section_end(structure, start, header, code)
        except RemoteProtocolError:
            return tuple(sections), structure[position:]
        sections.append(structure[start:end])
        position = end
    return tuple(sections), b""


def section_end(data: bytes, start: int, header: int, code: HeaderCode) -> int:
    """Return the offset behind the closing tag of the section whose opening tag has `header` bytes.

    `start` is where the opening tag begins. Raises RemoteProtocolError when it is none, or is not closed.
    """
    opening = data[start : start + header]
    less, greater, slash = (mark.encode(code.value) for mark in "<>/")
    well_formed = len(opening) == header >= MIN_TAG and opening.startswith(less) and opening.endswith(greater)
    if not well_formed:
        raise RemoteProtocolError(f"CTL_HDRLEN {header} is not the length of a tag")
    closing = less + slash + opening[1:]
    found = data.find(closing, start + header)
    if found < 0:
        raise RemoteProtocolError("a section of control data without its closing tag")
    return found + len(closing)
