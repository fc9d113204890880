"""A user of an assertion signs on to RACF by a PassTicket, which nobody can use a second time."""

import pytest

from tests.fixtures.running_gateway import wait_until
from tests.flows.wss.scene import PORTAL, STS, user
from tests.flows.wss.wiretap import of_client, password_of, with_password
from tests.unit.standin import by_hand

pytestmark = pytest.mark.xdist_group("running wss")

WRONG_PASSWORD = by_hand.refusal(8, 78, 8)
"""RSM: security failure, and RACF's code for a wrong password."""


@pytest.mark.parametrize("kind", ["saml11", "saml20"])
def test_a_user_of_a_signed_assertion_reaches_ims_by_a_passticket(scene, kind):
    reply = scene.send(f"PhoneBook{kind.capitalize()}OnePort", scene.signed(kind))
    told = {child.tag.rpartition("}")[2]: child.text for child in reply.payload}
    assert (told["user"], told["netuid"], told["netsid"]) == ("ALICE", "ALICE", PORTAL)
    (seen,) = scene.standin.seen
    assert (seen.user, seen.transaction) == ("ALICE", "WHOAMI")
    ticket = password_of(scene.tap.of("ALICE", "WHOAMI")[-1])
    assert len(ticket) == 8
    assert ticket not in scene.gateway.log


def test_a_user_of_an_sts_too(scene):
    reply = scene.send("PhoneBookSaml20StsPort", scene.by_sts(), scene.client_pem)
    assert user(reply) == "ALICE"
    assert scene.standin.seen[-1].netsid == STS


def test_each_call_has_a_ticket_of_its_own(scene):
    before = {password_of(each) for each in scene.tap.of("BOB", "WHOAMI")}
    for _ in range(5):
        assert user(scene.send("PhoneBookSaml20OnePort", scene.signed(user="BOB"))) == "BOB"
    assert len({password_of(each) for each in scene.tap.of("BOB", "WHOAMI")} - before) == 5


def test_the_same_ticket_sent_again_by_somebody_else_is_refused(scene):
    assert user(scene.send("PhoneBookSaml20OnePort", scene.signed())) == "ALICE"
    captured = of_client(scene.tap.of("ALICE", "WHOAMI")[-1], "THIEF")
    with by_hand.Client(scene.standin.port) as thief:
        assert thief.ask(captured) == WRONG_PASSWORD
    with by_hand.Client(scene.standin.port) as owner:
        answer = owner.ask(with_password(captured, "WONDER1"))
    assert b"ALICE" in answer, "but for the ticket the message was in order"
    expected = ["answered", "refused 8/78", "answered"]
    wait_until(lambda: [seen.outcome for seen in scene.standin.seen] == expected, "the outcomes")
