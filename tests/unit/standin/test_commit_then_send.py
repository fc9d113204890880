"""Commit mode 0: ACK, NAK, NOWAIT, and what becomes of output that nobody takes."""

import pytest

from gateway.standin import Context, Reply
from tests.unit.standin.by_hand import (
    CM0,
    CM1,
    CONFIRM,
    DFS2082,
    NO_WAIT,
    PURGE,
    REROUTE,
    TEN_MS,
    TRANSACTION,
    TWENTY_MS,
    Client,
    csm,
    ebcdic,
    example,
    llll,
    message,
    refusal,
    reply,
    segment,
    text,
    until,
)

NOWAIT_FLAG = 0x02
MORE = 0x80
WANTS_ACK = 0x30


def cm0(*lines: str, f3: int = 0, **fields) -> bytes:
    return text(*lines, f2=CM0, f3=CONFIRM | f3, **fields)


def answer(verb: str, *, timer: int = TEN_MS, f3: int = 0, **fields) -> bytes:
    return message(verb=verb, f2=CM0, f3=CONFIRM | f3, timer=timer, **fields)


class TestAck:
    def test_after_the_ack_the_timer_ends_the_exchange(self, client, standin):
        assert client.ask(cm0("ECHO 1")) == reply("1", flags=WANTS_ACK)
        assert client.ask(answer("A")) == refusal(40, TEN_MS)
        client.assert_open()
        assert standin.seen[0].outcome == "acknowledged"
        assert standin.tpipes.depths == {}

    def test_several_segments_arrive_as_several(self, client):
        request = cm0("ECHO FIRST", "SECOND")
        assert client.ask(request) == reply("FIRST", "SECOND", flags=WANTS_ACK)
        assert example("input/25-multi-segment-cm0")[33] == request[33]

    def test_a_transaction_socket_closes_with_32(self, client):
        client.ask(cm0("ECHO 1", socket_type=TRANSACTION))
        assert client.ask(answer("A", socket_type=TRANSACTION)) == refusal(32, TEN_MS)
        client.assert_closed()

    def test_the_default_timer_after_an_ack_closes(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"timeout_seconds": 0.05}))
        client.ask(cm0("ECHO 1"))
        assert client.ask(answer("A", timer=0)) == refusal(36, 5)
        client.assert_closed()

    def test_an_ack_with_nowait_is_not_answered(self, client):
        client.ask(cm0("ECHO 1"))
        client.send(answer("A", timer=NO_WAIT, f1=NOWAIT_FLAG))
        client.assert_open()

    def test_an_ack_with_nowait_ends_a_transaction_socket(self, client):
        client.ask(cm0("ECHO 1", socket_type=TRANSACTION))
        client.send(answer("A", timer=NO_WAIT, f1=NOWAIT_FLAG, socket_type=TRANSACTION))
        client.assert_closed()

    @pytest.mark.parametrize("verb", ["A", "N"])
    def test_the_next_request_may_follow_at_once(self, client, verb):
        client.ask(cm0("ECHO 1"))
        client.send(answer(verb, timer=NO_WAIT, f1=NOWAIT_FLAG, f3=PURGE) + cm0("ECHO 2"))
        assert client.output() == reply("2", flags=WANTS_ACK)

    def test_nowait_needs_the_flag_in_the_ack(self, client):
        client.ask(cm0("ECHO 1"))
        assert client.ask(answer("A", timer=NO_WAIT)) == refusal(40, NO_WAIT)

    def test_nowait_needs_protocol_level_2(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"protocol_level": 1}))
        client.ask(cm0("ECHO 1"))
        assert client.ask(answer("A", timer=NO_WAIT, f1=NOWAIT_FLAG)) == refusal(40, NO_WAIT)

    def test_what_was_held_comes_after_the_ack(self, client, standin):
        client.send(text("ECHO EARLIER", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths)
        assert client.ask(cm0("ECHO NOW")) == reply("NOW", flags=WANTS_ACK | 0x80)
        assert client.ask(answer("A")) == reply("EARLIER", flags=WANTS_ACK)
        assert client.ask(answer("A")) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == {}

    def test_what_comes_while_the_timer_runs_is_sent(self, client, connect, standin):
        client.ask(cm0("ECHO NOW"))
        client.send(answer("A", timer=0x45))
        until(lambda: len(standin.seen) == 2)
        # rerouted on purpose to the tpipe of the client that waits
        other = connect(standin)
        other.ask(cm0("ECHO FOR THE OTHER", client="CLIENT02", f3=REROUTE, arch=1, reroute="CLIENT01"))
        other.close()
        assert client.output() == reply("FOR THE OTHER", flags=WANTS_ACK)

    def test_held_output_without_ack_goes_back(self, connect, standin):
        client = connect(standin)
        client.send(text("ECHO EARLIER", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths)
        client.ask(cm0("ECHO NOW"))
        client.ask(answer("A"))
        client.close()
        until(lambda: standin.connections == 0)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_held_output_that_is_refused_goes_back(self, client, standin):
        client.send(text("ECHO EARLIER", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths)
        client.ask(cm0("ECHO NOW"))
        client.ask(answer("A"))
        assert client.ask(answer("N")) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_a_client_that_leaves_after_its_ack_leaves_nothing_behind(self, connect, standin):
        client = connect(standin)
        client.ask(cm0("ECHO NOW"))
        client.send(answer("A", timer=0x45))
        until(lambda: len(standin.seen) == 2)
        client.close()
        until(lambda: standin.connections == 0)
        assert standin.tpipes.depths == {}

    def test_a_late_ack_is_refused_and_the_output_held(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"ackto_seconds": 0.05})
        client = connect(standin)
        client.ask(cm0("ECHO 1"))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})
        assert client.ask(answer("A")) == refusal(16, 0x2B)
        client.assert_closed()

    def test_a_late_ack_for_held_output_is_refused(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"ackto_seconds": 0.2})
        client = connect(standin)
        client.send(text("ECHO EARLIER", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths)
        client.ask(cm0("ECHO NOW"))
        client.ask(answer("A"))
        until(lambda: standin.tpipes.depths)
        assert client.ask(answer("A")) == refusal(16, 0x2B)


class TestUndeliverable:
    """Output nobody acknowledged: held, purged or rerouted, as request or NAK say."""

    FLAGS = (
        pytest.param({}, {"CLIENT01": 1}, id="held"),
        pytest.param({"f3": PURGE}, {}, id="purged"),
        pytest.param({"f3": REROUTE}, {"HWS$DEF": 1}, id="rerouted-by-default"),
        pytest.param({"f3": REROUTE, "arch": 1, "reroute": "OTHER"}, {"OTHER": 1}, id="rerouted"),
        pytest.param({"f3": PURGE | REROUTE}, {"CLIENT01": 1}, id="both-means-neither"),
    )

    @pytest.mark.parametrize(("fields", "left"), FLAGS)
    def test_nak(self, client, standin, fields, left):
        client.ask(cm0("ECHO 1"))
        assert client.ask(answer("N", **fields)) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == left
        client.assert_open()

    @pytest.mark.parametrize(("fields", "left"), FLAGS)
    def test_client_gone_before_the_ack(self, connect, standin, fields, left):
        client = connect(standin)
        client.ask(cm0("ECHO 1", **fields))
        client.close()
        until(lambda: standin.seen[0].outcome.startswith("not delivered"))
        assert standin.tpipes.depths == left

    @pytest.mark.parametrize(("fields", "left"), FLAGS)
    def test_client_gone_while_ims_works(self, connect, standin, fields, left):
        client = connect(standin)
        client.send(cm0("SLEEP 50", **fields))
        until(lambda: standin.seen)
        client.close()
        until(lambda: standin.seen[0].outcome.startswith("client gone, "))
        assert standin.tpipes.depths == left

    @pytest.mark.parametrize(("fields", "left"), FLAGS)
    def test_timer_over(self, client, standin, fields, left):
        assert client.ask(cm0("SLEEP 50", timer=TEN_MS, **fields)) == refusal(40, TEN_MS)
        client.assert_open()
        until(lambda: standin.seen[0].outcome.startswith("timed out, "))
        assert standin.tpipes.depths == left

    def test_the_data_store_may_name_the_tpipe_for_rerouted_output(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"reroute_name": "LOST"})
        client = connect(standin)
        client.ask(cm0("ECHO 1"))
        client.ask(answer("N", f3=REROUTE))
        assert standin.tpipes.depths == {"LOST": 1}

    def test_an_ack_that_gets_lost_is_none(self, connect, standin):
        standin.faults.add(kind="drop", verb="A")
        client = connect(standin)
        client.ask(cm0("ECHO 1"))
        client.send(answer("A"))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})

    def test_generated_ids_leave_no_queues_behind_when_output_is_purged(self, connect, standin):
        for _ in range(5):
            client: Client = connect(standin)
            client.ask(cm0("ECHO 1", client="", f3=PURGE))
            client.close()
        until(lambda: standin.connections == 0)
        assert standin.tpipes.depths == {}

    def test_the_change_is_kept_although_the_output_was_refused(self, client, standin):
        client.ask(cm0("IVTNO     DELETE  LAST1"))
        client.ask(answer("N", f3=PURGE))
        assert "LAST1" not in standin.book.entries

    def test_a_nak_with_nowait_is_not_answered(self, client, standin):
        client.ask(cm0("ECHO 1"))
        client.send(answer("N", timer=NO_WAIT, f1=NOWAIT_FLAG, f3=PURGE))
        client.assert_open()
        assert standin.tpipes.depths == {}

    def test_stopping_ims_connect_keeps_the_output(self, connect, standin):
        client = connect(standin)
        client.ask(cm0("ECHO 1"))
        standin.restart()
        assert standin.tpipes.depths == {"CLIENT01": 1}


