"""The messages of tpipes: one, those that are queued, ACK, NAK, leaving the loop."""

import threading
from dataclasses import replace

import pytest

from gateway.errors import GatewayError
from gateway.imsconnect import (
    DEFAULT_TIMEOUT,
    FOREVER,
    NO_WAIT,
    Interaction,
    InteractionVerb,
)
from tests.fixtures.scripted_server import (
    Close,
    Expect,
    ExpectNothing,
    Send,
    Signal,
    Stall,
)
from tests.unit.imsconnect.connections import (
    ASYNC_OUTPUT,
    TIMER_OVER,
    asked,
    connection_to,
    fails,
    told,
)
from tests.unit.imsconnect.worked_examples import F4, TIMER, patched, rsm
from tests.unit.standin.by_hand import example

pytestmark = pytest.mark.usefixtures("face")

F0, F5, CLIENT = 0x07, 0x14, 0x18
PATIENCE = 20.0

ONE = Interaction(verb=InteractionVerb.RECEIVE, execution_timeout_ms=1000, socket_timeout_ms=20_000)
QUEUED = replace(ONE, verb=InteractionVerb.RECEIVE_QUEUED)
MESSAGE = told("23-async-output")


def resume(option: str) -> Expect:
    """Expect worked example 16 with another option in IRM_F5."""
    return asked("16-resume-tpipe-single", {F5: option})


def answer(option: str, verb: str, timer: str = "28") -> Expect:
    return asked("16-resume-tpipe-single", {F5: option, F4: verb, TIMER: timer})


class TestOneMessage:
    def test_it_comes_is_acknowledged_and_the_connection_free_at_once(self, scripted_server):
        server = scripted_server(
            [resume("01"), MESSAGE, answer("01", "C1", "E9"), resume("01"), TIMER_OVER, ExpectNothing()]
        )
        with connection_to(server) as connection:
            delivery = connection.receive(ONE)
            assert delivery is not None
            assert (delivery.segments, delivery.synchronous, delivery.more_queued) == (
                (ASYNC_OUTPUT,),
                False,
                False,
            )
            assert not connection.usable
            connection.acknowledge()
            assert connection.usable
            assert connection.receive(ONE) is None
            assert connection.usable

    def test_waiting_is_another_option(self, scripted_server):
        server = scripted_server([asked("resume-tpipe-single-wait", {TIMER: "FF"}), MESSAGE, Expect(is_ack)])
        waiting = replace(ONE, verb=InteractionVerb.RECEIVE_WAIT, execution_timeout_ms=FOREVER)
        with connection_to(server) as connection:
            assert connection.receive(waiting) is not None
            connection.acknowledge()
            assert connection.usable

    @pytest.mark.parametrize(
        ("timeout", "code"), [(DEFAULT_TIMEOUT, "00"), (NO_WAIT, "E9"), (FOREVER, "FF"), (250, "19")]
    )
    def test_how_long_it_waits_stands_in_the_timer(self, scripted_server, timeout, code):
        server = scripted_server([answer("01", "D9", code), Send(rsm(36 if code == "00" else 40, 2))])
        with connection_to(server) as connection:
            assert connection.receive(replace(ONE, execution_timeout_ms=timeout)) is None
            assert connection.usable is (code != "00")

    def test_a_loop_over_one_ends_by_itself(self, scripted_server):
        server = scripted_server([resume("01"), MESSAGE, answer("01", "C1", "E9"), ExpectNothing()])
        with connection_to(server) as connection:
            got = []
            for delivery in connection.messages(ONE):
                got.append(delivery.segments)
                connection.acknowledge()
            assert got == [(ASYNC_OUTPUT,)]
            assert connection.usable

    def test_a_nak_leaves_it_on_the_queue(self, scripted_server):
        server = scripted_server([resume("01"), MESSAGE, answer("01", "D5", "E9"), ExpectNothing()])
        with connection_to(server) as connection:
            connection.receive(ONE)
            connection.reject()
            assert connection.usable

    def test_closing_in_place_of_an_answer_says_nothing_more(self, scripted_server):
        server = scripted_server([resume("01"), MESSAGE, ExpectNothing()])
        with connection_to(server) as connection:
            connection.receive(ONE)

    @pytest.mark.parametrize("again", ["acknowledge", "reject"])
    def test_a_message_is_answered_once(self, scripted_server, again):
        server = scripted_server([resume("01"), MESSAGE, answer("01", "C1", "E9"), ExpectNothing()])
        with connection_to(server) as connection:
            connection.receive(ONE)
            connection.acknowledge()
            with pytest.raises(GatewayError) as caught:
                getattr(connection, again)()
            assert fails(caught.value, "acknowledgment")
            assert connection.usable

    def test_nothing_else_is_said_before_the_answer(self, scripted_server):
        server = scripted_server([resume("01"), MESSAGE, ExpectNothing()])
        with connection_to(server) as connection:
            connection.receive(ONE)
            for action in (lambda: connection.receive(ONE), lambda: connection.ping(1000)):
                with pytest.raises(GatewayError) as caught:
                    action()
                assert fails(caught.value, "acknowledgment")


