"""The first message of every kind of interaction, and what answers its output, as bytes laid out by hand.

Fields of an IRM and their offsets: Format of fixed portion of IRM in messages sent to IMS Connect; Format of
user portion of IRM for HWSSMPL0, HWSSMPL1, and user-written message exit routines.
"""

from dataclasses import replace

import pytest

from gateway.exchange import CommitMode, SyncLevel, Undeliverable
from gateway.imsconnect import (
    DEFAULT_TIMEOUT,
    FOREVER,
    NO_WAIT,
    CalloutRequests,
    Credentials,
    Interaction,
    InteractionVerb,
    RequestType,
    Unicode,
    inputs,
)
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.values import Rejection
from gateway.imsconnect.wire import InputMessage, encode_input
from tests.unit.imsconnect.connections import TOKEN
from tests.unit.imsconnect.worked_examples import patched
from tests.unit.standin.by_hand import (
    CANCEL,
    CM0,
    CONFIRM,
    DFS2082,
    ORDER,
    PURGE,
    REROUTE,
    ebcdic,
    example,
    message,
)

HERE = Destination("IMS1")
MINE = ClientId("CLIENT01", generated=False)
MADE_UP = ClientId("CLIENT01")
BLANK = ClientId("")
DATA = ebcdic("TRAN     DATA")
ASK = Interaction(transaction="TRAN", segments=(DATA,), execution_timeout_ms=30_000)
ASK0 = replace(ASK, commit_mode=CommitMode.COMMIT_THEN_SEND)
SEND = replace(ASK, verb=InteractionVerb.SEND)
RECEIVE = Interaction(verb=InteractionVerb.RECEIVE, execution_timeout_ms=30_000)
IPURG = 0x20
MFSREQ, CIDREQ, UC, UCTC, SOARSP, NOWAIT, TRNEXP = 0x80, 0x40, 0x20, 0x10, 0x04, 0x02, 0x01


def asks(interaction: Interaction, client_id: ClientId = MINE) -> InputMessage:
    return inputs.request(interaction, Credentials(), HERE, client_id)


def laid_out(**fields) -> bytes:
    return message(DATA, **{"transaction": "TRAN", **fields})


