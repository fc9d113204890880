"""The master reads a home anew: it waits neither for ever nor for nothing, and takes no mixture of files."""

import pytest

from gateway.config.watched import fingerprint, named_files
from gateway.control.reloaded import Outcome
from gateway.errors import ConfigError
from gateway.preflight.still import load_still
from gateway.runtime import reading
from gateway.runtime.reading import GivenUpError, Reader
from tests.fixtures.running_gateway import change_correlator

GATEWAY = "gateway.toml"


@pytest.fixture
def before(home):
    return load_still(home, None, None)[0]


@pytest.fixture
def reader(clock):
    return Reader(lambda: False, clock)


def test_what_was_read_can_come_into_force_but_for_what_counts_from_the_next_start(home, before, reader, clock):
    change_correlator(home / GATEWAY, {"server.faults": "unified", "server.workers": 7})
    ready = reader.read(before, clock.monotonic() + 60)
    server = ready.snapshot.home.gateway.server
    assert (ready.snapshot.number, ready.restart) == (2, ("server.workers",))
    assert (server.faults, server.workers) == ("unified", before.home.gateway.server.workers)
    assert ready.look == fingerprint(home, named_files(ready.snapshot.home))


def test_a_mistake_is_told(home, before, reader, clock):
    change_correlator(home / GATEWAY, {"server.faults": "none such"})
    with pytest.raises(ConfigError, match=r"server\.faults"):
        reader.read(before, clock.monotonic() + 60)


def test_an_error_of_ours_comes_through(before, reader, clock, monkeypatch):
    def fails(_home: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(reading, "listener_tls", fails)
    with pytest.raises(ZeroDivisionError):
        reader.read(before, clock.monotonic() + 60)


def test_one_that_hangs_is_given_up_and_while_it_hangs_there_is_no_other(
    before, reader, clock, monkeypatch, hanging
):
    def late(_home: object) -> object:
        clock.move(1000)
        return hanging()

    monkeypatch.setattr(reading, "listener_tls", late)
    with pytest.raises(GivenUpError, match="to read and judge it takes too long"):
        reader.read(before, clock.monotonic() + 60)
    monkeypatch.undo()
    with pytest.raises(GivenUpError, match="an earlier reading hangs"):
        reader.read(before, clock.monotonic() + 60)
    hanging.go()
    assert reader._hanging is not None
    reader._hanging.join(60)
    assert reader.read(before, clock.monotonic() + 60).snapshot.number == 2


def test_a_stop_ends_the_wait(before, clock, monkeypatch, hanging):
    monkeypatch.setattr(reading, "listener_tls", hanging)
    with pytest.raises(GivenUpError, match="the gateway is being stopped"):
        Reader(lambda: True, clock).read(before, clock.monotonic() + 60)


def test_a_reload_says_that_reading_hangs(reloads, clock, monkeypatch, hanging):
    def late(_home: object) -> object:
        clock.move(1000)
        return hanging()

    monkeypatch.setattr(reading, "listener_tls", late)
    told = reloads.reload("a test")
    assert (told.outcome, told.reason) == (Outcome.FAILED, "to read and judge it takes too long")


def test_files_that_change_while_keys_and_stores_are_read_do_not_come_into_force(
    home, reloads, workers, monkeypatch
):
    def changed(_home: object) -> dict[str, object]:
        (home / "wsdl/another").mkdir(exist_ok=True)
        (home / "bundles/late.txt").write_text("x")
        return {}

    monkeypatch.setattr(reading, "listener_tls", changed)
    told = reloads.reload("a test")
    assert told.outcome is Outcome.REFUSED
    assert "keep changing" in told.problems[0].text
    assert workers.done(1) == ["told"]
