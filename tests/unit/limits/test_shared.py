"""Rates in a real Valkey: counted by all who use it, gone when their time is over."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.config.limits import LimitsSettings, Rate
from gateway.config.model import ReplaySettings
from gateway.exchange import Secret
from gateway.limits.counting import RETRY_SECONDS, Counting, StoreAwayError
from gateway.limits.shared import access_of
from tests.fixtures.clock import SetClock
from tests.unit.limits.test_counting import Seen


def counting(server, clock=SYSTEM_CLOCK, seen=None, **changes):
    found = server.settings()
    values = {
        "store": found.store,
        "store_password": found.password,
        "store_truststore": found.truststore,
        "store_timeout_seconds": 2.0,
    }
    access = access_of(LimitsSettings.model_validate(values | changes), ReplaySettings())
    return Counting(clock, seen or Seen(), access, 4)


def test_all_gateways_count_one_rate_together_and_none_lets_more_through(shared_valkey):
    gateways = [counting(shared_valkey) for _ in range(3)]
    rate = Rate(50, 3600)
    with ThreadPoolExecutor(12) as pool:
        waits = list(pool.map(lambda n: gateways[n % 3].take("together", rate), range(150)))
    assert waits.count(0) == 50
    assert all(0 < wait <= 3600 for wait in waits if wait)
    for gateway in gateways:
        gateway.close()


def test_a_rate_comes_back_when_its_window_is_over(shared_valkey):
    clock = SetClock()  # the server has a clock of its own; ours only says when to ask again
    gateway = counting(shared_valkey, clock)
    rate = Rate(1, 1)
    assert gateway.take("short", rate) == 0
    assert gateway.take("short", rate) == 1
    deadline = SYSTEM_CLOCK.monotonic() + 20
    while gateway.take("short", rate):
        assert SYSTEM_CLOCK.monotonic() < deadline, "the window never ends"
        clock.move(2)
    assert b"imsgw:limits:1:" in shared_valkey.command("KEYS", "imsgw:limits:*short*")
    gateway.close()


def test_with_tls_and_a_password_and_not_without(secure_valkey):
    gateway = counting(secure_valkey)
    assert gateway.take("k", Rate(1, 3600)) == 0
    gateway.close()
    for changes in ({"store_password": Secret("wrong")}, {"store_truststore": None}):
        stranger = counting(secure_valkey, **changes)
        with pytest.raises(StoreAwayError):
            stranger.take("k", Rate(1, 3600))
        stranger.close()


def test_a_user_who_may_do_what_the_page_says_and_no_more_is_enough(valkey_server):
    page = (Path(__file__).parents[3] / "docs" / "protection.md").read_text(encoding="utf-8")
    allowed = re.search(r"`(~imsgw:limits:1:\* [^`]+)`", page)
    assert allowed is not None
    set_user = ("ACL", "SETUSER", "limits", "on", ">pw", *allowed[1].split())
    assert valkey_server.command(*set_user) == b"+OK\r\n"
    gateway = counting(valkey_server, store_user="limits", store_password=Secret("pw"))
    assert [gateway.take("k", Rate(2, 3600)) > 0 for _ in range(4)] == [False, False, True, True]
    gateway.close()
    valkey_server.command("ACL", "SETUSER", "limits", "-pttl")
    stranger = counting(valkey_server, store_user="limits", store_password=Secret("pw"))
    with pytest.raises(StoreAwayError):
        stranger.take("k", Rate(2, 3600))
    stranger.close()


def test_a_server_that_ends_and_comes_again_is_noticed_both_times(valkey_server):
    clock, seen = SetClock(), Seen()
    gateway = counting(valkey_server, clock, seen)
    assert gateway.take("k", Rate(5, 3600)) == 0
    valkey_server.stop()
    with pytest.raises(StoreAwayError):
        gateway.take("k", Rate(5, 3600))
    valkey_server.start()
    with pytest.raises(StoreAwayError):
        gateway.take("k", Rate(5, 3600))
    clock.move(RETRY_SECONDS)
    assert gateway.take("k", Rate(5, 3600)) == 0
    assert seen.usable == [True, False, True]
    gateway.close()
