"""Which addresses of a store the configuration takes."""

import pytest
from pydantic import ValidationError

from gateway.config.model import ReplaySettings
from gateway.replay.valkey import ValkeyStore


@pytest.mark.parametrize(
    "address",
    [
        "sqlite",
        "valkey://cache",
        "valkey://cache.example.com:6380",
        "valkeys://cache_1:6379/",
        "valkeys://10.0.0.1:6379/15",
        "valkey://[2001:db8::1]:6379/0",
    ],
)
def test_addresses_that_are_taken(address):
    settings = ReplaySettings(store=address)
    if address != "sqlite":
        ValkeyStore(settings).close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "SQLITE",
        "redis://cache",
        "valkey://",
        "valkey://cache:0",
        "valkey://cache:65536",
        "valkey://cache:x",
        "valkey://cache/zero",
        "valkeys://cache?ssl_cert_reqs=none",
        "valkey://cache#0",
        "valkey://cache\n",
        "valkey://cäche",
        "valkey:///run/valkey.sock",
        "unix:///run/valkey.sock",
    ],
)
def test_addresses_that_are_not(address):
    with pytest.raises(ValidationError):
        ReplaySettings(store=address)


@pytest.mark.parametrize("address", ["valkey://:hunter2@cache", "valkeys://user:hunter2@cache:6379/0"])
def test_a_password_in_the_address_is_refused_and_not_repeated(address):
    with pytest.raises(ValidationError, match=r"replay\.password") as refusal:
        ReplaySettings(store=address)
    assert "hunter2" not in str(refusal.value)
