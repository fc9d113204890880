"""What refuses each attack: kept in refused_by.toml, asserted by the tests, printed in docs/attacks.md.

`python -m tests.attacks.wss.refusals` writes the file anew from what the gateway says now. Read the difference
before you commit it: a rule that is gone may be a hole.
"""

import json
import logging
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.wss.attacks import ATTACKS
from tests.attacks.wss.catalogue import fault_of
from tests.attacks.wss.target import running_target
from tests.forge.keys import Pki

FILE = Path(__file__).with_name("refused_by.toml")


@dataclass(frozen=True)
class Refusal:
    """What refuses the messages of an attack."""

    rules: tuple[str, ...]
    """Rules of the judge and of identity; ids of messages where something in front or behind refuses."""
    faults: tuple[str, ...]


def refusals() -> Mapping[str, Refusal]:
    """Return the refusals by the id of the attack."""
    table = tomllib.loads(FILE.read_text())
    return {key: Refusal(tuple(row["rules"]), tuple(row["faults"])) for key, row in table.items()}


def record() -> None:
    """Send all attacks and write what refused them."""
    logging.disable(logging.CRITICAL)
    rules: dict[str, set[str]] = {}
    faults: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory() as folder, running_target(Path(folder), Pki()) as target:
        for attack in ATTACKS.values():
            for build in attack.first:
                target.send(attack.service, build(target.pki))
            reply = target.send(attack.service, attack.build(target.pki))
            assert reply.status != 200, attack.name
            rules.setdefault(attack.id, set()).add(target.refused_by(reply))
            faults.setdefault(attack.id, set()).add(fault_of(reply))
    rows = (
        f"[{key}]\nrules = {json.dumps(sorted(rules[key]))}\nfaults = {json.dumps(sorted(faults[key]))}\n"
        for key in rules
    )
    FILE.write_text("\n".join(rows))


if __name__ == "__main__":
    record()
