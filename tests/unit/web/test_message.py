"""Errors as plain HTTP answers."""

import pytest

from gateway.errors import MESSAGES, GatewayError, M
from gateway.web.message import Reply, error_reply, refusal


def test_an_error_is_one_line_with_its_id_and_a_tracking_header() -> None:
    reply = error_reply(refusal(M.TOO_LARGE, "private", limit="5"), "abc")
    assert (reply.status, reply.body) == (413, b"IGW1003E The request is larger than 5 bytes\n")
    assert reply.header("x-tracking-id") == "abc"
    assert reply.header("Content-Type") == "text/plain; charset=utf-8"
    assert reply.header("X-Content-Type-Options") == "nosniff"


def test_the_private_reason_stays_private() -> None:
    assert b"private" not in error_reply(GatewayError(M.BUSY, private="private"), "abc").body


@pytest.mark.parametrize("message", [M.BUSY, M.STOPPING])
def test_overload_says_when_to_come_back(message) -> None:
    assert error_reply(GatewayError(message), "abc").header("Retry-After") == "5"
    assert error_reply(GatewayError(M.NOT_FOUND), "abc").header("Retry-After") is None


def test_what_the_request_put_into_the_text_comes_back_harmless() -> None:
    reply = error_reply(GatewayError(M.CONTENT_TYPE, {"got": "a\r\nb\x00\x1b\u0141<script>"}), "abc")
    assert reply.body.count(b"\n") == 1
    assert b"a??b???<script>" in reply.body


def test_every_entry_of_the_catalogue_has_a_status_to_go_with() -> None:
    for message in MESSAGES.values():
        fields = {"limit": "1", "allowed": "GET", "got": "x", "seconds": "1"}
        error = (
            GatewayError(message, fields)
            if message.http_status and message.http_status < 500
            else GatewayError(message)
        )
        assert error_reply(error, "abc").status == (message.http_status or 500)


def test_a_body_is_not_shown() -> None:
    assert "secret" not in repr(Reply(200, (), b"secret"))
