"""A connection in the caller's own hands: conversations, ACK and NAK by the caller, client ids, errors."""

import threading
from dataclasses import replace

import pytest

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.exchange import CommitMode, Secret
from gateway.imsconnect import (
    Acknowledgment,
    Credentials,
    DfsMessageError,
    Exit,
    HeaderCode,
    Interaction,
    InteractionVerb,
    RequestType,
    SyncLevel,
    Unicode,
)
from gateway.imsconnect.session import Session
from gateway.imsconnect.transport import DeadlinePassed
from tests.fixtures.scripted_server import (
    Close,
    Expect,
    ExpectNothing,
    Reset,
    Send,
    Signal,
    Stall,
    full_backlog,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.connections import (
    CONFIRM,
    CONVERSATION_ACK,
    CONVERSATION_OPEN,
    USER,
    asked,
    connection_to,
    fails,
    request,
    told,
)
from tests.unit.imsconnect.conversing import CannedStream, dialogue_for
from tests.unit.imsconnect.worked_examples import F1, F2, F3, F4, TIMER, patched, rsm
from tests.unit.standin.by_hand import ebcdic, reply, text

pytestmark = pytest.mark.usefixtures("face")

IVTNO = replace(CONFIRM, sync_level=None, execution_timeout_ms=30_000)
FIRST = replace(IVTNO, conversational=True)
BY_CALLER = replace(CONFIRM, acknowledgment=Acknowledgment.CALLER)
ONE_SECOND = {TIMER: "28", F3: "01"}
NEXT_DATA = ebcdic("NEXT")
NEXT_STEP = Expect(text("NEXT", user="USER1", password="PASSW0RD"))
COMMITTED, ABORTED = Send(wire.COMMITTED), Send(rsm(4, 98))


def next_step(connection, **fields):
    step = Interaction(
        segments=(NEXT_DATA,), conversation_id=connection.client_id, socket_timeout_ms=20_000, **fields
    )
    return replace(step, execution_timeout_ms=fields.get("execution_timeout_ms", 30_000))


class TestConversation:
    def test_steps_follow_each_other_until_the_program_ends_it(self, scripted_server):
        server = scripted_server(
            [
                Expect(wire.IVTNO),
                Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN)),
                NEXT_STEP,
                Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN)),
                NEXT_STEP,
                Send(wire.OUTPUT),
                Expect(wire.IVTNO),
                Send(wire.OUTPUT),
                ExpectNothing(),
            ]
        )
        with connection_to(server) as connection:
            first = connection.run(FIRST)
            assert (first.conversation_open, first.conversation_id) == (True, "CLIENT01")
            assert not connection.usable
            assert connection.run(next_step(connection)).conversation_open
            last = connection.run(next_step(connection))
            assert (last.conversation_open, last.conversation_id) == (False, "")
            assert last.segments == wire.OUTPUT_SEGMENTS
            assert connection.usable
            assert connection.run(IVTNO).segments == wire.OUTPUT_SEGMENTS

    def test_with_sync_level_confirm_each_output_is_acknowledged_and_the_last_one_committed(
        self, scripted_server
    ):
        second = text("NEXT", user="USER1", password="PASSW0RD", timer=0x28, f3=0x01)
        server = scripted_server(
            [
                request(ONE_SECOND),
                Send(patched(wire.OUTPUT_ACK, CONVERSATION_ACK)),
                Expect(wire.ACK),
                Expect(second),
                Send(wire.OUTPUT_ACK),
                Expect(wire.ACK),
                COMMITTED,
                ExpectNothing(),
            ]
        )
        with connection_to(server) as connection:
            assert connection.run(replace(CONFIRM, conversational=True)).conversation_open
            step = next_step(connection, sync_level=SyncLevel.CONFIRM, execution_timeout_ms=1000)
            assert not connection.run(step).conversation_open
            assert connection.usable

    def test_the_caller_ends_it_with_deallocate(self, scripted_server):
        end = Interaction(
            verb=InteractionVerb.END_CONVERSATION,
            conversation_id="CLIENT01",
            sync_level=SyncLevel.CONFIRM,
            execution_timeout_ms=1000,
        )
        for notice in (97, 98):
            server = scripted_server(
                [
                    request(ONE_SECOND),
                    Send(patched(wire.OUTPUT_ACK, CONVERSATION_ACK)),
                    Expect(wire.ACK),
                    asked("30-deallocate"),
                    Send(rsm(4, notice)),
                    ExpectNothing(),
                ]
            )
            with connection_to(server) as connection:
                connection.run(replace(CONFIRM, conversational=True))
                assert connection.run(end).segments == ()
                assert connection.usable

    def test_a_nak_in_the_middle_backs_it_out_and_ends_it(self, scripted_server):
        server = scripted_server(
            [
                request(ONE_SECOND),
                Send(patched(wire.OUTPUT_ACK, CONVERSATION_ACK)),
                asked("08-nak"),
                ABORTED,
                ExpectNothing(),
            ]
        )
        with connection_to(server) as connection:
            connection.run(replace(BY_CALLER, conversational=True))
            connection.reject()
            assert connection.usable
            with pytest.raises(GatewayError) as caught:
                connection.run(next_step(connection))
            assert caught.value.message is M.NO_CONVERSATION

    def test_nothing_else_is_said_while_it_is_open(self, scripted_server):
        server = scripted_server(
            [Expect(wire.IVTNO), Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN)), ExpectNothing()]
        )
        with connection_to(server) as connection:
            connection.run(FIRST)
            for action in (
                lambda: connection.run(IVTNO),
                lambda: connection.ping(1000),
                connection.cancel_timer,
                lambda: connection.change_password(Secret("NEWPASS1")),
                lambda: connection.receive(Interaction(verb=InteractionVerb.RECEIVE)),
            ):
                with pytest.raises(GatewayError) as caught:
                    action()
                assert fails(caught.value, "convID")

    @pytest.mark.parametrize("name", ["CLIENT01", "CLIENT99"])
    def test_a_step_without_conversation_sends_nothing(self, scripted_server, name):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            with pytest.raises(GatewayError) as caught:
                connection.run(Interaction(segments=(NEXT_DATA,), conversation_id=name))
            assert caught.value.message is M.NO_CONVERSATION
            assert connection.usable

    def test_the_next_step_waits_until_the_output_before_is_answered(self, scripted_server):
        server = scripted_server(
            [
                request(ONE_SECOND),
                Send(patched(wire.OUTPUT_ACK, CONVERSATION_ACK)),
                Expect(wire.ACK),
                ExpectNothing(),
            ]
        )
        with connection_to(server) as connection:
            assert connection.run(replace(BY_CALLER, conversational=True)).acknowledgment_due
            step = next_step(connection, sync_level=SyncLevel.CONFIRM)
            with pytest.raises(GatewayError) as caught:
                connection.run(step)
            assert fails(caught.value, "acknowledgment")
            connection.acknowledge()
            with pytest.raises(GatewayError) as caught:
                connection.acknowledge()
            assert fails(caught.value, "acknowledgment")

    @pytest.mark.parametrize("end", [Close(), Reset()])
    def test_a_step_that_is_lost_ends_it(self, scripted_server, end):
        server = scripted_server(
            [Expect(wire.IVTNO), Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN)), NEXT_STEP, end]
        )
        with connection_to(server) as connection:
            connection.run(FIRST)
            with pytest.raises(TransportError) as caught:
                connection.run(next_step(connection))
            assert caught.value.message is M.CONNECTION_LOST
            assert caught.value.maybe_sent
            assert not connection.usable
            with pytest.raises(GatewayError) as caught:
                connection.run(next_step(connection))
            assert caught.value.message is M.NO_CONVERSATION

    def test_an_ack_that_left_in_part_ends_it(self):
        canned = CannedStream(
            [patched(wire.OUTPUT_ACK, CONVERSATION_ACK)], sends={2: DeadlinePassed("not sent in time: 7 of 88")}
        )
        session = Session(canned, dialogue_for())
        session.run(replace(BY_CALLER, conversational=True), USER)
        with pytest.raises(TransportError):
            session.acknowledge()
        step = Interaction(segments=(NEXT_DATA,), conversation_id="CLIENT01", sync_level=SyncLevel.CONFIRM)
        with pytest.raises(GatewayError) as caught:
            session.run(step, USER)
        assert fails(caught.value, "connection")
        assert len(canned.sent) == 2


