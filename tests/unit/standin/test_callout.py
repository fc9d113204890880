"""Synchronous and asynchronous callout: requests, answers to them, responses, and what the programs see."""

import asyncio

import pytest

from gateway.standin import AbendError, Context, Reply
from gateway.standin.callout import Caller
from tests.unit.standin.by_hand import (
    CM1,
    CONFIRM,
    FOREVER,
    REROUTE,
    SECONDS,
    TEN_MS,
    TRANSACTION,
    callout,
    csm,
    ebcdic,
    example,
    llll,
    message,
    named,
    network,
    refusal,
    reply,
    segment,
    text,
    until,
)
from tests.unit.standin.output_by_hand import (
    AUTO,
    DESCRIPTORS,
    KEEP,
    MEMBER_TOKEN,
    MESSAGE_TOKEN,
    MORE,
    NOAUTO,
    ONE,
    REASON,
    SYNC_AND_ASYNC,
    SYNC_ONLY,
    TOKEN,
    WANTS_ACK,
    answer,
    queue,
    response,
    resume,
    resume_sync,
    waits_forever,
)

REQUEST, ANSWER = ebcdic("<request>42</request>"), ebcdic("<reply>ok</reply>")
CSM_ALONE = llll(csm())
TIMED_OUT, NAKED, ERROR, SHUT_DOWN, PARTIAL = (
    (0x100, 0x104),
    (0x100, 0x108),
    (0x100, 0x10C),
    (0x100, 0x100),
    (0x100, 0xC),
)


@pytest.fixture
def standin(standin_factory):
    """A stand-in with the descriptor OUT, whose first correlation token is that of the worked examples."""
    running = standin_factory(descriptors=DESCRIPTORS)
    running.callouts.tokens.preset(MEMBER_TOKEN, MESSAGE_TOKEN)
    return running


@pytest.fixture
def ical(standin):
    """Call out; returns a function that waits for the end."""

    def call(data: bytes = REQUEST, **options):
        options = {"caller": Caller(user="USER1"), "timeout_seconds": None, **options}
        future = standin.ical("OUT", data, **options)
        return lambda: future.result(SECONDS)

    return call


def codes(result) -> tuple[int, int, int]:
    return result.return_code, result.reason_code, result.extended_reason


class TestWorkedExamples:
    def test_request_ack_and_response(self, client, connect, standin, ical):
        end = ical()
        assert client.ask(example("input/15-resume-tpipe-auto-altcid")) == example("output/17-callout-request")
        client.send(example("input/18-callout-ack"))
        connect(standin).send(example("input/19-callout-response"))
        result = end()
        assert (codes(result), result.data) == ((0, 0, 0), ANSWER)
        assert [(one.tpipe, one.token, one.answer) for one in standin.icals] == [("CALLOUT1", TOKEN, result)]

    def test_an_error_response_is_acknowledged(self, client, connect, standin, ical):
        end = ical()
        client.ask(example("input/15-resume-tpipe-auto-altcid"))
        client.send(example("input/18-callout-ack"))
        other = connect(standin)
        assert other.ask(example("input/20-callout-error-response")) == example("output/14-csm-alone")
        other.assert_open(client="CLIENT02")
        assert codes(end()) == (*ERROR, 0x23)

    def test_a_nak_that_discards(self, client, standin, ical):
        end = ical()
        client.ask(example("input/15-resume-tpipe-auto-altcid"))
        assert client.ask(example("input/21-callout-nak-discard")) == refusal(40, FOREVER)
        assert codes(end()) == (*NAKED, 0x23)
        client.assert_open()
        assert standin.tpipes.requests == {}

    def test_a_nak_that_keeps(self, client, standin, ical):
        end = ical()
        client.ask(example("input/15-resume-tpipe-auto-altcid"))
        assert client.ask(example("input/22-callout-nak-keep")) == refusal(40, FOREVER)
        assert standin.tpipes.requests == {"CALLOUT1": 1}
        again = client.ask(example("input/15-resume-tpipe-auto-altcid"))
        assert again == example("output/17-callout-request")
        client.send(example("input/18-callout-ack"))
        client.close()
        standin.callouts.respond(TOKEN, b"")
        assert end().good


