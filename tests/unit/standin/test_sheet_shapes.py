"""Every output structure in both shapes and both codes: HWSSMPL0 without LLLL, HWSSMPL1 with it.

Source: Format of the request mod message; returned client ID message; correlation token; returned network
security segments; callout control data in the message; complete status message; request status message.
Identifiers and names are in the client's code, numbers, lengths and the correlation token in none.
"""

from collections.abc import Callable

import pytest

from gateway.standin import RunningStandin
from gateway.standin.callout import Caller
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    NO_WAIT,
    Client,
    correlated,
    csm,
    llll,
    message,
    named,
    network,
    rsm,
    segment,
)
from tests.unit.standin.output_by_hand import (
    AUTO,
    DESCRIPTORS,
    MEMBER_TOKEN,
    MESSAGE_TOKEN,
    ONE,
    SYNC_AND_ASYNC,
    TOKEN,
    answer,
    reads,
    response,
    resume,
    resume_sync,
)

SHAPES = [
    pytest.param((exit_id, code), id=f"{name}-{code}")
    for exit_id, name in (("*SAMPLE*", "hwssmpl0"), ("*SAMPL1*", "hwssmpl1"))
    for code in ("cp037", "ascii")
]


class Speaker:
    """A client of one exit in one code."""

    def __init__(self, standin: RunningStandin, client: Client, exit_id: str, code: str) -> None:
        self.standin = standin
        self.client = client
        self.header = {"exit_id": exit_id, "code": code}
        self.code = code
        self._with_length = exit_id == "*SAMPL1*"

    def say(self, make: Callable[..., bytes], *positional: object, **fields: object) -> None:
        self.client.send(make(*positional, **{**self.header, **fields}))

    def hears(self, *structures: bytes) -> None:
        expected = llll(*structures) if self._with_length else b"".join(structures)
        assert self.client.read(len(expected)) == expected

    def text(self, text: str) -> bytes:
        return segment(text.encode(self.code))

    def ask(self, line: str, **fields: object) -> None:
        self.say(message, line.encode(self.code), **fields)

    def csm(self, flags: int = 0x10) -> bytes:
        return csm(flags, code=self.code)

    def rsm(self, return_code: int, reason: int) -> bytes:
        return rsm(return_code, reason, code=self.code)

    def named(self, kind: str, value: str) -> bytes:
        return named(kind, value, self.code)


@pytest.fixture(params=SHAPES)
def speaker(request, connect, standin_factory):
    standin = standin_factory(descriptors=DESCRIPTORS)
    return Speaker(standin, connect(standin), *request.param)


def test_data_and_csm(speaker):
    speaker.ask("ECHO HELLO")
    speaker.hears(speaker.text("HELLO"), speaker.csm())


def test_several_segments(speaker):
    data = [line.encode(speaker.code) for line in ("ECHO ONE", "TWO", "THREE")]
    speaker.say(message, *data)
    speaker.hears(*map(speaker.text, ("ONE", "TWO", "THREE")), speaker.csm())


def test_mod_name_before_client_id_before_data(speaker):
    speaker.ask("NOSUCH", f1=0xC0)
    text = speaker.text("DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=NOSUCH")
    names = speaker.named("*REQMOD*", "DFSMO1"), speaker.named("*GENCID*", "CLIENT01")
    speaker.hears(*names, text, speaker.csm())


@pytest.mark.parametrize(
    ("f1", "kind", "value"), [(0x80, "*REQMOD*", "DFSMO1"), (0x40, "*GENCID*", "CLIENT01")]
)
def test_one_of_both_alone(speaker, f1, kind, value):
    speaker.ask("ABEND", f1=f1)
    text = "DFS555I TRAN ABEND    ABEND S000,U0101 ; MSG IN PROCESS: ABEND"
    speaker.hears(speaker.named(kind, value), speaker.text(text), speaker.csm())


def test_neither_comes_without_data(speaker):
    speaker.ask("NOREPLY", verb="K", f2=CM0, timer=NO_WAIT, f1=0xC0)
    speaker.hears(speaker.csm())
    speaker.say(resume, f1=0xC0)
    speaker.hears(speaker.rsm(40, 1))


