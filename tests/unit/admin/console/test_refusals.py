"""What decided about a request, in words."""

import pytest

from gateway.admin.console.refusals import Wanted, seen
from tests.unit.admin.console.pictures import ended, refused


def test_the_rule_that_was_broken_is_told_with_its_meaning_and_source():
    one = seen(refused())
    assert one.decided is not None
    assert one.decided.id == "timestamp.fresh"
    assert one.decided.text == "it is neither expired nor from the future nor too old"
    assert one.decided.source == "WSS 10"
    assert [(rule.id, rule.held) for rule in one.tried] == [
        ("transport.https", True),
        ("header.one", True),
        ("timestamp.fresh", False),
    ]


def test_a_rule_of_another_version_has_no_meaning_here():
    one = seen(refused(rules=("!new.rule",)))
    assert one.decided is not None
    assert (one.decided.id, one.decided.text) == ("new.rule", "")


def test_a_message_is_told_without_what_is_another_each_time():
    one = seen(refused(message_id="IGW2009E", rules=(), return_code=8, reason_code=0x28))
    assert (one.message, one.at_fault) == ("IMS answered with a message", "this side")
    assert one.codes == "RC 8 RSN 40"
    assert one.decided is None


@pytest.mark.parametrize(
    ("message_id", "text", "failed"),
    [
        ("IGW1206E", "Service lab is stopped; try again later", True),
        ("IGW2001E", "IMS Connect \u2026 cannot be reached", True),
        ("IGW1204E", "The body does not follow the contract", False),
        ("IGW1309E", "The security header was refused", False),
    ],
)
def test_what_the_caller_can_do_nothing_about_has_failed_and_was_not_refused(message_id, text, failed):
    one = seen(refused(message_id=message_id, rules=(), service="lab"))
    assert (one.message, one.refused, one.failed) == (text, True, failed)


def test_a_message_that_is_all_the_standard_s_own_text_has_words_of_ours():
    assert seen(refused(message_id="IGW1302E", rules=())).message == "The security header was refused"


def test_an_answered_request_has_nothing_that_decided():
    one = seen(ended())
    assert (one.refused, one.decided, one.message, one.codes) == (False, None, "", "")


@pytest.mark.parametrize(
    ("wanted", "picked"),
    [
        (Wanted(), True), (Wanted(service="lab"), True), (Wanted(service="la"), False),
        (Wanted(outcome="answered"), True), (Wanted(outcome="refused"), False), (Wanted(text="aaa"), True),
        (Wanted(text="alice"), True), (Wanted(text="10.1"), True), (Wanted(text="ECHO"), True),
        (Wanted(text="bbb"), False), (Wanted(text=" "), True), (Wanted(service="lab", text="nobody"), False),
    ],
)  # fmt: skip
def test_requests_are_picked_by_service_outcome_and_text(wanted, picked):
    assert wanted.picks(ended()) is picked
