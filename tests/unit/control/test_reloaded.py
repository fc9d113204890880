"""What came of a reload, from one process to another."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.reloaded import Outcome, Reloaded, problem_facts, problems_of
from gateway.control.words import ControlError, line_of, object_of
from gateway.errors import Problem
from tests.unit.control.values import anything

WARNING = Problem("gateway.toml", "server.http", "plain", warning=True, check="plain-listener")
TOLD = Reloaded(
    "callout 2",
    Outcome.REFUSED,
    7,
    "0123456789abcdef",
    problems=(Problem("bundles/ims1.toml", "", "is no TOML"), WARNING),
    restart=("callout.listen",),
    milliseconds=12,
    reason="",
)

texts = st.text(max_size=20)
problems = st.builds(Problem, texts, texts, texts, warning=st.booleans(), check=texts)
reloads = st.builds(
    Reloaded,
    texts,
    st.sampled_from(Outcome),
    st.integers(),
    texts,
    problems=st.lists(problems, max_size=3).map(tuple),
    restart=st.lists(texts, max_size=3).map(tuple),
    milliseconds=st.integers(),
    reason=texts,
)


@given(reloads)
def test_it_arrives_as_it_was_told(told):
    read = Reloaded.of(object_of(line_of(told.facts())))
    assert read == told
    assert [one.check for one in read.problems] == [one.check for one in told.problems]


def test_its_facts_are_an_interface():
    assert TOLD.facts() == {
        "process": "callout 2",
        "outcome": "refused",
        "number": 7,
        "digest": "0123456789abcdef",
        "problems": [
            {"file": "bundles/ims1.toml", "key": "", "text": "is no TOML", "warning": False, "check": ""},
            {
                "file": "gateway.toml",
                "key": "server.http",
                "text": "plain",
                "warning": True,
                "check": "plain-listener",
            },
        ],
        "restart": ["callout.listen"],
        "milliseconds": 12,
        "reason": "",
    }


@pytest.mark.parametrize(
    ("outcome", "done"), [(Outcome.IN_FORCE, True), (Outcome.REFUSED, False), (Outcome.FAILED, False)]
)
def test_only_what_is_in_force_is_done(outcome, done):
    assert Reloaded("serve 1", outcome, 1, "").done is done


def test_members_of_another_version_are_passed_over():
    facts = TOLD.facts()
    facts["colour"] = "red"
    facts["problems"][0]["line"] = 7
    del facts["problems"][1]["check"]
    assert Reloaded.of(facts) == TOLD


@pytest.mark.parametrize("name", [name for name in TOLD.facts() if name not in {"process", "digest", "reason"}])
@pytest.mark.parametrize("value", [None, "x", 0.5, [7], [None], {"a": 1}, True, float("inf")])
def test_what_makes_no_sense_is_refused(name, value):
    with pytest.raises((ValueError, KeyError, TypeError)):
        Reloaded.of({**TOLD.facts(), name: value})


@pytest.mark.parametrize("name", TOLD.facts())
def test_what_is_missing_is_refused(name):
    facts = TOLD.facts()
    del facts[name]
    with pytest.raises(KeyError):
        Reloaded.of(facts)


def test_problems_arrive_as_they_were_told():
    assert problems_of(json.loads(json.dumps(problem_facts(TOLD.problems)))) == TOLD.problems


@given(
    st.binary(max_size=200)
    | st.fixed_dictionaries({}, optional=dict.fromkeys(TOLD.facts(), anything())).map(
        lambda said: json.dumps(said).encode()
    )
    | st.sampled_from(list(TOLD.facts())).flatmap(
        lambda name: anything().map(lambda value: json.dumps({**TOLD.facts(), name: value}).encode())
    )
)
def test_no_line_does_more_harm_than_to_be_refused(line):
    try:
        assert isinstance(Reloaded.of(object_of(line)), Reloaded)
    except (ControlError, KeyError, TypeError, ValueError):
        return
