"""A message comes once, whichever of four workers gets it the second time."""

import os
import signal
from functools import partial

import pytest

from tests.fixtures.calling import Background, callers_by_worker, once
from tests.fixtures.running_gateway import wait_until
from tests.flows.wss.scene import refusal, user, with_nonce

pytestmark = pytest.mark.xdist_group("running wss")

MESSAGES = {
    "saml11": ("PhoneBookSaml11OnePort", lambda scene: scene.signed("saml11")),
    "saml20": ("PhoneBookSaml20OnePort", lambda scene: scene.signed("saml20")),
    "chain": ("PhoneBookSaml20ChainPort", lambda scene: scene.signed("saml20")),
    "nonce": ("SecurePhoneBookPort", lambda _scene: with_nonce()),
}
SEEN = ("InvalidSecurity", "IGW1302E")


@pytest.fixture(params=MESSAGES)
def kind(request):
    return MESSAGES[request.param]


def test_a_copy_is_refused_by_every_worker(scene, kind):
    port, make = kind
    with callers_by_worker(scene.gateway) as callers:
        assert len(callers) == 4
        for first in callers:
            message = scene.wire(make(scene))
            assert user(scene.post(callers[first][0], port, message)) == "ALICE"
            for (caller,) in callers.values():
                reply = scene.post(caller, port, message)
                assert refusal(reply) == SEEN
                assert scene.entry(reply)["rules"][-1] == "!replay.new"
    assert [seen.user for seen in scene.standin.seen] == ["ALICE"] * 4


def test_of_copies_that_come_all_at_once_one_is_answered(scene, kind):
    port, make = kind
    message = scene.wire(make(scene))
    with callers_by_worker(scene.gateway, each=3) as callers:
        calls = [partial(scene.post, caller, port, message) for same in callers.values() for caller in same]
        replies = Background(calls).results()
    answered = [reply for reply in replies if reply.status == 200]
    assert [user(reply) for reply in answered] == ["ALICE"]
    assert [refusal(reply) for reply in replies if reply not in answered] == [SEEN] * 11
    assert len(scene.standin.seen) == 1


def test_over_connections_of_its_own_each_copy_but_one_is_refused(scene):
    message = scene.wire(scene.signed())
    port = "PhoneBookSaml20OnePort"
    replies = [scene.send(port, message) for _ in range(30)]
    assert user(replies[0]) == "ALICE"
    assert {refusal(reply) for reply in replies[1:]} == {SEEN}
    assert len(scene.standin.seen) == 1


def test_a_worker_that_is_killed_takes_nothing_with_it(scene):
    port = "PhoneBookSaml20OnePort"
    with callers_by_worker(scene.gateway) as callers:
        victim, (caller,) = next(iter(callers.items()))
        message = scene.wire(scene.signed())
        assert user(once(caller, lambda caller: scene.post(caller, port, message))()) == "ALICE"
    os.kill(victim, signal.SIGKILL)
    wait_until(
        lambda: victim not in scene.gateway.workers and len(scene.gateway.workers) == 4, "another worker"
    )
    with callers_by_worker(scene.gateway) as callers:
        assert victim not in callers
        for (caller,) in callers.values():
            assert refusal(scene.post(caller, port, message)) == SEEN
            assert user(scene.post(caller, port, scene.signed())) == "ALICE"
