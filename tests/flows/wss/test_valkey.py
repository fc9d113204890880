"""Two gateways that share a Valkey server: what one has seen the other refuses; and the loss of that server."""

import shutil
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.fixtures.valkey import running_valkey
from tests.flows.wss.conftest import TICKET_KEY, racf
from tests.flows.wss.conftest import VICTIM as ZOE
from tests.flows.wss.scene import WHOAMI, Scene, refusal, user, with_nonce
from tests.flows.wss.wiretap import Wiretap, password_of
from tests.forge.message import Message

pytestmark = pytest.mark.xdist_group("running wss")

SIGNED, NONCE = "PhoneBookSaml20OnePort", "SecurePhoneBookPort"
SEEN = ("InvalidSecurity", "IGW1302E")
CANNOT_TELL = ("Server", "IGW1307E")


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="module")
def machines(module_gateway_factory, valkey):
    """Two machines that believe the same sender: one refuses, one accepts while the store is away.

    Each test has a user of its own: with the store the knowledge is lost which PassTickets were made.
    """
    with racf() as standin, Wiretap(standin.port) as tap:

        def start(on_failure: str, prepare=lambda _home: None) -> Scene:
            settings = {
                "server.workers": 1,
                "replay.store": valkey.settings().store,
                "replay.timeout_seconds": 5,
                "replay.on_failure": on_failure,
            }
            bundle = {"ims_connect.port": tap.port, "passticket.key": TICKET_KEY}
            return Scene(
                module_gateway_factory(standin, settings, bundle, prepare=prepare, assertions=True),
                standin,
                tap,
            )

        careful = start("refuse")
        store = Path("keystores/senders.pem")
        careless = start("accept", lambda home: shutil.copy(careful.gateway.home / store, home / store))
        careless.sender = careful.sender
        yield careful, careless
        for scene in (careful, careless):
            scene.said |= careful.said | careless.said
            assert not scene.leaks()


def is_ready(scene: Scene) -> bool:
    try:
        return scene.gateway.fetch(f"{scene.gateway.admin_url}/readyz") == b"ready\n"
    except HTTPError as error:
        assert error.code == 503
        return False


@pytest.mark.interop
def test_what_one_gateway_accepted_the_other_refuses(machines):
    for one, other in (machines, machines[::-1]):
        for port, message in ((SIGNED, one.wire(one.signed())), (NONCE, one.wire(with_nonce()))):
            assert user(one.send(port, message)) == "ALICE"
            for each in (other, one):
                assert refusal(each.send(port, message)) == SEEN


@pytest.mark.interop
def test_no_passticket_is_made_by_both(machines):
    before = set(machines[0].tap.of("BOB", "WHOAMI"))
    users = [user(scene.send(SIGNED, scene.signed(user="BOB"))) for scene in machines * 5]
    assert users == ["BOB"] * 10, "RACF takes each PassTicket once"
    tickets = {password_of(message) for message in set(machines[0].tap.of("BOB", "WHOAMI")) - before}
    assert len(tickets) == 10


@pytest.mark.interop
def test_while_the_store_is_away_one_refuses_and_the_other_accepts_and_both_recover(machines, valkey):
    careful, careless = machines
    known = careful.wire(with_nonce(ZOE, "RIGHT1"))
    assert user(careful.send(NONCE, known)) == ZOE
    careful.standin.forget()
    valkey.stop()

    for port, message in (
        (NONCE, known),
        (NONCE, with_nonce(ZOE, "RIGHT1")),
        (SIGNED, careful.signed(user=ZOE)),
    ):
        reply = careful.send(port, message)
        assert refusal(reply) == CANNOT_TELL
        assert careful.entry(reply)["reached_ims_connect"] is False
    assert careful.standin.seen == ()
    assert not is_ready(careful)
    assert "messages are refused" in careful.gateway.told("replay store lost")
    nothing_to_remember = Message("username", user=ZOE, password="RIGHT1", body=WHOAMI)
    assert user(careful.send(NONCE, nothing_to_remember)) == ZOE

    for _ in range(2):
        reply = careless.send(NONCE, known)
        assert user(reply) == ZOE
        assert "replay.new" in careless.entry(reply)["rules"]
    assert is_ready(careless)
    assert "WITHOUT protection" in careless.gateway.told("replay store lost")

    valkey.start()
    for scene in machines:
        scene.gateway.told("replay store back")
        assert is_ready(scene)
    message = careful.wire(careful.signed(user=ZOE))
    assert user(careful.send(SIGNED, message)) == ZOE
    assert refusal(careless.send(SIGNED, message)) == SEEN
    assert careful.gateway.exit_code is None