class TestRequests:
    def test_control_data_and_network_identity_stand_before_the_data(self, client, ical):
        ical(control=("<DFSCNVTR>XMLCNVD</DFSCNVTR>",), caller=Caller("USER1", "cn=alice", "realm"))
        control = ebcdic("*CTLDAT*") + bytes(4) + (10).to_bytes(4) + ebcdic("<DFSCNVTR>XMLCNVD</DFSCNVTR>")
        expected = callout(
            TOKEN,
            REQUEST,
            named("*REQMOD*", ""),
            named("*GENCID*", "CLIENT01"),
            network("*NETSID*", ebcdic("realm")),
            network("*NETUID*", ebcdic("cn=alice")),
            (4 + len(control)).to_bytes(4) + control,
        )
        assert client.ask(resume_sync(ONE, arch=5, f6=0x80, f1=0xC0)) == expected

    def test_network_identity_only_when_asked_for(self, client, ical):
        ical(caller=Caller("USER1", "cn=alice", "realm"))
        assert client.ask(resume_sync(ONE)) == callout(TOKEN, REQUEST)

    def test_more_data_than_a_segment_holds(self, client, ical):
        data = bytes(range(256)) * 400
        ical(data)
        assert client.ask(resume_sync(ONE)) == callout(TOKEN, data)

    def test_no_data(self, client, ical):
        ical(b"")
        assert client.ask(resume_sync(ONE)) == callout(TOKEN, b"")

    def test_an_ascii_client_gets_ascii_and_the_token_as_it_is(self, client, ical):
        ical()
        answer_ = client.ask(resume_sync(ONE, code="ascii"))
        body = b"\x00\x34\x00\x00*CORTKN*" + TOKEN + (25).to_bytes(4) + b"<request>42</request>"
        assert answer_ == llll(body, csm(0x30, code="ascii"))

    def test_hwssmpl0_has_no_llll(self, client, ical):
        ical()
        client.send(resume_sync(ONE, exit_id="*SAMPLE*"))
        expected = callout(TOKEN, REQUEST)[4:]
        assert client.read(len(expected)) == expected

    def test_tokens_are_not_alike(self, standin, ical):
        for _ in range(20):
            ical(timeout_seconds=0.001)()
        tokens = [one.token for one in standin.icals]
        assert len(set(tokens)) == len(tokens) == 20
        assert all(token[:8] == TOKEN[:8] and token[24:] == TOKEN[24:] for token in tokens)

    @pytest.mark.parametrize("control", ["no section", "<a>1</b>", "<a>1</a>2"])
    def test_control_data_that_is_none(self, ical, control):
        with pytest.raises(ValueError):
            ical(control=(control,))()

    def test_an_unknown_descriptor(self, standin):
        result = standin.ical("NONE", b"").result(SECONDS)
        assert (result.return_code, result.good) == (0x104, False)
        assert "no such descriptor" in result.words


class TestSelection:
    def test_who_asks_for_async_output_gets_no_requests(self, client, standin, ical):
        ical()
        queue(standin, "ASYNC", tpipe="CALLOUT1")
        request = resume(NOAUTO, arch=1, reroute="CALLOUT1")
        assert client.ask(request) == reply("ASYNC", flags=WANTS_ACK)
        assert client.ask(answer()) == refusal(40, TEN_MS)
        assert standin.tpipes.requests == {"CALLOUT1": 1}

    def test_ims_says_that_requests_wait_for_nobody(self, standin_factory, connect):
        lines: list[str] = []
        standin = standin_factory(trace=1, write=lines.append, descriptors=DESCRIPTORS)
        standin.ical("OUT", REQUEST)
        until(lambda: standin.tpipes.requests)
        connect(standin).ask(resume(NOAUTO, arch=1, reroute="CALLOUT1"))
        assert any("DFS4199W" in line for line in lines)

    def test_who_asks_for_requests_gets_no_async_output(self, client, standin, ical):
        queue(standin, "ASYNC", tpipe="CALLOUT1")
        ical()
        assert client.ask(resume_sync(NOAUTO)) == callout(TOKEN, REQUEST, flags=WANTS_ACK | MORE)
        assert client.ask(answer()) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == {"CALLOUT1": 1}

    def test_who_asks_for_both_gets_the_requests_first(self, client, standin, ical):
        queue(standin, "ASYNC", tpipe="CALLOUT1")
        ical(b"1")
        until(lambda: standin.tpipes.requests == {"CALLOUT1": 1})
        ical(b"2")
        until(lambda: standin.tpipes.requests == {"CALLOUT1": 2})
        assert client.ask(resume_sync(NOAUTO, f0=SYNC_AND_ASYNC)) == callout(TOKEN, b"1", flags=0xB0)
        second = client.ask(answer())
        assert second == callout(second[16:56], b"2", flags=0xB0)
        assert client.ask(answer()) == reply("ASYNC", flags=WANTS_ACK)