class TestNoOutput:
    def test_the_client_waits_for_its_timer(self, client, standin):
        assert client.ask(cm0("NOREPLY", timer=TWENTY_MS)) == refusal(40, TWENTY_MS)
        assert standin.seen[0].outcome == "no reply"
        assert standin.tpipes.depths == {}

    def test_dfs2082_comes_when_asked_for(self, client):
        expected = llll(
            segment(ebcdic("DFS2082 RESPONSE MODE TRANSACTION TERMINATED WITHOUT REPLY")), csm(WANTS_ACK)
        )
        assert client.ask(cm0("NOREPLY", f3=DFS2082)) == expected

    def test_a_client_that_does_not_wait_is_no_harm(self, connect, standin):
        client = connect(standin)
        client.send(cm0("NOREPLY"))
        until(lambda: standin.seen)
        client.close()
        until(lambda: standin.connections == 0)
        assert standin.seen[0].outcome == "no reply"


class TestRefusals:
    def test_commit_mode_0_is_always_confirmed(self, client):
        assert client.ask(text("ECHO 1", f2=CM0)) == refusal(4, 9)
        client.assert_closed()

    def test_a_message_of_ims_wants_an_ack_too(self, client):
        expected = "DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=NOSUCH"
        assert client.ask(cm0("NOSUCH")) == reply(expected, flags=WANTS_ACK)

    def test_deallocate_is_no_answer_to_commit_mode_0(self, client, standin):
        client.ask(cm0("ECHO 1", f3=PURGE))
        assert client.ask(answer("D")) == refusal(8, 36)
        until(lambda: standin.seen[0].outcome == "not delivered, purged")

    def test_neither_commit_mode_means_mode_1(self, client):
        assert client.ask(text("ECHO 1", f2=0)) == reply("1")
        assert CM1


