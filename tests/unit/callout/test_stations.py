"""Ways to IMS that were made for a home which does not come into force are closed."""

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.callout import station
from gateway.callout.stations import Stations
from gateway.clock import SYSTEM_CLOCK
from gateway.config.bundle import Bundle
from gateway.errors import ConfigError
from gateway.imsconnect import Client
from gateway.observe.metrics import Metrics


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often the client of each bundle was closed."""
    closes: dict[str, int] = {}

    class Watched(Client):
        def __init__(self, settings: Any, **how: Any) -> None:
            super().__init__(settings, **how)
            self.bundle = settings.name
            closes[self.bundle] = 0

        def close(self, drain_seconds: float = 0.0) -> None:
            closes[self.bundle] += 1
            super().close(drain_seconds)

    monkeypatch.setattr(station, "Client", Watched)
    return closes


@pytest.fixture
def stations() -> Stations:
    shared: Any = SimpleNamespace(clock=SYSTEM_CLOCK)
    seconds: Any = None
    return Stations(shared, Metrics().paths, seconds)


def bundle(**ims_connect: Any) -> Bundle:
    place = {"host": "127.0.0.1", "port": 9999, "datastore": "IMS1", **ims_connect}
    return Bundle.model_validate({"ims_connect": place, "callout": {"tpipes": ["PIPE1"]}})


def home(**bundles: Bundle) -> Any:
    return SimpleNamespace(bundles=bundles)


def test_of_several_bundles_none_stays_open_when_a_later_one_is_refused(tmp_path, stations, closed):
    store = tmp_path / "trust.pem"
    store.write_text("no certificate")
    refused = bundle(tls={"truststore": {"path": store}})
    with pytest.raises(ConfigError) as caught:
        stations.new_ways(home(first=bundle(), second=bundle(), third=refused, fourth=bundle()))
    assert "trust.pem" in str(caught.value)
    assert closed == {"first": 1, "second": 1}


def test_those_of_a_home_that_is_right_stay_open(stations, closed):
    ways = stations.new_ways(home(first=bundle(), second=bundle()))
    assert set(ways) == set(closed) == {"first", "second"}
    assert set(closed.values()) == {0}
    for way in ways.values():
        way.close()


def test_behind_the_end_those_of_another_home_are_closed_and_it_does_not_come_into_force(stations, closed):
    ways = stations.new_ways(home(first=bundle(), second=bundle()))
    stations.end()
    assert not stations.change(home(), ways, lambda: pytest.fail("it comes into force"))
    assert closed == {"first": 1, "second": 1}


def test_they_are_closed_when_what_comes_before_the_change_fails(stations, closed):
    def fails() -> None:
        raise RuntimeError("the snapshot")

    with pytest.raises(RuntimeError, match="the snapshot"):
        stations.change(home(), stations.new_ways(home(first=bundle())), fails)
    assert closed == {"first": 1}