class TestAnswers:
    def test_an_ack_leaves_the_program_waiting(self, client, standin, ical):
        end = ical()
        client.ask(resume_sync(ONE))
        assert client.ask(answer()) == refusal(40, TEN_MS)
        assert standin.icals[0].answer is None
        assert standin.tpipes.requests == {}
        standin.callouts.respond(TOKEN, ANSWER)
        assert end().data == ANSWER

    @pytest.mark.parametrize(
        ("fields", "extended"), [({}, 0), ({"nak_reason": 7}, 0), ({"f0": REASON, "nak_reason": 7}, 7)]
    )
    def test_nak(self, client, ical, fields, extended):
        end = ical()
        client.ask(resume_sync(AUTO))
        assert client.ask(answer("N", **fields)) == refusal(40, TEN_MS)
        assert codes(end()) == (*NAKED, extended)

    @pytest.mark.parametrize(
        ("fields", "extended"), [({}, 0), ({"f0": REASON, "nak_reason": 1007}, 1007), ({"reroute": "SPARE"}, 0)]
    )
    @pytest.mark.parametrize("option", [AUTO, NOAUTO])
    def test_nak_with_reroute_ends_the_ical_and_brings_the_next(
        self, client, standin, ical, option, fields, extended
    ):
        end = ical(b"1")
        until(lambda: standin.tpipes.requests == {"CALLOUT1": 1})
        ical(b"2")
        until(lambda: standin.tpipes.requests == {"CALLOUT1": 2})
        client.ask(resume_sync(option))
        second = client.ask(answer("N", f3=CONFIRM | REROUTE, arch=1, **fields))
        assert second == callout(second[16:56], b"2")
        assert codes(end()) == (*NAKED, extended)
        assert (standin.tpipes.requests, standin.tpipes.depths) == ({}, {})
        assert client.ask(answer()) == refusal(40, TEN_MS)

    @pytest.mark.parametrize(("name", "tpipe"), [("SPARE", "SPARE"), ("", "HWS$DEF")])
    def test_nak_with_reroute_moves_asynchronous_output_and_brings_the_next(self, client, standin, name, tpipe):
        queue(standin, "1", "2", tpipe="CALLOUT1")
        client.ask(resume_sync(NOAUTO, f0=SYNC_AND_ASYNC))
        second = client.ask(answer("N", f3=CONFIRM | REROUTE, arch=1, reroute=name))
        assert second == reply("2", flags=WANTS_ACK)
        assert client.ask(answer()) == refusal(40, TEN_MS)
        assert [held.segments for held in standin.tpipes.held(tpipe)] == [(ebcdic("1"),)]
        assert standin.tpipes.depths == {tpipe: 1}
        assert standin.seen[0].outcome.endswith("1 delivered")

    @pytest.mark.parametrize("f3", [0x08, 0x0C])
    def test_nak_with_reroute_ends_a_single_one_and_one_that_says_purge_too(self, client, standin, f3):
        queue(standin, "1", "2", tpipe="CALLOUT1")
        client.ask(resume_sync(ONE if f3 == REROUTE else NOAUTO, f0=SYNC_AND_ASYNC))
        assert client.ask(answer("N", f3=CONFIRM | f3, arch=1)) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == ({"CALLOUT1": 1, "HWS$DEF": 1} if f3 == REROUTE else {"CALLOUT1": 2})

    @pytest.mark.parametrize("fields", [{"f0": KEEP}, {"f0": KEEP | REASON, "nak_reason": 7}])
    def test_nak_that_keeps(self, client, standin, ical, fields):
        end = ical(timeout_seconds=0.3)
        client.ask(resume_sync(AUTO))
        assert client.ask(answer("N", **fields)) == refusal(40, TEN_MS)
        assert standin.tpipes.requests == {"CALLOUT1": 1}
        assert codes(end()) == (*TIMED_OUT, 0)
        assert standin.tpipes.requests == {}

    def test_deallocate_keeps(self, client, standin, ical):
        ical()
        client.ask(resume_sync(AUTO))
        assert client.ask(answer("D")) == refusal(40, TEN_MS)
        assert standin.tpipes.requests == {"CALLOUT1": 1}

    def test_a_client_that_leaves_keeps_it(self, connect, standin, ical):
        first, second = connect(standin), connect(standin)
        ical()
        first.ask(resume_sync(AUTO))
        until(lambda: standin.connections == 2)
        first.close()
        until(lambda: standin.connections == 1)
        assert second.ask(resume_sync(AUTO)) == callout(TOKEN, REQUEST)

    def test_no_ack_in_time(self, standin_factory, connect):
        standin = standin_factory(descriptors=DESCRIPTORS, ims_connect={"ackto_seconds": 0.05})
        client = connect(standin)
        future = standin.ical("OUT", REQUEST)
        client.ask(resume_sync(AUTO))
        assert client.output() == refusal(12, 81)
        client.assert_closed()
        assert codes(future.result(SECONDS)) == (*TIMED_OUT, 0)
        assert standin.tpipes.requests == {}

    def test_a_request_that_timed_out_on_its_way_is_not_put_back(self, client, standin, ical):
        end = ical(timeout_seconds=0.2)
        client.ask(resume_sync(AUTO))
        assert codes(end()) == (*TIMED_OUT, 0)
        assert client.ask(answer("N", f0=KEEP)) == refusal(40, TEN_MS)
        assert standin.tpipes.requests == {}


