"""The listener against the stand-in: what the ICAL sees, what stays on the tpipe, what is told."""

import threading
from contextlib import ExitStack

import pytest

from gateway.callout.codes import Status
from gateway.callout.journal.entries import JournalError, JournalFullError
from gateway.callout.ports import Accept, Nak, Refuse
from gateway.callout.state import ListenerState
from gateway.errors import GatewayError, M
from gateway.imsconnect import Connection, Credentials, Exit, Interaction, InteractionVerb
from gateway.imsconnect.wire import Verb
from gateway.standin.callout import Caller
from tests.fixtures.running_gateway import wait_until
from tests.fixtures.standin import USERS
from tests.unit.callout.listening import PATIENCE, SOURCE, TestIntake, listening, refusing, settings_to

DESCRIPTORS = {"OUT": {"tpipe": "CALLOUT1", "sync_timeout_seconds": 60}}
LISTENING, TROUBLE, STOPPED, FAILED, FULL = (
    ListenerState.LISTENING,
    ListenerState.TROUBLE,
    ListenerState.STOPPED,
    ListenerState.FAILED,
    ListenerState.FULL,
)
NAKED, TIMED_OUT = (0x100, 0x108), (0x100, 0x104)
THIRTY_SECONDS = 0x45
"""IRM_TIMER: a second is X'28', each further one adds one."""


@pytest.fixture
def standin(standin_factory):
    return standin_factory(descriptors=DESCRIPTORS)


@pytest.fixture
def proxy(standin, breaking_proxy):
    return breaking_proxy(standin.host, standin.port)


def codes(future) -> tuple[int, int, int]:
    end = future.result(PATIENCE)
    return end.return_code, end.reason_code, end.extended_reason


def answer(standin, received) -> None:
    """Send the response to a synchronous callout, and hear that IMS has taken it."""
    with Connection(settings_to(standin)) as connection:
        connection.run(
            Interaction(
                verb=InteractionVerb.RESPOND_ACKNOWLEDGED,
                correlation_token=received.correlation_token,
                segments=(b"answer",),
            )
        )


def resumes(standin, timer: int = THIRTY_SECONDS) -> list[str]:
    """Return what became of each RESUME TPIPE with this timer."""
    return [seen.outcome for seen in standin.seen if (seen.verb, seen.timer) == (Verb.RESUME_TPIPE, timer)]


def until_waiting(standin) -> None:
    """Wait until a RESUME TPIPE of the long wait is open."""
    wait_until(lambda: "in work" in resumes(standin), "a RESUME TPIPE")


