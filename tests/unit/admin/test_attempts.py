"""Guessing passwords: slower and slower, whichever worker or peer, without shutting out who is right."""

import pytest

from gateway.admin.attempts import FREE_OF_ACCOUNT, FREE_OF_PEER, LONGEST_SECONDS, Attempts, wait_seconds
from gateway.admin.store import Store


@pytest.fixture
def attempts(tmp_path, clock):
    store = Store(tmp_path)
    yield Attempts(store, clock)
    store.close()


def fail(attempts, count, name="anna", peer="192.0.2.1"):
    return [attempts.begin(name, peer) for _ in range(count)]


def test_a_few_wrong_passwords_cost_no_wait(attempts):
    assert all(fail(attempts, FREE_OF_ACCOUNT + 1))
    assert attempts.begin("anna", "192.0.2.1") is None


def test_each_wrong_one_doubles_the_wait_up_to_a_limit(attempts, clock):
    fail(attempts, FREE_OF_ACCOUNT + 1)
    for seconds in (2, 4, 8, 16):
        clock.move(seconds - 0.5)
        assert attempts.begin("anna", "192.0.2.1") is None
        clock.move(0.5)
        assert attempts.begin("anna", "192.0.2.1") is not None
    assert wait_seconds(10_000, FREE_OF_ACCOUNT) == LONGEST_SECONDS


def test_a_try_that_comes_too_early_does_not_lengthen_the_wait(attempts, clock):
    fail(attempts, FREE_OF_ACCOUNT + 20)
    clock.move(2)
    assert attempts.begin("anna", "192.0.2.1") is not None


def test_an_account_is_slowed_whichever_peer_guesses(attempts):
    for number in range(FREE_OF_ACCOUNT + 1):
        assert attempts.begin("anna", f"192.0.2.{number}")
    assert attempts.begin("anna", "198.51.100.1") is None
    assert attempts.begin("otto", "198.51.100.1") is not None


def test_a_peer_is_slowed_whichever_account_it_guesses_at(attempts):
    for number in range(FREE_OF_PEER + 1):
        assert attempts.begin(f"user{number}", "192.0.2.1")
    assert attempts.begin("anna", "192.0.2.1") is None
    assert attempts.begin("anna", "192.0.2.2") is not None


def test_addresses_of_one_ipv6_network_are_one_peer(attempts):
    for number in range(FREE_OF_PEER + 1):
        assert attempts.begin(f"user{number}", f"2001:db8::{number + 1:x}")
    assert attempts.begin("anna", "2001:db8::ffff:1") is None
    assert attempts.begin("anna", "2001:db8:0:1::1") is not None


def test_many_at_once_gain_nothing(attempts):
    begun = fail(attempts, 50)
    assert sum(one is not None for one in begun) == FREE_OF_ACCOUNT + 1


def test_the_right_password_forgets_the_wrong_ones(attempts):
    tries = fail(attempts, FREE_OF_ACCOUNT)
    attempts.right(tries[-1])
    assert all(fail(attempts, FREE_OF_ACCOUNT))


def test_a_stranger_does_not_shut_out_who_is_at_the_usual_place(attempts):
    attempts.right(attempts.begin("anna", "192.0.2.1"))
    fail(attempts, 50, peer="198.51.100.1")
    assert attempts.begin("anna", "198.51.100.1") is None
    assert attempts.begin("anna", "192.0.2.1") is not None


def test_the_usual_place_is_slowed_too(attempts):
    attempts.right(attempts.begin("anna", "192.0.2.1"))
    assert sum(one is not None for one in fail(attempts, 50)) == FREE_OF_ACCOUNT + 1


def test_a_password_that_was_not_looked_at_does_not_count(attempts):
    for _ in range(20):
        attempts.undone(attempts.begin("anna", "192.0.2.1"))
    assert attempts.begin("anna", "192.0.2.1") is not None


def test_wrong_passwords_are_forgotten_after_hours(attempts, clock):
    fail(attempts, FREE_OF_ACCOUNT + 1)
    clock.move(2 * 3600)
    assert all(fail(attempts, FREE_OF_ACCOUNT + 1))


def test_workers_share_the_count(attempts, tmp_path, clock):
    fail(attempts, FREE_OF_ACCOUNT + 1)
    store = Store(tmp_path)
    try:
        assert Attempts(store, clock).begin("anna", "192.0.2.1") is None
    finally:
        store.close()


def test_names_are_not_kept_as_they_were_typed(attempts, tmp_path):
    attempts.begin("my-password-in-the-wrong-field", "192.0.2.1")
    assert all(b"wrong-field" not in path.read_bytes() for path in tmp_path.iterdir())