class TestTimeOut:
    def test_nobody_asks(self, standin, ical):
        end = ical(timeout_seconds=0.02)
        assert codes(end()) == (*TIMED_OUT, 0)
        assert standin.tpipes.requests == {}

    def test_the_descriptor_says_how_long(self, standin_factory):
        descriptors = {"OUT": {"tpipe": "CALLOUT1", "sync_timeout_seconds": 0.02}}
        standin = standin_factory(descriptors=descriptors)
        assert codes(standin.ical("OUT", b"", timeout_seconds=1000).result(SECONDS)) == (*TIMED_OUT, 0)

    def test_ims_connect_stops(self, standin, ical):
        end = ical()
        until(lambda: standin.tpipes.requests)
        standin.restart()
        assert codes(end()) == (*SHUT_DOWN, 0)
        assert standin.tpipes.requests == {}


class TestResponses:
    @pytest.fixture
    def end(self, client, standin, ical):
        """A request that a client has taken."""
        waits_forever(client, standin)
        end = ical()
        assert client.output() == callout(TOKEN, REQUEST)
        client.send(answer(timer=FOREVER))
        until(lambda: standin.tpipes.in_delivery == 0)
        return end

    def test_with_acknowledgment(self, end, connect, standin):
        other = connect(standin)
        assert other.ask(response(TOKEN, ANSWER)) == CSM_ALONE
        assert end().data == ANSWER
        other.assert_open(client="CLIENT09")
        assert standin.seen[-2].outcome == "response taken"

    def test_without_acknowledgment(self, end, connect, standin):
        other = connect(standin)
        other.send(response(TOKEN, ANSWER, "M"))
        assert end().data == ANSWER
        other.assert_open(client="CLIENT09")

    def test_under_the_client_id_of_the_one_that_waits(self, end, connect, standin):
        assert connect(standin).ask(response(TOKEN, ANSWER, client="CLIENT01")) == CSM_ALONE
        assert end().data == ANSWER

    @pytest.mark.parametrize("verb", ["L", "M"])
    def test_on_a_transaction_socket(self, end, connect, standin, verb):
        other = connect(standin)
        other.send(response(TOKEN, ANSWER, verb, socket_type=TRANSACTION))
        assert other.rest() == (CSM_ALONE if verb == "L" else b"")
        assert end().data == ANSWER

    def test_in_ascii(self, end, connect, standin):
        request = response(TOKEN, b"<reply>ok</reply>", code="ascii")
        assert connect(standin).ask(request) == llll(csm(code="ascii"))
        assert end().data == ANSWER

    def test_longer_than_a_segment(self, end, connect, standin):
        data = bytes(100_000)
        assert connect(standin).ask(response(TOKEN, data)) == CSM_ALONE
        assert end().data == data

    @pytest.mark.parametrize(
        ("fields", "extended"),
        [
            ({"f0": REASON, "nak_reason": 0x23}, 0x23),
            ({"f0": KEEP}, 0),
            ({"f0": KEEP, "nak_reason": 0x23}, 0),
            ({"f0": REASON | KEEP, "nak_reason": 0x23}, 0x23),
        ],
    )
    @pytest.mark.parametrize("verb", ["L", "M"])
    def test_error_responses(self, end, connect, standin, verb, fields, extended):
        other = connect(standin)
        other.send(response(TOKEN, None, verb, **fields))
        if verb == "L":
            assert other.output() == CSM_ALONE
        assert codes(end()) == (*ERROR, extended)

    def test_a_token_is_good_once(self, end, connect, standin):
        other = connect(standin)
        assert other.ask(response(TOKEN, ANSWER)) == CSM_ALONE
        assert end().data == ANSWER
        assert other.ask(response(TOKEN, b"again")) == refusal(16, 0x2B)
        other.assert_closed()

    @pytest.mark.parametrize("at", range(2, 40))
    def test_a_token_with_another_byte_is_none(self, standin, at):
        async def unknown() -> object:
            return not standin.callouts.respond(TOKEN[:at] + b"\x99" + TOKEN[at + 1 :], b"")

        assert asyncio.run(unknown())

    def test_a_late_response_is_refused(self, connect, standin, ical):
        ical(timeout_seconds=0.01)()
        other = connect(standin)
        assert other.ask(response(TOKEN, ANSWER)) == refusal(16, 0x2B)
        other.assert_closed()

    def test_a_late_response_without_acknowledgment_is_dropped(self, connect, standin, ical):
        ical(timeout_seconds=0.01)()
        other = connect(standin)
        other.send(response(TOKEN, ANSWER, "M"))
        other.assert_open(client="CLIENT09")
        assert standin.seen[0].outcome == "dropped"

    def test_an_unknown_data_store_is_refused(self, end, connect, standin):
        assert connect(standin).ask(response(TOKEN, ANSWER, datastore="IMS9")) == refusal(8, 72)
        assert standin.icals[0].answer is None
        standin.callouts.stop()
        end()

    @pytest.mark.parametrize("verb", ["L", "M"])
    def test_below_level_3_or_without_a_token_it_is_refused(self, connect, standin, verb):
        for fields in ({"arch": 2}, {"token": bytes(40)}):
            other = connect(standin)
            other.send(response(**{"token": TOKEN, "data": ANSWER, "verb": verb, **fields}))
            assert other.rest() == (refusal(4, 9) if verb == "L" else b"")

    def test_another_ims_does_not_know_the_token(self, standin_factory, connect):
        standin = standin_factory(descriptors=DESCRIPTORS, datastores={"IMS2": {}})
        future = standin.ical("OUT", b"")
        until(lambda: standin.icals)
        token = standin.icals[0].token
        assert connect(standin).ask(response(token, ANSWER, datastore="IMS2")) == refusal(16, 0x2B)
        assert connect(standin).ask(response(token, ANSWER)) == CSM_ALONE
        assert future.result(SECONDS).data == ANSWER

    def test_the_password_counts(self, standin_factory, connect):
        users = {"ALICE": {"password": "SECRET1"}}
        standin = standin_factory(descriptors=DESCRIPTORS, ims_connect={"racf": True}, users=users)
        future = standin.ical("OUT", b"")
        until(lambda: standin.icals)
        token = standin.icals[0].token
        wrong = response(token, ANSWER, user="ALICE", password="WRONG")
        assert connect(standin).ask(wrong) == refusal(8, 78, 8)
        right = response(token, ANSWER, user="ALICE", password="SECRET1")
        assert connect(standin).ask(right) == CSM_ALONE
        assert future.result(SECONDS).data == ANSWER