class TestMessages:
    def test_a_synchronous_callout_is_acknowledged_and_begun(self, standin):
        with listening(standin) as one:
            future = standin.ical("OUT", b"request", caller=Caller(user="USER1"))
            wait_until(lambda: one.intake.begun)
            received = one.intake.begun[0]
            assert (received.source, received.data, received.user) == (SOURCE, b"request", "USER1")
            assert (len(received.correlation_token), received.synchronous) == (40, True)
            answer(standin, received)
            assert future.result(PATIENCE).data == b"answer"
            assert one.listener.picture().received == 1

    def test_an_asynchronous_one_is_off_its_queue_once_it_is_begun(self, standin):
        with listening(standin) as one:
            standin.queue_output("CALLOUT1", b"first ", b"segment")
            wait_until(lambda: one.intake.begun)
            assert (one.intake.begun[0].data, one.intake.begun[0].synchronous) == (b"first segment", False)
            until_waiting(standin)
        assert (standin.tpipes.depths, standin.tpipes.in_delivery) == ({}, 0)

    def test_many_come_in_order_over_one_socket(self, standin):
        for number in range(20):
            standin.queue_output("CALLOUT1", b"%d" % number)
        with listening(standin) as one:
            wait_until(lambda: len(one.intake.begun) == 20)
            until_waiting(standin)
        assert [int(received.data) for received in one.intake.begun] == list(range(20))
        assert one.listener.picture().received == 20
        assert len({seen.connection for seen in standin.seen if seen.verb is Verb.ACK}) == 1

    @pytest.mark.parametrize(
        ("requests", "expected"),
        [("synchronous", [b"sync"]), ("asynchronous", [b"async"]), ("both", [b"sync", b"async"])],
    )
    def test_only_what_is_asked_for_comes(self, standin, requests, expected):
        standin.queue_output("CALLOUT1", b"async")
        standin.ical("OUT", b"sync")
        wait_until(lambda: standin.tpipes.requests)
        with listening(standin, requests=requests) as one:
            wait_until(lambda: len(one.intake.begun) >= len(expected))
            until_waiting(standin)
        assert [received.data for received in one.intake.begun] == expected

    @pytest.mark.parametrize(("asks", "expected"), [(True, ("cn=alice", "realm")), (False, ("", ""))])
    def test_the_distributed_identity_comes_when_asked_for(self, standin, asks, expected):
        with listening(standin, network_identity=asks) as one:
            standin.ical("OUT", b"request", caller=Caller("USER1", "cn=alice", "realm"))
            wait_until(lambda: one.intake.begun)
        assert (one.intake.begun[0].network_user, one.intake.begun[0].network_session) == expected

    def test_control_data_that_is_wrong_holds_nothing_up(self, standin):
        wrong = (99).to_bytes(4) + b"<DFSPORTNAME>"
        with listening(standin) as one:
            standin.ical("OUT", b"request", control=("<ID>7</ID>",), control_rest=wrong)
            wait_until(lambda: one.intake.begun)
        assert one.intake.begun[0].control_data == (("ID", "7".encode("cp037")), ("", wrong))

    def test_a_socket_that_is_old_is_replaced(self, standin):
        with listening(standin, connection={"pool": {"max_age_seconds": 0.001}}) as one:
            for number in range(3):
                standin.queue_output("CALLOUT1", b"%d" % number)
            wait_until(lambda: len(one.intake.begun) == 3)
        assert len({seen.connection for seen in standin.seen if seen.verb is Verb.ACK}) > 1
        assert one.events.states == ["listening", "stopped"]

    def test_listeners_of_a_balanced_bundle_are_spread(self, standin_factory):
        both = [standin_factory(descriptors=DESCRIPTORS) for _ in range(2)]
        with ExitStack() as running:
            for _ in range(24):
                running.enter_context(listening(*both, connection={"policy": "balance"}))
            wait_until(lambda: all(standin.connections for standin in both))

    def test_hwssoap1_has_no_distributed_identity(self, standin):
        soap = {"exit": Exit.HWSSOAP1}
        with listening(standin, network_identity=True, connection=soap) as one:
            standin.ical("OUT", b"request", caller=Caller("USER1", "cn=alice", "realm"))
            wait_until(lambda: one.intake.begun)
        assert one.intake.begun[0].network_user == ""


