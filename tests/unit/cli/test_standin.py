from pathlib import Path

import pytest

from gateway import standin


@pytest.fixture
def started(monkeypatch):
    calls = []

    def run(config, trace):
        calls.append((config, trace))
        return 1 if config.name == "bad.toml" else 0

    monkeypatch.setattr(standin, "run", run)
    return calls


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), (Path("standin.toml"), 0)),
        (("--config", "other.toml", "--trace"), (Path("other.toml"), 1)),
        (("-t", "-t"), (Path("standin.toml"), 2)),
        (("-tt",), (Path("standin.toml"), 2)),
    ],
)
def test_configuration_and_trace_are_options(imsgw, started, arguments, expected):
    assert imsgw("standin", *arguments).exit_code == 0
    assert started == [expected]


def test_its_result_is_the_exit_code(imsgw, started):
    assert imsgw("standin", "--config", "bad.toml").exit_code == 1


def test_a_file_that_is_not_there_is_told(imsgw):
    result = imsgw("standin", "--config", "nowhere.toml")
    assert (result.exit_code, "nowhere.toml: does not exist" in result.stderr) == (1, True)
