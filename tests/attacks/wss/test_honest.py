"""The honest siblings of all attacks are accepted, and IMS sees their user."""

import pytest

from tests.attacks.wss.honest import HONEST


@pytest.mark.parametrize("honest", HONEST.values(), ids=HONEST)
def test_an_honest_message_reaches_ims_with_its_user(target, honest):
    reply = target.send(honest.service, honest.build(target.pki))
    assert reply.status == 200, (target.reason, reply.body)
    assert [seen.user for seen in target.standin.seen] == [honest.user]
