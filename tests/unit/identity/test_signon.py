"""The sign-on guard: what RACF gets to see, and who has to wait."""

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import SignOnSettings
from gateway.errors import GatewayError, M, SecurityError
from gateway.exchange import Secret
from gateway.identity import signon
from gateway.identity.places import own_peer
from gateway.identity.signon import SignOnGuard

RIGHT, WRONG = Secret("WONDER1"), Secret("WRONG")


@pytest.fixture
def guard(tmp_path, clock):
    guard = SignOnGuard(tmp_path, SignOnSettings(failures_per_peer=5), clock, clock.sleep)
    yield guard
    guard.close()


def begin(guard, user="ALICE", password=WRONG, peer="192.0.2.1", within=10):
    return guard.begin(user, password, peer, within_seconds=within)


def fail(guard, user="ALICE", peer="192.0.2.1"):
    begin(guard, user, WRONG, peer).wrong()


def test_the_third_wrong_password_in_the_window_is_not_tried(guard):
    fail(guard)
    fail(guard)
    with pytest.raises(SecurityError) as caught:
        begin(guard)
    assert caught.value.message is M.SIGN_ON
    assert "held back" in caught.value.private


def test_even_the_right_password_is_held_back_then(guard):
    fail(guard)
    fail(guard)
    with pytest.raises(SecurityError):
        begin(guard, password=RIGHT)


def test_another_user_signs_on_meanwhile_from_the_same_peer(guard):
    fail(guard)
    fail(guard)
    begin(guard, "BOB", RIGHT).good()


def test_failures_from_many_peers_count_for_the_one_user(guard):
    fail(guard, peer="192.0.2.1")
    fail(guard, peer="192.0.2.2")
    with pytest.raises(SecurityError):
        begin(guard, peer="192.0.2.3")


def test_a_peer_that_tries_many_users_is_held_back(guard):
    for n in range(5):
        fail(guard, user=f"USER{n}")
    with pytest.raises(SecurityError):
        begin(guard, user="USER9")
    begin(guard, user="USER9", peer="192.0.2.2").good()


def test_a_failure_counts_for_the_window_and_no_longer(guard, clock):
    fail(guard)
    fail(guard)
    clock.move(299)
    with pytest.raises(SecurityError):
        begin(guard)
    clock.move(2)
    begin(guard).unknown()


def test_a_success_forgets_the_failures_as_racf_does(guard):
    fail(guard)
    begin(guard, password=RIGHT).good()
    fail(guard)
    begin(guard).unknown()


def test_an_end_that_says_nothing_of_the_password_counts_as_nothing(guard):
    for _ in range(10):
        begin(guard).unknown()
    begin(guard).unknown()


def test_whose_password_is_known_to_be_good_is_not_shut_out_by_the_guesses_of_others(guard):
    begin(guard, password=RIGHT).good()
    fail(guard, peer="198.51.100.7")
    fail(guard, peer="198.51.100.7")
    begin(guard, password=RIGHT).good()
    with pytest.raises(SecurityError):
        begin(guard, password=WRONG, peer="198.51.100.7")


def test_a_known_password_that_fails_is_known_no_longer(guard):
    begin(guard, password=RIGHT).good()
    begin(guard, password=RIGHT).wrong()
    begin(guard, password=RIGHT).wrong()
    with pytest.raises(SecurityError):
        begin(guard, password=RIGHT)


def test_a_known_password_is_forgotten_after_the_window(guard, clock):
    begin(guard, password=RIGHT).good()
    clock.move(301)
    fail(guard)
    fail(guard)
    with pytest.raises(SecurityError):
        begin(guard, password=RIGHT)


def test_while_two_sign_ons_are_under_way_a_third_waits_and_is_told_to_come_again(guard):
    first, second = begin(guard, password=Secret("A"), within=60), begin(guard, password=Secret("B"), within=60)
    with pytest.raises(GatewayError) as caught:
        begin(guard)
    assert caught.value.message is M.BUSY
    first.unknown()
    second.unknown()
    begin(guard).unknown()


def test_places_of_a_worker_that_died_are_free_again_after_their_time(guard, clock):
    begin(guard, password=Secret("A"))
    begin(guard, password=Secret("B"))
    clock.move(11)
    begin(guard).unknown()


