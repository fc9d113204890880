"""TCP's bytes come out of IP packets in order, each once."""

import pytest

from gateway.cli.wire_packets import PacketError, payload

CLIENT, IMS, OTHER = ("10.0.0.2", 50_000), ("10.0.0.1", 9999), ("10.0.0.3", 50_001)
ACK, SYN, PSH = 0x10, 0x02, 0x18


def tcp(source: int, target: int, sequence: int, data: bytes, flags: int, options: bytes) -> bytes:
    """RFC 9293: ports, sequence, acknowledgment, offset, flags, window, checksum, urgent pointer."""
    head = source.to_bytes(2) + target.to_bytes(2) + sequence.to_bytes(4) + bytes(4)
    return head + bytes(((5 + len(options) // 4) << 4, flags)) + bytes(6) + options + data


def packet(
    source: tuple[str, int],
    target: tuple[str, int],
    sequence: int,
    data: bytes = b"",
    flags: int = PSH,
    options: bytes = b"",
    padding: bytes = b"",
) -> bytes:
    """RFC 791: version and length, ..., total length, ..., protocol 6, checksum, addresses."""
    body = tcp(source[1], target[1], sequence, data, flags, options)
    addresses = b"".join(bytes(map(int, address.split("."))) for address, _ in (source, target))
    head = bytes((0x45, 0)) + (20 + len(body)).to_bytes(2) + bytes(4) + bytes((64, 6, 0, 0)) + addresses
    return head + body + padding


def test_both_directions_come_in_the_order_of_the_packets():
    packets = [
        packet(CLIENT, IMS, 99, flags=SYN),
        packet(IMS, CLIENT, 499, flags=SYN | ACK),
        packet(CLIENT, IMS, 100, b"AB"),
        packet(IMS, CLIENT, 500, flags=ACK),
        packet(CLIENT, IMS, 102, b"CD"),
        packet(IMS, CLIENT, 500, b"xyz"),
    ]
    assert payload(packets) == b"ABCDxyz"


def test_what_was_sent_again_counts_once():
    packets = [
        packet(CLIENT, IMS, 100, b"AB"),
        packet(CLIENT, IMS, 100, b"AB"),
        packet(CLIENT, IMS, 101, b"BCD"),
    ]
    assert payload(packets) == b"ABCD"


def test_connections_come_one_after_the_other():
    packets = [
        packet(CLIENT, IMS, 1, b"A"),
        packet(OTHER, IMS, 1, b"1"),
        packet(IMS, CLIENT, 1, b"a"),
        packet(IMS, OTHER, 1, b"2"),
    ]
    assert payload(packets) == b"Aa12"


def test_sequence_numbers_go_round():
    packets = [packet(CLIENT, IMS, 0xFFFFFFFF, b"AB"), packet(CLIENT, IMS, 1, b"CD")]
    assert payload(packets) == b"ABCD"


def test_options_and_padding_are_no_data():
    assert payload([packet(CLIENT, IMS, 1, b"A", options=bytes(12), padding=bytes(6))]) == b"A"


def test_ip_version_6_is_understood():
    body = tcp(50_000, 9999, 1, b"AB", PSH, b"")
    head = bytes((0x60, 0, 0, 0)) + len(body).to_bytes(2) + bytes((6, 64)) + bytes(15) + b"\x01" + bytes(16)
    assert payload([head + body]) == b"AB"


def test_missing_bytes_are_an_error():
    packets = [packet(CLIENT, IMS, 1, b"AB"), packet(CLIENT, IMS, 5, b"C")]
    with pytest.raises(PacketError, match="packet 2: 2 bytes before it are missing"):
        payload(packets)


def test_a_packet_cut_short_is_an_error():
    with pytest.raises(PacketError, match="capture with -s 0"):
        payload([packet(CLIENT, IMS, 1, b"AB")[:-1]])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x00\x00\x10",
        bytes(60),
        b"\x45" * 12,
        packet(CLIENT, IMS, 1, b"A")[:9] + b"\x11" + packet(CLIENT, IMS, 1, b"A")[10:],
        b"\x60" + bytes(60),
    ],
)
def test_what_is_no_tcp_in_ip_is_left_as_it_is(data):
    assert payload([data]) is None
