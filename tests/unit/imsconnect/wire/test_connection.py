from dataclasses import replace
from typing import Any

import pytest

from gateway.imsconnect.wire import (
    F1,
    F2,
    F3,
    F5,
    ClientConnection,
    Csm,
    CsmFlags,
    EarlyCloseError,
    Exit,
    HeaderCode,
    InputMessage,
    InputViolation,
    Irm,
    LocalProtocolError,
    OutputMessage,
    RemoteProtocolError,
    Rsm,
    ServerConnection,
    SocketType,
    State,
    Verb,
    encode_input,
    encode_output,
)
from tests.unit.imsconnect.wire import corpus

MAX = 100_000
IRM = Irm(Exit.HWSSMPL1, client_id="CLIENT01", datastore="IMS1", transaction="IVTNO")
DATA = (b"IVTNO     DISPLAY",)
LEVEL_2 = CsmFlags.LEVEL_VALID


def message(
    verb: Verb = Verb.SEND_RECEIVE, f2: F2 = F2.CM1, segments: tuple[bytes, ...] | None = None, **changes: Any
) -> InputMessage:
    if segments is None:
        carries = {Verb.SEND_RECEIVE, Verb.SEND_ONLY, Verb.SEND_ONLY_ACK, Verb.SEND_ONLY_ERROR}
        segments = DATA if verb in carries else ()
    return InputMessage(replace(IRM, verb=verb, f2=f2, **changes), segments)


def output(flags: CsmFlags = CsmFlags.NONE, *segments: bytes, level: int = 2) -> OutputMessage:
    return OutputMessage(segments or (b"REPLY",), csm=Csm(flags | LEVEL_2, level))


def rsm(return_code: int, reason_code: int) -> OutputMessage:
    return OutputMessage(rsm=Rsm(return_code, reason_code))


CM1 = message()
CM1_CONFIRM = message(f3=F3.SYNCONF)
CM0 = message(f2=F2.CM0, f3=F3.SYNCONF)
ACK = message(Verb.ACK, f3=F3.SYNCONF, timer=0x28)
ACK_CM0 = message(Verb.ACK, F2.CM0, f3=F3.SYNCONF, timer=0x28)
ACK_NO_WAIT = message(Verb.ACK, F2.CM0, f3=F3.SYNCONF, timer=0xE9, f1=F1.NOWAIT)
NAK = message(Verb.NAK, f3=F3.SYNCONF, timer=0x28)
NAK_CM0 = message(Verb.NAK, F2.CM0, f3=F3.SYNCONF, timer=0x28)
NAK_NO_WAIT = message(Verb.NAK, F2.CM0, f3=F3.SYNCONF, timer=0xE9, f1=F1.NOWAIT)
DEALLOCATE = message(Verb.DEALLOCATE, f3=F3.SYNCONF)
SEND_ONLY = message(Verb.SEND_ONLY, F2.CM0)
SEND_ONLY_ACK = message(Verb.SEND_ONLY_ACK, F2.CM0)
SEND_ONLY_ERROR = message(Verb.SEND_ONLY_ERROR, F2.CM0)
CANCEL = message(Verb.CANCEL_TIMER)
RESUME_ONE = message(Verb.RESUME_TPIPE, F2.CM0, f3=F3.SYNCONF, f5=F5.ONE)
RESUME_AUTO = message(Verb.RESUME_TPIPE, F2.CM0, f3=F3.SYNCONF, f5=F5.AUTO)

PLAIN = output()
WANTS_ACK = output(CsmFlags.ACK_NEEDED)
OPEN = output(CsmFlags.CONVERSATION)
OPEN_ACK = output(CsmFlags.CONVERSATION | CsmFlags.ACK_NEEDED)
RECEIPT = OutputMessage(csm=Csm(LEVEL_2, 2))
CONFIRMED, ABORTED, TIMER, CLOSING = rsm(4, 97), rsm(4, 98), rsm(40, 0x45), rsm(32, 0x45)

