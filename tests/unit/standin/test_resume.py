"""RESUME TPIPE for asynchronous output: options, timers, answers, ends."""

import pytest

from tests.unit.standin.by_hand import (
    CANCEL,
    CM0,
    CM1,
    CONFIRM,
    FOREVER,
    NO_WAIT,
    NON_PERSISTENT,
    PURGE,
    REROUTE,
    TEN_MS,
    THIRTY_SECONDS,
    TRANSACTION,
    TWENTY_MS,
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
    MORE,
    NO_OPTION,
    NOAUTO,
    ONE,
    SWAIT,
    SYNC_AND_ASYNC,
    SYNC_ONLY,
    WANTS_ACK,
    answer,
    queue,
    reads,
    resume,
)

ALL = [ONE, SWAIT, NOAUTO, NO_OPTION, AUTO]
MANY = [NOAUTO, NO_OPTION, AUTO]
EMPTY: dict[str, int] = {}


class TestWorkedExamples:
    def test_single_without_wait_from_the_clients_own_tpipe(self, client, standin):
        standin.queue_output("CLIENT01", ebcdic("ASYNC CALLOUT DATA"))
        assert client.ask(example("input/16-resume-tpipe-single")) == example("output/23-async-output")
        assert client.ask(answer()) == refusal(40, TEN_MS)
        client.assert_open()
        assert standin.tpipes.depths == EMPTY

    def test_auto_from_another_tpipe(self, client, standin):
        client.send(example("input/15-resume-tpipe-auto-altcid"))
        reads(standin, "CALLOUT1")
        standin.queue_output("CALLOUT1", ebcdic("ASYNC CALLOUT DATA"))
        assert client.output() == example("output/23-async-output")
        client.send(example("input/18-callout-ack"))
        until(lambda: standin.tpipes.in_delivery == 0)
        standin.queue_output("CALLOUT1", ebcdic("ASYNC CALLOUT DATA"))
        assert client.output() == example("output/23-async-output")


class TestSingle:
    def test_one_message_is_enough(self, client, standin):
        queue(standin, "1", "2")
        assert client.ask(resume(ONE)) == reply("1", flags=WANTS_ACK | MORE)
        assert client.ask(answer()) == refusal(40, TEN_MS)
        client.assert_open()
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_an_ack_with_no_wait_is_not_answered(self, client, standin):
        queue(standin, "1")
        client.ask(resume(ONE))
        client.send(answer(timer=NO_WAIT))
        client.assert_open()
        assert standin.tpipes.depths == EMPTY

    def test_an_ack_with_no_wait_ends_a_transaction_socket(self, client, standin):
        queue(standin, "1")
        client.ask(resume(ONE, socket_type=TRANSACTION))
        client.send(answer(timer=NO_WAIT, socket_type=TRANSACTION))
        client.assert_closed()

    def test_an_ack_with_the_default_timer_waits_for_the_time_out_of_the_port(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"timeout_seconds": 0.05})
        client = connect(standin)
        queue(standin, "1")
        client.ask(resume(ONE))
        assert client.ask(answer(timer=0)) == refusal(36, 5)
        client.assert_closed()

    def test_without_wait_what_comes_later_stays(self, client, standin):
        client.send(resume(ONE, timer=THIRTY_SECONDS))
        reads(standin, "CLIENT01")
        queue(standin, "LATE")
        with_cancel(client, standin)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_with_wait_what_comes_later_is_sent(self, client, standin):
        client.send(resume(SWAIT, timer=THIRTY_SECONDS))
        reads(standin, "CLIENT01")
        queue(standin, "LATE")
        assert client.output() == reply("LATE", flags=WANTS_ACK)
        assert client.ask(answer()) == refusal(40, TEN_MS)
        client.assert_open()


def with_cancel(client, standin) -> None:
    """End the wait of a client by a cancel timer from another connection."""
    with type(client)(standin.port) as other:
        assert other.ask(message(verb="C")) == refusal(8, 59)
        other.assert_closed()
    assert client.output() == refusal(40, THIRTY_SECONDS)