def is_ack(got: bytes) -> bool:
    return got[F4] == 0xC1


class TestQueuedMessages:
    def test_all_come_one_by_one_until_the_timer(self, scripted_server):
        ack = answer("04", "C1")
        server = scripted_server(
            [resume("04"), MESSAGE, ack, MESSAGE, ack, MESSAGE, ack, TIMER_OVER, ExpectNothing()]
        )
        with connection_to(server) as connection:
            count = 0
            for delivery in connection.messages(QUEUED):
                assert delivery.segments == (ASYNC_OUTPUT,)
                connection.acknowledge()
                count += 1
            assert count == 3
            assert connection.usable

    def test_an_empty_queue_is_no_message(self, scripted_server):
        with connection_to(scripted_server([resume("04"), TIMER_OVER])) as connection:
            assert list(connection.messages(QUEUED)) == []
            assert connection.usable

    def test_a_nak_ends_the_loop(self, scripted_server):
        server = scripted_server(
            [resume("04"), MESSAGE, answer("04", "C1"), MESSAGE, answer("04", "D5"), TIMER_OVER]
        )
        with connection_to(server) as connection:
            answers = iter([connection.acknowledge, connection.reject])
            seen = 0
            for _ in connection.messages(QUEUED):
                seen += 1
                next(answers)()
            assert seen == 2
            assert connection.usable

    def test_after_a_nak_that_nothing_follows_the_connection_is_given_up(self, scripted_server, monkeypatch):
        monkeypatch.setattr("gateway.imsconnect.retrieval.END_SECONDS", 0.2)
        server = scripted_server([resume("04"), MESSAGE, answer("04", "D5"), Stall()])
        with connection_to(server) as connection:
            for _ in connection.messages(QUEUED):
                connection.reject()
            assert not connection.usable

    def test_the_next_message_waits_for_the_answer_to_the_one_before(self, scripted_server):
        server = scripted_server([resume("04"), MESSAGE, answer("04", "D5"), TIMER_OVER])
        with connection_to(server) as connection:
            messages = iter(connection.messages(QUEUED))
            next(messages)
            with pytest.raises(GatewayError) as caught:
                next(messages)
            assert fails(caught.value, "receive")
            connection.reject()
            assert connection.usable

    def test_more_that_waits_is_told(self, scripted_server):
        more = told("23-async-output", {0x1C: "B0"})
        server = scripted_server([resume("04"), more, answer("04", "C1"), TIMER_OVER])
        with connection_to(server) as connection:
            for delivery in connection.messages(QUEUED):
                assert delivery.more_queued
                connection.acknowledge()


