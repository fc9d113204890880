"""What TCP carried in the packets of a `tcpdump -X`: IP and TCP headers off, what came twice left out.

Source: RFC 791, RFC 8200 and RFC 9293. Of each connection both directions are put together in the order of the
packets, since client and IMS Connect speak in turns.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_TCP: Final = 6
_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40
_TCP_HEADER: Final = 20
_SYN: Final = 0x02
_WRAP: Final = 1 << 32


class PacketError(ValueError):
    """Bytes are missing between packets, or in one."""


@dataclass(frozen=True, slots=True)
class _Segment:
    source: bytes
    target: bytes
    """Address and port."""
    sequence: int
    syn: bool
    data: bytes


@dataclass(slots=True)
class _Connection:
    said: bytearray = field(default_factory=bytearray)
    next: dict[bytes, int] = field(default_factory=dict)
    """By sender, the sequence number that has to come."""


def payload(pieces: Iterable[bytes]) -> bytes | None:
    """Return what TCP carried, connection after connection; None when the pieces are no IP packets.

    Raises PacketError when bytes are missing.
    """
    connections: dict[frozenset[bytes], _Connection] = {}
    for number, piece in enumerate(pieces, 1):
        segment = _segment(piece)
        if segment is None:
            return None
        ends = frozenset((segment.source, segment.target))
        _add(connections.setdefault(ends, _Connection()), segment, number)
    return b"".join(connection.said for connection in connections.values())


def _add(connection: _Connection, segment: _Segment, number: int) -> None:
    if segment.syn:
        connection.next[segment.source] = (segment.sequence + 1) % _WRAP
        return
    if not segment.data:
        return
    expected = connection.next.get(segment.source, segment.sequence)
    known = (expected - segment.sequence) % _WRAP
    if known >= _WRAP // 2:
        raise PacketError(f"packet {number}: {_WRAP - known} bytes before it are missing")
    new = segment.data[known:]
    connection.said += new
    connection.next[segment.source] = (expected + len(new)) % _WRAP


def _segment(packet: bytes) -> _Segment | None:
    version = packet[0] >> 4 if packet else 0
    if version == 4:
        return _ipv4(packet)
    return _ipv6(packet) if version == 6 else None


def _ipv4(packet: bytes) -> _Segment | None:
    header, total = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4])
    if header < _IPV4_HEADER or total < header + _TCP_HEADER or packet[9:10] != bytes((_TCP,)):
        return None
    return _tcp(packet, header, total, packet[12:16], packet[16:20])


def _ipv6(packet: bytes) -> _Segment | None:
    total = _IPV6_HEADER + int.from_bytes(packet[4:6])
    if packet[6:7] != bytes((_TCP,)) or total < _IPV6_HEADER + _TCP_HEADER:
        return None
    return _tcp(packet, _IPV6_HEADER, total, packet[8:24], packet[24:40])


def _tcp(packet: bytes, start: int, total: int, source: bytes, target: bytes) -> _Segment | None:
    if total > len(packet):
        raise PacketError(f"a packet of {total} bytes has {len(packet)} here: capture with -s 0")
    offset = (packet[start + 12] >> 4) * 4
    if offset < _TCP_HEADER or start + offset > total:
        return None
    return _Segment(
        source + packet[start : start + 2],
        target + packet[start + 2 : start + 4],
        int.from_bytes(packet[start + 4 : start + 8]),
        bool(packet[start + 13] & _SYN),
        packet[start + offset : total],
    )