FLOWS: dict[str, list[InputMessage | OutputMessage | State]] = {
    "CM1 NONE": [CM1, PLAIN, State.IDLE],
    "CM1 NONE timer": [CM1, TIMER, State.IDLE],
    "CM1 NONE timer that closes": [CM1, CLOSING, State.CLOSED],
    "CM1 CONFIRM": [CM1_CONFIRM, WANTS_ACK, State.OWES_ACK_CM1, ACK, State.WAIT_OUTCOME, CONFIRMED, State.IDLE],
    "CM1 CONFIRM NAK": [CM1_CONFIRM, WANTS_ACK, NAK, State.WAIT_OUTCOME, ABORTED, State.IDLE],
    "CM1 CONFIRM deallocate": [CM1_CONFIRM, WANTS_ACK, DEALLOCATE, ABORTED, State.IDLE],
    "CM1 CONFIRM host ends early": [CM1_CONFIRM, ABORTED, State.IDLE],
    "CM1 CONFIRM no ACK in time": [CM1_CONFIRM, WANTS_ACK, ABORTED, State.IDLE],
    "CM1 CONFIRM outcome with return code 12": [CM1_CONFIRM, WANTS_ACK, ACK, rsm(12, 97), State.IDLE],
    "CM0": [CM0, WANTS_ACK, State.OWES_ACK_CM0, ACK_CM0, State.WAIT_MORE, TIMER, State.IDLE],
    "CM0 more output": [CM0, WANTS_ACK, ACK_CM0, WANTS_ACK, State.OWES_ACK_CM0, ACK_CM0, CLOSING, State.CLOSED],
    "CM0 no wait": [CM0, WANTS_ACK, ACK_NO_WAIT, State.IDLE, CM0, WANTS_ACK, NAK_NO_WAIT, State.IDLE],
    "CM0 NAK": [CM0, WANTS_ACK, NAK_CM0, State.WAIT_MORE, TIMER, State.IDLE],
    "CM0 no wait below level 2": [
        CM0,
        output(CsmFlags.ACK_NEEDED, level=1),
        ACK_NO_WAIT,
        State.WAIT_MORE,
        TIMER,
        State.IDLE,
    ],
    "CM0 X'E9' without the flag": [CM0, WANTS_ACK, message(Verb.ACK, F2.CM0, timer=0xE9), State.WAIT_MORE],
    "conversation CONFIRM": [
        *(CM1_CONFIRM, OPEN_ACK, State.OWES_ACK_CONVERSATION, ACK, State.CONVERSATION),
        *(CM1_CONFIRM, WANTS_ACK, ACK, CONFIRMED, State.IDLE),
    ],
    "conversation NONE": [CM1, OPEN, State.CONVERSATION, CM1, OPEN, CM1, PLAIN, State.IDLE],
    "conversation deallocated": [CM1, OPEN, DEALLOCATE, State.WAIT_OUTCOME, CONFIRMED, State.IDLE],
    "conversation NAK": [CM1_CONFIRM, OPEN_ACK, NAK, State.WAIT_OUTCOME, ABORTED, State.IDLE],
    "conversation deallocated for ACK": [CM1_CONFIRM, OPEN_ACK, DEALLOCATE, ABORTED, State.IDLE],
    "send-only": [SEND_ONLY, State.IDLE, SEND_ONLY, State.IDLE, CM1, PLAIN, State.IDLE],
    "send-only with acknowledgment": [SEND_ONLY_ACK, State.WAIT_RECEIPT, RECEIPT, State.IDLE],
    "send-only with acknowledgment refused": [SEND_ONLY_ACK, rsm(8, 72), State.CLOSED],
    "send-only with error": [SEND_ONLY_ERROR, State.WATCHED, SEND_ONLY, State.WATCHED, CM1, PLAIN, State.IDLE],
    "send-only with error refused": [SEND_ONLY_ERROR, State.WATCHED, rsm(8, 72), State.CLOSED],
    "cancel timer": [CANCEL, State.WAIT_CANCEL, rsm(8, 59), State.CLOSED],
    "RESUME TPIPE one": [
        *(RESUME_ONE, State.RT_WAIT_ONE, WANTS_ACK, State.RT_OWES_ACK_ONE),
        *(ACK_CM0, State.RT_WAIT_END, TIMER, State.IDLE),
    ],
    "RESUME TPIPE one no wait": [RESUME_ONE, WANTS_ACK, message(Verb.ACK, F2.CM0, timer=0xE9), State.IDLE],
    "RESUME TPIPE one NAK no wait": [RESUME_ONE, WANTS_ACK, message(Verb.NAK, F2.CM0, timer=0xE9), State.IDLE],
    "RESUME TPIPE one nothing there": [RESUME_ONE, TIMER, State.IDLE],
    "RESUME TPIPE auto": [
        *(RESUME_AUTO, State.RT_WAIT_MANY, WANTS_ACK, State.RT_OWES_ACK_MANY, ACK_CM0, State.RT_WAIT_MANY),
        *(WANTS_ACK, ACK_NO_WAIT, State.RT_WAIT_MANY, WANTS_ACK, NAK_CM0, State.RT_WAIT_END, TIMER, State.IDLE),
    ],
    "RESUME TPIPE auto deallocated": [RESUME_AUTO, WANTS_ACK, DEALLOCATE, State.RT_WAIT_END, TIMER, State.IDLE],
    "RESUME TPIPE cancelled": [RESUME_AUTO, WANTS_ACK, rsm(12, 81), State.CLOSED],
    "RESUME TPIPE datastore gone": [RESUME_AUTO, rsm(44, 0), State.CLOSED],
    "ping": [CM1, output(CsmFlags.NONE, b"HWSC0030I *PING RESPONSE*"), State.IDLE],
    "answer to HWSPWCH as RSM": [CM1, rsm(20, 0), State.IDLE],
    "wrong password": [CM1, rsm(8, 78), State.CLOSED],
    "notice: response requested": [CM1_CONFIRM, rsm(4, 94), State.OWES_ACK_CM1],
    "notice: conversation": [CM1, rsm(4, 95), State.CONVERSATION],
    "notice: both": [CM1_CONFIRM, rsm(4, 96), State.OWES_ACK_CONVERSATION],
    "a timer of 58 s is no deallocation": [CM1_CONFIRM, WANTS_ACK, ACK, rsm(36, 97), State.CLOSED],
}


