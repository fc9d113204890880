"""The messages of a tpipe as an object: its ends, its limit, and what is known of the last ACK."""

import gc
import threading
from dataclasses import replace

import pytest

from gateway.errors import GatewayError
from gateway.imsconnect import Connection, InteractionVerb
from tests.fixtures.scripted_server import Close, ExpectNothing
from tests.unit.imsconnect.connections import TIMER_OVER, asked, connection_to, fails, settings_for
from tests.unit.imsconnect.test_connection_tpipe import (
    F0,
    F5,
    MESSAGE,
    ONE,
    QUEUED,
    answer,
    resume,
)
from tests.unit.imsconnect.worked_examples import F4

KEPT = asked("16-resume-tpipe-single", {F0: "20", F5: "04", F4: "D5"})
HANDED_BACK = (resume("04"), MESSAGE, KEPT, TIMER_OVER)
ACK_OF_ONE = answer("01", "C1", "E9")


@pytest.mark.usefixtures("face")
class TestLimit:
    def test_each_is_asked_for_by_itself_and_nothing_after_the_last(self, scripted_server):
        one = (resume("01"), MESSAGE, ACK_OF_ONE)
        with connection_to(scripted_server([*one, *one, ExpectNothing()])) as connection:
            messages = connection.messages(QUEUED, limit=2)
            for _ in messages:
                connection.acknowledge()
            assert (messages.taken, messages.last_ack_heard) == (2, False)
            assert connection.usable

    def test_a_queue_that_has_less_ends_it_before(self, scripted_server):
        script = [resume("01"), MESSAGE, ACK_OF_ONE, resume("01"), TIMER_OVER, ExpectNothing()]
        with connection_to(scripted_server(script)) as connection:
            messages = connection.messages(QUEUED, limit=9)
            for _ in messages:
                connection.acknowledge()
            assert (messages.taken, messages.last_ack_heard) == (1, True)

    def test_of_what_comes_continuously_each_is_waited_for(self, scripted_server):
        script = [resume("10"), MESSAGE, answer("10", "C1", "E9"), ExpectNothing()]
        continuously = replace(ONE, verb=InteractionVerb.RECEIVE_CONTINUOUSLY)
        with connection_to(scripted_server(script)) as connection:
            for _ in connection.messages(continuously, limit=1):
                connection.acknowledge()

    def test_what_was_rejected_is_not_asked_for_again(self, scripted_server):
        with connection_to(
            scripted_server([resume("01"), MESSAGE, answer("01", "D5", "E9"), ExpectNothing()])
        ) as connection:
            messages = connection.messages(QUEUED, limit=2)
            for _ in messages:
                connection.reject()
            assert messages.taken == 0
            assert connection.usable

    def test_the_next_one_waits_for_the_answer_to_the_one_before(self, scripted_server):
        script = [resume("01"), MESSAGE, ACK_OF_ONE, resume("01"), TIMER_OVER]
        with connection_to(scripted_server(script)) as connection:
            messages = connection.messages(QUEUED, limit=2)
            next(messages)
            with pytest.raises(GatewayError) as caught:
                next(messages)
            assert fails(caught.value, "receive")
            connection.acknowledge()
            assert list(messages) == []

    @pytest.mark.parametrize("limit", [0, -1])
    def test_none_at_all_is_no_limit(self, scripted_server, limit):
        with (
            connection_to(scripted_server([ExpectNothing()])) as connection,
            pytest.raises(ValueError, match="1 or more"),
        ):
            connection.messages(QUEUED, limit=limit)


@pytest.mark.usefixtures("face")
class TestLastAck:
    def test_the_end_of_the_wait_shows_that_it_was_heard(self, scripted_server):
        script = [resume("04"), MESSAGE, answer("04", "C1"), TIMER_OVER, ExpectNothing()]
        with connection_to(scripted_server(script)) as connection:
            messages = connection.messages(QUEUED)
            for _ in messages:
                connection.acknowledge()
                assert not messages.last_ack_heard
            assert (messages.taken, messages.last_ack_heard) == (1, True)

    def test_a_connection_that_is_lost_behind_it_leaves_it_open(self, scripted_server):
        script = [resume("04"), MESSAGE, answer("04", "C1"), Close()]
        with connection_to(scripted_server(script)) as connection:
            messages = connection.messages(QUEUED)
            next(messages)
            connection.acknowledge()
            with pytest.raises(GatewayError):
                next(messages)
            assert (messages.taken, messages.last_ack_heard) == (1, False)
            assert list(messages) == []


@pytest.mark.usefixtures("face")
class TestContext:
    def test_its_end_hands_the_message_back_at_once(self, scripted_server):
        script = [*HANDED_BACK, resume("01"), TIMER_OVER, ExpectNothing()]
        with connection_to(scripted_server(script)) as connection:
            with connection.messages(QUEUED) as messages:
                for _ in messages:
                    break
            assert list(messages) == []
            assert connection.receive(ONE) is None

    def test_closing_the_connection_hands_back_what_a_loop_still_holds(self, scripted_server):
        with connection_to(scripted_server([*HANDED_BACK, ExpectNothing()])) as connection:
            messages = connection.messages(QUEUED)
            next(messages)

    def test_a_message_that_was_answered_stays_so(self, scripted_server):
        script = [resume("01"), MESSAGE, ACK_OF_ONE, ExpectNothing()]
        with connection_to(scripted_server(script)) as connection, connection.messages(ONE) as messages:
            next(messages)
            connection.acknowledge()

    def test_without_a_first_question_there_is_nothing_to_end(self, scripted_server):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            with connection.messages(QUEUED):
                pass
            assert connection.usable


class TestThreads:
    def test_a_traceback_that_holds_the_loop_keeps_no_message(self, scripted_server):
        server = scripted_server([*HANDED_BACK, ExpectNothing()])
        with pytest.raises(ZeroDivisionError) as caught:
            fail_in_the_loop(settings_for(server))
        assert caught.tb is not None

    def test_what_another_thread_collects_is_handed_back_before_more_is_said(self, scripted_server):
        server = scripted_server([*HANDED_BACK, resume("01"), TIMER_OVER, ExpectNothing()])
        with Connection(settings_for(server), "CLIENT01") as connection:
            held = [connection.messages(QUEUED)]
            next(held[0])
            collector = threading.Thread(target=held.clear)
            collector.start()
            collector.join()
            gc.collect()
            assert not connection.usable
            assert connection.receive(ONE) is None
            assert connection.usable


def fail_in_the_loop(settings):
    with Connection(settings, "CLIENT01") as connection:
        # in a variable of this frame, which the traceback keeps
        messages = connection.messages(QUEUED)
        for _ in messages:
            _ = 1 // 0
