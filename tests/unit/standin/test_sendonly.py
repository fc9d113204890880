"""Send-only, with acknowledgment and with error: what comes back, and what stays on the hold queue."""

import pytest

from tests.unit.standin.by_hand import (
    CM0,
    CM1,
    NO_WAIT,
    ORDER,
    PURGE,
    TRANSACTION,
    csm,
    ebcdic,
    example,
    llll,
    refusal,
    reply,
    text,
    until,
)

CSM_ALONE = llll(csm())


def send_only(line: str, verb: str = "S", **fields) -> bytes:
    return text(line, verb=verb, f2=fields.pop("f2", CM0), timer=NO_WAIT, **fields)


class TestSendOnly:
    def test_nothing_comes_back_and_the_next_may_follow(self, client, standin):
        client.send(send_only("NOREPLY 1") + send_only("NOREPLY 2"))
        client.assert_open()
        until(lambda: [seen.outcome for seen in standin.seen[:2]] == ["committed"] * 2)
        assert standin.tpipes.depths == {}

    def test_a_worked_example_is_taken(self, client, standin):
        client.send(example("input/24-send-only"))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})
        (held,) = standin.tpipes.held("CLIENT01")
        assert held.segments == (ebcdic("DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=ORDERTRN"),)

    def test_what_the_program_answers_waits_for_the_client(self, client, standin):
        client.send(send_only("ECHO HELLO"))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})
        assert standin.tpipes.held("CLIENT01")[0].segments == (ebcdic("HELLO"),)
        until(lambda: standin.seen[0].outcome == "held")

    def test_purge_is_not_for_send_only(self, client, standin):
        client.send(send_only("ECHO HELLO", f3=PURGE))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})

    def test_the_work_goes_on_when_the_client_leaves(self, connect, standin):
        client = connect(standin)
        client.send(send_only("IVTNO     DELETE  LAST1"))
        client.close()
        until(lambda: "LAST1" not in standin.book.entries)

    @pytest.mark.parametrize("fields", [{"datastore": "NONE"}, {"f2": CM1}])
    def test_an_error_is_not_answered_but_ends_the_connection(self, client, standin, fields):
        client.send(send_only("ECHO HELLO", **fields))
        client.assert_closed()
        assert standin.seen[0].outcome.startswith("refused")
        assert standin.tpipes.depths == {}

    def test_ordered_inputs_run_one_after_the_other(self, client, standin):
        client.send(send_only("SLEEP 40 FIRST", f3=ORDER) + send_only("SLEEP 0 SECOND", f3=ORDER))
        until(lambda: standin.tpipes.depth("CLIENT01") == 2)
        texts = [output.segments[0].decode("cp037") for output in standin.tpipes.held("CLIENT01")]
        assert texts == ["40 FIRST", "0 SECOND"]

    def test_inputs_without_order_overtake_each_other(self, client, standin):
        client.send(send_only("SLEEP 40 FIRST") + send_only("SLEEP 0 SECOND"))
        until(lambda: standin.tpipes.depth("CLIENT01") == 2)
        texts = [output.segments[0].decode("cp037") for output in standin.tpipes.held("CLIENT01")]
        assert texts == ["0 SECOND", "40 FIRST"]

    def test_the_last_of_several_may_end_the_connection(self, client, standin):
        client.send(send_only("NOREPLY 1") + send_only("NOREPLY 2", socket_type=TRANSACTION))
        client.assert_closed()
        assert len(standin.seen) == 2

    def test_an_error_is_not_taken_for_the_answer_to_the_next(self, client, standin):
        client.send(send_only("NOREPLY", datastore="NONE") + send_only("NOREPLY", "K"))
        client.assert_closed()
        assert [seen.outcome for seen in standin.seen] == ["refused 8/72"]


class TestWithAcknowledgment:
    def test_the_acknowledgment_says_that_the_input_is_queued(self, client, standin):
        assert client.ask(send_only("SLEEP 20", "K")) == CSM_ALONE
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})

    def test_an_unknown_transaction_is_refused(self, client, standin):
        assert client.ask(send_only("NOSUCH", "K")) == refusal(16, 0x1A)
        client.assert_closed()
        assert standin.tpipes.depths == {}

    def test_a_stopped_transaction_is_refused(self, standin_factory, connect):
        client = connect(standin_factory(transactions={"ECHO": {"stopped": True}}))
        assert client.ask(send_only("ECHO", "K")) == refusal(16, 0x1A)

    def test_a_wrong_data_store_is_refused(self, client):
        assert client.ask(send_only("ECHO", "K", datastore="NONE")) == refusal(8, 72)
        client.assert_closed()

    def test_acknowledgment_wins_over_order(self, client, standin):
        assert client.ask(send_only("SLEEP 40 FIRST", "K", f3=ORDER)) == CSM_ALONE
        assert client.ask(send_only("SLEEP 0 SECOND", "K", f3=ORDER)) == CSM_ALONE
        until(lambda: standin.tpipes.depth("CLIENT01") == 2)
        texts = [output.segments[0].decode("cp037") for output in standin.tpipes.held("CLIENT01")]
        assert texts == ["0 SECOND", "40 FIRST"]

    def test_text_that_is_suppressed_changes_nothing_where_there_is_none(self, client):
        assert client.ask(send_only("NOREPLY", "K", f1=0x04)) == CSM_ALONE


class TestWithError:
    def test_nothing_comes_back_when_all_is_well(self, client):
        client.send(send_only("NOREPLY", "J"))
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_an_error_is_answered_and_ends_the_connection(self, client):
        assert client.ask(send_only("NOREPLY", "J", datastore="NONE")) == refusal(8, 72)
        client.assert_closed()
