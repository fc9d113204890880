"""The user of docs/replay.md on a real Valkey: enough for replay and rates together, and for nothing else."""

import re
from pathlib import Path

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.config.limits import LimitsSettings, Rate
from gateway.exchange import Secret
from gateway.limits.counting import Counting, StoreAwayError
from gateway.limits.shared import access_of
from gateway.replay.backend import StoreDownError
from gateway.replay.valkey import ValkeyStore
from gateway.wss.replay import Remembered
from tests.fixtures.valkey import running_valkey
from tests.unit.limits.test_counting import Seen
from tests.unit.replay.entries import NOW, once

PAGE = (Path(__file__).parents[3] / "docs/replay.md").read_text(encoding="utf-8")


def command_of_page():
    (found,) = re.findall(r"^ACL SETUSER .*$", PAGE, re.MULTILINE)
    return found.split()


@pytest.fixture(scope="module")
def valkey_server(tmp_path_factory):
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def user(valkey_server):
    """Make the user, by the page's line with some of its words left out; return its settings."""

    def make(*without):
        words = [word for word in command_of_page() if word not in without]
        valkey_server.command("ACL", "DELUSER", "gateway")
        for what in (("SCRIPT", "FLUSH"), ("FLUSHALL",)):
            valkey_server.command(*what)
        assert valkey_server.command(*words) == b"+OK\r\n"
        address = f"valkey://127.0.0.1:{valkey_server.port}/1"
        return valkey_server.settings(store=address, user="gateway", password=Secret("PASSWORD"))

    return make


def remembered(settings, name):
    store = ValkeyStore(settings)
    try:
        return [store.remember([once(name)], NOW) for _ in range(2)], store.advice()
    finally:
        store.close()


def counted(settings, key):
    """Count by a rate of two, in the store of replay, as an empty `limits.store` has it."""
    counting = Counting(SYSTEM_CLOCK, Seen(), access_of(LimitsSettings(), settings), 4)
    try:
        return [counting.take(key, Rate(2, 3600)) > 0 for _ in range(4)]
    finally:
        counting.close()


def test_the_user_of_the_page_remembers_counts_and_sees_a_policy_that_forgets(user, valkey_server):
    settings = user()
    valkey_server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    both, advice = remembered(settings, "a")
    assert both == [Remembered.NEW, Remembered.SEEN]
    assert "allkeys-lru" in advice
    assert counted(settings, "k") == [False, False, True, True]


@pytest.mark.parametrize("word", ["~imsgw:replay:1:*", "+eval", "+get", "+set", "+select"])
def test_without_one_of_these_words_nothing_is_remembered(user, word):
    with pytest.raises(StoreDownError):
        remembered(user(word), "b")


@pytest.mark.parametrize(
    "word", ["~imsgw:limits:1:*", "+evalsha", "+script|load", "+incrby", "+exists", "+pttl", "+select"]
)
def test_without_one_of_these_words_nothing_is_counted(user, word):
    with pytest.raises(StoreAwayError):
        counted(user(word), "k")


def test_the_user_has_nothing_to_do_with_other_keys(user, valkey_server):
    user()
    for command in (("SET", "other:key", "1"), ("GET", "imsgw:other:1:x"), ("SET", "imsgw:limits:2:x", "1")):
        assert b"no permissions" in valkey_server.command("ACL", "DRYRUN", "gateway", *command)
    for command in (("FLUSHALL",), ("KEYS", "*"), ("DEL", "imsgw:replay:1:x"), ("CONFIG", "GET", "*")):
        assert b"no permissions" in valkey_server.command("ACL", "DRYRUN", "gateway", *command)
    assert valkey_server.command("ACL", "DRYRUN", "gateway", "SET", "imsgw:limits:1:x", "1") == b"+OK\r\n"