REQUESTS = {
    "commit mode 1": (ASK, MINE, laid_out()),
    "with sync level confirm": (replace(ASK, sync_level=SyncLevel.CONFIRM), MINE, laid_out(f3=CONFIRM)),
    "commit mode 0 of a chosen client id is held": (ASK0, MINE, laid_out(f2=CM0, f3=CONFIRM)),
    "commit mode 0 of one that was made up is purged": (
        ASK0,
        MADE_UP,
        laid_out(f2=CM0, f3=CONFIRM | PURGE),
    ),
    "held where that is said": (
        replace(ASK0, undeliverable=Undeliverable.HOLD),
        MADE_UP,
        laid_out(f2=CM0, f3=CONFIRM),
    ),
    "purged where that is said": (
        replace(ASK0, undeliverable=Undeliverable.PURGE),
        MINE,
        laid_out(f2=CM0, f3=CONFIRM | PURGE),
    ),
    "rerouted to where IMS Connect says": (
        replace(ASK0, undeliverable=Undeliverable.REROUTE),
        MINE,
        laid_out(f2=CM0, f3=CONFIRM | REROUTE),
    ),
    "rerouted by name": (
        replace(ASK0, undeliverable=Undeliverable.REROUTE, reroute_name="LATE"),
        MINE,
        laid_out(f2=CM0, f3=CONFIRM | REROUTE, arch=1, reroute="LATE"),
    ),
    "purge of what commit mode 1 spawns": (
        replace(ASK, undeliverable=Undeliverable.PURGE),
        MINE,
        laid_out(f3=PURGE),
    ),
    "DFS2082": (replace(ASK0, dfs2082=True), MINE, laid_out(f2=CM0, f3=CONFIRM | DFS2082)),
    "PURG ignored": (replace(ASK0, ignore_purg=True), MINE, laid_out(f2=CM0, f3=CONFIRM | IPURG)),
    "a take-over": (ASK, replace(MINE, take_over=True), laid_out(f3=CANCEL)),
    "expiration": (replace(ASK, expires=True), MINE, laid_out(f1=TRNEXP)),
    "MOD name wanted": (replace(ASK, return_mod_name=True), MINE, laid_out(f1=MFSREQ)),
    "client id wanted": (ASK, BLANK, laid_out(f1=CIDREQ, client="")),
    "LTERM": (replace(ASK, lterm="LTERM01"), MINE, laid_out(lterm="LTERM01")),
    "UTF-8": (replace(ASK, unicode=Unicode.UTF_8), MINE, laid_out(f1=UC, encoding=1)),
    "UTF-16 and the code too": (
        replace(ASK, unicode=Unicode.UTF_16, unicode_transaction=True),
        MINE,
        laid_out(f1=UC | UCTC, encoding=2),
    ),
    "an adapter": (
        replace(ASK, adapter="HWSXMLA0", converter="TRAND"),
        MINE,
        laid_out(arch=2, f0=0x02, adapter="HWSXMLA0", converter="TRAND"),
    ),
    "a MOD name": (
        replace(ASK, mod_name="MYMOD"),
        MINE,
        patched(laid_out(arch=3), {116: ebcdic("MYMOD   ").hex()}),
    ),
    "for ever": (replace(ASK, execution_timeout_ms=FOREVER), MINE, laid_out(timer=0xFF)),
    "as long as IMS Connect likes": (
        replace(ASK, execution_timeout_ms=DEFAULT_TIMEOUT),
        MINE,
        laid_out(timer=0),
    ),
    "a command": (
        Interaction(
            segments=(ebcdic("/DIS ACTIVE"),), request_type=RequestType.COMMAND, execution_timeout_ms=30_000
        ),
        MINE,
        message(ebcdic("/DIS ACTIVE")),
    ),
    "the next step of a conversation": (
        replace(ASK, transaction="", conversation_id="C"),
        MINE,
        message(DATA),
    ),
    "send-only": (SEND, MINE, laid_out(verb="S", f2=CM0, timer=0xE9)),
    "send-only in order": (
        replace(SEND, in_order=True),
        MINE,
        laid_out(verb="S", f2=CM0, f3=ORDER, timer=0xE9),
    ),
    "send-only, PURG ignored": (
        replace(SEND, ignore_purg=True),
        MINE,
        laid_out(verb="S", f2=CM0, f3=IPURG, timer=0xE9),
    ),
    "send-only with error": (
        replace(SEND, verb=InteractionVerb.SEND_WITH_ERROR),
        MINE,
        laid_out(verb="J", f2=CM0, timer=0xE9),
    ),
    "send-only with acknowledgment": (
        replace(SEND, verb=InteractionVerb.SEND_ACKNOWLEDGED),
        MINE,
        laid_out(verb="K", f1=SOARSP, f2=CM0),
    ),
    "deallocate": (
        replace(ASK, verb=InteractionVerb.END_CONVERSATION, transaction="", segments=(), conversation_id="C"),
        MINE,
        message(verb="D"),
    ),
    "one message": (RECEIVE, MINE, message(verb="R", f2=CM0, f3=CONFIRM, f5=0x01)),
    "one message, waiting": (
        replace(RECEIVE, verb=InteractionVerb.RECEIVE_WAIT),
        MINE,
        message(verb="R", f2=CM0, f3=CONFIRM, f5=0x10),
    ),
    "what is queued": (
        replace(RECEIVE, verb=InteractionVerb.RECEIVE_QUEUED),
        MINE,
        message(verb="R", f2=CM0, f3=CONFIRM, f5=0x04),
    ),
    "continuously": (
        replace(RECEIVE, verb=InteractionVerb.RECEIVE_CONTINUOUSLY),
        MINE,
        message(verb="R", f2=CM0, f3=CONFIRM, f5=0x02),
    ),
    "without waiting": (
        replace(RECEIVE, execution_timeout_ms=NO_WAIT),
        MINE,
        message(verb="R", f2=CM0, f3=CONFIRM, f5=0x01, timer=0xE9),
    ),
    "another tpipe": (
        replace(RECEIVE, alternate_client_id="ORDERS"),
        MINE,
        message(verb="R", f2=CM0, f3=CONFIRM, f5=0x01, arch=1, reroute="ORDERS"),
    ),
    "synchronous callouts": (
        replace(RECEIVE, callout_requests=CalloutRequests.SYNCHRONOUS),
        MINE,
        message(verb="R", f0=0x80, f2=CM0, f3=CONFIRM, f5=0x01, arch=3),
    ),
    "callouts of both kinds": (
        replace(RECEIVE, callout_requests=CalloutRequests.BOTH),
        MINE,
        message(verb="R", f0=0x40, f2=CM0, f3=CONFIRM, f5=0x01, arch=3),
    ),
    "network identities": (
        replace(RECEIVE, network_identity=True),
        MINE,
        patched(message(verb="R", f2=CM0, f3=CONFIRM, f5=0x01, arch=5), {174: "80"}),
    ),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_is_what_the_tables_say(what):
    interaction, client_id, expected = REQUESTS[what]
    assert encode_input(asks(interaction, client_id)).hex() == expected.hex()


@pytest.mark.parametrize(
    ("fields", "arch"),
    [
        ({}, 0),
        ({"undeliverable": Undeliverable.REROUTE, "reroute_name": "LATE"}, 1),
        ({"adapter": "HWSXMLA0"}, 2),
        ({"adapter": "HWSXMLA0", "undeliverable": Undeliverable.REROUTE, "reroute_name": "LATE"}, 2),
        ({"mod_name": "M", "adapter": "HWSXMLA0"}, 3),
    ],
)
def test_the_architecture_level_is_the_lowest_that_has_all_fields(fields, arch):
    sent = encode_input(asks(replace(ASK0, **fields)))
    assert sent[6] == arch
    assert int.from_bytes(sent[4:6]) == {0: 80, 1: 96, 2: 112, 3: 160}[arch]


CONFIRMED = replace(ASK, sync_level=SyncLevel.CONFIRM)
WAIT = replace(RECEIVE, verb=InteractionVerb.RECEIVE_WAIT)
LISTEN = replace(RECEIVE, verb=InteractionVerb.RECEIVE_CONTINUOUSLY)
NETWORK = replace(LISTEN, network_identity=True, callout_requests=CalloutRequests.BOTH)


@pytest.mark.parametrize(
    ("interaction", "level", "fields"),
    [
        (CONFIRMED, 2, {"f3": CONFIRM}),
        (replace(CONFIRMED, lterm="L", mod_name="M", unicode=Unicode.UTF_8), 2, {"f3": CONFIRM}),
        (ASK0, 2, {"f1": NOWAIT, "f2": CM0, "f3": CONFIRM, "timer": 0xE9}),
        (ASK0, 1, {"f2": CM0, "f3": CONFIRM, "timer": 0x01}),
        (RECEIVE, 2, {"f2": CM0, "f3": CONFIRM, "f5": 0x01, "timer": 0xE9}),
        (
            replace(RECEIVE, verb=InteractionVerb.RECEIVE_WAIT),
            2,
            {"f2": CM0, "f3": CONFIRM, "f5": 0x10, "timer": 0xE9},
        ),
        (LISTEN, 2, {"f2": CM0, "f3": CONFIRM, "f5": 0x02}),
        (NETWORK, 2, {"f2": CM0, "f3": CONFIRM, "f5": 0x02, "arch": 3}),
    ],
)
def test_an_ack_repeats_who_and_how_and_nothing_else(interaction, level, fields):
    sent = encode_input(inputs.acknowledgment(asks(interaction), level))
    assert sent.hex() == message(verb="A", **fields).hex()


@pytest.mark.parametrize(
    ("how", "f0", "code"),
    [
        ({}, 0x00, 0),
        ({"reason": 0x1234}, 0x10, 0x1234),
        ({"keep": True}, 0x20, 0),
        ({"reason": 7, "keep": True}, 0x30, 7),
    ],
)
@pytest.mark.parametrize(
    ("interaction", "fields"),
    [
        (CONFIRMED, {"f3": CONFIRM}),
        (ASK0, {"f2": CM0, "f3": CONFIRM, "timer": 0x01}),
        (RECEIVE, {"f2": CM0, "f3": CONFIRM, "f5": 0x01, "timer": 0xE9}),
        (LISTEN, {"f2": CM0, "f3": CONFIRM, "f5": 0x02}),
    ],
)
def test_a_nak_says_why_and_what_becomes_of_it(interaction, fields, how, f0, code):
    sent = encode_input(inputs.rejection(asks(interaction), Rejection(**how)))
    assert sent.hex() == patched(message(verb="N", f0=f0, **fields), {16: f"{code:04X}"}).hex()


@pytest.mark.parametrize(
    ("how", "fields"),
    [
        ({}, {"arch": 1}),
        ({"reason": 0x1234}, {"arch": 1, "f0": 0x10}),
        ({"reroute_name": "ELSEWHER"}, {"arch": 1, "reroute": "ELSEWHER"}),
    ],
)
@pytest.mark.parametrize(
    ("interaction", "of_option"),
    [(RECEIVE, {"f5": 0x01, "timer": 0xE9}), (WAIT, {"f5": 0x10, "timer": 0xE9}), (LISTEN, {"f5": 0x02})],
)
def test_a_nak_with_reroute_never_names_the_tpipe_that_is_read(interaction, of_option, how, fields):
    request = asks(replace(interaction, alternate_client_id="CALLOUT1"))
    sent = encode_input(inputs.rejection(request, Rejection(reroute=True, **how)))
    expected = message(verb="N", f2=CM0, f3=CONFIRM | REROUTE, **of_option, **fields)
    assert sent.hex() == patched(expected, {16: f"{how.get('reason', 0):04X}"}).hex()


def test_answers_never_take_over_a_client_id_nor_ask_for_one():
    asked_for = asks(CONFIRMED, ClientId("", take_over=True))
    for answer in (
        inputs.acknowledgment(asked_for, 2),
        inputs.rejection(asked_for, Rejection()),
    ):
        sent = encode_input(answer)
        assert (sent[0x20], sent[0x22]) == (0, CONFIRM)


@pytest.mark.parametrize(
    ("fields", "name", "changes"),
    [
        ({}, "19-callout-response", {}),
        ({"verb": InteractionVerb.RESPOND_ACKNOWLEDGED}, "callout-response-ack", {0x15: "45"}),
        (
            {"verb": InteractionVerb.RESPOND_ACKNOWLEDGED, "segments": (), "nak_reason": 0x23},
            "20-callout-error-response",
            {0x15: "45"},
        ),
        (
            {"verb": InteractionVerb.RESPOND_ACKNOWLEDGED, "segments": (), "nak_reason": 0},
            "20-callout-error-response",
            {0x15: "45", 0x07: "20", 0x10: "0000"},
        ),
    ],
)
def test_a_callout_response_is_the_worked_example(fields, name, changes):
    reply = Interaction(
        verb=InteractionVerb.RESPOND,
        segments=(bytes.fromhex("4C99859793A86E96924C6199859793A86E"),),
        correlation_token=TOKEN,
        execution_timeout_ms=30_000,
    )
    who = Credentials.of("USER1", "PASSW0RD")
    sent = inputs.request(replace(reply, **fields), who, HERE, ClientId("CLIENT02", generated=False))
    assert encode_input(sent).hex() == patched(example(f"input/{name}"), changes).hex()


def test_cancel_timer_says_who_and_no_more():
    assert encode_input(inputs.cancel_timer(HERE, "CLIENT01", Credentials())) == message(verb="C", timer=0)


@pytest.mark.parametrize(("ms", "code"), [(1, 1), (10, 1), (30_000, 0x45), (3_600_000, 0x9E)])
def test_the_time_that_is_told_is_the_one_in_effect(ms, code):
    assert inputs.timer_code(replace(ASK, execution_timeout_ms=ms)) == code
    assert inputs.effective_ms(code) == max(ms, 10)


@pytest.mark.parametrize("code", [0x00, 0xE9, 0xFF])
def test_codes_that_are_no_time_tell_none(code):
    assert inputs.effective_ms(code) is None