@pytest.mark.parametrize("steps", FLOWS.values(), ids=FLOWS.keys())
@pytest.mark.parametrize("exit_", [Exit.HWSSMPL0, Exit.HWSSMPL1])
@pytest.mark.parametrize("code", HeaderCode)
def test_both_ends_go_through_a_flow_in_step(steps, exit_, code):
    client, server = ClientConnection(exit_, code, MAX), ServerConnection(MAX)
    for step in steps:
        if isinstance(step, State):
            assert (client.state, server.state) == (step, step)
        elif isinstance(step, InputMessage):
            sent = replace(step, irm=replace(step.irm, exit=exit_, code=code))
            assert server.receive(client.send(sent)) == [sent]
        else:
            assert client.receive(server.send(step)) == [step]
        assert client.state is server.state
        assert client.expects_reply is client.state.reply_due
        assert client.reusable is (client.state is State.IDLE)


@pytest.mark.parametrize("socket", [SocketType.TRANSACTION, SocketType.NON_PERSISTENT])
@pytest.mark.parametrize(
    "steps",
    [[CM1, PLAIN], [CM1_CONFIRM, WANTS_ACK, ACK, CONFIRMED], [SEND_ONLY], [SEND_ONLY_ACK, RECEIPT]],
    ids=["CM1", "CONFIRM", "send-only", "send-only-ack"],
)
def test_a_socket_that_is_not_persistent_ends_with_the_conversation(socket, steps):
    client, server = ClientConnection(Exit.HWSSMPL1, HeaderCode.EBCDIC, MAX), ServerConnection(MAX)
    for step in steps:
        assert State.CLOSED not in {client.state, server.state}
        if isinstance(step, InputMessage):
            server.receive(client.send(replace(step, irm=replace(step.irm, socket=socket))))
        else:
            client.receive(server.send(step))
    assert client.state is server.state is State.CLOSED
    client.end()
    with pytest.raises(LocalProtocolError):
        client.send(CM1)


def client_in(state: State) -> ClientConnection:
    """Bring a client to a state by the shortest flow that passes it."""
    client = ClientConnection(Exit.HWSSMPL1, HeaderCode.EBCDIC, MAX)
    if state is State.IDLE:
        return client
    for steps in FLOWS.values():
        client = ClientConnection(Exit.HWSSMPL1, HeaderCode.EBCDIC, MAX)
        for step in steps:
            if isinstance(step, InputMessage):
                client.send(step)
            elif isinstance(step, OutputMessage):
                client.receive(encode_output(step, Exit.HWSSMPL1, HeaderCode.EBCDIC))
            if client.state is state:
                return client
    raise AssertionError(state)


