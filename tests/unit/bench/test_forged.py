"""Who accepts a forgery gets no figure, and it is said which one."""

import re
import subprocess

import pytest

from bench.comparison import forged, load, place
from bench.comparison.place import MANY, ONE, PLAIN, USERNAME
from bench.comparison.processes import BenchError, Server
from gateway.clock import SYSTEM_CLOCK
from tests.interop.outside import need
from tests.unit.bench.serving import server


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    need("cc")
    load.build()
    return place.make(tmp_path_factory.mktemp("place"), 3)


@pytest.fixture
def refusals(made, tmp_path):
    """What a server refuses that accepts what `accepts` says of the text of a message."""
    (tmp_path / "log").write_text("its log")

    def found(service, accepts):
        with server(lambda body: (200 if accepts(body.decode()) else 500, body, False)) as (port, _):
            process = subprocess.Popen(["true"])
            one = Server("stub", port, process, tmp_path / "log")
            process.wait()
            return forged.refusals(one, None, service, made, SYSTEM_CLOCK.now())

    return found


@pytest.mark.parametrize(
    ("service", "named"),
    [
        (USERNAME, {"wrong password", "unknown user", "no token"}),
        (ONE, {"Body changed", "too old", "stranger of the same name", "another sender of the authority"}),
        (MANY, {"user changed", "Timestamp changed", "stranger with a friend's certificate", "no signature"}),
    ],
)
def test_a_server_that_accepts_everything_is_found_out(refusals, service, named):
    with pytest.raises(BenchError, match="stub accepts what is forged") as error:
        refusals(service, lambda _text: True)
    assert named <= set(re.split(r", |: ", str(error.value)))


def test_a_server_that_refuses_everything_is_no_better(refusals):
    with pytest.raises(BenchError, match="refuses a good message"):
        refusals(ONE, lambda _text: False)


def test_one_forgery_that_is_accepted_is_named_alone(refusals):
    with pytest.raises(BenchError) as error:
        refusals(USERNAME, lambda text: "WONDER1" in text)
    assert str(error.value).endswith(": unknown user")


def test_what_was_refused_is_told(refusals):
    found = refusals(USERNAME, lambda text: "WONDER1" in text and "ALICE" in text)
    assert found == ["wrong password", "unknown user", "no token"]


def test_of_messages_without_a_token_nothing_is_forged(refusals):
    assert refusals(PLAIN, lambda _text: True) == []