class TestMany:
    @pytest.mark.parametrize("option", MANY)
    def test_each_ack_brings_the_next_message_in_order(self, client, standin, option):
        queue(standin, "1", "2", "3")
        assert client.ask(resume(option)) == reply("1", flags=WANTS_ACK | MORE)
        assert client.ask(answer()) == reply("2", flags=WANTS_ACK | MORE)
        assert client.ask(answer()) == reply("3", flags=WANTS_ACK)
        assert client.ask(answer()) == refusal(40, TEN_MS)
        client.assert_open()
        assert standin.tpipes.depths == EMPTY
        assert standin.seen[0].outcome == "timed out, 3 delivered"

    @pytest.mark.parametrize("option", [NOAUTO, NO_OPTION])
    def test_noauto_sends_nothing_that_comes_after_the_last(self, client, standin, option):
        queue(standin, "1")
        client.ask(resume(option))
        client.send(answer(timer=THIRTY_SECONDS))
        until(lambda: standin.tpipes.in_delivery == 0)
        queue(standin, "LATE")
        with_cancel(client, standin)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_auto_sends_what_comes_later(self, client, standin):
        client.send(resume(AUTO, timer=FOREVER))
        reads(standin, "CLIENT01")
        for text_ in ("1", "2"):
            queue(standin, text_)
            assert client.output() == reply(text_, flags=WANTS_ACK)
            client.send(answer(timer=FOREVER))
            until(lambda: standin.tpipes.in_delivery == 0)

    def test_the_timer_of_the_latest_ack_counts(self, client, standin):
        queue(standin, "1")
        client.ask(resume(AUTO, timer=FOREVER))
        assert client.ask(answer(timer=TWENTY_MS)) == refusal(40, TWENTY_MS)

    @pytest.mark.parametrize(("timer", "expected"), [(NO_WAIT, (40, NO_WAIT)), (0, (36, 25))])
    def test_no_wait_and_the_default_are_short_on_an_ack(self, client, standin, timer, expected):
        queue(standin, "1")
        client.ask(resume(AUTO))
        assert client.ask(answer(timer=timer)) == refusal(*expected)

    def test_segments_and_mod_name_and_client_id_arrive(self, client, standin):
        standin.queue_output("CLIENT01", ebcdic("1"), b"", b"\x00\xff", mod_name="MYMOD")
        client.send(resume(ONE, f1=0xC0))
        expected = llll(
            named("*REQMOD*", "MYMOD"),
            named("*GENCID*", "CLIENT01"),
            segment(ebcdic("1")),
            segment(b""),
            segment(b"\x00\xff"),
            csm(WANTS_ACK),
        )
        assert client.output() == expected


class TestEmptyQueue:
    @pytest.mark.parametrize("option", ALL)
    @pytest.mark.parametrize(("socket_type", "code"), [(0x10, 40), (TRANSACTION, 32), (NON_PERSISTENT, 32)])
    def test_the_timer_ends_it(self, client, standin, option, socket_type, code):
        assert client.ask(resume(option, socket_type=socket_type)) == refusal(code, TEN_MS)
        assert standin.seen[0].outcome == "timed out, 0 delivered"
        client.assert_open() if code == 40 else client.assert_closed()

    @pytest.mark.parametrize(
        ("timer", "expected"), [(0, (36, 200)), (0xA0, (36, 200)), (NO_WAIT, (40, NO_WAIT))]
    )
    def test_default_undefined_and_no_wait_are_two_seconds(self, client, timer, expected):
        assert client.ask(resume(ONE, timer=timer)) == refusal(*expected)


