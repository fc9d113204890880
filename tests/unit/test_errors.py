"""The catalogue of messages, and what an error shows to whom."""

import re
import string

import pytest

from gateway.errors import MESSAGES, GatewayError, M, Message, Problem, SecurityError, WssFault


def _all():
    return [message for message in vars(M).values() if isinstance(message, Message)]


def test_no_two_messages_share_an_id():
    assert len(MESSAGES) == len(_all())


@pytest.mark.parametrize("message", _all(), ids=lambda m: m.id)
def test_every_id_and_text_is_in_form(message):
    assert re.fullmatch(r"IGW\d{4}E", message.id)
    names = [name for _, name, _, _ in string.Formatter().parse(message.text) if name is not None]
    assert all(re.fullmatch(r"[a-z]+", name) for name in names)


def test_the_caller_reads_the_text_and_not_the_private_reason():
    error = GatewayError(M.UNREACHABLE, {"bundle": "ims1"}, private="connect to 192.0.2.1:9999 refused")
    assert error.text == "IMS Connect ims1 cannot be reached"
    assert "192.0.2.1" in str(error)


def test_a_text_without_fields_may_hold_braces_of_outside():
    assert GatewayError(M.DFS, {"text": "{0} {x}"}).text == "IMS answered with a message: {0} {x}"


def test_every_failed_sign_on_reads_the_same_to_the_caller():
    first, second = SecurityError.sign_on("user A is unknown"), SecurityError.sign_on("revoked")
    assert (first.text, first.message, first.fault) == (second.text, second.message, second.fault)
    assert first.fault is WssFault.FAILED_AUTHENTICATION


def test_a_problem_is_one_line_that_says_where():
    assert str(Problem("bundles/ims1.toml", "ims_connect.port", "is missing")) == (
        "bundles/ims1.toml: ims_connect.port: is missing"
    )
    assert str(Problem("gateway.toml", "", "no", warning=True)) == "gateway.toml: warning: no"