class Several:
    """Answers with three messages, by PURG calls."""

    async def run(self, _context: Context) -> Reply:
        return Reply((b"1a", b"1b"), "MOD", purged=((b"2",), (b"3",)))


class TestSeveralMessages:
    @pytest.fixture
    def standin(self, standin_factory):
        return standin_factory(transactions={"SEVERAL": {"program": f"{__name__}:Several"}})

    def test_each_ack_brings_the_next_before_what_waited(self, client, standin):
        standin.queue_output("CLIENT01", b"4")
        first = llll(segment(b"1a"), segment(b"1b"), csm(WANTS_ACK | MORE))
        assert client.ask(cm0("SEVERAL")) == first
        assert client.ask(answer("A")) == llll(segment(b"2"), csm(WANTS_ACK | MORE))
        assert client.ask(answer("A")) == llll(segment(b"3"), csm(WANTS_ACK | MORE))
        assert client.ask(answer("A")) == llll(segment(b"4"), csm(WANTS_ACK))
        assert client.ask(answer("A")) == refusal(40, TEN_MS)
        assert (standin.tpipes.depths, standin.tpipes.in_delivery) == ({}, 0)

    def test_an_ack_with_nowait_leaves_the_others_on_the_queue(self, client, standin):
        client.ask(cm0("SEVERAL"))
        client.send(answer("A", timer=NO_WAIT, f1=NOWAIT_FLAG))
        client.assert_open()
        assert [held.segments for held in standin.tpipes.held("CLIENT01")] == [(b"2",), (b"3",)]

    @pytest.mark.parametrize(("fields", "left"), [({}, {"CLIENT01": 2}), ({"f3": PURGE}, {})])
    def test_a_nak_is_for_all_that_are_left(self, client, standin, fields, left):
        client.ask(cm0("SEVERAL"))
        client.ask(answer("A"))
        assert client.ask(answer("N", **fields)) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == left

    def test_a_client_that_leaves_leaves_all_that_are_left(self, connect, standin):
        client = connect(standin)
        client.ask(cm0("SEVERAL"))
        client.ask(answer("A"))
        client.close()
        until(lambda: standin.tpipes.depths == {"CLIENT01": 2})

    def test_with_ipurg_they_are_one(self, client):
        everything = llll(segment(b"1a"), segment(b"1b"), segment(b"2"), segment(b"3"), csm(WANTS_ACK))
        assert client.ask(cm0("SEVERAL", f3=0x20)) == everything


class TestMessagesOfIms:
    @pytest.mark.parametrize(
        ("fields", "note"),
        [
            ({"f3": PURGE | REROUTE}, "DFS2407W"),
            ({"f3": REROUTE, "arch": 1, "reroute": "no-name"}, "DFS9123E"),
        ],
    )
    def test_flags_that_do_not_go_are_named(self, standin_factory, connect, fields, note):
        lines: list[str] = []
        standin = standin_factory(trace=1, write=lines.append)
        client = connect(standin)
        client.ask(cm0("ECHO 1"))
        client.ask(answer("N", **fields))
        assert len([line for line in lines if note in line]) == 1