class TestAcknowledgmentByTheCaller:
    def test_ack_commits(self, scripted_server):
        server = scripted_server(
            [request(ONE_SECOND), Send(wire.OUTPUT_ACK), Expect(wire.ACK), COMMITTED, ExpectNothing()]
        )
        with connection_to(server) as connection:
            answer = connection.run(BY_CALLER)
            assert (answer.acknowledgment_due, answer.segments) == (True, (wire.OUTPUT_ACK_SEGMENT,))
            assert not connection.usable
            connection.acknowledge()
            assert connection.usable

    def test_ack_of_what_ims_backs_out_all_the_same_is_an_error(self, scripted_server):
        server = scripted_server([request(ONE_SECOND), Send(wire.OUTPUT_ACK), Expect(wire.ACK), ABORTED])
        with connection_to(server) as connection:
            connection.run(BY_CALLER)
            with pytest.raises(ImsError) as caught:
                connection.acknowledge()
            assert caught.value.message is M.ROLLED_BACK
            assert connection.usable

    def test_nak_backs_out(self, scripted_server):
        server = scripted_server(
            [request(ONE_SECOND), Send(wire.OUTPUT_ACK), asked("08-nak"), ABORTED, ExpectNothing()]
        )
        with connection_to(server) as connection:
            connection.run(BY_CALLER)
            connection.reject()
            assert connection.usable

    def test_nak_of_what_ims_commits_all_the_same_is_an_error(self, scripted_server):
        server = scripted_server([request(ONE_SECOND), Send(wire.OUTPUT_ACK), asked("08-nak"), COMMITTED])
        with connection_to(server) as connection:
            connection.run(BY_CALLER)
            with pytest.raises(ImsError):
                connection.reject()

    def test_nak_of_commit_then_send_output_hands_it_back(self, scripted_server):
        call = replace(
            BY_CALLER, commit_mode=CommitMode.COMMIT_THEN_SEND, sync_level=None, execution_timeout_ms=1000
        )
        server = scripted_server(
            [
                request({TIMER: "28", F2: "40", F3: "01"}),
                Send(wire.OUTPUT_ACK),
                asked("08-nak", {TIMER: "01", F2: "40"}),
                Send(rsm(40, 1)),
                ExpectNothing(),
            ]
        )
        with connection_to(server) as connection:
            connection.run(call)
            connection.reject()
            assert connection.usable

    def test_closing_in_place_of_an_answer_says_nothing_more(self, scripted_server):
        server = scripted_server([request(ONE_SECOND), Send(wire.OUTPUT_ACK), ExpectNothing()])
        with connection_to(server) as connection:
            connection.run(BY_CALLER)

    def test_output_that_wants_no_ack_leaves_nothing_owed(self, scripted_server):
        with connection_to(scripted_server([Expect(wire.IVTNO), Send(wire.OUTPUT)])) as connection:
            answer = connection.run(replace(IVTNO, acknowledgment=Acknowledgment.CALLER))
            assert not answer.acknowledgment_due
            for say in (connection.acknowledge, connection.reject):
                with pytest.raises(GatewayError) as caught:
                    say()
                assert fails(caught.value, "acknowledgment")

    def test_nothing_else_is_said_before_the_answer(self, scripted_server):
        server = scripted_server([request(ONE_SECOND), Send(wire.OUTPUT_ACK), ExpectNothing()])
        with connection_to(server) as connection:
            connection.run(BY_CALLER)
            with pytest.raises(GatewayError) as caught:
                connection.run(IVTNO)
            assert fails(caught.value, "acknowledgment")


