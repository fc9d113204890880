"""A truststore that is replaced while the gateway runs counts at once, in every worker."""

import pytest

from tests.fixtures.calling import callers_by_worker
from tests.fixtures.running_gateway import wait_until
from tests.flows.wss.scene import new_signer, refusal, user

pytestmark = pytest.mark.xdist_group("running wss")

PORT = "RenewedPort"
LAB_WHOAMI = '<whoAmI xmlns="urn:ims-gateway:lab"/>'
UNUSABLE = "the truststore has changed and cannot be used"
STRANGER = ("FailedAuthentication", "IGW1304E")


@pytest.fixture
def store(scene, first):
    """Where the truststore is; at the end it is as it was at the start."""
    path = scene.gateway.home / "trust/renewed.pem"
    yield path
    put(path, first.pem)


@pytest.fixture(scope="module")
def second():
    return new_signer("second")


@pytest.fixture
def callers(scene):
    with callers_by_worker(scene.gateway) as found:
        assert len(found) == 4
        yield [caller for (caller,) in found.values()]


def put(path, text):
    """Put another file in its place, as the manual says."""
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)


def ask(scene, caller, signer):
    return scene.post(caller, PORT, scene.signed(signed_by=signer, body=LAB_WHOAMI))


def count(scene, words):
    return sum(words in entry["event"] for entry in scene.gateway.entries)


def believed_everywhere(scene, callers, signer):
    for caller in callers:
        wait_until(lambda caller=caller: ask(scene, caller, signer).status == 200, "a worker with the new file")


def refused_everywhere(scene, callers, signer):
    """What a test before had in the store may still count for a moment."""
    for caller in callers:
        wait_until(lambda caller=caller: ask(scene, caller, signer).status == 500, "a worker with the new file")
        assert refusal(ask(scene, caller, signer)) == STRANGER


def test_the_old_signer_is_refused_and_the_new_one_accepted_in_all_workers(
    scene, first, second, store, callers
):
    believed_everywhere(scene, callers, first)
    refused_everywhere(scene, callers, second)
    pids = scene.gateway.workers

    put(store, second.pem)
    believed_everywhere(scene, callers, second)
    for caller in callers:
        reply = ask(scene, caller, first)
        assert refusal(reply) == STRANGER
        assert scene.entry(reply)["rules"][-1] == "!trust.one"
        assert user(ask(scene, caller, second)) == "ALICE"
    assert scene.gateway.workers == pids


def test_a_file_that_cannot_be_read_changes_nothing_and_each_worker_says_so_once(
    scene, first, second, store, callers
):
    believed_everywhere(scene, callers, first)
    refused_everywhere(scene, callers, second)
    before = count(scene, UNUSABLE)
    put(store, second.pem[:200])
    for number, caller in enumerate(callers, start=1):

        def told(caller=caller, number=number):
            assert user(ask(scene, caller, first)) == "ALICE"
            return count(scene, UNUSABLE) >= before + number

        wait_until(told, "a complaint of each worker")
    put(store, first.pem[:300])
    for caller in callers:
        assert user(ask(scene, caller, first)) == "ALICE"
        assert refusal(ask(scene, caller, second)) == STRANGER
    put(store, first.pem + second.pem)
    believed_everywhere(scene, callers, second)
    assert count(scene, UNUSABLE) == before + len(callers)
    assert str(store) in scene.gateway.told(UNUSABLE)
