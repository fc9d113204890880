import pytest

from gateway.config.checks.places import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST."])
def test_this_machine_is_known_by_its_addresses(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "10.0.0.1", "::", "localhost.example.com", "127.0.0.1.example.com", ""]
)
def test_other_hosts_are_not_this_machine(host):
    assert not is_loopback(host)