class TestRefusals:
    @pytest.mark.parametrize(
        ("how", "status"),
        [
            (Nak.DISCARD, Status.PARSING_DISCARDED),
            (Nak.DISCARD, None),
            (Nak.REROUTE, Status.PARSING_REROUTED),
            (Nak.REROUTE, None),
        ],
    )
    def test_a_nak_that_discards_ends_the_ical_with_the_status(self, standin, how, status):
        with listening(standin, intake=TestIntake(decide=refusing(how, status))) as one:
            future = standin.ical("OUT", b"request")
            assert codes(future) == (*NAKED, status.value if status else 0)
            until_waiting(standin)
            assert (one.listener.picture().refused, one.state()) == (1, LISTENING)
        assert standin.tpipes.requests == {}
        assert one.events.states == ["listening", "stopped"]

    def test_one_that_is_retained_waits_for_the_next_try(self, standin):
        decisions = [Refuse(Nak.RETAIN, Status.RETAINING, "not now")]
        intake = TestIntake(decide=lambda _received: decisions.pop() if decisions else None)
        with listening(standin, intake=intake) as one:
            future = standin.ical("OUT", b"request")
            wait_until(lambda: one.intake.begun)
            answer(standin, one.intake.begun[0])
            assert future.result(PATIENCE).data == b"answer"
            assert one.listener.picture().refused == 1
        assert one.intake.taken[0].correlation_token == one.intake.begun[0].correlation_token

    def test_one_that_is_retained_again_and_again_is_told_once(self, standin):
        with listening(standin, intake=TestIntake(decide=refusing(Nak.RETAIN))) as one:
            standin.ical("OUT", b"request")
            wait_until(lambda: len(one.intake.taken) > 3)
            assert standin.tpipes.requests == {"CALLOUT1": 1} or standin.tpipes.in_delivery == 1
            assert "handed back: no good" in one.listener.picture().reason
        assert one.events.states.count("trouble") == 1

    @pytest.mark.parametrize(("how", "left"), [(Nak.DISCARD, {"CALLOUT1": 1}), (Nak.REROUTE, {"HWS$DEF": 1})])
    def test_an_asynchronous_one_goes_back_or_to_the_reroute_tpipe(self, standin, how, left):
        with listening(standin, intake=TestIntake(decide=refusing(how)), retry_seconds=600) as one:
            standin.queue_output("CALLOUT1", b"message")
            wait_until(lambda: one.listener.picture().refused == 1)
            wait_until(lambda: standin.tpipes.depths == left)

    def test_a_journal_that_is_away_leaves_both_kinds_with_ims(self, standin):
        with listening(standin, retry_seconds=0.05) as one:
            one.intake.decide = lambda _received: JournalError("disk full")
            standin.queue_output("CALLOUT1", b"async")
            standin.ical("OUT", b"sync")
            one.until(TROUBLE)
            wait_until(lambda: one.listener.picture().refused > 2)
            assert "disk full" in one.listener.picture().reason
            assert not one.intake.begun
            one.intake.decide = lambda _received: None
            wait_until(lambda: len(one.intake.begun) == 2)
            one.until(LISTENING)
        assert {received.data for received in one.intake.begun} == {b"sync", b"async"}
        assert one.events.states == ["listening", "stopped"], "the journal tells of itself, once for all tpipes"

    def test_a_mistake_of_ours_neither_loses_the_message_nor_ends_the_thread(self, standin, caplog):
        failures = [KeyError("secret")]

        def decide(_received):
            return failures.pop() if failures else None

        with listening(standin, intake=TestIntake(decide=decide)) as one:
            standin.ical("OUT", b"request")
            wait_until(lambda: one.intake.begun)
            one.until(LISTENING)
        (trouble,) = [change for change in one.events.changes if change.state == "trouble"]
        assert trouble.reason == "internal error: KeyError"
        assert any(record.exc_info for record in caplog.records)

    def test_one_whose_beginning_fails_leaves_the_thread_alive(self, standin):
        def begin() -> None:
            raise RuntimeError

        decisions = [Accept(begin)]
        intake = TestIntake(decide=lambda _received: decisions.pop() if decisions else None)
        with listening(standin, intake=intake) as one:
            standin.queue_output("CALLOUT1", b"first")
            wait_until(lambda: one.intake.taken)
            standin.queue_output("CALLOUT1", b"second")
            wait_until(lambda: one.intake.begun)
        assert one.intake.begun[0].data == b"second"