class TestSendOnly:
    ORDER = Interaction(verb=InteractionVerb.SEND, transaction="ORDERTRN", segments=(wire.SEND_ONLY_DATA,))

    def test_one_follows_the_other_at_once(self, scripted_server):
        server = scripted_server([Expect(wire.SEND_ONLY), Expect(wire.SEND_ONLY), ExpectNothing()])
        with connection_to(server) as connection:
            for _ in range(2):
                assert connection.run(self.ORDER).segments == ()
            assert connection.usable

    def test_in_order_sets_its_bit(self, scripted_server):
        server = scripted_server([Expect(patched(wire.SEND_ONLY, {F3: "10"})), ExpectNothing()])
        with connection_to(server) as connection:
            connection.run(replace(self.ORDER, in_order=True))

    @pytest.mark.parametrize("answer", [None, rsm(8, 72)])
    def test_with_acknowledgment_the_receipt_is_read_or_the_refusal(self, scripted_server, answer):
        call = replace(self.ORDER, verb=InteractionVerb.SEND_ACKNOWLEDGED, execution_timeout_ms=30_000)
        asks = Expect(patched(wire.SEND_ONLY, {TIMER: "45", F1: "04", F4: "D2"}))
        says = told("14-csm-alone") if answer is None else Send(answer)
        with connection_to(scripted_server([asks, says])) as connection:
            if answer is None:
                assert connection.run(call).segments == ()
                assert connection.usable
            else:
                with pytest.raises(ImsError) as caught:
                    connection.run(call)
                assert (caught.value.return_code, caught.value.reason_code) == (8, 72)
                assert not connection.usable

    def test_with_error_the_connection_serves_no_reply_afterwards(self, scripted_server):
        call = replace(self.ORDER, verb=InteractionVerb.SEND_WITH_ERROR)
        server = scripted_server([Expect(patched(wire.SEND_ONLY, {F4: "D1"})), ExpectNothing()])
        with connection_to(server) as connection:
            connection.run(call)
            assert not connection.usable


