"""Binding the addresses, and the number of files a worker may have open."""

import resource
import socket
from pathlib import Path

import pytest

from gateway.config.checks.capacity import files_needed
from gateway.config.model import AdminSettings, GatewaySettings, Home, ServerSettings
from gateway.errors import ConfigError
from gateway.web.listeners import allow_files, bind


def home(https: str = "", http: str = "", admin: str = "", **server) -> Home:
    settings = ServerSettings(https=https, http=http, **server)
    gateway = GatewaySettings(server=settings, admin=AdminSettings(listen=admin))
    return Home(Path(), Path(), gateway, {}, {})


def test_the_addresses_that_are_set_are_bound_in_order() -> None:
    bound = bind(home(https="127.0.0.1:0", http="localhost:0", admin="[::1]:0"))
    try:
        assert [listener.name for listener in bound] == ["https", "http", "admin"]
        assert {listener.address[0] for listener in bound} <= {"127.0.0.1", "::1"}
        for listener in bound:
            socket.create_connection(listener.address).close()
    finally:
        for listener in bound:
            listener.socket.close()


def test_an_address_that_is_not_set_is_not_bound() -> None:
    [bound] = bind(home(http="127.0.0.1:0"))
    assert bound.name == "http"
    bound.socket.close()


def test_every_address_that_cannot_be_bound_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError) as refused:
            bind(home(https=taken, http="127.0.0.1:0", admin="no-such-host.invalid:1"))
    first, second = refused.value.problems
    assert (first.key, first.text) == ("server.https", f"cannot listen on {taken}: Address already in use")
    assert second.key == "admin.listen"
    assert "cannot listen on no-such-host.invalid:1" in second.text


def test_files_are_counted_for_connections_pools_and_ourselves() -> None:
    assert files_needed(home(http="127.0.0.1:0", worker_connections=1000)) == 1000 + 64 + 128


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Play the limits of the process; the last entry is in force."""
    in_force = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: in_force[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, value: in_force.append(value))
    return in_force


@pytest.mark.parametrize(
    ("needed", "hard", "soft", "fits"),
    [
        (500, 4096, 1024, True),
        (3000, 4096, 3000, True),
        (9000, 4096, 4096, False),
        (9000, resource.RLIM_INFINITY, 9000, True),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_needed_and_allowed(
    limits: list[tuple[int, int]],
    caplog: pytest.LogCaptureFixture,
    needed: int,
    hard: int,
    soft: int,
    fits: bool,
) -> None:
    limits[:] = [(1024, hard)]
    assert allow_files(needed) is fits
    assert limits[-1] == (soft, hard)
    assert ("the limit (nofile) is 4096" in caplog.text) is not fits


def test_no_limit_is_left_as_it_is(limits: list[tuple[int, int]]) -> None:
    limits[:] = [(resource.RLIM_INFINITY, resource.RLIM_INFINITY)]
    assert allow_files(9000)
    assert len(limits) == 1
