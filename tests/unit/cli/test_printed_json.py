"""JSON on a terminal."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.printed_json import printed_json


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))
def test_every_character_shows_and_nothing_is_lost(value):
    printed = printed_json({"value": value})
    assert all(line.isprintable() for line in printed.split("\n"))
    assert json.loads(printed) == {"value": value}


def test_what_can_be_read_stays_as_it_is():
    assert printed_json({"a": "Größe 漢字 🙂"}, indent=None) == '{"a": "Größe 漢字 🙂"}'
    assert printed_json("\x9b31m\u202e\x7f", indent=None) == r'"\u009b31m\u202e\u007f"'
