"""The layers are told apart where the code says they are."""

import time

import pytest

from bench.layers.meter import Cost, Meter
from bench.layers.seams import SEAMS, GoneError, resolve, wrapped


@pytest.mark.parametrize("seam", [each for seams in SEAMS.values() for each in seams])
def test_every_seam_is_where_it_is_looked_for(seam):
    holder, name = resolve(seam)
    assert callable(vars(holder)[name])


@pytest.mark.parametrize(
    "seam", ["gateway.nowhere:x", "gateway.safexml:nowhere", "gateway.web.http:Exchange.nowhere"]
)
def test_a_seam_that_is_gone_is_named(seam):
    with pytest.raises(GoneError, match=seam):
        resolve(seam)


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_layer_has_what_passes_in_it_and_not_in_a_layer_within():
    meter = Meter()
    inner = meter.wrap("inner", lambda: burn(0.02))

    def work():
        burn(0.01)
        inner()

    meter.wrap("outer", work)()
    assert meter.seconds["inner"] == pytest.approx(0.02, rel=0.2)
    assert meter.seconds["outer"] == pytest.approx(0.01, rel=0.2)
    assert (meter.calls["outer"], meter.within["outer"]) == (1, 1)


def test_a_layer_that_raises_is_measured_all_the_same():
    meter = Meter()

    def fail():
        burn(0.01)
        raise KeyError

    with pytest.raises(KeyError):
        meter.wrap("one", fail)()
    meter.wrap("other", lambda: None)()
    assert meter.seconds["one"] >= 0.01
    assert not meter.within


def test_nothing_is_measured_while_it_is_off():
    meter = Meter()
    passed = meter.wrap("one", lambda text: text * 2)
    meter.on = False
    assert passed("a") == "aa"
    assert not meter.calls


def test_measuring_is_no_part_of_what_is_measured():
    cost, meter = Cost(), Meter()
    inner = meter.wrap("inner", lambda: None)
    meter.wrap("outer", lambda: [inner() for _ in range(1000)])()
    found = meter.microseconds(cost, 1000)
    assert found["inner"] < 2.0
    assert 0 < cost.own < 20e-6


def test_seams_are_as_they_were_behind_the_block():
    before = [vars(holder)[name] for holder, name in map(resolve, (each for s in SEAMS.values() for each in s))]
    with wrapped(Meter().wrap):
        pass
    after = [vars(holder)[name] for holder, name in map(resolve, (each for s in SEAMS.values() for each in s))]
    assert before == after
