"""An assertion signs in once, on whichever worker it comes."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.admin.sso.seen import Seen
from gateway.admin.store import Store

IDP = "https://idp.example/"


@pytest.fixture
def workers(tmp_path) -> Iterator[tuple[Seen, Seen]]:
    stores = Store(tmp_path), Store(tmp_path)
    yield Seen(stores[0]), Seen(stores[1])
    for store in stores:
        store.close()


def test_the_second_time_is_noticed_by_every_worker(workers, clock):
    one, other = workers
    until = clock.now() + timedelta(minutes=5)
    assert one.is_new(IDP, "_1", until, clock.now())
    assert not one.is_new(IDP, "_1", until, clock.now())
    assert not other.is_new(IDP, "_1", until, clock.now())


def test_other_ids_and_other_issuers_are_others(workers, clock):
    until = clock.now() + timedelta(minutes=5)
    assert workers[0].is_new(IDP, "_1", until, clock.now())
    assert workers[0].is_new(IDP, "_2", until, clock.now())
    assert workers[0].is_new("https://other.example/", "_1", until, clock.now())


def test_it_is_forgotten_only_when_it_is_too_old_anyhow(workers, clock):
    until = clock.now() + timedelta(minutes=5)
    workers[0].is_new(IDP, "_1", until, clock.now())
    clock.move(299)
    assert not workers[0].is_new(IDP, "_1", until, clock.now())
    clock.move(2)
    assert workers[0].is_new(IDP, "_1", until, clock.now())