class TestLeavingTheLoop:
    SCRIPT = (resume("04"), MESSAGE, asked("16-resume-tpipe-single", {F0: "20", F5: "04", F4: "D5"}))

    def test_break_hands_the_message_back_before_anything_else_is_said(self, scripted_server):
        server = scripted_server([*self.SCRIPT, TIMER_OVER, resume("01"), TIMER_OVER, ExpectNothing()])
        with connection_to(server) as connection:
            for _ in connection.messages(QUEUED):
                break
            assert connection.receive(ONE) is None
            assert connection.usable

    def test_break_hands_the_message_back_without_anything_else_being_said(self, scripted_server):
        handed_back = threading.Event()
        server = scripted_server([*self.SCRIPT, Signal(handed_back), TIMER_OVER, ExpectNothing()])
        with connection_to(server) as connection:
            for _ in connection.messages(QUEUED):
                break
            assert handed_back.wait(PATIENCE)

    def test_an_error_in_the_loop_does_so_too(self, scripted_server):
        handed_back = threading.Event()
        server = scripted_server([*self.SCRIPT, Signal(handed_back), TIMER_OVER, ExpectNothing()])
        with connection_to(server) as connection:
            with pytest.raises(ZeroDivisionError):
                fail_in_the_loop(connection)
            assert handed_back.wait(PATIENCE)

    def test_closing_right_behind_the_loop_hands_it_back_first(self, scripted_server):
        server = scripted_server([*self.SCRIPT, TIMER_OVER, ExpectNothing()])
        with connection_to(server) as connection:
            for _ in connection.messages(QUEUED):
                break

    def test_a_message_that_was_answered_is_not_handed_back(self, scripted_server):
        server = scripted_server([resume("01"), MESSAGE, answer("01", "C1", "E9"), ExpectNothing()])
        with connection_to(server) as connection:
            for _ in connection.messages(ONE):
                connection.acknowledge()
                break
            assert connection.usable

    def test_what_was_handed_back_cannot_be_acknowledged(self, scripted_server):
        server = scripted_server([*self.SCRIPT, TIMER_OVER, ExpectNothing()])
        with connection_to(server) as connection:
            for _ in connection.messages(QUEUED):
                break
            with pytest.raises(GatewayError) as caught:
                connection.acknowledge()
            assert fails(caught.value, "acknowledgment")

    def test_a_loop_that_never_began_asks_nothing(self, scripted_server):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            connection.messages(QUEUED)
            assert connection.usable

    def test_a_socket_that_is_gone_by_then_is_no_error(self, scripted_server):
        server = scripted_server([resume("04"), MESSAGE, Close()])
        with connection_to(server) as connection:
            for _ in connection.messages(QUEUED):
                server.wait_played(1)
                break
            with pytest.raises(GatewayError):
                connection.receive(ONE)


def fail_in_the_loop(connection) -> None:
    for _ in connection.messages(QUEUED):
        _ = 1 // 0


class TestGeneratedClientId:
    def test_the_answer_to_a_message_says_the_one_that_came_with_it(self, scripted_server):
        blank, generated = "40" * 8, "C8E6E2C1F1C2F2C3"
        gencid = bytes.fromhex(f"0014 0000 5CC7C5D5C3C9C45C {generated}")
        message = example("output/23-async-output")
        message = (len(message) + 20).to_bytes(4) + gencid + message[4:]
        tpipe = replace(ONE, alternate_client_id="ORDERS")
        level_1 = bytes.fromhex("00000068 0060 01 00")
        alternate = bytes.fromhex("4040404040404040 D6D9C4C5D9E24040 00040000")

        def is_at_level_1(client: str, f1: str, rest: dict[int, str]) -> Expect:
            base = patched(example("input/16-resume-tpipe-single"), {CLIENT: client, 0x20: f1, **rest})
            return Expect(level_1 + base[8:84] + alternate)

        server = scripted_server(
            [
                is_at_level_1(blank, "40", {}),
                Send(message),
                is_at_level_1(generated, "00", {F4: "C1", TIMER: "E9"}),
                ExpectNothing(),
            ]
        )
        with connection_to(server, client_id="") as connection:
            connection.receive(tpipe)
            assert connection.client_id == "HWSA1B2C"
            connection.acknowledge()
            assert connection.usable
