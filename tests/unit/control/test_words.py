"""Lines of JSON: what goes over arrives, what is none is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.words import ControlError, line_of, object_of, refusal
from tests.unit.control.values import anything


@given(st.dictionaries(st.text(max_size=9).filter("error".__ne__), anything(), max_size=4))
def test_an_object_arrives_as_it_was_said_in_one_line(said):
    line = line_of(said)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert object_of(line) == said


@pytest.mark.parametrize(
    "line", [b"", b"list", b"[]", b'"list"', b"7", b"null", b"\xff", b"{", b"[" * 100_000, b'{"a": ' * 100_000]
)
def test_what_is_no_object_is_refused(line):
    with pytest.raises(ControlError, match="no line of JSON"):
        object_of(line)


def test_a_refusal_is_raised_in_its_own_words():
    with pytest.raises(ControlError, match=r"^there is no listener \u00e9$"):
        object_of(refusal("there is no listener \u00e9"))


@pytest.mark.parametrize("error", [None, 7, ["x"], {}])
def test_a_refusal_without_words_is_one_too(error):
    with pytest.raises(ControlError, match="something is wrong"):
        object_of(json.dumps({"error": error}).encode())


@given(st.binary(max_size=200))
def test_no_line_does_more_harm_than_to_be_refused(line):
    try:
        assert isinstance(object_of(line), dict)
    except ControlError as error:
        assert str(error) or b"error" in line
