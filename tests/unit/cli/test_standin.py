from pathlib import Path

import pytest

from gateway import standin


@pytest.fixture
def started(monkeypatch):
    calls = []

    def run(config, trace, transcript):
        calls.append((config, trace, transcript))
        return 1 if config.name == "bad.toml" else 0

    monkeypatch.setattr(standin, "run", run)
    return calls


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), (Path("standin.toml"), 0, None)),
        (("--config", "other.toml", "--trace"), (Path("other.toml"), 1, None)),
        (("-t", "-t"), (Path("standin.toml"), 2, None)),
        (("-tt",), (Path("standin.toml"), 2, None)),
        (("--transcript", "t.log"), (Path("standin.toml"), 0, Path("t.log"))),
    ],
)
def test_configuration_trace_and_transcript_are_options(imsgw, started, arguments, expected):
    assert imsgw("standin", *arguments).exit_code == 0
    assert started == [expected]


def test_its_result_is_the_exit_code(imsgw, started):
    assert imsgw("standin", "--config", "bad.toml").exit_code == 1


def test_a_file_that_is_not_there_is_told(imsgw):
    result = imsgw("standin", "--config", "nowhere.toml")
    assert (result.exit_code, "nowhere.toml: does not exist" in result.stderr) == (1, True)
