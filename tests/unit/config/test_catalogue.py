import re
from pathlib import Path

import pytest

from gateway.config.catalogue import KINDS, SUBJECTS, action_of, kind_of, kinds_of
from gateway.errors import Problem
from tools.check_kinds import PAGE, main, page

GATEWAY = Path(__file__).parents[3] / "gateway"
NAMES = {id(value): name for subject in SUBJECTS for name, value in vars(subject).items()}


def test_no_id_is_there_twice():
    assert sum(len(kinds_of(subject)) for subject in SUBJECTS) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_kind_has_an_id_of_two_parts_and_says_what_is_found_and_what_to_do(kind):
    assert re.fullmatch(r"[a-z]+\.[a-z0-9]+(?:-[a-z0-9]+)*", kind.id)
    assert kind.severity in {"error", "warning"}
    assert kind.finds
    assert not kind.finds.endswith(".")
    assert kind.action[0].isupper() or kind.action[0] == "`"
    assert kind.action.endswith(".")


def test_every_kind_is_found_by_something():
    """A kind that no check names would be a promise in the documentation that nobody keeps."""
    code = "\n".join(path.read_text() for path in GATEWAY.rglob("*.py") if "catalogue" not in path.parent.name)
    idle = [kind.id for kind in KINDS.values() if not re.search(rf"\.{NAMES[id(kind)]}\b", code)]
    assert idle == []


def test_a_finding_has_its_place_its_text_and_its_severity():
    warning, error = KINDS["timeouts.stop"], KINDS["capacity.maxsoc"]
    assert warning.at("gateway.toml", "server.stop_seconds", "short") == Problem(
        "gateway.toml", "server.stop_seconds", "short", warning=True
    )
    found = error.at("bundles/ims1.toml", "ims_connect.maxsoc", "many")
    assert (found.warning, found.check) == (False, "capacity.maxsoc")
    assert kind_of(found) is error
    assert action_of(found) == error.action


def test_a_finding_of_an_unknown_kind_has_no_action():
    assert kind_of(Problem("a", "b", "c")) is None
    assert action_of(Problem("a", "b", "c", check="module.own")) == ""


def test_the_page_of_the_repository_is_what_the_catalogue_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.check_kinds"


def test_a_stale_page_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("tools.check_kinds.PAGE", tmp_path / "check.md")
    assert main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