class TestClientIds:
    GENERATED = "C8E6E2C1F1C2F2C3"
    """HWSA1B2C, of worked example 5."""
    BLANK = "40" * 8

    def test_the_one_that_ims_connect_makes_is_told_and_said_from_then_on(self, scripted_server):
        call = replace(IVTNO, return_mod_name=True)
        server = scripted_server(
            [
                request({24: self.BLANK, F1: "C0"}),
                told("05-reply-rmm-gencid"),
                request({24: self.GENERATED}),
                Send(wire.OUTPUT),
                ExpectNothing(),
            ]
        )
        with connection_to(server, client_id="") as connection:
            assert connection.client_id == ""
            answer = connection.run(call)
            assert (answer.client_id, answer.mod_name) == ("HWSA1B2C", "DFSMO1")
            assert connection.client_id == "HWSA1B2C"
            connection.run(IVTNO)

    def test_the_ack_of_the_first_output_says_it_already(self, scripted_server):
        output = bytes.fromhex(
            """
            0000003B 0014 0000 5CC7C5D5C3C9C45C C8E6E2C1F1C2F2C3
            0017 0000 C5D5E3D9E840E6C1E240C4C9E2D7D3C1E8C5C4 000C 30 02 5CC3E2D4D6D2E85C
            """
        )
        server = scripted_server(
            [
                request({24: self.BLANK, F1: "40", **ONE_SECOND}),
                Send(output),
                Expect(patched(wire.ACK, {24: self.GENERATED})),
                COMMITTED,
                ExpectNothing(),
            ]
        )
        with connection_to(server, client_id="") as connection:
            connection.run(CONFIRM)
            assert connection.usable

    def test_one_that_is_made_up_here_has_the_prefix(self, scripted_server):
        with connection_to(
            scripted_server([ExpectNothing()]), client_id=None, client_id_prefix="PY"
        ) as connection:
            assert connection.client_id.startswith("PY")
            assert len(connection.client_id) == 8

    @pytest.mark.parametrize("name", ["HWSABC", "9999", "client01", "TOOLONG99", "A B", "ÄBC"])
    def test_one_that_nobody_may_choose_connects_nowhere(self, scripted_server, name):
        with pytest.raises(GatewayError) as caught, connection_to(scripted_server(), client_id=name):
            pass
        assert fails(caught.value, "clientID")

    def test_the_first_message_takes_over_and_no_later_one(self, scripted_server):
        server = scripted_server(
            [request({F3: "80"}), Send(wire.OUTPUT), Expect(wire.IVTNO), Send(wire.OUTPUT), ExpectNothing()]
        )
        with connection_to(server, take_over=True) as connection:
            connection.run(IVTNO)
            connection.run(IVTNO)

    def test_the_ack_of_a_message_that_takes_over_does_not(self, scripted_server):
        server = scripted_server(
            [request({TIMER: "28", F3: "81"}), Send(wire.OUTPUT_ACK), Expect(wire.ACK), COMMITTED]
        )
        with connection_to(server, take_over=True) as connection:
            connection.run(CONFIRM)


