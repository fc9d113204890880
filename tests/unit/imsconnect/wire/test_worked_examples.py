"""Every worked example, in both directions: values to bytes, bytes to values, fields by name, both roles."""

import re
from collections import Counter

import pytest

from gateway.imsconnect.wire import (
    ClientConnection,
    RemoteProtocolError,
    ServerConnection,
    decode_input,
    decode_output,
    encode_input,
    encode_output,
)
from gateway.imsconnect.wire.anatomy import Field
from gateway.imsconnect.wire.anatomy_input import input_anatomy
from gateway.imsconnect.wire.anatomy_output import output_anatomy
from gateway.imsconnect.wire.anatomy_stream import Sender, captured
from tests.unit.imsconnect.wire import corpus
from tests.unit.imsconnect.wire.test_corpus import each, requested
from tests.unit.imsconnect.wire.worked import CONVERSATIONS, EXAMPLES, Step, message_of

MAX_MESSAGE = 10_000_000
example = pytest.mark.parametrize("name", EXAMPLES)
conversation = pytest.mark.parametrize("steps", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())


def data_of(name: str) -> bytes:
    return b"".join(row.data for row in EXAMPLES[name])


def anatomy(name: str) -> list[Field]:
    case = Step(name).case
    if name.startswith("input/"):
        return list(input_anatomy(case.data))
    return list(output_anatomy(case.data, case.exit, case.code))


def test_all_thirty_are_there_and_one_has_two_messages():
    numbers = Counter(int(re.search(r"\d\d", name).group()) for name in EXAMPLES)
    assert numbers == Counter({number: 2 if number == 28 else 1 for number in range(1, 31)})


@example
def test_the_table_and_the_bytes_of_an_example_agree(name):
    at = 0
    for row in EXAMPLES[name]:
        assert row.offset == at
        at += len(row.data)
    assert data_of(name) == Step(name).case.data


@example
def test_its_values_are_written_as_its_bytes(name):
    case, message = Step(name).case, message_of(name)
    if name.startswith("input/"):
        assert encode_input(message) == data_of(name)
    else:
        assert encode_output(message, case.exit, case.code) == data_of(name)


@example
def test_its_bytes_are_read_as_its_values(name):
    case = Step(name).case
    if name.startswith("input/"):
        assert decode_input(data_of(name)) == message_of(name)
    else:
        assert decode_output(data_of(name), case.exit, case.code) == message_of(name)


@example
def test_its_fields_have_the_names_offsets_lengths_and_bytes_of_its_table(name):
    fields = anatomy(name)
    assert [(f.name, f.offset, len(f.data)) for f in fields] == [
        (row.name, row.offset, len(row.data)) for row in EXAMPLES[name]
    ]
    for field, row in zip(fields, EXAMPLES[name], strict=True):
        assert field.data == (row.data if not field.hidden else field.data)
        assert field.hidden == (row.name == "IRM_RACF_PW")


def names_in(case: corpus.Case, folder: str) -> list[tuple[int, str]]:
    """Return offset and name of each field, as the comments of a case say."""
    text = (corpus.FOLDER / folder / f"{case.name}.hex").read_text()
    return [(int(at, 16), name) for at, name in re.findall(r"# ([0-9a-f]{4}) (\S.*)$", text, re.MULTILINE)]


OUR_NAMES = {
    "NETWORK ID": "ID",
    "NETWORK DATA": "DATA",
    "token(40)": "COR_LL",
    "user data": "IRM (not described)",
}
IN_PARTS = {"IRM_CORTKN", "NETWORK LL", "IRM_APPL_NM in part"}
"""Where a field of the comment has more fields, or another name, in the anatomy: held to its offset only."""


@each("input")
def test_every_input_of_the_corpus_has_the_fields_that_its_comments_name(case):
    check_names(list(input_anatomy(case.data)), names_in(case, "input"))


@each("output")
def test_every_output_of_the_corpus_has_the_fields_that_its_comments_name(case):
    fields = list(output_anatomy(case.data, case.exit, case.code, requested(case)))
    check_names(fields, names_in(case, "output"))


