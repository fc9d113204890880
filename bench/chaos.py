"""Sockets cut at every message and at random under load: what IMS did against what callers were told.

First each cut of each interaction, for both faces of the client; then random cuts under load. Any disagreement
ends the run: see tests/chaos, which does the same with fewer cuts.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.load import Chaos
from tests.chaos.scenes import KINDS, cuts_of
from tests.chaos.stage import Stage, stage
from tests.fixtures.faces import FACES, Face

INTERACTIONS = 20_000
CALLERS = 64
RATE = 0.02
"""Of all messages that pass."""


def _judge(what: str, wrong: list[str]) -> None:
    if wrong:
        raise SystemExit("\n".join([f"{what}: IMS and callers disagree", *wrong]))


def _every_cut(made: Stage, face: Face, level: int) -> dict[str, int]:
    cuts = {}
    for kind in KINDS:
        if kind.protocol_level == level:
            _judge(f"{kind.name} {face}", made.play(kind, face, cuts_of(kind)))
            cuts[kind.name] = len(cuts_of(kind))
    return cuts


def _under_load(face: Face, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="imsgw-chaos-") as folder, stage(Path(folder), names=400) as made:
        started = time.monotonic()
        chaos = Chaos(made, face, seed, INTERACTIONS // len(FACES), CALLERS, RATE)
        _judge(f"load {face}", chaos.run())
        return {"seconds": round(time.monotonic() - started, 1), **chaos.figures}


def measure() -> dict[str, Any]:
    """Return the figures. Raises SystemExit, which names every disagreement."""
    cuts: dict[str, dict[str, int]] = {}
    for face in FACES:
        cuts[face] = {}
        for level in (2, 1):
            with (
                tempfile.TemporaryDirectory(prefix="imsgw-chaos-") as folder,
                stage(Path(folder), protocol_level=level) as made,
            ):
                cuts[face] |= _every_cut(made, face, level)
    return {
        "cuts_of_each_interaction": cuts,
        "under_load": {face: _under_load(face, seed) for seed, face in enumerate(FACES, 1)},
        "disagreements": 0,
    }
