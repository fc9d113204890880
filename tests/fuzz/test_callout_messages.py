"""Any callout message is read or refused: IMSGW_FUZZ_EXAMPLES of them, IMSGW_FUZZ_SEED repeats a run."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.callout.ical import TAGS
from tests.fuzz import callout_message_cases
from tests.unit.callout.message.deployed import received

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "1500"))
DRAWN = min(EXAMPLES, 10_000)  # Hypothesis remembers what it drew
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return callout_message_cases.reader(tmp_path_factory.mktemp("callout"))


def test_changed_messages_go_to_allowed_addresses_or_are_refused_with_a_status(reader):
    endings = callout_message_cases.run(reader, SEED, EXAMPLES)
    # the run means nothing unless messages went through, and were refused at each step
    assert endings["aimed"] > EXAMPLES // 10
    assert {"1004", "1006", "1002", "1901"} <= endings.keys()


@settings(max_examples=DRAWN)
@given(
    data=st.binary(max_size=200),
    tpipe=st.sampled_from(["TPIPE1", "BODY", "TEXT", "BASE64", "HEX"]),
    control=st.lists(
        st.tuples(st.sampled_from(TAGS) | st.text(max_size=12), st.binary(max_size=40)), max_size=3
    ),
)
def test_arbitrary_bytes_are_refused_or_are_a_value(reader, data, tpipe, control):
    callout_message_cases.check(reader, received(data, *control, tpipe=tpipe))
