"""PassTickets for callers of the client: each of a second of its own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from gateway.errors import GatewayError, M
from gateway.exchange import Secret
from gateway.identity import passticket
from gateway.passtickets import PassTickets

KEY = "E001193519561977"
SECOND = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
"""Where the clock of the tests stands."""


def legacy(second):
    return Secret(passticket.legacy("ALICE", "IMSAPPL", bytes.fromhex(KEY), second))


@pytest.fixture
def tickets(clock):
    return PassTickets("alice", "imsappl", Secret(KEY), group="dev", clock=clock)


def test_credentials_say_who_for_what_and_the_ticket_of_this_second(tickets):
    made = tickets()
    assert (made.user, made.group, made.application) == ("ALICE", "DEV", "IMSAPPL")
    assert made.password == legacy(SECOND)


def test_a_second_call_in_a_second_gets_the_next_one(tickets, clock):
    assert [tickets().password for _ in range(3)] == [legacy(SECOND), legacy(SECOND + 1), legacy(SECOND + 2)]
    clock.move(2)
    assert tickets().password == legacy(SECOND + 3)
    clock.move(58)
    assert tickets().password == legacy(SECOND + 60)


def test_a_clock_that_is_set_back_makes_none_twice(tickets, clock):
    tickets()
    clock.move(-30)
    assert tickets().password == legacy(SECOND + 1)


def test_no_further_ahead_than_racf_takes(tickets, clock):
    for _ in range(481):
        tickets()
    with pytest.raises(GatewayError) as caught:
        tickets()
    assert caught.value.message is M.BUSY
    clock.move(1)
    assert tickets().password == legacy(SECOND + 481)


def test_without_replay_protection_a_second_has_one(clock):
    tickets = PassTickets("ALICE", "IMSAPPL", Secret(KEY), replay_protection=False, clock=clock)
    assert [tickets().password for _ in range(2)] == [legacy(SECOND)] * 2


def test_threads_get_each_their_own(tickets):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: tickets().password.reveal(), range(200)))
    assert len(set(made)) == 200


@pytest.mark.parametrize(("kind", "mixed"), [("enhanced", False), ("enhanced-mixed", True)])
def test_the_enhanced_kinds(clock, kind, mixed):
    key = bytes(range(32))
    expected = passticket.enhanced("ALICE", "IMSAPPL", key, SECOND, mixed=mixed)
    made = PassTickets("ALICE", "IMSAPPL", Secret(key.hex()), kind=kind, clock=clock)()
    assert made.password == Secret(expected)


@pytest.mark.parametrize(
    ("user", "application", "key", "kind", "words"),
    [
        ("", "IMSAPPL", KEY, "legacy", "1 to 8 characters"),
        ("NINECHARS", "IMSAPPL", KEY, "legacy", "1 to 8 characters"),
        ("ALICE", "", KEY, "legacy", "1 to 8 characters"),
        ("ALICE", "IMSAPPL", "E0", "legacy", "8 bytes, not 1"),
        ("ALICE", "IMSAPPL", KEY, "enhanced", "32 to 256 bytes, not 8"),
        ("ALICE", "IMSAPPL", "no digits", "legacy", "hexadecimal"),
    ],
)
def test_what_makes_no_passticket_is_refused_at_once(user, application, key, kind, words):
    with pytest.raises(ValueError, match=words):
        PassTickets(user, application, Secret(key), kind=kind)


def test_the_key_is_not_shown(tickets):
    assert KEY not in repr(tickets)
    assert KEY not in repr(vars(tickets))
