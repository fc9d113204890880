from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

from gateway.imsconnect.wire import (
    Exit,
    HeaderCode,
    InputViolation,
    RemoteProtocolError,
    ServerConnection,
    decode_input,
    decode_output,
    encode_input,
    encode_output,
)
from gateway.imsconnect.wire.frame import OPTIONAL, InputFrames, Kind, ReplyFrame
from gateway.imsconnect.wire.output import read_output
from tests.unit.imsconnect.wire import corpus

T = TypeVar("T")
MAX_MESSAGE = 10_000_000
EVERY_EXIT = frozenset(Exit)


def each(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", corpus.cases(folder), ids=lambda case: case.name)


def requested(case: corpus.Case) -> frozenset[Kind]:
    if "requested" not in case.expected:
        return OPTIONAL
    return frozenset(Kind[name] for name in case.expected["requested"])


def fed(frames: InputFrames, data: bytes) -> bytes | None:
    frames.feed(data)
    return frames.next()


def in_pieces(feed: Callable[[bytes], T | None], data: bytes) -> T:
    """Feed byte by byte; every piece but the last must leave the reader waiting."""
    for at in range(len(data) - 1):
        assert not feed(data[at : at + 1])
    last = feed(data[-1:])
    assert last
    return last


@each("input")
def test_an_input_message_reads_as_its_fields_say(case):
    assert decode_input(case.data) == corpus.input_message(case)


@each("input")
def test_an_input_message_is_written_byte_for_byte(case):
    if case.expected.get("encodes", True):
        assert encode_input(corpus.input_message(case)) == case.data


@each("input")
def test_an_input_message_is_framed_whole_in_pieces_and_with_bytes_behind_it(case):
    frames = InputFrames(MAX_MESSAGE, EVERY_EXIT)
    feed = partial(fed, frames)
    assert feed(case.data) == case.data
    assert frames.pending == 0
    assert in_pieces(feed, case.data) == case.data
    assert feed(case.data + case.data[:50]) == case.data
    assert frames.pending == 50
    assert feed(case.data[50:]) == case.data
    assert frames.pending == 0


@each("output")
def test_an_output_message_reads_as_its_fields_say(case):
    message = decode_output(case.data, case.exit, case.code, requested(case))
    assert message == corpus.output_message(case)


@each("output")
def test_an_output_message_is_written_byte_for_byte(case):
    assert encode_output(corpus.output_message(case), case.exit, case.code) == case.data


@each("output")
def test_an_output_message_is_read_byte_by_byte(case):
    frame = ReplyFrame(case.exit, case.code, MAX_MESSAGE, requested(case))
    structures = in_pieces(frame.feed, case.data)
    assert read_output(frame.buffer, structures, case.code) == corpus.output_message(case)


@each("output")
def test_bytes_behind_an_output_message_are_an_error(case):
    for behind in (b"\x00", case.data):
        frame = ReplyFrame(case.exit, case.code, MAX_MESSAGE, requested(case))
        with pytest.raises(RemoteProtocolError, match=f"{len(behind)} bytes follow"):
            frame.feed(case.data + behind)


@each("output")
def test_an_output_message_cut_short_is_not_complete(case):
    for length in range(len(case.data)):
        with pytest.raises(RemoteProtocolError):
            decode_output(case.data[:length], case.exit, case.code, requested(case))


@each("output")
def test_an_output_message_longer_than_the_bound_is_an_error(case):
    frame = ReplyFrame(case.exit, case.code, len(case.data) - 1, requested(case))
    with pytest.raises(RemoteProtocolError, match=r"LLLL|longer|more than"):
        frame.feed(case.data)


def refusal_of(server: ServerConnection, pieces: list[bytes]) -> InputViolation:
    for piece in pieces:
        try:
            assert server.receive(piece) == []
        except InputViolation as violation:
            return violation
    raise AssertionError("the message was not refused")


@each("refused")
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in-pieces"])
def test_a_bad_input_message_is_refused_with_the_codes_of_ims_connect(case, whole):
    server = ServerConnection(MAX_MESSAGE)
    pieces = [case.data] if whole else [case.data[at : at + 1] for at in range(len(case.data))]
    violation = refusal_of(server, pieces)
    expected = case.expected
    assert (violation.return_code, violation.reason_code) == (expected["return_code"], expected["reason_code"])
    answer = server.refuse(violation)
    if expected["answer"] == "rsm":
        rsm = decode_output(answer, violation.exit, violation.code).rsm
        assert (rsm.return_code, rsm.reason_code) == (expected["return_code"], expected["reason_code"])
    else:
        assert answer == b""
        assert violation.silent == (expected["answer"] == "silence")


@each("hostile")
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in-pieces"])
def test_hostile_reply_bytes_are_a_remote_protocol_error(case, whole):
    frame = ReplyFrame(case.exit, case.code, case.expected.get("max_message", MAX_MESSAGE))
    pieces = [case.data] if whole else [case.data[at : at + 1] for at in range(len(case.data))]
    with pytest.raises(RemoteProtocolError, match=case.expected["reason"]):
        read_pieces(frame, pieces, case.code)


def read_pieces(frame: ReplyFrame, pieces: list[bytes], code: HeaderCode) -> None:
    """Read like a connection does: once a message is complete, any byte more is one too many."""
    done = False
    for piece in pieces:
        if done:
            raise RemoteProtocolError(f"{sum(map(len, pieces)) - len(frame.buffer)} bytes follow")
        structures = frame.feed(piece)
        if structures is not None:
            read_output(frame.buffer, structures, code)
            done = True
