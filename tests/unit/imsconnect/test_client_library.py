"""The client as a library: conversations over shared sockets, dedicated client ids, several endpoints."""

import threading
from dataclasses import replace

import pytest

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.exchange import CommitMode, Secret, Undeliverable
from gateway.imsconnect import Credentials, DfsMessageError, Endpoint, Interaction, InteractionVerb
from gateway.imsconnect import calls as decisions
from gateway.outcome import Outcome
from tests.fixtures.scripted_server import (
    Close,
    Expect,
    ExpectNothing,
    Send,
    Signal,
    Stall,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.calling import ECHOES
from tests.unit.imsconnect.connections import (
    CONFIRM,
    CONVERSATION_OPEN,
    USER,
    asked,
    client_to,
    fails,
    request,
    told,
)
from tests.unit.imsconnect.pooling import wait_until
from tests.unit.imsconnect.worked_examples import F2, F3, TIMER, patched, rsm
from tests.unit.standin.by_hand import ebcdic, reply, text

pytestmark = pytest.mark.usefixtures("face")

IVTNO = replace(CONFIRM, sync_level=None, execution_timeout_ms=30_000)
FIRST = replace(IVTNO, conversational=True)
ANSWERED = (Expect(wire.IVTNO), Send(wire.OUTPUT))
OPENED = (Expect(wire.IVTNO), Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN)))
MINE = {24: ebcdic("MINE    ").hex(), F2: "40", F3: "01"}
"""Commit mode 0 under the client id MINE, undeliverable output held."""
NEXT_SEEN = Expect(text("NEXT", user="USER1", password="PASSW0RD"))
GOES_ON = Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN))


def next_step(conversation_id: str) -> Interaction:
    return replace(IVTNO, transaction="", segments=(ebcdic("NEXT"),), conversation_id=conversation_id)


