"""The running stand-in takes the worked examples off the wire and answers with them, byte for byte."""

import asyncio

import pytest

from gateway.standin import Context, Reply
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    NO_WAIT,
    ebcdic,
    example,
    message,
    refusal,
    text,
    until,
)

ASK = example("input/01-send-receive-ebcdic")
ANSWER = example("output/03-reply-two-segments")
IRM_ID, CLIENT_ID, F1, F2, F3 = 0x08, 0x18, 0x20, 0x21, 0x22
PASSWORD = 0x4C
TOKENS = (bytes.fromhex("0000000012345678"), bytes.fromhex("00000000ABCDEF01"))
CALLED_OUT = "<request>42</request>"


def changed(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    out = bytearray(data)
    for offset, value in changes:
        out[offset : offset + len(value)] = value
    return bytes(out)


class PhoneBook:
    """Answers as the examples of replies do; with CONFIRM the first segment only."""

    segments: tuple[bytes, ...] = (ebcdic("ENTRY WAS DISPLAYED"), ebcdic("LAST1     FIRST1    8-111-1111"))

    async def run(self, context: Context) -> Reply:
        assert context.data.startswith(ebcdic("DISPLAY LAST1"))
        return Reply(self.segments, "DFSMO1")


class OneSegment(PhoneBook):
    segments: tuple[bytes, ...] = (ebcdic("ENTRY WAS DISPLAYED"),)


class Waits:
    """Never answers by itself."""

    async def run(self, _context: Context) -> Reply:
        await asyncio.Event().wait()
        return Reply()


class Order:
    """Takes orders."""

    async def run(self, _context: Context) -> Reply:
        return Reply()


def program(kind: type) -> dict[str, str]:
    return {"program": f"{__name__}:{kind.__name__}"}


USERS = {"USER1": {"password": "PASSW0RD"}}


@pytest.fixture
def start(standin_factory):
    def run(kind: type = PhoneBook, *, racf: bool = True, **tables):
        tables = {
            "transactions": {"IVTNO": program(kind), "ORDERTRN": program(Order)},
            "descriptors": {"CALLER": {"tpipe": "CALLOUT1"}},
            **tables,
        }
        return standin_factory(ims_connect={"racf": racf}, users=USERS, **tables)

    return run


class TestSendReceive:
    def test_1_and_3(self, start, connect):
        assert connect(start()).ask(ASK) == ANSWER

    def test_1_and_3_byte_by_byte(self, start, connect):
        client = connect(start())
        for at in range(len(ASK)):
            client.send(ASK[at : at + 1])
        assert client.output() == ANSWER

    def test_2_is_the_same_in_ascii(self, start, connect):
        answer = connect(start()).ask(example("input/02-send-receive-ascii"))
        assert answer[8:27] == b"ENTRY WAS DISPLAYED"
        assert answer[-8:] == b"*CSMOKY*"

    def test_4_is_3_without_llll(self, start, connect):
        client = connect(start())
        client.send(changed(ASK, (IRM_ID, ebcdic("*SAMPLE*"))))
        expected = example("output/04-reply-two-segments-hwssmpl0")
        assert client.read(len(expected)) == expected

    def test_5_brings_mod_name_and_client_id(self, start, connect):
        request = changed(ASK, (CLIENT_ID, ebcdic(" " * 8)), (F1, b"\xc0"), (F2, b"\x21"))
        answer = connect(start(OneSegment)).ask(request)
        client_id = answer[36:44]
        # the client id is the one that this stand-in generated
        assert changed(answer, (36, ebcdic("HWSA1B2C"))) == example("output/05-reply-rmm-gencid")
        assert client_id.startswith(ebcdic("HWS"))

    def test_25_has_two_segments(self, start, connect):
        standin = start()
        request = example("input/25-multi-segment-cm0")
        # nothing answers an order: the DFS2082 flag makes the wait end
        client = connect(standin)
        client.send(changed(request, (F3, b"\x41")))
        assert ebcdic("DFS2082") in client.output()
        assert standin.seen[-1].segments == (ebcdic("ORDERTRN FIRST"), ebcdic("SECOND SEGMENT"))

    def test_29_tells_the_network_user(self, start, connect):
        standin = start()
        assert connect(standin).ask(example("input/29-netuid-extension")) == ANSWER
        assert standin.seen[-1].netuid == "CN=USER1,O=EXAMPLE"


class TestConfirm:
    REQUEST = changed(ASK, (F3, b"\x01"))

    @pytest.fixture
    def asked(self, start, connect):
        client = connect(start(OneSegment))
        assert client.ask(self.REQUEST) == example("output/06-reply-wants-ack")
        return client

    def test_6_7_and_9(self, asked):
        assert asked.ask(example("input/07-ack")) == example("output/09-rsm-deallocate-confirmed")

    def test_8_backs_out(self, asked):
        assert asked.ask(example("input/08-nak")) == refusal(4, 98)

    def test_30_in_place_of_an_ack_backs_out(self, asked):
        assert asked.ask(example("input/30-deallocate")) == refusal(4, 98)


class TestRefusals:
    def test_10_the_wrong_password(self, start, connect):
        client = connect(start())
        request = changed(ASK, (PASSWORD, ebcdic("WRONG123")))
        assert client.ask(request) == example("output/10-rsm-racf-failure")
        client.assert_closed()

    def test_11_the_same_of_hwssmpl0_in_ascii(self, start, connect):
        client = connect(start())
        ascii_ = example("input/02-send-receive-ascii")
        client.send(changed(ascii_, (IRM_ID, b"*SAMPLE*"), (PASSWORD, b"WRONG123")))
        assert client.rest() == example("output/11-rsm-racf-failure-hwssmpl0-ascii")

    def test_13_a_data_store_that_is_not_there(self, start, connect):
        client = connect(start())
        request = changed(ASK, (0x2C, ebcdic("IMS9    ")))
        assert client.ask(request) == example("output/13-rsm-datastore-not-found")
        client.assert_closed()

    def test_12_and_28_the_timer_that_another_connection_cancels(self, start, connect):
        standin = start(Waits)
        waiting, cancelling = connect(standin), connect(standin)
        waiting.send(ASK)
        until(lambda: any(seen.transaction == "IVTNO" for seen in standin.seen))
        answer = example("output/28-cancel-timer-answer")
        # the input is on its way to IMS a moment before anybody waits for it
        while cancelling.ask(example("input/28-cancel-timer")) != answer:
            cancelling = connect(standin)
        assert waiting.output() == example("output/12-rsm-timer-expired")
        cancelling.assert_closed()
        waiting.assert_open(user="USER1", password="PASSW0RD")


class TestSendOnly:
    def test_14_answers_a_send_only_that_wants_a_receipt(self, start, connect):
        client = connect(start())
        assert client.ask(example("input/send-only-ack")) == example("output/14-csm-alone")

    def test_24_is_never_answered(self, start, connect):
        standin = start()
        client = connect(standin)
        client.send(example("input/24-send-only"))
        client.assert_open(user="USER1", password="PASSW0RD")
        assert standin.seen[0].segments == (ebcdic("ORDERTRN ITEM1"),)


class TestPing:
    def test_26_and_27(self, start, connect):
        assert connect(start()).ask(example("input/26-ping")) == example("output/27-ping-reply")


class TestTpipes:
    def test_16_and_23_asynchronous_output(self, start, connect):
        standin = start()
        standin.queue_output("CLIENT01", ebcdic("ASYNC CALLOUT DATA"))
        client = connect(standin)
        assert client.ask(example("input/16-resume-tpipe-single")) == example("output/23-async-output")
        client.send(
            message(verb="A", f2=CM0, f3=CONFIRM, f5=1, timer=NO_WAIT, user="USER1", password="PASSW0RD")
        )
        client.assert_open(user="USER1", password="PASSW0RD")
        assert standin.tpipes.depths == {}


class TestCallout:
    @pytest.fixture
    def called(self, start, connect):
        """A stand-in with one ICAL on its way to a client that has asked for callouts, and who started it."""
        standin = start()
        standin.callouts.tokens.preset(*TOKENS)
        reader, starter = connect(standin), connect(standin)
        reader.send(example("input/15-resume-tpipe-auto-altcid"))
        starter.send(text(f"CALLOUT {CALLED_OUT}", client="CLIENT03", user="USER1", password="PASSW0RD"))
        assert reader.output() == example("output/17-callout-request")
        return standin, reader, starter

    def test_17_18_and_19_a_response_without_acknowledgment(self, called, connect):
        standin, reader, starter = called
        reader.send(example("input/18-callout-ack"))
        connect(standin).send(example("input/19-callout-response"))
        assert starter.output()[8:25] == ebcdic("<reply>ok</reply>")

    def test_17_and_20_an_error_response_with_acknowledgment(self, called, connect):
        standin, reader, starter = called
        reader.send(example("input/18-callout-ack"))
        answer = connect(standin).ask(example("input/20-callout-error-response"))
        assert answer == example("output/14-csm-alone")
        starter.output()
        assert standin.icals[-1].answer.extended_reason == 0x23

    def test_17_and_21_a_nak_that_discards_ends_the_ical(self, called):
        standin, reader, starter = called
        reader.send(example("input/21-callout-nak-discard"))
        starter.output()
        assert standin.icals[-1].answer.extended_reason == 0x23
        assert not standin.icals[-1].answer.good

    def test_17_and_22_after_a_nak_that_keeps_the_next_reader_gets_it_again(self, called, connect):
        standin, reader, starter = called
        reader.send(example("input/22-callout-nak-keep"))
        again = changed(example("input/15-resume-tpipe-auto-altcid"), (CLIENT_ID, ebcdic("CLIENT04")))
        other = connect(standin)
        assert other.ask(again) == example("output/17-callout-request")
        other.send(changed(example("input/18-callout-ack"), (CLIENT_ID, ebcdic("CLIENT04"))))
        connect(standin).send(example("input/19-callout-response"))
        assert starter.output()[8:25] == ebcdic("<reply>ok</reply>")