def test_the_outcome_of_a_confirmed_transaction(speaker):
    for verb, reason in (("A", 97), ("N", 98), ("D", 98)):
        speaker.ask("ECHO 1", f3=CONFIRM)
        speaker.hears(speaker.text("1"), speaker.csm(0x30))
        speaker.say(message, verb=verb, f3=CONFIRM)
        speaker.hears(speaker.rsm(4, reason))


def test_a_conversation(speaker):
    speaker.ask("CONVERSE ONE", f3=CONFIRM)
    speaker.hears(speaker.text("SAID 1"), speaker.text("ONE"), speaker.csm(0x70))
    speaker.say(message, verb="A", f3=CONFIRM)
    speaker.ask("END")
    speaker.hears(speaker.text("SAID 1 IN ALL"), speaker.text("ONE"), speaker.csm())


def test_ping(speaker):
    speaker.ask("PING IMS_CONNECT")
    speaker.hears(speaker.text("HWSC0030I *PING RESPONSE*"), speaker.csm())


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"datastore": "IMS9"}, (8, 72)),
        ({"client": "HWS1"}, (4, 9)),
        ({"arch": 6}, (4, 9)),
        ({"f3": 0x02}, (16, 0x17)),
        ({"verb": "A"}, (4, 9)),
        ({"f1": 0x20}, (4, 11)),
    ],
    ids=["data-store", "client-id", "level", "syncpt", "data-behind-an-ack", "unicode"],
)
def test_a_refusal(speaker, fields, codes):
    speaker.ask("ECHO 1", **fields)
    speaker.hears(speaker.rsm(*codes))
    speaker.client.assert_closed()


def test_a_wrong_answer(speaker):
    speaker.say(message, verb="N")
    speaker.hears(speaker.rsm(8, 16))
    speaker.client.assert_closed()


def test_asynchronous_output_with_network_identity(speaker):
    speaker.standin.queue_output(
        "CLIENT01", "HELLO".encode("cp037"), mod_name="MYMOD", netuid="uid=é", netsid="realm"
    )
    speaker.say(resume, ONE, arch=5, f6=0x80, f1=0xC0)
    uid = "uid=é".encode(speaker.code, "replace")
    speaker.hears(
        speaker.named("*REQMOD*", "MYMOD"),
        speaker.named("*GENCID*", "CLIENT01"),
        network("*NETSID*", "realm".encode(speaker.code), speaker.code),
        network("*NETUID*", uid, speaker.code),
        speaker.text("HELLO"),
        speaker.csm(0x30),
    )
    speaker.say(answer)
    speaker.hears(speaker.rsm(40, 1))


def test_a_synchronous_callout(speaker):
    standin = speaker.standin
    standin.callouts.tokens.preset(MEMBER_TOKEN, MESSAGE_TOKEN)
    speaker.say(resume_sync, AUTO, f0=SYNC_AND_ASYNC, arch=5, f6=0x80, f1=0xC0, timer=0xFF)
    reads(standin, "CALLOUT1")
    caller = Caller(user="USER1", netuid="uid", netsid="realm")
    end = standin.ical("OUT", "HELLO".encode("cp037"), control=("<A>1</A>",), caller=caller)
    code = speaker.code
    section = "<A>1</A>".encode(code)
    control = (20 + len(section)).to_bytes(4) + "*CTLDAT*".encode(code) + bytes(4) + (3).to_bytes(4) + section
    data = "HELLO".encode(code)
    speaker.hears(
        correlated(TOKEN, code),
        speaker.named("*REQMOD*", ""),
        speaker.named("*GENCID*", "CLIENT01"),
        network("*NETSID*", "realm".encode(code), code),
        network("*NETUID*", "uid".encode(code), code),
        control,
        (4 + len(data)).to_bytes(4) + data,
        speaker.csm(0x30),
    )
    speaker.say(answer, timer=0xFF)
    with Client(standin.port) as client:
        second = Speaker(standin, client, speaker.header["exit_id"], code)
        second.say(response, TOKEN, "WORLD".encode(code))
        second.hears(second.csm())
    assert end.result().data == "WORLD".encode("cp037")