class TestNotTaken:
    @pytest.mark.parametrize("option", ALL)
    @pytest.mark.parametrize("verb", ["N", "D"])
    @pytest.mark.parametrize("timer", [TEN_MS, FOREVER])
    def test_nak_and_deallocate_put_the_message_back_and_end_it(self, client, standin, option, verb, timer):
        queue(standin, "1", "2")
        client.ask(resume(option))
        assert client.ask(answer(verb, timer=timer)) == refusal(40, timer)
        client.assert_open()
        assert [held.segments[0] for held in standin.tpipes.held("CLIENT01")] == [ebcdic("1"), ebcdic("2")]
        named_ = {"N": "NAK", "D": "DEALLOCATE"}[verb]
        assert standin.seen[0].outcome == f"{named_}, held, 0 delivered"

    @pytest.mark.parametrize("f0", [0x10, 0x20, 0x30])
    def test_every_form_of_nak_keeps_asynchronous_output(self, client, standin, f0):
        queue(standin, "1")
        client.ask(resume(AUTO))
        assert client.ask(answer("N", f0=f0, nak_reason=7)) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    @pytest.mark.parametrize("option", [ONE, SWAIT])
    def test_a_nak_of_a_single_message_with_no_wait_is_not_answered(self, client, standin, option):
        queue(standin, "1")
        client.ask(resume(option))
        client.send(answer("N", timer=NO_WAIT))
        client.assert_open()
        assert standin.tpipes.depths == {"CLIENT01": 1}

    @pytest.mark.parametrize(
        ("fields", "left"),
        [
            ({"f3": CONFIRM | PURGE}, EMPTY),
            ({"f3": CONFIRM | REROUTE}, {"HWS$DEF": 1}),
            ({"f3": CONFIRM | REROUTE, "arch": 1, "reroute": "OTHER"}, {"OTHER": 1}),
            ({"f3": CONFIRM | REROUTE, "arch": 1, "reroute": "no-name"}, {"HWS$DEF": 1}),
            ({"f3": CONFIRM | REROUTE | PURGE}, {"CLIENT01": 1}),
        ],
    )
    def test_a_nak_may_ask_for_purge_or_reroute(self, client, standin, fields, left):
        queue(standin, "1")
        client.ask(resume(AUTO))
        assert client.ask(answer("N", **fields)) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == left

    def test_a_client_that_leaves_leaves_the_message_where_it_stood(self, connect, standin):
        client = connect(standin)
        queue(standin, "1", "2")
        client.ask(resume(AUTO))
        client.close()
        until(lambda: standin.connections == 0)
        assert [held.segments[0] for held in standin.tpipes.held("CLIENT01")] == [ebcdic("1"), ebcdic("2")]
        assert standin.seen[0].outcome == "client gone, 0 delivered"

    def test_no_ack_in_time_ends_it_with_12_81(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"ackto_seconds": 0.05})
        client = connect(standin)
        queue(standin, "1")
        client.ask(resume(AUTO))
        assert client.output() == refusal(12, 81)
        client.assert_closed()
        assert standin.tpipes.depths == {"CLIENT01": 1}
        assert standin.seen[0].outcome == "refused 12/81, 0 delivered"

    @pytest.mark.parametrize("verb", [" ", "S", "K", "R", "C", "J", "L"])
    def test_anything_else_is_a_protocol_error(self, client, standin, verb):
        queue(standin, "1")
        client.ask(resume(AUTO))
        data = () if verb in "RCL" else (ebcdic("ECHO"),)
        block = b"data" if verb == "L" else None
        token = b"\x00\x28" + bytes(38)
        wrong = message(*data, verb=verb, f2=CM0, f3=CONFIRM, arch=3, token=token, block=block)
        client.send(wrong)
        assert client.rest() == (b"" if verb == "S" else refusal(8, 36))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})

    def test_an_ack_under_another_client_id_is_none(self, client, standin):
        queue(standin, "1")
        client.ask(resume(AUTO))
        assert client.ask(answer(client="CLIENT02")) == refusal(8, 16)
        client.assert_closed()
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_a_takeover_finds_the_message_on_the_queue(self, connect, standin):
        first, second = connect(standin), connect(standin)
        queue(standin, "1")
        first.ask(resume(ONE))
        assert second.ask(resume(ONE, f3=CONFIRM | CANCEL)) == reply("1", flags=WANTS_ACK)
        first.assert_closed()
        assert second.ask(answer()) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == EMPTY

    def test_a_takeover_of_commit_mode_0_finds_its_output_too(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("ECHO 1", f2=CM0, f3=CONFIRM))
        assert second.ask(resume(ONE, f3=CONFIRM | CANCEL)) == reply("1", flags=WANTS_ACK)

    def test_stopping_ims_connect_keeps_the_message(self, connect, standin):
        client = connect(standin)
        queue(standin, "1")
        client.ask(resume(AUTO))
        standin.restart()
        assert standin.tpipes.depths == {"CLIENT01": 1}
        again = connect(standin)
        assert again.ask(resume(AUTO)) == reply("1", flags=WANTS_ACK)