class TestRoom:
    def test_without_room_nothing_is_retrieved(self, standin):
        intake = TestIntake(room=threading.Semaphore(1))
        with listening(standin, intake=intake) as one:
            standin.queue_output("CALLOUT1", b"first")
            wait_until(lambda: one.intake.begun)
            standin.queue_output("CALLOUT1", b"second")
            one.until(FULL)
            # IMS Connect may still be hearing the ACK of the first
            wait_until(lambda: standin.tpipes.in_delivery == 0, "the first is gone")
            assert standin.tpipes.depths == {"CALLOUT1": 1}
            intake.room.release()
            wait_until(lambda: len(one.intake.begun) == 2)

    def test_a_socket_that_was_closed_meanwhile_is_replaced_and_nobody_told(self, standin_factory):
        standin = standin_factory(descriptors=DESCRIPTORS, ims_connect={"idle_seconds": 0.05})
        intake = TestIntake(room=threading.Semaphore(1))
        with listening(standin, intake=intake) as one:
            standin.queue_output("CALLOUT1", b"first")
            wait_until(lambda: one.intake.begun)
            wait_until(lambda: standin.connections == 0)
            standin.queue_output("CALLOUT1", b"second")
            intake.room.release()
            wait_until(lambda: len(one.intake.begun) == 2)
        assert one.events.states == ["listening", "stopped"]

    @pytest.mark.parametrize(
        ("error", "state"), [(JournalError("server away"), TROUBLE), (JournalFullError("enough"), FULL)]
    )
    def test_a_journal_that_cannot_be_used_stops_retrieval(self, standin, error, state):
        with listening(standin, intake=TestIntake(room_error=error)) as one:
            one.until(state)
            standin.queue_output("CALLOUT1", b"message")
            assert one.listener.picture().reason == str(error)
            assert [seen for seen in standin.seen if seen.verb is Verb.RESUME_TPIPE] == []
            one.intake.room_error = None
            wait_until(lambda: one.intake.begun)
        assert one.events.states == [*(["full"] if state is FULL else []), "listening", "stopped"]


class TestStopping:
    def test_a_wait_is_ended_by_cancel_timer(self, standin):
        with listening(standin) as one:
            until_waiting(standin)
            one.stop()
            assert one.state() is STOPPED
        assert resumes(standin) == ["timed out, 0 delivered"]
        assert [seen.outcome for seen in standin.seen if seen.verb is Verb.CANCEL_TIMER] == ["timer cancelled"]
        assert one.events.states == ["listening", "stopped"]

    def test_a_wait_is_ended_without_it_where_nobody_takes_a_second_socket(self, standin, proxy):
        with listening(proxy) as one:
            until_waiting(standin)
            proxy.refuse()
            one.stop()
        wait_until(lambda: resumes(standin) == ["client gone, 0 delivered"])

    @pytest.mark.parametrize("how", ["stall", "stop_accepting"])
    def test_a_network_that_is_silent_does_not_hold_a_stop_up(self, standin, proxy, how):
        with listening(proxy) as one:
            until_waiting(standin)
            getattr(proxy, how)()
            one.stop()
            proxy.flow()

    def test_a_wait_is_ended_without_it_where_there_are_no_credentials_any_more(self, standin):
        gone = threading.Event()

        def make() -> Credentials:
            if gone.is_set():
                raise KeyError
            return Credentials()

        with listening(standin, credentials=make) as one:
            until_waiting(standin)
            gone.set()
            one.stop()
        assert one.events.states == ["listening", "stopped"]

    def test_a_message_that_comes_at_that_moment_stays_with_ims(self, standin, proxy):
        with listening(proxy) as one:
            until_waiting(standin)
            proxy.stall()
            sync = standin.ical("OUT", b"sync")
            wait_until(lambda: standin.tpipes.in_delivery == 1)
            one.listener.stop()
            proxy.flow()
            assert one.listener.join(PATIENCE)
            assert one.intake.taken == []
            wait_until(lambda: standin.tpipes.requests == {"CALLOUT1": 1})
            assert not sync.done()
            one.listener.start()
            wait_until(lambda: one.intake.begun)
            answer(standin, one.intake.begun[0])
            assert sync.result(PATIENCE).good

    def test_an_asynchronous_one_likewise(self, standin, proxy):
        with listening(proxy) as one:
            until_waiting(standin)
            proxy.stall()
            standin.queue_output("CALLOUT1", b"async")
            wait_until(lambda: standin.tpipes.in_delivery == 1)
            one.listener.stop()
            proxy.flow()
            assert one.listener.join(PATIENCE)
            assert one.intake.taken == []
            wait_until(lambda: standin.tpipes.depths == {"CALLOUT1": 1})

    def test_one_in_hand_is_finished(self, standin):
        in_hand, go_on = threading.Event(), threading.Event()

        def decide(_received):
            in_hand.set()
            go_on.wait(PATIENCE)

        with listening(standin, intake=TestIntake(decide=decide)) as one:
            standin.queue_output("CALLOUT1", b"message")
            assert in_hand.wait(PATIENCE)
            one.listener.stop()
            go_on.set()
            assert one.listener.join(PATIENCE)
        assert len(one.intake.begun) == 1
        assert standin.tpipes.depths == {}

    def test_the_first_message_after_a_restart_is_delivered_like_any_other(self, standin):
        with listening(standin) as one:
            for number in range(3):
                until_waiting(standin)
                one.stop()
                future = standin.ical("OUT", b"%d" % number)
                one.listener.start()
                wait_until(lambda count=number: len(one.intake.begun) == count + 1)
                answer(standin, one.intake.begun[-1])
                assert future.result(PATIENCE).good
            assert one.listener.picture().refused == 0

    def test_a_start_while_it_stops_listens_again(self, standin):
        with listening(standin) as one:
            until_waiting(standin)
            one.listener.stop()
            one.listener.start()
            standin.queue_output("CALLOUT1", b"message")
            wait_until(lambda: one.intake.begun)

    def test_a_second_start_or_stop_changes_nothing(self, standin):
        with listening(standin) as one:
            one.listener.start()
            one.until(LISTENING)
            one.stop()
            one.stop()
        assert one.events.states == ["listening", "stopped"]

    def test_one_that_was_never_started_has_stopped(self, standin):
        with listening(standin, start=False) as one:
            assert one.state() is STOPPED
            assert one.listener.join(0)

    def test_a_pause_after_an_error_ends_at_once(self, standin):
        standin.stop()
        with listening(standin, retry_seconds=600) as one:
            one.until(TROUBLE)
            one.stop()
        standin.restart()