def test_a_late_refusal_counts_though_its_place_is_gone(guard, clock):
    late = begin(guard, password=Secret("A")), begin(guard, password=Secret("B"))
    clock.move(11)
    for attempt in late:
        begin(guard, "BOB").unknown()
        attempt.wrong()
    with pytest.raises(SecurityError):
        begin(guard)


def test_the_file_holds_no_password(guard, tmp_path):
    begin(guard, password=RIGHT).good()
    fail(guard)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ALICE" in stored
    assert b"WONDER1" not in stored
    assert b"WRONG" not in stored


def test_a_burst_of_parallel_guesses_reaches_racf_twice_at_most(tmp_path):
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    tried: list[int] = []

    def guess(n):
        try:
            attempt = guard.begin("ALICE", Secret(f"GUESS{n}"), "192.0.2.1", 20)
        except GatewayError:  # held back, or too many wait already
            return
        tried.append(n)
        attempt.wrong()

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(guess, range(64)))
    guard.close()
    assert len(tried) == 2


def test_a_burst_with_the_right_password_waits_for_one_and_then_gets_through_whole(tmp_path):
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    places: list[object] = []
    others = threading.Barrier(32)

    def sign_on(_):
        others.wait(30)
        attempt = guard.begin("ALICE", RIGHT, "192.0.2.1", 30)
        places.append(attempt.place)
        attempt.good()

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(sign_on, range(32)))
    guard.close()
    assert len(places) == 32
    assert sum(place is not None for place in places) == 1


def test_followers_of_a_password_that_was_refused_try_themselves_and_are_held_back_in_the_end(tmp_path):
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    tried, held_back = [], []

    def sign_on(n):
        try:
            attempt = guard.begin("ALICE", WRONG, "192.0.2.1", 30)
        except SecurityError:
            held_back.append(n)
        else:
            tried.append(n)
            attempt.wrong()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(sign_on, range(64)))
    guard.close()
    assert (len(tried), len(held_back)) == (2, 62)


def test_a_follower_whose_leader_learned_nothing_goes_ahead_itself(tmp_path):
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    leader = guard.begin("ALICE", RIGHT, "192.0.2.1", 30)
    with ThreadPoolExecutor(1) as pool:
        follower = pool.submit(guard.begin, "ALICE", RIGHT, "192.0.2.1", 30)
        leader.unknown()
        assert follower.result(30).place is not None
    guard.close()


def _fail_in_another_process(folder, count):
    guard = SignOnGuard(folder, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    for _ in range(count):
        guard.begin("ALICE", WRONG, "192.0.2.1", 10).wrong()
    guard.close()


def test_all_workers_count_together(tmp_path):
    context = multiprocessing.get_context("spawn")
    for _ in range(2):
        worker = context.Process(target=_fail_in_another_process, args=(tmp_path, 1))
        worker.start()
        worker.join(60)
        assert worker.exitcode == 0
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    with pytest.raises(SecurityError):
        guard.begin("ALICE", RIGHT, "192.0.2.9", 10)
    guard.close()


def test_calls_of_a_bundle_do_not_wait_for_the_end_of_a_slow_first_call(tmp_path, monkeypatch):
    monkeypatch.setattr(signon, "OWN_PATIENCE_SECONDS", 0.05)
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    slow = guard.begin("GWUSER", RIGHT, own_peer("ims1"), 30, bundle="ims1")
    other = guard.begin("GWUSER", RIGHT, own_peer("ims1"), 30, bundle="ims1")
    assert slow.place is not None
    assert other.place is None
    other.wrong()
    slow.wrong()
    with pytest.raises(SecurityError):
        guard.begin("GWUSER", RIGHT, own_peer("ims1"), 30, bundle="ims1")
    guard.close()


def test_calls_with_a_token_do_wait_since_its_password_may_be_a_guess(tmp_path, monkeypatch):
    monkeypatch.setattr(signon, "OWN_PATIENCE_SECONDS", 0.05)
    guard = SignOnGuard(tmp_path, SignOnSettings(), SYSTEM_CLOCK, time.sleep)
    slow = guard.begin("ALICE", RIGHT, "192.0.2.1", 30, bundle="ims1")
    with pytest.raises(GatewayError) as caught:
        guard.begin("ALICE", RIGHT, "192.0.2.1", 0.2, bundle="ims1")
    assert caught.value.message is M.BUSY
    slow.good()
    guard.close()
