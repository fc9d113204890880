"""No rule of the verification core goes untested."""

from pathlib import Path

import pytest

from gateway.wss.rules import RULES

OF_THE_JUDGE = {
    "signature.place", "signature.needed", "signature.targets", "signature.coverage", "signature.addressing",
    "signature.whole-text",
}  # fmt: skip
HERE = Path(__file__).parent
OURS = [
    rule.id
    for rule in RULES
    if rule.id.partition(".")[0] in {"id", "signature", "key"} and rule.id not in OF_THE_JUDGE
]


@pytest.mark.parametrize("rule", OURS)
def test_each_rule_is_broken_by_a_message(rule):
    tests = [*HERE.glob("test_*.py"), HERE.parent / "test_ids.py"]
    assert any(f'"{rule}"' in path.read_text() for path in tests if path != Path(__file__))