class TestConversations:
    def test_each_keeps_its_socket_until_its_end(self, scripted_server):
        server = scripted_server(
            [*OPENED, NEXT_SEEN, GOES_ON, NEXT_SEEN, Send(wire.OUTPUT), *ANSWERED, ExpectNothing()],
            [*OPENED, ExpectNothing()],
        )
        with client_to(server) as client:
            one = client.run(FIRST).conversation_id
            other = client.run(FIRST).conversation_id
            assert one != other
            assert client.run(next_step(one)).conversation_id == one
            last = client.run(next_step(one))
            assert (last.conversation_open, last.conversation_id) == (False, "")
            assert client.run(IVTNO).segments == wire.OUTPUT_SEGMENTS
            (stats,) = client.stats()
            assert (stats.connects, stats.in_use, stats.idle) == (2, 1, 1)

    def test_its_id_cannot_be_guessed_and_opens_nothing_after_its_end(self, scripted_server):
        server = scripted_server([*OPENED, NEXT_SEEN, Send(wire.OUTPUT)])
        with client_to(server) as client:
            name = client.run(FIRST).conversation_id
            assert len(name) == 16
            client.run(next_step(name))
            for unknown in (name, "0" * 16):
                with pytest.raises(GatewayError) as caught:
                    client.run(next_step(unknown))
                assert caught.value.message is M.NO_CONVERSATION

    def test_a_second_step_beside_the_first_is_refused(self, scripted_server):
        step_seen, go_on = threading.Event(), threading.Event()
        server = scripted_server(
            [*OPENED, NEXT_SEEN, Signal(step_seen), Stall(go_on), GOES_ON, ExpectNothing()]
        )
        with client_to(server) as client:
            name = client.run(FIRST).conversation_id
            answers: list[bool] = []
            first = threading.Thread(
                target=lambda: answers.append(client.run(next_step(name)).conversation_open)
            )
            first.start()
            assert step_seen.wait(20)
            with pytest.raises(GatewayError) as caught:
                client.run(next_step(name))
            assert caught.value.message is M.NO_CONVERSATION
            go_on.set()
            first.join(20)
            assert answers == [True]

    def test_one_that_is_idle_too_long_is_given_up(self, scripted_server, clock):
        server = scripted_server([*OPENED, ExpectNothing()], [*ANSWERED])
        with client_to(server, clock=clock) as client:
            name = client.run(FIRST).conversation_id
            clock.move(decisions.CONVERSATION_IDLE_SECONDS)
            client.run(IVTNO)
            server.wait_played(1)
            with pytest.raises(GatewayError) as caught:
                client.run(next_step(name))
            assert caught.value.message is M.NO_CONVERSATION

    def test_deallocate_ends_it_and_gives_the_socket_back(self, scripted_server):
        deallocate = asked("30-deallocate", {TIMER: "45", F3: "00"})
        server = scripted_server([*OPENED, deallocate, Send(rsm(4, 98)), *ANSWERED])
        with client_to(server) as client:
            name = client.run(FIRST).conversation_id
            client.run(
                replace(
                    IVTNO,
                    verb=InteractionVerb.END_CONVERSATION,
                    transaction="",
                    segments=(),
                    conversation_id=name,
                )
            )
            client.run(IVTNO)
            (stats,) = client.stats()
            assert stats.connects == 1

    @pytest.mark.parametrize("failure", [[Close()], [Send(rsm(4, 98))], [Send(wire.TIMER_EXPIRED)]])
    def test_a_step_that_fails_ends_it(self, scripted_server, failure):
        server = scripted_server([*OPENED, NEXT_SEEN, *failure])
        with client_to(server) as client:
            name = client.run(FIRST).conversation_id
            with pytest.raises(GatewayError):
                client.run(next_step(name))
            with pytest.raises(GatewayError) as caught:
                client.run(next_step(name))
            assert caught.value.message is M.NO_CONVERSATION
            (stats,) = client.stats()
            assert stats.in_use == 0

    def test_a_first_step_that_stays_alone_is_no_conversation(self, scripted_server):
        server = scripted_server([*ANSWERED, *ANSWERED])
        with client_to(server) as client:
            assert client.run(FIRST).conversation_id == ""
            client.run(IVTNO)

    def test_closing_the_client_ends_all(self, scripted_server):
        server = scripted_server([*OPENED, ExpectNothing()], [*OPENED, ExpectNothing()])
        with client_to(server) as client:
            client.run(FIRST)
            client.run(FIRST)
            client.close()
            server.wait_played(2)

    def test_a_step_under_way_while_the_client_closes_keeps_no_socket(self, scripted_server):
        step_seen = threading.Event()
        server = scripted_server([*OPENED, NEXT_SEEN, Signal(step_seen), ExpectNothing()])
        with client_to(server) as client:
            name = client.run(FIRST).conversation_id
            errors: list[BaseException] = []

            def step() -> None:
                with pytest.raises(TransportError) as caught:
                    client.run(next_step(name))
                errors.append(caught.value)

            thread = threading.Thread(target=step)
            thread.start()
            assert step_seen.wait(20)
            client.close()
            thread.join(20)
            server.wait_played(1)
            assert len(errors) == 1


