"""Sockets are cut at random under load: the ledger still agrees with what every caller was told."""

import pytest

from tests.chaos.ledger import Told
from tests.chaos.load import Chaos
from tests.chaos.stage import stage
from tests.fixtures.faces import FACES


@pytest.mark.parametrize("face", FACES)
def test_callers_receivers_and_responders_under_random_cuts(tmp_path, face):
    with stage(tmp_path, names=100) as made:
        chaos = Chaos(made, face, seed=1, interactions=600, callers=16, rate=0.03)
        assert chaos.run() == []
    told = [one.told for one in chaos.book.statements]
    assert told.count(Told.ANSWERED) > len(told) / 2
    assert chaos.figures["cuts"] > 20
