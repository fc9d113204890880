import json
import traceback
from typing import Any

import pytest

from gateway.config.catalogue import KINDS
from tests.unit.config.homes import CORPUS, MARKER, as_json, build, case_names, outcome


def stated(expected: Any, found: Any, path: str = "$") -> list[str]:
    """Compare what the author of a case stated; return the differences."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key, value in expected.items()
            for line in stated(value, found.get(key, "absent"), f"{path}.{key}")
        ]
    return [] if expected == found else [f"{path}: expected {expected!r}, found {found!r}"]


@pytest.mark.parametrize("name", case_names())
def test_a_home_comes_to_what_its_case_says(name, tmp_path):
    case, home = CORPUS / name, tmp_path / "home"
    environ = build(case, home)

    result = outcome(home, environ)

    lines = [line.replace(str(home), "{home}") for line in result.lines]
    assert lines == (case / "expected.txt").read_text(encoding="utf-8").splitlines()
    for problem in result.problems:
        kind = KINDS[problem.check]
        assert problem.warning == (kind.severity == "warning"), problem
    if (case / "expected.json").is_file():
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        assert result.home is not None
        assert stated(expected, as_json(result.home, home)) == []
    assert MARKER not in "\n".join(lines)
    assert MARKER not in repr(result.home)
    if result.error is not None:
        assert MARKER not in "".join(traceback.format_exception(result.error))
        assert result.error.__cause__ is None
        assert result.error.__context__ is None


def test_the_corpus_has_wrong_homes_and_right_ones():
    texts = [(CORPUS / name / "expected.txt").read_text(encoding="utf-8") for name in case_names()]
    assert sum(": warning: " in text for text in texts) >= 10
    assert sum(bool(text) for text in texts) >= 40
    assert sum(not text for text in texts) >= 5
