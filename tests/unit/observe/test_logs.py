"""The log hides secrets whoever puts them there."""

import io
import json
import logging
import sys
from dataclasses import replace
from enum import IntEnum

import pytest
import structlog

from gateway.exchange import Secret
from gateway.observe import logs
from gateway.observe.callout_events import CalloutEnded, CircuitChanged, LateAnswer, ListenerChanged
from gateway.observe.events import PathOpened, PathRestored, RequestEnded, SocketsRefused, StillDown


@pytest.fixture
def stream(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    own = logging.getLogger("gateway").level
    yield stream
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    logging.getLogger("gateway").setLevel(own)
    structlog.reset_defaults()


@pytest.fixture
def lines(stream):
    logs.configure()
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def text(stream):
    logs.configure(json=False)
    return stream.getvalue


class Code(IntEnum):
    NETWORK = 1009


def test_text_for_people_says_codes_as_json_does(text):
    structlog.stdlib.get_logger("gateway.test").info("said", status=Code.NETWORK)
    assert text().endswith(" status=1009\n")


def test_json_says_codes_as_numbers(lines):
    structlog.stdlib.get_logger("gateway.test").info("said", status=Code.NETWORK)
    assert lines()[0]["status"] == 1009


def test_a_secret_is_hidden_by_type_and_by_name_at_any_depth(lines):
    log = structlog.stdlib.get_logger("gateway.test")
    log.info(
        "said",
        a=Secret("S3CRET"),
        password="S3CRET",
        inner={"token": "S3CRET", "x": Secret("S3CRET")},
        data=b"S3CRET",
    )
    (line,) = lines()
    assert "S3CRET" not in json.dumps(line)
    assert line["password"] == line["inner"]["token"] == logs.HIDDEN


def test_text_from_outside_cannot_start_a_line_of_its_own(lines):
    structlog.stdlib.get_logger("gateway.test").info("said", user='A\n{"event": "forged"}')
    assert len(lines()) == 1


def test_a_request_is_one_line_with_the_private_reason_and_the_codes(lines):
    event = RequestEnded(
        tracking_id="t1",
        service="s",
        operation="o",
        transaction="IVTNO",
        peer="192.0.2.1",
        tls=True,
        user="ALICE",
        origin="username",
        outcome="refused",
        message_id="IGW1304E",
        reason="why",
        return_code=8,
        reason_code=78,
        racf_code=8,
        reached_ims_connect=True,
        milliseconds=12,
        rules=("transport.https",),
    )
    logs.LogSink().emit(event)
    (line,) = lines()
    assert (line["level"], line["event"], line["return_code"], line["reason_code"], line["racf_code"]) == (
        "warning",
        "request",
        8,
        78,
        8,
    )


@pytest.mark.parametrize(
    ("event", "level", "words"),
    [
        (PathOpened("ims1", "a:9999", "refused"), "warning", "IMS Connect cannot be reached"),
        (StillDown("ims1", "a:9999", 61.5, 9, "refused"), "warning", "IMS Connect still cannot be reached"),
        (PathRestored("ims1", "a:9999", 62.0, 9), "info", "IMS Connect can be reached again"),
        (SocketsRefused("ims1", "a:9999", 5, "refused"), "warning", "IMS Connect takes no more sockets"),
    ],
)
def test_what_happens_to_a_path_is_one_line(lines, event, level, words):
    logs.PathLog().path_changed(event)
    (line,) = lines()
    assert (line["level"], line["event"], line["bundle"], line["endpoint"]) == (level, words, "ims1", "a:9999")


CALLOUT = CalloutEnded(
    tracking_id="urn:uuid:1",
    kind="synchronous",
    bundle="ims1",
    tpipe="CALL1",
    service="rating",
    operation="Rate",
    address="https://rating.example.com:8443",
    user="ALICE",
    outcome="answered",
    status=0,
    reason="",
    attempt=1,
    milliseconds=12,
)


@pytest.mark.parametrize(
    ("outcome", "level", "words"),
    [
        ("answered", "info", "callout"),
        ("accepted", "info", "callout"),
        ("failed", "warning", "callout"),
        ("refused", "warning", "callout"),
        ("retried", "warning", "callout"),
        ("dead", "error", "dead letter"),
    ],
)
def test_a_callout_is_one_line_and_a_dead_letter_an_error(lines, outcome, level, words):
    logs.CalloutLog().callout(replace(CALLOUT, outcome=outcome))
    (line,) = lines()
    assert (line["level"], line["event"], line["outcome"], line["logger"]) == (
        level,
        words,
        outcome,
        "gateway.callout",
    )
    assert (line["bundle"], line["tpipe"], line["service"], line["user"]) == (
        "ims1",
        "CALL1",
        "rating",
        "ALICE",
    )
    assert "status" not in line
    assert "reason" not in line


@pytest.mark.parametrize(
    ("event", "level", "words"),
    [
        (LateAnswer("u", "ims1", "CALL1", "rating", "Rate", "ims", 5100, ""), "warning", "late answer"),
        (ListenerChanged("ims1", "CALL1", "listening", ""), "info", "listener"),
        (ListenerChanged("ims1", "CALL1", "full", ""), "info", "listener"),
        (ListenerChanged("ims1", "CALL1", "stopped", ""), "info", "listener"),
        (ListenerChanged("ims1", "CALL1", "trouble", "refused"), "warning", "listener"),
        (ListenerChanged("ims1", "CALL1", "failed", "refused"), "error", "listener"),
        (CircuitChanged("rating", "https://a", True, "refused"), "warning", "deliveries pause"),
        (CircuitChanged("rating", "https://a", False, ""), "info", "deliveries go on"),
    ],
)
def test_what_else_happens_in_callout_is_one_line(lines, event, level, words):
    logs.CalloutLog().callout(event)
    (line,) = lines()
    assert (line["level"], line["event"]) == (level, words)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://user:S3CRET@a.example/x?key=S3CRET#S3CRET", "https://a.example/x"),
        ("GET https://S3CRET@a.example:1/x failed", "GET https://a.example:1/x failed"),
        (
            "Max retries exceeded with url: /x?key=S3CRET (refused)",
            "Max retries exceeded with url: /x?*** (refused)",
        ),
        ("(https://[bad?S3CRET=1)", "(***"),
        ("why?", "why?"),
    ],
)
def test_of_an_address_neither_user_nor_query_is_shown(lines, said, shown):
    logs.CalloutLog().callout(replace(CALLOUT, outcome="failed", status=1009, reason=said, address=said))
    (line,) = lines()
    assert (line["reason"], line["address"], line["status"]) == (shown, shown, 1009)
    assert "S3CRET" not in json.dumps(line)


def test_what_a_service_said_cannot_forge_or_flood_the_log(lines):
    logs.CalloutLog().callout(replace(CALLOUT, reason="A\n\x1b[2JB\u2028" + "x" * 9000))
    (line,) = lines()
    assert line["reason"].startswith("A\\n\\x1b[2JB\\u2028xxx")
    assert len(line["reason"]) < 1100