class TestDedicatedClientIds:
    CM0 = replace(IVTNO, commit_mode=CommitMode.COMMIT_THEN_SEND)

    def test_one_has_its_own_socket_again_and_again_and_holds_its_output(self, scripted_server):
        mine = (request(MINE), Send(wire.OUTPUT))
        server = scripted_server([*mine, *mine, ExpectNothing()], [*ANSWERED])
        with client_to(server) as client:
            assert client.run(self.CM0, client_id="MINE").client_id == "MINE"
            client.run(IVTNO)
            client.run(self.CM0, client_id="MINE")
            (stats,) = client.stats()
            assert (stats.connects, stats.reuses) == (2, 1)

    @pytest.mark.parametrize(
        ("interaction", "rule"),
        [
            (IVTNO, "clientID"),
            (FIRST, "clientID"),
            (replace(CM0, undeliverable=Undeliverable.PURGE), "purgeAsyncOutput"),
        ],
    )
    def test_what_needs_a_shared_socket_is_refused(self, scripted_server, interaction, rule):
        with client_to(scripted_server()) as client:
            with pytest.raises(GatewayError) as caught:
                client.run(interaction, client_id="MINE")
            assert fails(caught.value, rule)

    @pytest.mark.parametrize("name", ["HWSX", "1234", "lower", "NINECHARS"])
    def test_one_that_nobody_may_choose_is_refused(self, scripted_server, name):
        with client_to(scripted_server()) as client:
            with pytest.raises(GatewayError) as caught:
                client.run(self.CM0, client_id=name)
            assert fails(caught.value, "clientID")

    def test_two_calls_of_one_wait_for_each_other(self, scripted_server):
        seen, go_on = threading.Event(), threading.Event()
        mine = request(MINE)
        server = scripted_server(
            [mine, Signal(seen), Stall(go_on), Send(wire.OUTPUT), mine, Send(wire.OUTPUT), ExpectNothing()]
        )
        with client_to(server) as client:
            threads = [
                threading.Thread(target=client.run, args=(self.CM0,), kwargs={"client_id": "MINE"})
                for _ in range(2)
            ]
            for thread in threads:
                thread.start()
            assert seen.wait(20)
            wait_until(lambda: client.stats()[0].waiting == 1)
            go_on.set()
            for thread in threads:
                thread.join(20)
            assert client.stats()[0].connects == 1


class TestEndpoints:
    def test_one_that_is_gone_costs_no_caller_an_error(self, scripted_server):
        gone, server = scripted_server(), scripted_server([*ANSWERED * 2])
        gone.stop()
        with client_to(gone, server) as client:
            for _ in range(2):
                assert client.run(IVTNO).segments == wire.OUTPUT_SEGMENTS

    def test_where_none_answers_nothing_was_sent(self, scripted_server):
        gone = [scripted_server(), scripted_server()]
        for server in gone:
            server.stop()
        with client_to(*gone) as client, pytest.raises(TransportError) as caught:
            client.run(IVTNO)
        assert caught.value.message is M.UNREACHABLE
        assert not caught.value.maybe_sent

    def test_one_in_shutdown_sends_the_call_elsewhere(self, scripted_server):
        closing = scripted_server([Expect(wire.IVTNO), Send(rsm(8, 73)), Close()])
        server = scripted_server([*ANSWERED])
        with client_to(closing, server) as client:
            assert client.run(IVTNO).segments == wire.OUTPUT_SEGMENTS

    def test_one_that_was_lost_behind_the_request_does_not(self, scripted_server):
        lost, server = scripted_server([Expect(wire.IVTNO), Close()]), scripted_server()
        with client_to(lost, server) as client, pytest.raises(TransportError) as caught:
            client.run(IVTNO)
        assert caught.value.message is M.CONNECTION_LOST
        assert server.connections == 0

    def test_one_that_is_drained_gets_nothing_until_it_is_resumed(self, scripted_server):
        first = scripted_server([*ANSWERED, ExpectNothing()], [*ANSWERED])
        second = scripted_server([*ANSWERED])
        endpoint = Endpoint(first.host, first.port)
        with client_to(first, second) as client:
            client.run(IVTNO)
            client.drain(endpoint)
            first.wait_played(1)
            client.run(IVTNO)
            client.resume(endpoint)
            client.run(IVTNO)
            assert [stats.connects for stats in client.stats()] == [2, 1]
            with pytest.raises(ValueError, match="not in"):
                client.drain(Endpoint("elsewhere.example", 1))

    def test_sockets_are_kept_open_once_the_client_is_warm(self, scripted_server):
        server = scripted_server(*[ECHOES] * 3)
        with client_to(server, pool={"min_open": 3}) as client:
            client.warm()
            wait_until(lambda: client.stats()[0].idle == 3)

    def test_a_socket_is_pinged_before_use_where_that_is_wanted(self, scripted_server):
        pinged = patched(wire.PING, {TIMER: "29"})
        once = (Expect(pinged), Send(wire.PING_REPLY), *ANSWERED)
        server = scripted_server([*once, Expect(pinged), Stall()], [*once])
        with client_to(server, pool={"ping_on_use": True}) as client:
            client.run(IVTNO)
            client.run(IVTNO)
            assert client.stats()[0].stale == 1