def check_names(fields: list[Field], named: list[tuple[int, str]]) -> None:
    by_offset = {field.offset: field.name for field in fields if field.data}
    assert named
    for offset, name in dict(named).items():  # of several at one offset all but the last are empty
        assert offset in by_offset
        usual = re.sub(r"^(?:seg\d?|text) LL$", "segment LL", OUR_NAMES.get(name, name))
        if name not in IN_PARTS:
            assert by_offset[offset] == usual


def play(steps: tuple[Step, ...], *, piece: int) -> None:
    """Let client and server say the messages to each other, in pieces; both must know each by its bytes."""
    first = decode_input(steps[0].data).irm
    client, server = ClientConnection(first.exit, first.code, MAX_MESSAGE), ServerConnection(MAX_MESSAGE)
    for step in steps:
        data = step.data
        pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
        if step.is_input:
            message = decode_input(data)
            assert client.send(message) == data
            assert [found for part in pieces for found in server.receive(part)] == [message]
        else:
            output = decode_output(data, first.exit, first.code)
            assert server.send(output) == data
            assert [found for part in pieces for found in client.receive(part)] == [output]
        assert server.state is client.state


@conversation
@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
def test_client_and_server_say_and_understand_it_in_any_pieces(steps, piece):
    play(steps, piece=piece)


def test_every_example_is_said_in_a_conversation():
    said = {step.name for steps in CONVERSATIONS.values() for step in steps if not step.changes}
    assert set(EXAMPLES) - said == set()


@conversation
def test_a_byte_behind_a_reply_is_an_error_and_behind_a_request_is_kept(steps):
    first = decode_input(steps[0].data).irm
    client, server = ClientConnection(first.exit, first.code, MAX_MESSAGE), ServerConnection(MAX_MESSAGE)
    for step in steps:
        if step.is_input:
            client.send(decode_input(step.data))
            assert server.receive(step.data + b"") == [decode_input(step.data)]
            continue
        server.send(decode_output(step.data, first.exit, first.code))
        with pytest.raises(RemoteProtocolError, match="1 bytes follow"):
            client.receive(step.data + b"\x00")
        return


@example
def test_the_beginning_of_a_next_message_behind_a_request_waits(name):
    if not name.startswith("input/") or Step(name).case.data[0x23:0x24] in {b"\xc1", b"\xd5", b"\xc4"}:
        return  # ACK, NAK and DEALLOCATE are never the first
    server = ServerConnection(MAX_MESSAGE)
    data = data_of(name)
    assert server.receive(data + data[:50]) == [message_of(name)]


@conversation
def test_a_capture_of_it_falls_apart_into_its_messages(steps):
    found = list(captured(b"".join(step.data for step in steps)))
    assert [message.data for message in found] == [step.data for step in steps]
    assert [message.sender is Sender.CLIENT for message in found] == [step.is_input for step in steps]
    assert all(field.readable for message in found for field in message.fields())


@example
def test_an_example_alone_shows_who_sent_it_for_which_exit_in_which_code(name):
    case = Step(name).case
    (found,) = captured(case.data)
    assert found.data == case.data
    assert (found.sender is Sender.CLIENT) == name.startswith("input/")
    if not name.startswith("input/"):
        assert (found.exit, found.code) == (case.exit, case.code)
    assert all(field.readable for field in found.fields())


def test_a_reply_whose_data_looks_like_the_beginning_of_an_irm_is_a_reply():
    case = corpus.case("input", "01-send-receive-ebcdic")
    reply = corpus.case("output", "06-reply-wants-ack").data
    irm = case.data[8:84]
    body = (4 + len(irm)).to_bytes(2) + b"\x00\x00" + irm + reply[-12:]
    data = (4 + len(body)).to_bytes(4) + body
    (found,) = captured(data)
    assert found.sender is Sender.IMS_CONNECT
    assert all(field.readable for field in found.fields())
