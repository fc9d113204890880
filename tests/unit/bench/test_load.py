"""The load generator counts as wrong what is wrong, and sends what it was given."""

import pytest

from bench.comparison import load
from bench.comparison.load import Plan
from bench.comparison.messages import plain
from bench.comparison.processes import BenchError
from tests.fixtures.ports import free_port
from tests.interop.outside import need
from tests.unit.bench.serving import server


@pytest.fixture(scope="module", autouse=True)
def built():
    need("cc")
    load.build()


def go(port, folder, messages, **how):
    file = folder / "requests"
    load.write(file, [("AnyPort", message) for message in messages])
    plan = Plan(file, **{"seconds": 20, "connections": 2, "once": True, **how})
    return load.run(port, None, plan)[0]


TEXTS = [plain(f"text {number}") for number in range(6)]


@pytest.mark.parametrize("size", [1, 5_000], ids=["small", "large"])
def test_every_message_is_sent_once_and_its_echo_is_right(tmp_path, size):
    texts = [plain(f"text {number} " * size) for number in range(6)]
    with server(lambda body: (200, body, False)) as (port, seen):
        outcome = go(port, tmp_path, texts)
    assert (outcome.right, outcome.wrong, outcome.failed, outcome.reconnects) == (6, 0, 0, 0)
    assert sorted(seen) == sorted(message.data for message in texts)
    assert 0 < outcome.microseconds["p50"] <= outcome.microseconds["max"]


def test_an_answer_in_chunks_is_read_to_its_end(tmp_path):
    """The needle is whole in one chunk, as the text stands in the second half."""
    with server(lambda body: (200, b"x" * len(body) + body, True)) as (port, seen):
        outcome = go(port, tmp_path, TEXTS)
    assert (outcome.right, outcome.wrong, outcome.reconnects, len(seen)) == (6, 0, 0, 6)


@pytest.mark.parametrize(
    ("status", "told"),
    [(200, b"the echo of another"), (500, None), (401, None)],
    ids=["another text", "fault", "no right"],
)
def test_what_is_no_echo_is_counted_as_wrong_and_shown(tmp_path, status, told):
    with server(lambda body: (status, told or body, False)) as (port, _):
        outcome = go(port, tmp_path, TEXTS)
    assert (outcome.right, outcome.wrong) == (0, 6)
    assert outcome.detail.startswith(f"{status}: ")


def test_one_wrong_answer_among_right_ones_is_found(tmp_path):
    with server(lambda body: (200, b"" if b"text 3" in body else body, False)) as (port, _):
        outcome = go(port, tmp_path, TEXTS)
    assert (outcome.right, outcome.wrong) == (5, 1)


def test_nobody_there_is_an_error_with_words(tmp_path):
    with pytest.raises(BenchError, match="cannot connect"):
        go(free_port(), tmp_path, TEXTS)


def test_no_more_comes_than_the_rate_says(tmp_path):
    with server(lambda body: (200, body, False)) as (port, seen):
        outcome = go(port, tmp_path, TEXTS, seconds=0.5, rate=40, once=False)
    assert 2 <= outcome.right <= 21
    assert len(seen) == outcome.right


def test_what_the_server_used_is_told_of_the_load_alone(tmp_path):
    spent = iter([2.0, 5.5])
    with server(lambda body: (200, body, False)) as (port, _):
        file = tmp_path / "requests"
        load.write(file, [("AnyPort", TEXTS[0])])
        _, used = load.run(port, None, Plan(file, 5, connections=1, once=True), lambda: next(spent))
    assert used == 3.5