class TestTroubles:
    def test_a_stand_in_that_is_restarted_is_found_again(self, standin):
        with listening(standin) as one:
            until_waiting(standin)
            standin.stop()
            one.until(TROUBLE)
            assert "IGW" in one.listener.picture().reason
            standin.restart()
            one.until(LISTENING)
            standin.queue_output("CALLOUT1", b"message")
            wait_until(lambda: one.intake.begun)
        first, *troubles, again, end = one.events.states
        assert (first, set(troubles), again, end) == ("listening", {"trouble"}, "listening", "stopped")
        assert len(troubles) in {1, 2}

    def test_the_next_endpoint_is_tried(self, standin_factory):
        first, second = (standin_factory(descriptors=DESCRIPTORS) for _ in range(2))
        with listening(first, second) as one:
            until_waiting(first)
            first.stop()
            second.queue_output("CALLOUT1", b"message")
            wait_until(lambda: one.intake.begun)
            assert one.state() is not FAILED
        first.restart()

    def test_a_wrong_password_is_told_once_and_goes_on(self, standin_factory):
        standin = standin_factory(
            descriptors=DESCRIPTORS, users=USERS, ims_connect={"racf": True, "max_bad_passwords": 0}
        )
        with listening(standin, credentials=Credentials.of("GWUSER", "WRONG")) as one:
            wait_until(lambda: len(standin.seen) > 3)
            assert one.state() is TROUBLE
            assert "sign-on was not accepted" in one.listener.picture().reason
            assert "WRONG" not in one.listener.picture().reason
        assert one.events.states == ["trouble", "stopped"]

    def test_a_tpipe_that_is_protected_is_told(self, standin_factory):
        standin = standin_factory(
            descriptors=DESCRIPTORS,
            users=USERS,
            ims_connect={"racf": True, "otma_security": "full"},
            tpipes={"CALLOUT1": {"permit": ["ALICE"]}},
        )
        with listening(standin, credentials=Credentials.of("BOB", "BUILDER1")) as one:
            one.until(TROUBLE)
            assert "not authorized" in one.listener.picture().reason
        with listening(standin, credentials=Credentials.of("ALICE", "WONDER1")) as one:
            one.until(LISTENING)

    def test_credentials_are_made_anew_each_time(self, standin):
        made = []

        def make() -> Credentials:
            made.append(1)
            if len(made) == 1:
                raise GatewayError(M.BUSY)
            return Credentials()

        with listening(standin, credentials=make) as one:
            one.until(LISTENING)
            until_waiting(standin)
            assert len(made) > 2

    @pytest.mark.parametrize(
        ("name", "act"),
        [
            ("the tpipe is stopped", lambda standin: standin.stop_tpipe("CALLOUT1")),
            ("datastore", lambda standin: standin.stop_datastore("IMS1")),
        ],
    )
    def test_what_an_operator_stops_is_waited_for(self, standin, name, act):
        with listening(standin, stop_on_error=True) as one:
            until_waiting(standin)
            act(standin)
            wait_until(lambda: any(name in change.reason for change in one.events.changes))
            standin.start_tpipe("CALLOUT1")
            standin.start_datastore("IMS1")
            one.until(LISTENING)

    def test_two_on_one_tpipe_take_turns(self, standin):
        with listening(standin) as one, listening(standin) as two:
            for number in range(10):
                standin.queue_output("CALLOUT1", b"%d" % number)
            wait_until(lambda: len(one.intake.begun) + len(two.intake.begun) == 10)
            both = [received.data for received in (*one.intake.begun, *two.intake.begun)]
            assert sorted(both) == sorted(b"%d" % number for number in range(10))
            assert standin.tpipes.depths == {}