class TestOtherMessages:
    def test_a_password_is_changed(self, scripted_server):
        changes = text("HWSPWCH PASSW0RD/NEWPASS1/NEWPASS1", user="USER1", password="PASSW0RD")
        words = "HWSC0031I PASSWORD CHANGE SUCCESSFUL"
        server = scripted_server([Expect(changes), Send(reply(words)), *ANSWERED])
        with client_to(server) as client:
            assert client.change_password(Secret("NEWPASS1"), USER, 30_000) == words
            client.run(IVTNO)

    def test_a_timer_is_cancelled_over_a_socket_of_its_own(self, scripted_server):
        server = scripted_server([asked("28-cancel-timer"), told("28-cancel-timer-answer"), ExpectNothing()])
        with client_to(server) as client:
            client.cancel_timer("CLIENT01")
            assert client.stats()[0].requests == 0

    def test_no_timer_to_cancel_is_an_error(self, scripted_server):
        server = scripted_server([asked("28-cancel-timer"), Send(rsm(8, 16))])
        with client_to(server) as client, pytest.raises(ImsError) as caught:
            client.cancel_timer("CLIENT01")
        assert caught.value.reason_code == 16
        assert caught.value.text.endswith("no session with this client id waits for IMS")
        assert caught.value.outcome is Outcome.NOT_DONE

    def test_a_message_of_ims_is_an_error_and_costs_no_socket(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(reply("DFS065I STOPPED")), *ANSWERED])
        with client_to(server) as client:
            with pytest.raises(DfsMessageError) as caught:
                client.run(IVTNO)
            assert caught.value.reply.dfs is not None
            client.run(IVTNO)
            assert client.stats()[0].connects == 1

    def test_the_verbs_that_receive_need_a_connection(self, scripted_server):
        with client_to(scripted_server([ExpectNothing()])) as client:
            with pytest.raises(GatewayError) as caught:
                client.run(Interaction(verb=InteractionVerb.RECEIVE))
            assert fails(caught.value, "interactionVerb")

    def test_credentials_are_made_for_each_interaction(self, scripted_server):
        ticket = {76: ebcdic("TICKET02").hex()}
        first = {76: ebcdic("TICKET01").hex()}
        server = scripted_server(
            [request(first), Send(wire.OUTPUT), request(ticket), Send(wire.OUTPUT), ExpectNothing()]
        )
        tickets = iter(["TICKET01", "TICKET02"])
        with client_to(server) as client:
            for _ in range(2):
                client.run(IVTNO, lambda: Credentials.of("USER1", next(tickets)))


def test_a_hundred_callers_over_eight_sockets_get_each_their_own_answer(scripted_server):
    server = scripted_server(*[ECHOES] * 8)
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(5):
            mine = replace(IVTNO, segments=(ebcdic(f"ECHO {number} {turn} ") * (1 + number),))
            try:
                if client.run(mine).segments != mine.segments:
                    wrong.append((number, turn))
            except GatewayError as error:
                wrong.append(error)

    with client_to(server, pool={"size": 8, "wait_seconds": 60.0}) as client:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        (stats,) = client.stats()
    assert wrong == []
    assert (stats.requests, stats.connects + stats.reuses) == (500, 500)