class TestPresentation:
    def test_ascii_is_the_worked_example(self, scripted_server):
        answer = bytes.fromhex("00000018 0008 0000 48454C4F 000C 10 02 2A43534D4F4B592A")
        data = bytes.fromhex("4956544E4F2020202020444953504C4159204C415354312020202020")
        server = scripted_server([asked("02-send-receive-ascii"), Send(answer)])
        with connection_to(server, code=HeaderCode.ASCII) as connection:
            assert connection.run(replace(IVTNO, segments=(data,))).segments == (b"HELO",)

    @pytest.mark.parametrize(
        ("fields", "changes"),
        [
            ({"unicode": Unicode.UTF_8}, {23: "01", F1: "20"}),
            ({"unicode": Unicode.UTF_16}, {23: "02", F1: "20"}),
            ({"unicode": Unicode.UTF_8, "unicode_transaction": True}, {23: "01", F1: "30"}),
            ({"return_mod_name": True}, {F1: "80"}),
            ({"lterm": "LTERM01"}, {52: "D3E3C5D9D4F0F140"}),
            ({"expires": True}, {F1: "01"}),
        ],
    )
    def test_flags_stand_where_the_sheet_says(self, scripted_server, fields, changes):
        with connection_to(scripted_server([request(changes), Send(wire.OUTPUT)])) as connection:
            connection.run(replace(IVTNO, **fields))

    def test_a_mod_name_takes_level_3(self, scripted_server):
        server = scripted_server(
            [Expect(lambda got: (got[6], got[116:124]) == (3, ebcdic("MYMOD   "))), Send(wire.OUTPUT)]
        )
        with connection_to(server) as connection:
            connection.run(replace(IVTNO, mod_name="MYMOD"))


class TestDfsMessages:
    TEXT = "DFS064I 12:00:00 NO SUCH TRANSACTION CODE"

    def test_one_in_place_of_output_is_an_error_with_the_message(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(reply(self.TEXT)), ExpectNothing()])
        with connection_to(server) as connection:
            with pytest.raises(DfsMessageError) as caught:
                connection.run(IVTNO)
            assert caught.value.message is M.DFS
            assert caught.value.reply.segments == (ebcdic(self.TEXT),)
            assert connection.usable

    @pytest.mark.parametrize(
        "fields",
        [{"raise_on_dfs": False}, {"request_type": RequestType.COMMAND, "transaction": ""}],
    )
    def test_it_is_an_answer_where_it_is_asked_for(self, scripted_server, fields):
        server = scripted_server([Expect(lambda _: True), Send(reply(self.TEXT))])
        with connection_to(server) as connection:
            answer = connection.run(replace(IVTNO, **fields))
            assert answer.dfs is not None
            assert (answer.dfs.number, answer.dfs.severity) == ("DFS064", "I")


class TestOtherMessages:
    def test_a_ping_is_the_worked_example(self, scripted_server):
        with connection_to(scripted_server([Expect(wire.PING), Send(wire.PING_REPLY)])) as connection:
            assert connection.ping(30_000) == "HWSC0030I *PING RESPONSE*"
            assert connection.usable

    def test_a_password_is_changed(self, scripted_server):
        changes = text("HWSPWCH PASSW0RD/NEWPASS1/NEWPASS1", transaction="", user="USER1", password="PASSW0RD")
        words = "HWSC0031I PASSWORD CHANGE SUCCESSFUL"
        with connection_to(scripted_server([Expect(changes), Send(reply(words))])) as connection:
            assert connection.change_password(Secret("NEWPASS1")) == words
            assert connection.usable

    @pytest.mark.parametrize("answer", [rsm(8, 78, racf=8), rsm(20, 0)])
    def test_a_password_that_is_not_changed_is_an_error_that_does_not_tell_it(self, scripted_server, answer):
        server = scripted_server([Expect(lambda _: True), Send(answer)])
        with connection_to(server) as connection:
            with pytest.raises(ImsError) as caught:
                connection.change_password(Secret("NEWPASS1"))
            assert "NEWPASS1" not in f"{caught.value!r}{caught.value}"
            assert not connection.usable

    @pytest.mark.parametrize(
        ("old", "new"), [("PASSW0RD", ""), ("", "NEWPASS1"), ("PASSW0RD", "NEW/PASS"), ("PASS/0RD", "NEWPASS1")]
    )
    def test_passwords_that_do_not_fit_the_message_are_not_sent(self, scripted_server, old, new):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            with pytest.raises(GatewayError) as caught:
                connection.change_password(Secret(new), Credentials.of("USER1", old))
            assert fails(caught.value, "HWSPWCH")
            assert connection.usable

    def test_a_timer_is_cancelled(self, scripted_server):
        server = scripted_server([asked("28-cancel-timer"), told("28-cancel-timer-answer"), ExpectNothing()])
        with connection_to(server) as connection:
            connection.cancel_timer()
            assert not connection.usable

    def test_no_timer_to_cancel_is_an_error(self, scripted_server):
        server = scripted_server([asked("28-cancel-timer"), Send(rsm(8, 16))])
        with connection_to(server) as connection, pytest.raises(ImsError) as caught:
            connection.cancel_timer()
        assert caught.value.reason_code == 16