class TestLostAcks:
    def test_one_that_left_and_was_not_heard_is_begun_and_comes_again(self, standin, proxy):
        in_hand, cut = threading.Event(), threading.Event()

        def decide(_received):
            if not in_hand.is_set():
                in_hand.set()
                cut.wait(PATIENCE)

        with listening(proxy, intake=TestIntake(decide=decide)) as one:
            future = standin.ical("OUT", b"request")
            assert in_hand.wait(PATIENCE)
            proxy.stall()
            cut.set()
            wait_until(lambda: len(one.intake.begun) == 1)
            proxy.drop()
            proxy.flow()
            wait_until(lambda: len(one.intake.begun) == 2)
            first, again = one.intake.begun
            assert first.correlation_token == again.correlation_token
            answer(standin, first)
            assert future.result(PATIENCE).good

    def test_one_that_could_not_leave_is_begun_all_the_same(self, standin, proxy):
        in_hand, cut = threading.Event(), threading.Event()

        def decide(_received):
            if not in_hand.is_set():
                in_hand.set()
                cut.wait(PATIENCE)

        with listening(proxy, intake=TestIntake(decide=decide)) as one:
            standin.queue_output("CALLOUT1", b"message")
            assert in_hand.wait(PATIENCE)
            proxy.drop()
            wait_until(lambda: standin.tpipes.depths == {"CALLOUT1": 1})
            cut.set()
            wait_until(lambda: len(one.intake.begun) == 2)
        assert "trouble" in one.events.states

    def test_a_nak_that_retains_and_cannot_be_sent_is_1008(self, standin, proxy):
        in_hand, cut = threading.Event(), threading.Event()

        def decide(received):
            if in_hand.is_set():
                return None
            in_hand.set()
            cut.wait(PATIENCE)
            return refusing(Nak.RETAIN)(received)

        with listening(proxy, intake=TestIntake(decide=decide)) as one:
            standin.ical("OUT", b"request")
            assert in_hand.wait(PATIENCE)
            proxy.reset()
            cut.set()
            wait_until(lambda: len(one.intake.begun) == 1)
            reasons = [change.reason for change in one.events.changes if change.state == "trouble"]
            assert any(reason.startswith("1008 ") for reason in reasons)


