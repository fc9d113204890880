"""What commands and processes say to each other, and what is refused of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.callout.control_words import Ask, Told, named
from gateway.callout.state import ListenerState
from gateway.callout.values import Source
from gateway.control.words import ControlError, line_of, object_of
from tests.unit.callout.steered import ONE, TWO, picture

TOLD = Told(
    instance=2,
    pid=77,
    ready=False,
    reason="draining",
    listeners=(
        picture(ONE, received=7, refused=1, in_work=2, waiting=3, dead=4),
        picture(TWO, ListenerState.TROUBLE, reason="refused: \u00e9\n"),
    ),
    drained=True,
)


def over(facts):
    """Return facts as they come out at the other end of a line."""
    return object_of(line_of(facts))


@pytest.mark.parametrize(
    "ask",
    [
        Ask("list"),
        Ask("start"),
        Ask("start", ()),
        Ask("stop", (ONE, TWO)),
        Ask("stop", ("ims1",)),
        Ask("start", ("ims2", ONE)),
        Ask("drain"),
        Ask("drain", seconds=2.5),
        Ask("reload"),
    ],
)
def test_what_is_asked_arrives_as_it_was_said(ask):
    assert Ask.of(over(ask.facts())) == ask


def test_what_is_told_arrives_as_it_was_said():
    assert Told.of(over(TOLD.facts())) == TOLD


def test_the_line_is_an_interface():
    assert over(Ask("stop", (ONE, "ims2")).facts()) == {
        "do": "stop",
        "listeners": ["ims1/CALL1", "ims2"],
        "seconds": None,
    }
    told = over(TOLD.facts())
    assert {name: told[name] for name in ("instance", "pid", "ready", "reason", "drained")} == {
        "instance": 2,
        "pid": 77,
        "ready": False,
        "reason": "draining",
        "drained": True,
    }
    assert told["listeners"][0] == {
        "bundle": "ims1",
        "tpipe": "CALL1",
        "state": "listening",
        "reason": "",
        "since": "2026-11-22T12:00:00+00:00",
        "received": 7,
        "refused": 1,
        "in_work": 2,
        "waiting": 3,
        "dead": 4,
    }


def test_members_of_another_version_are_passed_over():
    assert Ask.of({"do": "list", "colour": "red"}) == Ask("list")
    assert Told.of({**TOLD.facts(), "colour": "red"}) == TOLD


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"do": "restart"}',
        '{"do": ["list"]}',
        '{"do": "stop", "listeners": "ims1/CALL1"}',
        '{"do": "stop", "listeners": [1]}',
        '{"do": "stop", "listeners": ["ims1/"]}',
        '{"do": "stop", "listeners": [""]}',
        '{"do": "drain", "seconds": "1"}',
        '{"do": "drain", "seconds": true}',
        '{"do": "drain", "seconds": -1}',
        '{"do": "drain", "seconds": 86401}',
        '{"do": "drain", "seconds": NaN}',
        '{"do": "drain", "seconds": Infinity}',
    ],
)
def test_what_cannot_be_meant_is_refused(line):
    with pytest.raises(ControlError):
        Ask.of(json.loads(line))


@pytest.mark.parametrize("name", ["instance", "pid", "reason", "listeners"])
@pytest.mark.parametrize("value", [None, [1], {"a": 1}, True])
def test_an_answer_without_sense_is_refused(name, value):
    with pytest.raises(ControlError):
        Told.of({**TOLD.facts(), name: value})


@pytest.mark.parametrize("name", ["bundle", "tpipe", "state", "reason", "since", "received", "dead"])
@pytest.mark.parametrize("value", [None, "x\n", -0.5, [], True])
def test_a_listener_without_sense_is_refused(name, value):
    if value == "x\n" and name in {"bundle", "tpipe", "reason"}:
        return  # a text
    told = over(TOLD.facts())
    told["listeners"][0][name] = value
    with pytest.raises(ControlError):
        Told.of(told)


def test_a_listener_is_named_by_bundle_and_tpipe_all_of_a_bundle_by_its_name():
    assert named("ims1/CALL1") == Source("ims1", "CALL1")
    assert named("ims1") == "ims1"


@pytest.mark.parametrize("text", ["", "/", "ims1/", "/CALL1", "ims1/CALL1/2", "ims1//", None, 7])
def test_a_name_without_sense_is_refused(text):
    with pytest.raises(ControlError, match="BUNDLE/TPIPE"):
        named(text)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["do", "listeners", "seconds", "error", "state"]), inner)
        ),
    ).map(lambda v: json.dumps(v).encode())
)
def test_no_line_does_more_harm_than_to_be_refused(line):
    for read in (Ask.of, Told.of):
        try:
            read(object_of(line))
        except ControlError as error:
            assert str(error) or b"error" in line
