"""Ways to the IMS of bundles: kept while somebody uses them, closed when nobody does."""

from types import SimpleNamespace

import pytest

from gateway.config.model import Bundle, ImsConnectSettings
from gateway.errors import ConfigError
from gateway.runtime.backends import Backends


class FakeWay:
    def __init__(self, name, bundle):
        self.name = name
        self.port = bundle.ims_connect.port
        self.closed = False

    def close(self, _seconds):
        self.closed = True


@pytest.fixture
def made():
    return []


@pytest.fixture
def backends(made):
    def make(name, bundle):
        if bundle.ims_connect.port == 666:
            raise ValueError("the truststore cannot be read")
        made.append(FakeWay(name, bundle))
        return made[-1]

    return Backends(make)


def home(**ports):
    bundles = {
        name: Bundle(ims_connect=ImsConnectSettings(host="127.0.0.1", port=port, datastore="IMS1"))
        for name, port in ports.items()
    }
    return SimpleNamespace(bundles=bundles)


def test_a_snapshot_that_wants_the_same_gets_the_same_way(backends, made):
    first, second = backends.hold(home(ims1=1, ims2=2)), backends.hold(home(ims1=1, ims2=3))
    assert first["ims1"].backend is second["ims1"].backend
    assert first["ims2"].backend is not second["ims2"].backend
    assert [way.port for way in made] == [1, 2, 3]


def test_a_way_is_closed_when_the_last_that_used_it_lets_go_and_not_before(backends, made):
    first, second = backends.hold(home(ims1=1, ims2=2)), backends.hold(home(ims1=1))
    backends.let_go(first.values())
    assert [way.closed for way in made] == [False, True]
    assert backends.living() == (made[0],)
    backends.let_go(second.values())
    assert made[0].closed
    assert backends.living() == ()


def test_one_that_went_back_to_what_it_was_finds_the_old_way_while_it_lives(backends, made):
    backends.hold(home(ims1=1))
    backends.hold(home(ims1=2))
    assert backends.hold(home(ims1=1))["ims1"].backend is made[0]


def test_a_recycled_bundle_gets_a_new_way_and_no_other_does(backends, made):
    backends.hold(home(ims1=1, ims2=2))
    backends.recycle("ims1")
    again = backends.hold(home(ims1=1, ims2=2))
    assert again["ims1"].backend is made[2]
    assert again["ims2"].backend is made[1]


def test_a_store_that_cannot_be_used_is_told_with_its_file_and_nothing_is_held(backends, made):
    with pytest.raises(ConfigError, match=r"bundles/ims2\.toml.*the truststore cannot be read"):
        backends.hold(home(ims1=1, ims2=666))
    assert made[0].closed
    assert backends.living() == ()


def test_who_looks_at_ways_does_so_before_they_go(backends, made):
    seen = []
    backends.farewell = lambda: seen.append([way.closed for way in made])
    first, second = backends.hold(home(ims1=1)), backends.hold(home(ims1=1))
    backends.let_go(first.values())
    assert seen == []
    backends.let_go(second.values())
    assert seen == [[False]]