class TestFailures:
    def test_the_first_endpoint_that_answers_is_taken(self, scripted_server):
        gone = scripted_server()
        gone.stop()
        server = scripted_server([Expect(wire.IVTNO), Send(wire.OUTPUT)])
        with connection_to(gone, server) as connection:
            assert connection.run(IVTNO).segments == wire.OUTPUT_SEGMENTS

    def test_where_none_answers_all_are_named(self, scripted_server):
        gone = [scripted_server(), scripted_server()]
        for server in gone:
            server.stop()
        with pytest.raises(TransportError) as caught, connection_to(*gone):
            pass
        assert caught.value.message is M.UNREACHABLE
        assert not caught.value.maybe_sent
        for server in gone:
            assert f"{server.port}: connect: Connection refused" in caught.value.private

    def test_connecting_has_a_deadline(self):
        class At:
            def __init__(self, address):
                self.host, self.port = address

        with (
            full_backlog() as listener,
            pytest.raises(TransportError) as caught,
            connection_to(At(listener.getsockname()), connect_seconds=0.2),
        ):
            pass
        assert caught.value.private.endswith("connect: not in time")

    def test_silence_is_a_timeout_and_the_connection_says_so_afterwards(self, scripted_server):
        with connection_to(scripted_server([Expect(wire.IVTNO), Stall()])) as connection:
            with pytest.raises(TransportError) as caught:
                connection.run(replace(IVTNO, socket_timeout_ms=150))
            assert caught.value.message is M.SOCKET_TIMEOUT
            assert not connection.usable
            with pytest.raises(GatewayError) as caught:
                connection.run(IVTNO)
            assert fails(caught.value, "connection")

    def test_without_socket_timeout_the_answer_may_take_its_time(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(wire.OUTPUT, piece=7)])
        with connection_to(server) as connection:
            assert connection.run(replace(IVTNO, socket_timeout_ms=0)).segments == wire.OUTPUT_SEGMENTS

    def test_the_verbs_that_receive_bring_no_reply_and_the_others_no_message(self, scripted_server):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            with pytest.raises(GatewayError) as caught:
                connection.run(Interaction(verb=InteractionVerb.RECEIVE))
            assert fails(caught.value, "interactionVerb")
            with pytest.raises(GatewayError) as caught:
                connection.receive(IVTNO)
            assert fails(caught.value, "interactionVerb")

    def test_a_broken_rule_sends_nothing(self, scripted_server):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            with pytest.raises(GatewayError) as caught:
                connection.run(replace(IVTNO, transaction="lower"))
            assert fails(caught.value, "trancode")
            assert connection.usable

    def test_an_abort_fails_what_waits_at_once(self, scripted_server):
        asked_for = threading.Event()
        server = scripted_server([Expect(wire.IVTNO), Signal(asked_for), ExpectNothing()])
        with connection_to(server) as connection:
            aborter = threading.Thread(target=lambda: (asked_for.wait(20), connection.abort()))
            aborter.start()
            with pytest.raises(TransportError) as caught:
                connection.run(replace(IVTNO, socket_timeout_ms=0))
            aborter.join(20)
            assert caught.value.message is M.CONNECTION_LOST
            assert not connection.usable

    def test_hwssmpl0_speaks_without_length(self, scripted_server):
        asks = request({8: "5CE2C1D4D7D3C55C"})
        with connection_to(
            scripted_server([asks, told("04-reply-two-segments-hwssmpl0")]), exit=Exit.HWSSMPL0
        ) as connection:
            assert connection.run(IVTNO).segments == wire.OUTPUT_SEGMENTS

    def test_what_was_said_over_a_timer_is_the_effective_time(self, scripted_server):
        with connection_to(scripted_server([request({TIMER: "1F"}), Send(wire.OUTPUT)])) as connection:
            assert connection.run(replace(IVTNO, execution_timeout_ms=520)).timer_ms == 550