class TestStopOnError:
    def test_a_refused_sign_on_stops_it_until_it_is_started(self, standin_factory):
        standin = standin_factory(descriptors=DESCRIPTORS, users=USERS, ims_connect={"racf": True})
        passwords = ["WRONG", "GWPASS1", "GWPASS1", "GWPASS1"]
        source = lambda: Credentials.of("GWUSER", passwords.pop(0) if len(passwords) > 1 else passwords[0])  # noqa: E731
        with listening(standin, credentials=source, stop_on_error=True) as one:
            one.until(FAILED)
            assert one.listener.join(PATIENCE)
            assert len(standin.seen) == 1
            one.listener.start()
            one.until(LISTENING)
        assert one.events.states == ["failed", "listening", "stopped"]

    def test_a_message_that_was_refused_stops_it_after_the_nak(self, standin):
        intake = TestIntake(decide=refusing(Nak.DISCARD, Status.PARSING_DISCARDED))
        with listening(standin, intake=intake, stop_on_error=True) as one:
            future = standin.ical("OUT", b"request")
            one.until(FAILED)
            assert codes(future) == (*NAKED, 1006)
            assert one.listener.picture().reason == "no good"
        assert one.state() is FAILED

    @pytest.mark.parametrize("nak", list(Nak))
    def test_whatever_the_nak_is(self, standin, nak):
        status = None if nak is Nak.RETAIN else Status.PARSING_DISCARDED
        with listening(standin, intake=TestIntake(decide=refusing(nak, status)), stop_on_error=True) as one:
            standin.ical("OUT", b"request", timeout_seconds=0.1)
            one.until(FAILED)

    def test_a_message_that_is_a_dead_letter_stops_it_behind_the_ack(self, standin):
        begun = []
        intake = TestIntake(decide=lambda _received: Accept(lambda: begun.append(1), trouble="no good"))
        with listening(standin, intake=intake, stop_on_error=True) as one:
            standin.queue_output("CALLOUT1", b"message")
            standin.queue_output("CALLOUT1", b"another")
            one.until(FAILED)
            assert one.listener.picture().reason == "no good"
            assert one.listener.picture().received == len(begun) == 1
            wait_until(lambda: standin.tpipes.depth("CALLOUT1") == 1)

    def test_so_it_does_when_the_ack_is_lost(self, standin, proxy):
        begun = []

        def decide(_received):
            proxy.reset()
            return Accept(lambda: begun.append(1), trouble="no good")

        with listening(proxy, intake=TestIntake(decide=decide), stop_on_error=True) as one:
            standin.queue_output("CALLOUT1", b"message")
            one.until(FAILED)
            assert begun == [1]

    def test_without_it_a_dead_letter_stops_nothing(self, standin):
        with listening(standin, intake=TestIntake(decide=lambda _: Accept(lambda: None, trouble="bad"))) as one:
            for number in range(2):
                standin.queue_output("CALLOUT1", b"message %d" % number)
            wait_until(lambda: one.listener.picture().received == 2)
            one.until(LISTENING)

    def test_a_lost_network_does_not(self, standin):
        with listening(standin, stop_on_error=True) as one:
            until_waiting(standin)
            standin.restart()
            standin.queue_output("CALLOUT1", b"message")
            wait_until(lambda: one.intake.begun)

    def test_nor_does_a_mistake_of_ours_or_a_journal_that_is_away(self, standin):
        failures = [KeyError(), JournalError("away")]
        intake = TestIntake(decide=lambda _received: failures.pop() if failures else None)
        with listening(standin, intake=intake, stop_on_error=True) as one:
            standin.queue_output("CALLOUT1", b"message")
            wait_until(lambda: one.intake.begun)
