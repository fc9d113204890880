"""Every attack is refused with the right fault by the right rule, and nothing of it reaches IMS Connect."""

import pytest

from tests.attacks.wss.attacks import ATTACKS, attacks
from tests.attacks.wss.catalogue import fault_of
from tests.attacks.wss.honest import HONEST
from tests.attacks.wss.refusals import refusals

REFUSALS = refusals()
PASSWORDS = ("WONDER1", "BUILDER1")
NOT_FOR_CALLERS = (
    *PASSWORDS,
    "ALICE",
    "BOB",
    "Forge, Test",
    "Partner CA",
    "Traceback",
    "/home/",
    "/tmp/",
    "lxml",
)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_and_ims_sees_nothing(target, attack):
    for build in attack.first:
        assert target.send(attack.service, build(target.pki)).status == 200, target.reason
    target.standin.forget()
    reply = target.send(attack.service, attack.build(target.pki))
    assert reply.status in {400, 415, 500}, reply.body
    assert not target.standin.seen
    fault = fault_of(reply)
    assert fault in attack.faults, target.reason
    assert fault in REFUSALS[attack.id].faults, target.reason
    assert target.refused_by(reply) in REFUSALS[attack.id].rules, target.reason
    told = reply.body.decode()
    assert not [words for words in NOT_FOR_CALLERS if words in told]
    assert not [password for password in PASSWORDS if password in target.reason]


def test_every_attack_has_a_name_of_its_own_and_an_honest_sibling():
    assert len(list(attacks())) == len(ATTACKS) > 1000
    assert {attack.honest for attack in ATTACKS.values()} <= set(HONEST)


def test_an_attack_and_its_honest_sibling_go_to_services_of_one_policy():
    other = {attack.name for attack in ATTACKS.values() if attack.service != HONEST[attack.honest].service}
    assert other == {"revocation-stale"}, "whose list is too old for anybody"


def test_every_refusal_that_is_recorded_is_of_an_attack_that_exists():
    assert set(REFUSALS) == {attack.id for attack in ATTACKS.values()}
