"""The address of a syslog receiver."""

import pytest

from gateway.config.receiver import Receiver, parse_receiver


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("syslog+tls://siem.bank.example:6514", Receiver("siem.bank.example", 6514, tls=True)),
        ("syslog+tls://siem", Receiver("siem", 6514, tls=True)),
        ("syslog+tls://[2001:db8::1]:7000", Receiver("2001:db8::1", 7000, tls=True)),
        ("syslog+tcp://10.0.0.1:601", Receiver("10.0.0.1", 601, tls=False)),
    ],
)
def test_a_receiver_is_transport_host_and_port(value, expected):
    assert parse_receiver(value) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("syslog+udp://siem:514", "UDP loses records"),
        ("syslog://siem:514", "UDP loses records"),
        ("syslog+tcp://siem", "needs a port"),
        ("syslog+tls://siem:0", "1 to 65535"),
        ("syslog+tls://siem:65536", "1 to 65535"),
        ("syslog+tls://[::zz]:6514", "a receiver reads"),
        ("syslog+tls://[1:2]:6514", "1:2"),
        ("syslog+tls://user@siem:6514", "a receiver reads"),
        ("syslog+tls://siem:6514/path", "a receiver reads"),
        ("syslog+tls://siem:6514\n", "a receiver reads"),
        ("syslog+tls://:6514", "a receiver reads"),
        ("siem:6514", "a receiver reads"),
        ("", "a receiver reads"),
    ],
)
def test_what_is_no_receiver_is_refused_with_what_one_looks_like(value, reason):
    with pytest.raises(ValueError, match=reason):
        parse_receiver(value)