class TestFaults:
    @pytest.mark.parametrize("fault", [{"on": "reply"}, {"on": "reply", "after_bytes": 10}])
    def test_output_that_a_fault_cuts_stays(self, client, standin, fault):
        standin.faults.add(kind="drop", verb="R", **fault)
        queue(standin, "1")
        client.send(resume(AUTO))
        until(lambda: standin.connections == 0)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_an_ack_that_a_fault_swallows_is_none(self, client, standin):
        standin.faults.add(kind="drop", verb="A", on="request")
        queue(standin, "1")
        client.ask(resume(AUTO))
        client.send(answer())
        until(lambda: standin.connections == 0)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_what_an_answered_ack_took_away_is_gone(self, client, standin):
        standin.faults.add(kind="drop", verb="A", on="reply")
        queue(standin, "1", "2")
        client.ask(resume(AUTO))
        client.send(answer())
        until(lambda: standin.connections == 0)
        assert [held.segments[0] for held in standin.tpipes.held("CLIENT01")] == [ebcdic("2")]


class TestCancelTimer:
    @pytest.mark.parametrize(("socket_type", "code"), [(0x10, 40), (TRANSACTION, 32)])
    def test_who_waits_gets_its_time_out(self, client, connect, standin, socket_type, code):
        client.send(resume(AUTO, timer=FOREVER, socket_type=socket_type))
        reads(standin, "CLIENT01")
        other = connect(standin)
        assert other.ask(message(verb="C")) == refusal(8, 59)
        other.assert_closed()
        assert client.output() == refusal(code, FOREVER)
        client.assert_open() if code == 40 else client.assert_closed()

    def test_the_default_timer_is_told_as_the_default(self, client, connect, standin):
        client.send(resume(AUTO, timer=0))
        reads(standin, "CLIENT01")
        connect(standin).ask(message(verb="C"))
        assert client.output() == refusal(36, 200)
        client.assert_closed()

    def test_a_worked_example_cancels(self, client, connect, standin):
        client.send(resume(AUTO, timer=FOREVER))
        reads(standin, "CLIENT01")
        other = connect(standin)
        assert other.ask(example("input/28-cancel-timer")) == example("output/28-cancel-timer-answer")


class TestSeveral:
    def test_a_second_one_waits_in_line(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.send(resume(AUTO, timer=FOREVER))
        reads(standin, "CLIENT01")
        second.send(resume(AUTO, timer=FOREVER, client="CLIENT02", arch=1, reroute="CLIENT01"))
        reads(standin, "CLIENT01", 2)
        queue(standin, "1")
        assert first.output() == reply("1", flags=WANTS_ACK)
        queue(standin, "2")
        assert first.ask(answer(timer=FOREVER)) == reply("2", flags=WANTS_ACK)
        first.close()
        assert second.output() == reply("2", flags=WANTS_ACK)

    def test_the_timer_of_the_one_in_line_runs(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.send(resume(AUTO, timer=FOREVER))
        reads(standin, "CLIENT01")
        request = resume(ONE, client="CLIENT02", arch=1, reroute="CLIENT01")
        assert second.ask(request) == refusal(40, TEN_MS)
        second.assert_open(client="CLIENT02")

    def test_with_multirtp_they_work_at_a_time(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"multirtp": True})
        first, second = connect(standin), connect(standin)
        queue(standin, "1", "2")
        assert first.ask(resume(AUTO)) == reply("1", flags=WANTS_ACK | MORE)
        request = resume(AUTO, client="CLIENT02", arch=1, reroute="CLIENT01")
        assert second.ask(request) == reply("2", flags=WANTS_ACK)

    def test_a_message_goes_to_one_of_them(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"multirtp": True})
        first, second = connect(standin), connect(standin)
        first.send(resume(AUTO, timer=FOREVER))
        second.send(resume(AUTO, timer=TEN_MS, client="CLIENT02", arch=1, reroute="CLIENT01"))
        assert second.output() == refusal(40, TEN_MS)
        queue(standin, "1")
        assert first.output() == reply("1", flags=WANTS_ACK)


