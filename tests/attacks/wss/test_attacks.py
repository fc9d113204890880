"""Every attack is refused with the right fault by the right rule, and nothing of it reaches IMS Connect."""

import tomllib
from pathlib import Path

import pytest

from tests.attacks.wss.attacks import ATTACKS, attacks
from tests.attacks.wss.honest import HONEST

REFUSED_BY = tomllib.loads(Path(__file__).with_name("refused_by.toml").read_text())
"""Which rules refuse the messages of an attack, by its id; "shape" is a refusal in front of the judge."""


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_and_ims_sees_nothing(target, attack):
    for build in attack.first:
        assert target.send(attack.service, build(target.pki)).status == 200
    target.standin.forget()
    reply = target.send(attack.service, attack.build(target.pki))
    assert reply.status in {400, 500}, reply.body
    assert not target.standin.seen
    assert reply.fault_code in attack.faults, target.gateway.events.last.reason
    assert (target.broken or "shape") in REFUSED_BY[attack.id], target.gateway.events.last.reason


def test_every_attack_has_a_name_of_its_own_and_an_honest_sibling():
    assert len(list(attacks())) == len(ATTACKS)
    assert {attack.honest for attack in ATTACKS.values()} <= set(HONEST)
    assert all(attack.service == HONEST[attack.honest].service for attack in ATTACKS.values())


def test_every_rule_that_is_named_refuses_an_attack_that_exists():
    assert set(REFUSED_BY) == {attack.id for attack in ATTACKS.values()}
