"""The log hides secrets whoever puts them there."""

import io
import json
import logging
import sys

import pytest
import structlog

from gateway.exchange import Secret
from gateway.observe import logs
from gateway.observe.events import PathOpened, PathRestored, RequestEnded, SocketsRefused, StillDown


@pytest.fixture
def lines(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    own = logging.getLogger("gateway").level
    logs.configure()
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    logging.getLogger("gateway").setLevel(own)
    structlog.reset_defaults()


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