class TestStoppedTpipe:
    def test_the_active_one_gets_12_81_and_the_next_12_82(self, client, connect, standin):
        client.send(resume(AUTO, timer=FOREVER))
        reads(standin, "CLIENT01")
        standin.stop_tpipe("CLIENT01")
        assert client.output() == refusal(12, 81)
        client.assert_closed()
        again = connect(standin)
        assert again.ask(resume(AUTO)) == refusal(12, 82)
        again.assert_closed()

    def test_a_message_on_its_way_goes_back(self, client, standin):
        queue(standin, "1")
        client.ask(resume(AUTO))
        standin.stop_tpipe("CLIENT01")
        assert client.output() == refusal(12, 81)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_others_go_on(self, client, standin):
        standin.stop_tpipe("OTHER")
        queue(standin, "1")
        assert client.ask(resume(ONE)) == reply("1", flags=WANTS_ACK)

    def test_after_the_start_it_may_be_read_again(self, client, standin):
        standin.stop_tpipe("CLIENT01")
        standin.start_tpipe("CLIENT01")
        queue(standin, "1")
        assert client.ask(resume(ONE)) == reply("1", flags=WANTS_ACK)


class TestDataStore:
    def test_who_waits_when_it_goes_gets_44(self, client, standin):
        client.send(resume(AUTO, timer=FOREVER))
        reads(standin, "CLIENT01")
        standin.stop_datastore("IMS1")
        assert client.output() == refusal(44, 0)
        client.assert_closed()

    def test_an_unknown_one_is_refused(self, client):
        assert client.ask(resume(ONE, datastore="IMS9")) == refusal(4, 72)
        client.assert_closed()

    @pytest.mark.parametrize("ims_gone", [True, False])
    def test_one_that_is_not_active_is_stopped_or_closing(self, client, standin, ims_gone):
        standin.stop_datastore("IMS1", ims_gone=ims_gone)
        assert client.ask(resume(ONE)) == refusal(4, 74)
        client.assert_closed()


