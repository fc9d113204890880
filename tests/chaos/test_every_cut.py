"""Each message of every kind of interaction, cut before, in and behind it, in some of the manners there are."""

import pytest

from tests.chaos.scenes import KINDS, some_cuts_of
from tests.chaos.stage import stage
from tests.fixtures.faces import FACES

CHOSEN = 4
"""One cut of so many; `python -m bench.evidence chaos` makes all of them."""


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """A stand-in a protocol level."""
    with (
        stage(tmp_path_factory.mktemp("level2")) as two,
        stage(tmp_path_factory.mktemp("level1"), protocol_level=1) as one,
    ):
        yield {2: two, 1: one}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_cut_makes_ims_and_callers_disagree(stages, kind, face):
    cuts = some_cuts_of(kind, CHOSEN, FACES.index(face) * 2)
    assert stages[kind.protocol_level].play(kind, face, cuts) == []
