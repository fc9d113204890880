"""How tries are run: many at once, in order, each for a bounded time."""

import threading

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.config.catalogue import online as kinds
from gateway.preflight import online
from gateway.preflight.online import AT_ONCE, try_all
from gateway.preflight.online_values import Found, Shown, Tried, Try
from tests.unit.preflight.online import PATIENCE, SHORT


def a_try(run, name="ims1"):
    return Try("ims-connect", name, f"{name}:9999", f"bundles/{name}.toml", "ims_connect", run)


def well(_terms):
    return Found(said=("well",))


def test_nothing_to_try_is_nothing_tried():
    assert try_all(()) == ()


def test_results_come_in_the_order_of_the_tries_and_are_told_as_they_end():
    second_is_done, told = threading.Event(), []

    def first(_terms):
        assert second_is_done.wait(PATIENCE)
        return Found(said=("first",))

    def tell(tried):
        told.append(tried.found.said[0])
        if tried.what.name == "b":
            second_is_done.set()

    found = try_all((a_try(first, "a"), a_try(well, "b")), tell=tell)
    assert [each.what.name for each in found] == ["a", "b"]
    assert told == ["well", "first"]


def test_so_many_go_at_once_and_no_more():
    """Each waits until all that may go at once are under way; the rest begin when places are free."""
    together = threading.Barrier(AT_ONCE)
    lock, now, most = threading.Lock(), 0, 0

    def run(_terms):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(PATIENCE)
        with lock:
            now -= 1
        return Found()

    found = try_all(tuple(a_try(run) for _ in range(2 * AT_ONCE)), seconds=2 * PATIENCE)
    assert len(found) == 2 * AT_ONCE
    assert most == AT_ONCE


def test_a_try_that_does_not_end_is_told_as_late_and_keeps_nobody(monkeypatch):
    monkeypatch.setattr(online, "GRACE_SECONDS", 0.0)
    never = threading.Event()

    def hang(_terms):
        never.wait(PATIENCE)
        return Found(said=("too late",))

    try:
        told = []
        hanging = tuple(a_try(hang) for _ in range(AT_ONCE))
        found = try_all((*hanging, a_try(well, "b")), seconds=SHORT, tell=told.append)
        assert [kind.id for each in found[:-1] for kind, _ in each.found.wrong] == ["online.time"] * AT_ONCE
        assert found[-1].done, "it had its turn when the others had lost theirs"
        assert len(told) == len(found)
    finally:
        never.set()


def test_what_a_late_try_finds_after_all_is_not_heard(monkeypatch):
    monkeypatch.setattr(online, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(online, "AT_ONCE", 1)
    late, ended = threading.Event(), threading.Event()

    def hang(_terms):
        late.wait(PATIENCE)
        ended.set()
        return Found(said=("too late",))

    def waits(_terms):
        late.set()
        assert ended.wait(PATIENCE)
        return Found()

    told = []
    late_one, other = try_all((a_try(hang, "a"), a_try(waits, "b")), seconds=SHORT, tell=told.append)
    assert told == [late_one, other]
    assert [kind.id for kind, _ in late_one.found.wrong] == ["online.time"]


def test_a_try_that_breaks_takes_nobody_with_it_and_shows_nothing_of_what_it_held():
    def breaks(_terms):
        raise RuntimeError("M4RK3R")

    broken, fine = try_all((a_try(breaks, "a"), a_try(well, "b")))
    assert fine.done
    assert not broken.done
    assert "RuntimeError" in str(broken.problems)
    assert "M4RK3R" not in str(broken)


def test_a_try_has_its_own_deadline():
    found = []

    def run(terms):
        found.append(terms.deadline - SYSTEM_CLOCK.monotonic())
        assert terms.left <= 5
        return Found()

    try_all((a_try(run),), seconds=5)
    assert 0 < found[0] <= 5


@pytest.mark.parametrize(
    ("wrong", "done"),
    [((), True), ((kinds.CERTIFICATE,), True), ((kinds.CERTIFICATE, kinds.PING), False)],
)
def test_warnings_alone_are_well_enough(wrong, done):
    tried = Tried(a_try(well), Found(wrong=tuple((kind, "so") for kind in wrong)), 3)
    assert tried.done is done
    assert [(each.file, each.key, each.text, each.check) for each in tried.problems] == [
        ("bundles/ims1.toml", "ims_connect", "ims1:9999: so", kind.id) for kind in wrong
    ]


def test_facts_have_every_key_always():
    shown = Shown("TLSv1.3", "X", "CN=a", "CN=b", ("a",), SYSTEM_CLOCK.now(), "0" * 64)
    for found in (Found(), Found(shown=shown)):
        facts = Tried(a_try(well), found, 3).facts(SYSTEM_CLOCK.now())
        assert facts.keys() == {"kind", "name", "address", "done", "milliseconds", "said", "tls"}
    assert facts["tls"].keys() == {
        "version", "cipher", "subject", "issuer", "names", "not_after", "days_left", "sha256",
    }  # fmt: skip