def server_in(state: State) -> ServerConnection:
    server = ServerConnection(MAX)
    if state is State.IDLE:
        return server
    for steps in FLOWS.values():
        server = ServerConnection(MAX)
        for step in steps:
            if isinstance(step, InputMessage):
                server.receive(encode_input(step))
            elif isinstance(step, OutputMessage):
                server.send(step)
            if server.state is state:
                return server
    raise AssertionError(state)


INPUTS = {
    "data CM1": CM1,
    "data CM0": CM0,
    "ACK": ACK_CM0,
    "NAK": NAK_CM0,
    "deallocate": DEALLOCATE,
    "send-only": SEND_ONLY,
    "send-only-ack": SEND_ONLY_ACK,
    "send-only-error": SEND_ONLY_ERROR,
    "cancel": CANCEL,
    "resume": RESUME_ONE,
}
STARTS = {"data CM1", "data CM0", "send-only", "send-only-ack", "send-only-error", "cancel", "resume"}
ALLOWED = {
    State.IDLE: STARTS,
    State.WATCHED: STARTS,
    State.CONVERSATION: {"data CM1", "deallocate"},
    State.OWES_ACK_CM0: {"ACK", "NAK"},
    State.OWES_ACK_CM1: {"ACK", "NAK", "deallocate"},
    State.OWES_ACK_CONVERSATION: {"ACK", "NAK", "deallocate"},
    State.RT_OWES_ACK_ONE: {"ACK", "NAK", "deallocate"},
    State.RT_OWES_ACK_MANY: {"ACK", "NAK", "deallocate"},
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", INPUTS)
def test_a_client_sends_only_what_the_state_allows(state, name):
    client = client_in(state)
    if name in ALLOWED.get(state, set()):
        client.send(INPUTS[name])
    else:
        with pytest.raises(LocalProtocolError, match="is not allowed"):
            client.send(INPUTS[name])
        assert client.state is state


@pytest.mark.parametrize("state", ALLOWED)
@pytest.mark.parametrize("name", INPUTS)
def test_a_server_refuses_what_the_state_does_not_allow(state, name):
    server = server_in(state)
    if name in ALLOWED[state]:
        assert server.receive(encode_input(INPUTS[name])) == [INPUTS[name]]
        return
    with pytest.raises(InputViolation) as caught:
        server.receive(encode_input(INPUTS[name]))
    known = state not in {State.IDLE, State.WATCHED} or name not in {"ACK", "NAK"}
    assert (caught.value.return_code, caught.value.reason_code) == (8, 36 if known else 16)
    assert caught.value.answerable is (name != "send-only")
    server.refuse(caught.value)
    assert server.state is State.CLOSED
    assert server.receive(b"more") == []


@pytest.mark.parametrize("state", [s for s in State if not s.reply_due and s is not State.CLOSED])
@pytest.mark.parametrize(
    "reply", [PLAIN, WANTS_ACK, OPEN, OPEN_ACK, TIMER], ids=["plain", "ack", "open", "open-ack", "timer"]
)
def test_output_that_nobody_asked_for_is_a_remote_protocol_error(state, reply):
    client = client_in(state)
    with pytest.raises(RemoteProtocolError, match=r"unasked|does not fit"):
        client.receive(encode_output(reply, Exit.HWSSMPL1, HeaderCode.EBCDIC))
    assert client.state is State.CLOSED


@pytest.mark.parametrize(
    ("state", "reply"),
    [
        (State.WAIT_CM0, OPEN),
        (State.WAIT_CM0, OPEN_ACK),
        (State.WAIT_RECEIPT, WANTS_ACK),
        (State.WAIT_RECEIPT, CONFIRMED),
        (State.WAIT_CANCEL, PLAIN),
        (State.WAIT_OUTCOME, PLAIN),
        (State.WAIT_OUTCOME, WANTS_ACK),
        (State.WAIT_MORE, PLAIN),
        (State.WAIT_MORE, CONFIRMED),
        (State.RT_WAIT_ONE, PLAIN),
        (State.RT_WAIT_MANY, OPEN_ACK),
        (State.RT_WAIT_END, WANTS_ACK),
    ],
)
def test_a_reply_that_does_not_fit_the_state_is_refused_on_both_ends(state, reply):
    with pytest.raises(RemoteProtocolError, match="does not fit"):
        client_in(state).receive(encode_output(reply, Exit.HWSSMPL1, HeaderCode.EBCDIC))
    with pytest.raises(LocalProtocolError, match="not allowed"):
        server_in(state).send(reply)


def test_bytes_after_the_reply_are_an_error_together_with_it_or_later():
    reply = encode_output(PLAIN, Exit.HWSSMPL1, HeaderCode.EBCDIC)
    client = client_in(State.WAIT_CM1)
    with pytest.raises(RemoteProtocolError, match="1 bytes follow"):
        client.receive(reply + b"\x00")
    assert client.state is State.CLOSED

    client = client_in(State.WAIT_CM1)
    assert client.receive(reply) == [PLAIN]
    with pytest.raises(RemoteProtocolError, match="1 bytes came unasked: idle"):
        client.receive(b"\x00")
    assert not client.reusable


def test_a_reply_comes_together_from_single_bytes():
    client = client_in(State.WAIT_CM1)
    reply = corpus.case("output", "03-reply-two-segments").data
    for at in range(len(reply) - 1):
        assert client.receive(reply[at : at + 1]) == []
        assert not client.reusable
    assert len(client.receive(reply[-1:])[0].segments) == 2


@pytest.mark.parametrize("held", [0, 1, 4, 30, 72])
def test_an_early_close_is_told_from_a_quiet_one(held):
    client = client_in(State.WAIT_CM1)
    reply = corpus.case("output", "03-reply-two-segments").data
    client.receive(reply[:held])
    with pytest.raises(EarlyCloseError, match=f"closed after {held} bytes"):
        client.end()
    assert client.state is State.CLOSED


@pytest.mark.parametrize("state", [s for s in State if not s.reply_due])
def test_a_close_when_nothing_is_due_is_no_error(state):
    client = client_in(state)
    client.end()
    assert client.state is State.CLOSED
    assert not client.reusable


def test_an_early_close_is_a_remote_protocol_error():
    assert issubclass(EarlyCloseError, RemoteProtocolError)


@pytest.mark.parametrize("exit_", [Exit.HWSSMPL0, Exit.HWSSMPL1])
def test_an_endless_reply_is_cut_off_at_the_bound(exit_):
    client = ClientConnection(exit_, HeaderCode.EBCDIC, 1000)
    client.send(replace(CM1, irm=replace(CM1.irm, exit=exit_)))
    fed = 0
    with pytest.raises(RemoteProtocolError, match=r"1000|up to"):  # noqa: PT012
        while True:
            client.receive(bytes.fromhex("000D0000C1C1C1C1C1C1C1C1C1"))
            fed += 13
    assert fed <= 1000


def test_a_flood_of_empty_segments_is_cut_off():
    client = ClientConnection(Exit.HWSSMPL0, HeaderCode.EBCDIC, 10_000_000)
    client.send(replace(CM1, irm=replace(CM1.irm, exit=Exit.HWSSMPL0)))
    with pytest.raises(RemoteProtocolError, match="more than 100000 structures"):
        client.receive(bytes.fromhex("00040000") * 200_000)


def test_a_client_speaks_for_one_exit_and_code_only():
    client = ClientConnection(Exit.HWSSMPL1, HeaderCode.ASCII, MAX)
    with pytest.raises(LocalProtocolError, match="HWSSMPL1 in ASCII"):
        client.send(CM1)
    assert client.reusable


def test_a_message_that_cannot_be_written_leaves_the_state_alone():
    client = ClientConnection(Exit.HWSSMPL1, HeaderCode.EBCDIC, MAX)
    with pytest.raises(LocalProtocolError, match="IRM_CLIENTID"):
        client.send(message(client_id="TOOLONGID"))
    with pytest.raises(LocalProtocolError, match="no data"):
        client.send(message(segments=()))
    assert client.reusable


def test_a_mod_name_is_one_only_when_it_was_asked_for():
    reply = corpus.case("output", "05-reply-rmm-gencid").data
    client = ClientConnection(Exit.HWSSMPL1, HeaderCode.EBCDIC, MAX)
    client.send(message(f1=F1.MFSREQ | F1.CIDREQ))
    (got,) = client.receive(reply)
    assert (got.mod_name, got.client_id, len(got.segments)) == ("DFSMO1", "HWSA1B2C", 1)
    client.send(message())
    (got,) = client.receive(reply)
    assert (got.mod_name, got.client_id, len(got.segments)) == (None, None, 3)


def test_what_was_asked_for_is_remembered_through_the_conversation():
    reply = replace(OPEN_ACK, mod_name="DFSMO1")
    client = ClientConnection(Exit.HWSSMPL1, HeaderCode.EBCDIC, MAX)
    for step in (message(f1=F1.MFSREQ, f3=F3.SYNCONF), ACK, CM1_CONFIRM):
        client.send(step)
        if client.expects_reply:
            assert client.receive(encode_output(reply, Exit.HWSSMPL1, HeaderCode.EBCDIC)) == [reply]


def test_resume_tpipe_may_bring_a_synchronous_callout():
    client = ClientConnection(Exit.HWSSMPL1, HeaderCode.EBCDIC, MAX)
    expected = corpus.case("output", "callout-request-full")
    client.send(replace(RESUME_AUTO, irm=replace(RESUME_AUTO.irm, f1=F1.MFSREQ)))
    assert client.receive(expected.data) == [corpus.output_message(expected)]
    assert client.state is State.RT_OWES_ACK_MANY


def test_the_server_answers_in_exit_and_code_of_the_request():
    for exit_ in (Exit.HWSSMPL0, Exit.HWSSMPL1):
        for code in HeaderCode:
            server = ServerConnection(MAX)
            server.receive(encode_input(replace(CM1, irm=replace(CM1.irm, exit=exit_, code=code))))
            assert (server.exit, server.code) == (exit_, code)
            assert server.send(PLAIN) == encode_output(PLAIN, exit_, code)


def test_a_pipelined_request_waits_for_the_reply_to_the_one_before():
    server = ServerConnection(MAX)
    assert server.receive(encode_input(CM1) * 2) == [CM1]
    assert server.receive(b"") == []
    server.send(PLAIN)
    assert server.receive(b"") == [CM1]


def test_a_pipelined_request_where_an_ack_is_owed_is_a_protocol_error():
    server = ServerConnection(MAX)
    server.receive(encode_input(CM1_CONFIRM) * 2)
    server.send(WANTS_ACK)
    with pytest.raises(InputViolation) as caught:
        server.receive(b"")
    assert (caught.value.return_code, caught.value.reason_code) == (8, 36)


def test_send_only_messages_may_follow_at_once():
    assert ServerConnection(MAX).receive(encode_input(SEND_ONLY) * 3) == [SEND_ONLY] * 3


def test_good_messages_before_a_bad_one_are_delivered_first():
    server = ServerConnection(MAX)
    assert server.receive(encode_input(SEND_ONLY) + encode_input(ACK)) == [SEND_ONLY]
    with pytest.raises(InputViolation, match="ACK is not allowed"):
        server.receive(b"")


def test_a_server_holds_no_more_than_a_message_while_a_reply_is_due():
    server = ServerConnection(1000)
    server.receive(encode_input(CM1))
    with pytest.raises(InputViolation, match="while a reply was due") as caught:
        server.receive(bytes(1001))
    assert (caught.value.return_code, caught.value.reason_code) == (8, 36)
    assert server.refuse(caught.value) == encode_output(rsm(8, 36), Exit.HWSSMPL1, HeaderCode.EBCDIC)


def test_a_server_answers_nobody_before_a_request():
    with pytest.raises(LocalProtocolError):
        ServerConnection(MAX).send(PLAIN)


def test_an_exit_that_is_not_loaded_is_not_spoken():
    server = ServerConnection(MAX, frozenset({Exit.HWSSMPL0}))
    with pytest.raises(InputViolation) as caught:
        server.receive(encode_input(CM1))
    assert not caught.value.answerable
    assert server.refuse(caught.value) == b""


def test_every_state_is_reached_by_a_flow():
    for state in State:
        assert client_in(state).state is state