class TestRefused:
    @pytest.mark.parametrize("f2", [CM1, 0])
    def test_commit_mode_1(self, client, f2):
        assert client.ask(resume(ONE, f2=f2)) == refusal(4, 93)
        client.assert_closed()

    @pytest.mark.parametrize("arch", [0, 1, 2])
    @pytest.mark.parametrize("f0", [SYNC_ONLY, SYNC_AND_ASYNC])
    def test_callout_requests_below_level_3(self, client, arch, f0):
        assert client.ask(resume(ONE, arch=arch, f0=f0)) == refusal(4, 9)
        client.assert_closed()

    @pytest.mark.parametrize("option", [ONE | AUTO, SWAIT | NOAUTO, ONE | SWAIT])
    def test_options_that_exclude_each_other(self, client, option):
        assert client.ask(resume(option)) == refusal(4, 9)

    def test_callout_requests_only_and_not_only(self, client):
        assert client.ask(resume(ONE, arch=3, f0=SYNC_ONLY | SYNC_AND_ASYNC)) == refusal(4, 9)

    def test_a_user_who_may_not_read_the_tpipe(self, standin_factory, connect):
        standin = standin_factory(
            ims_connect={"otma_security": "check"},
            users={"ALICE": {}, "BOB": {}},
            tpipes={"CLIENT01": {"permit": ["ALICE"]}},
        )
        queue(standin, "1")
        assert connect(standin).ask(resume(ONE, user="ALICE")) == reply("1", flags=WANTS_ACK)
        second = connect(standin)
        answer_ = second.ask(resume(ONE, user="BOB", client="CLIENT02", arch=1, reroute="CLIENT01"))
        assert answer_[:-4] == refusal(16, 0x33, answer_[7])[:-4]
        second.assert_closed()
        assert standin.tpipes.in_delivery == 1

    def test_a_wrong_password(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"racf": True}, users={"ALICE": {"password": "SECRET1"}})
        queue(standin, "1")
        client = connect(standin)
        assert client.ask(resume(ONE, user="ALICE", password="WRONG")) == refusal(8, 78, 8)
        assert standin.tpipes.depths == {"CLIENT01": 1}


class TestNetworkIdentity:
    EXTENSIONS = (("*NETUID*", b"cn=alice".decode().encode("cp037")), ("*NETSID*", ebcdic("realm")))

    def send_only(self) -> bytes:
        fields = {"arch": 5, "f0": 0x04, "extensions": self.EXTENSIONS}
        return text("ECHO HELLO", verb="S", f2=CM0, timer=NO_WAIT, **fields)

    def test_it_comes_when_it_is_asked_for(self, client, standin):
        client.send(self.send_only())
        until(lambda: standin.tpipes.depths)
        expected = llll(
            network("*NETSID*", ebcdic("realm")),
            network("*NETUID*", ebcdic("cn=alice")),
            segment(ebcdic("HELLO")),
            csm(WANTS_ACK),
        )
        assert client.ask(resume(ONE, arch=5, f6=0x80)) == expected

    def test_it_does_not_come_otherwise(self, client, standin):
        client.send(self.send_only())
        until(lambda: standin.tpipes.depths)
        assert client.ask(resume(ONE, arch=5)) == reply("HELLO", flags=WANTS_ACK)

    def test_there_is_none_where_none_was_sent(self, client, standin):
        queue(standin, "HELLO")
        assert client.ask(resume(ONE, arch=5, f6=0x80)) == reply("HELLO", flags=WANTS_ACK)


class TestOtherClients:
    def test_ascii(self, client, standin):
        queue(standin, "HELLO")
        request = resume(ONE, code="ascii")
        assert client.ask(request) == llll(segment(b"HELLO"), csm(WANTS_ACK, code="ascii"))
        assert client.ask(answer(code="ascii")) == llll(
            b"\x00\x14\x00\x00" + b"*REQSTS*" + (40).to_bytes(4) + (1).to_bytes(4)
        )

    def test_hwssmpl0_has_no_llll(self, client, standin):
        queue(standin, "HELLO")
        client.send(resume(ONE, exit_id="*SAMPLE*"))
        expected = segment(ebcdic("HELLO")) + csm(WANTS_ACK)
        assert client.read(len(expected)) == expected

    def test_transactions_come_before_and_after(self, client, standin):
        assert client.ask(text("ECHO 1")) == reply("1")
        queue(standin, "HELLO")
        assert client.ask(resume(ONE)) == reply("HELLO", flags=WANTS_ACK)
        assert client.ask(answer()) == refusal(40, TEN_MS)
        assert client.ask(text("ECHO 2")) == reply("2")

    def test_late_commit_mode_0_output_is_fetched(self, client, standin):
        request = text("SLEEP 50", f2=CM0, f3=CONFIRM, timer=TEN_MS)
        assert client.ask(request) == refusal(40, TEN_MS)
        until(lambda: standin.tpipes.depths)
        assert client.ask(resume(ONE)) == reply("50", flags=WANTS_ACK)