class TestProgram:
    """Calls out under control of its input, inserts, and abends if it is told to."""

    async def run(self, context: Context) -> Reply:
        if context.text == "PARTIAL":
            result = await context.ical("OUT", b"", output_limit=3)
            return context.text_reply(f"{result.reason_code:X} {result.data.decode('cp037')}")
        context.insert("OUT", b"1", b"2", mod_name="MOD1")
        context.insert("OTHER", b"3")
        context.insert("OUT", b"4")
        context.purge("OUT")
        context.insert("OUT", b"5")
        if context.text == "ABEND":
            raise AbendError("U0001")
        return context.text_reply("DONE")


TestProgram.__test__ = False  # type: ignore[attr-defined]


class TestPrograms:
    @pytest.fixture
    def standin(self, standin_factory):
        transactions = {"MYTRAN": {"program": f"{__name__}:TestProgram"}}
        return standin_factory(descriptors=DESCRIPTORS, transactions=transactions)

    def test_inserts_go_out_at_commit(self, client, standin):
        assert client.ask(text("MYTRAN")) == reply("DONE")
        first, second = standin.tpipes.held("CALLOUT1")
        assert (first.segments, first.mod_name, second.segments) == ((b"1", b"2", b"4"), "MOD1", (b"5",))
        assert standin.tpipes.held("OTHER")[0].segments == (b"3",)

    def test_not_before_the_ack(self, client, standin):
        client.ask(text("MYTRAN", f3=CONFIRM))
        assert standin.tpipes.depths == {}
        assert client.ask(message(verb="A", f3=CONFIRM)) == refusal(4, 97)
        assert standin.tpipes.depths == {"CALLOUT1": 2, "OTHER": 1}

    def test_a_back_out_drops_them(self, client, standin):
        client.ask(text("MYTRAN", f3=CONFIRM))
        assert client.ask(message(verb="N", f3=CONFIRM)) == refusal(4, 98)
        assert client.ask(text("MYTRAN    ABEND"))[8:15] == ebcdic("DFS555I")
        assert standin.tpipes.depths == {}

    def test_an_asynchronous_callout_arrives_as_output(self, client):
        client.ask(text("MYTRAN"))
        expected = llll(segment(b"1"), segment(b"2"), segment(b"4"), csm(WANTS_ACK | MORE))
        assert client.ask(resume(NOAUTO, arch=1, reroute="CALLOUT1")) == expected

    def test_a_response_area_that_is_too_small(self, client, connect, standin):
        client.send(text("MYTRAN    PARTIAL"))
        until(lambda: standin.icals and standin.icals[0].token)
        connect(standin).ask(response(standin.icals[0].token, ebcdic("ANSWER")))
        assert client.output() == reply("C ANS")

    def test_a_program_that_is_stopped_leaves_no_request(self, client, standin):
        client.send(text("MYTRAN    PARTIAL"))
        until(lambda: standin.tpipes.requests == {"CALLOUT1": 1})
        standin.stop()
        assert standin.tpipes.requests == {}


