"""`imsgw status` with processes that answer as they like."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.clock import SYSTEM_CLOCK
from gateway.control.seat import CALLOUT, SERVE, Seat
from gateway.control.server import ControlServer
from gateway.control.words import line_of, refusal

VERSION = {
    "number": 3,
    "digest": "52d0c1f6a4b97e08",
    "loaded_at": "2026-03-01T12:00:07+00:00",
    "last_reload": None,
}
GATEWAY = {"process": "serve 1", **VERSION, "workers": [1, 2]}
LISTENERS = [{"state": "listening"}, {"state": "trouble"}, {"state": "listening"}]
DONE = {"at": "2026-03-01T13:00:00+00:00", "reloaded": {"outcome": "in force"}}
REFUSED = {"at": "2026-03-01T13:00:00+00:00", "reloaded": {"outcome": "refused"}}
CALLOUT_1 = {"process": "callout 1", **VERSION, "ready": True, "reason": "", "listeners": LISTENERS}

Processes = Callable[..., None]


@contextmanager
def process(state: Path, kind: str, line: bytes) -> Iterator[None]:
    """Have a process of a kind that answers whatever is asked with one line."""
    seat = Seat.take(state / kind)
    server = ControlServer(seat.socket, lambda _: line, SYSTEM_CLOCK)
    server.start()
    try:
        yield
    finally:
        server.close()
        seat.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Processes]:
    """Start a process: `run(CALLOUT, facts)`."""
    with ExitStack() as running:
        yield lambda kind, said: running.enter_context(
            process(tmp_path / "state", kind, said if isinstance(said, bytes) else line_of(said))
        )


def status(tmp_path: Path, *options: str) -> Result:
    state = tmp_path / "state"
    return CliRunner().invoke(app, ["status", "--home", str(tmp_path), "--state", str(state), *options])


def test_both_kinds_of_process_are_told(tmp_path: Path, run: Processes) -> None:
    run(SERVE, GATEWAY)
    run(CALLOUT, CALLOUT_1)
    told = status(tmp_path)
    assert told.exit_code == 0
    version = "configuration 3 (52d0c1f6a4b97e08) since 2026-03-01T12:00:07+00:00"
    assert told.stdout.splitlines() == [
        f"serve 1: {version}, 2 workers",
        f"callout 1: {version}, 3 listeners: 2 listening, 1 trouble",
    ]
    assert json.loads(status(tmp_path, "--json").stdout) == [GATEWAY, CALLOUT_1]


@pytest.mark.parametrize(("kind", "said", "other"), [(SERVE, GATEWAY, CALLOUT), (CALLOUT, CALLOUT_1, SERVE)])
def test_one_alone_is_told_and_that_none_of_the_other_kind_runs(
    tmp_path: Path, run: Processes, kind: str, said: dict[str, Any], other: str
) -> None:
    run(kind, said)
    told = status(tmp_path)
    assert told.exit_code == 0
    assert f"{other}: none runs\n" in told.stdout
    assert f"{kind} 1: configuration 3" in told.stdout
    assert json.loads(status(tmp_path, "--json").stdout) == [said]


def test_where_nothing_runs_both_are_told_as_missing_with_exit_code_1(tmp_path: Path) -> None:
    told = status(tmp_path)
    assert (told.exit_code, told.stdout) == (1, "serve: none runs\ncallout: none runs\n")
    told = status(tmp_path, "--json")
    assert (told.exit_code, json.loads(told.stdout)) == (1, [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (refusal("what is asked must be one of list, start"), "what is asked must be one of list, start"),
        (line_of({"process": "callout 1"}), "what the process says cannot be understood"),
        (line_of({**CALLOUT_1, "listeners": "none"}), "what the process says cannot be understood"),
        (line_of({**CALLOUT_1, "last_reload": {"at": "now"}}), "what the process says cannot be understood"),
        (b"[]\n", "this is no line of JSON with an object"),
    ],
)
def test_a_process_that_does_not_answer_as_it_should_is_named_with_exit_code_1(
    tmp_path: Path, run: Processes, line: bytes, words: str
) -> None:
    run(SERVE, GATEWAY)
    run(CALLOUT, line)
    told = status(tmp_path)
    assert told.exit_code == 1
    assert "serve 1: configuration 3" in told.stdout, "the others are told all the same"
    assert told.stderr == f"callout 1: {words}\n"
    told = status(tmp_path, "--json")
    assert (told.exit_code, json.loads(told.stdout)) == (1, [GATEWAY, {"process": "callout 1", "error": words}])


def test_a_folder_that_may_not_be_read_is_not_told_as_nothing_runs(tmp_path: Path, run: Processes) -> None:
    run(SERVE, GATEWAY)
    (tmp_path / "state/callout").write_text("no folder")
    told = status(tmp_path)
    assert told.exit_code == 1
    assert "callout: none runs" not in told.stdout
    assert "cannot be read: Not a directory" in told.stderr


@pytest.mark.parametrize(("last", "words"), [(DONE, "came into force"), (REFUSED, "was refused")])
def test_what_came_of_the_last_reload_and_why_callout_is_not_ready_is_told(
    tmp_path: Path, run: Processes, last: dict[str, Any], words: str
) -> None:
    run(CALLOUT, {**CALLOUT_1, "last_reload": last, "ready": False, "reason": "ims1/X is in state \x1b[2J"})
    told = status(tmp_path)
    assert told.exit_code == 0
    assert f"\n  the reload at 2026-03-01T13:00:00+00:00 {words}\n" in told.stdout
    assert "\n  not ready: ims1/X is in state  [2J\n" in told.stdout