class TestBuiltIn:
    def test_callout_answers_with_the_response(self, client, connect, standin):
        other = connect(standin)
        waits_forever(other, standin, "CALLOUT1")
        client.send(text("CALLOUT   HELLO", client="CLIENT02", user="USER1"))
        assert other.output() == callout(TOKEN, ebcdic("HELLO"))
        other.send(answer(timer=FOREVER))
        connect(standin).send(response(TOKEN, ebcdic("WORLD"), "M"))
        assert client.output() == reply("WORLD")

    def test_callout_names_the_codes(self, client, standin_factory, connect):
        descriptors = {"OUT": {"tpipe": "CALLOUT1", "sync_timeout_seconds": 0.01}}
        client = connect(standin_factory(descriptors=descriptors))
        answer_ = client.ask(text("CALLOUT   HELLO"))
        assert ebcdic("CALLOUT OUT X'100'/X'104' AIBERRXT X'0000': ") in answer_

    # 1208 is UTF-8; 1140 and 37 have X'4C' for "<", 1026 the same; "'" is X'7D' in all three
    @pytest.mark.parametrize(
        ("ccsid", "data", "encoding"),
        [
            (1208, b"<a/>", "utf-8"),
            (1208, b"\xef\xbb\xbf<a/>", "utf-8"),
            (1208, b"<no end", "utf-8"),
            (1140, ebcdic("<a/>"), "cp1140"),
            (1026, ebcdic("<a/>"), "cp1026"),
            (1208, ebcdic("<a/>"), "cp037"),
            (1208, b"", "cp037"),
            (1140, b"<a/>", "cp037"),
            (37, b"\xef\xbb\xbf<a/>", "cp037"),
        ],
    )
    @pytest.mark.parametrize("named", ["", "OUT "])
    def test_what_they_say_is_in_the_encoding_of_their_data(
        self, standin_factory, connect, named, ccsid, data, encoding
    ):
        descriptors = {"OUT": {"tpipe": "CALLOUT1", "sync_timeout_seconds": 0.01}}
        transactions = {name: {"ccsid": ccsid} for name in ("CALLOUT", "CALLASYN")}
        client = connect(standin_factory(descriptors=descriptors, transactions=transactions))
        answer_ = client.ask(message(ebcdic(f"CALLOUT {named}") + data, transaction="CALLOUT"))
        assert "CALLOUT OUT X'100'/X'104' AIBERRXT X'0000': ".encode(encoding) in answer_
        answer_ = client.ask(message(ebcdic(f"CALLASYN {named}") + data, transaction="CALLASYN"))
        assert answer_ == llll(segment("CALLASYN OUT QUEUED".encode(encoding)), csm())

    @pytest.mark.parametrize(
        ("line", "transaction", "tpipe"),
        [
            ("CALLASYN  B HELLO", {}, "TPIPEB"),
            ("CALLASYN  HELLO", {"CALLASYN": {"descriptor": "A"}}, "TPIPEA"),
            ("CALLASYN  B HELLO", {"CALLASYN": {"descriptor": "A"}}, "TPIPEB"),
        ],
    )
    def test_callasyn_finds_its_destination(self, standin_factory, connect, line, transaction, tpipe):
        descriptors = {"A": {"tpipe": "TPIPEA"}, "B": {"tpipe": "TPIPEB"}}
        standin = standin_factory(descriptors=descriptors, transactions=transaction)
        assert connect(standin).ask(text(line)) == reply(f"CALLASYN {tpipe[-1]} QUEUED")
        assert standin.tpipes.held(tpipe)[0].segments == (ebcdic("HELLO"),)

    def test_no_destination_is_an_abend(self, standin_factory, connect):
        descriptors = {"A": {"tpipe": "TPIPEA"}, "B": {"tpipe": "TPIPEB"}}
        client = connect(standin_factory(descriptors=descriptors))
        assert client.ask(text("CALLOUT   HELLO"))[8:15] == ebcdic("DFS555I")


class TestRefused:
    def test_commit_mode_1(self, client):
        assert client.ask(resume_sync(ONE, f2=CM1)) == refusal(4, 93)

    @pytest.mark.parametrize("f0", [SYNC_ONLY, SYNC_AND_ASYNC])
    def test_below_level_3(self, client, f0):
        assert client.ask(resume_sync(ONE, arch=2, f0=f0)) == refusal(4, 9)

    def test_output_from_outside_that_cannot_be(self, standin):
        for tpipe, segments in (("lower", (b"1",)), ("A", ()), ("A", (bytes(40_000),))):
            with pytest.raises(ValueError):
                standin.queue_output(tpipe, *segments)
        assert standin.tpipes.depths == {}
