"""Bounds that hold wherever an interaction runs, and what a client refuses before it takes a socket."""

import math
import threading
from dataclasses import replace

import pytest

from gateway.errors import GatewayError, M
from gateway.exchange import CommitMode, Secret, TrustedMark
from gateway.imsconnect import Acknowledgment, Client, Credentials, HeaderCode, Interaction, InteractionVerb
from gateway.imsconnect.inputs import Destination, check, password_change
from tests.fixtures.scripted_server import Close, Expect, ExpectNothing, Send, Signal, Stall
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.connections import (
    CONFIRM,
    CONVERSATION_OPEN,
    TIMER_OVER,
    asked,
    client_to,
    connection_to,
    fails,
    request,
    settings_for,
    told,
)
from tests.unit.imsconnect.pooling import wait_until
from tests.unit.imsconnect.worked_examples import F2, F3, F4, TIMER, patched, rsm
from tests.unit.standin.by_hand import ebcdic, text

IVTNO = replace(CONFIRM, sync_level=None, execution_timeout_ms=30_000)
HURRIED = replace(IVTNO, budget_ms=1000)
CUT = {TIMER: "27"}
"""0.95 s: what a budget of 1 s leaves IMS."""
OPENS = Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN))


@pytest.mark.usefixtures("face")
class TestBudgets:
    def test_one_bounds_each_step_of_a_conversation(self, scripted_server, clock):
        second = Expect(patched(text("NEXT", user="USER1", password="PASSW0RD"), CUT))
        server = scripted_server([request(CUT), OPENS, second, Send(wire.OUTPUT), ExpectNothing()])
        with client_to(server, clock=clock) as client:
            name = client.run(replace(HURRIED, conversational=True)).conversation_id
            step = replace(HURRIED, transaction="", segments=(ebcdic("NEXT"),), conversation_id=name)
            assert not client.run(step).conversation_open

    def test_one_bounds_what_runs_on_a_connection(self, scripted_server):
        server = scripted_server([Expect(lambda message: 0x20 < message[TIMER] <= 0x27), Send(wire.OUTPUT)])
        with connection_to(server) as connection:
            connection.run(HURRIED)

    def test_one_bounds_the_wait_for_a_message(self, scripted_server):
        server = scripted_server([Expect(lambda message: 0x20 < message[TIMER] <= 0x27), TIMER_OVER])
        waiting = Interaction(verb=InteractionVerb.RECEIVE_WAIT, execution_timeout_ms=-1, budget_ms=1000)
        with connection_to(server) as connection:
            assert connection.receive(waiting) is None


@pytest.mark.usefixtures("face")
class TestWhatNeedsAConnection:
    @pytest.mark.parametrize(
        ("interaction", "rule"),
        [
            (replace(CONFIRM, acknowledgment=Acknowledgment.CALLER), "ackNakProvider"),
            (replace(IVTNO, conversational=True, acknowledgment=Acknowledgment.CALLER), "ackNakProvider"),
            (Interaction(verb=InteractionVerb.RECEIVE), "interactionVerb"),
        ],
    )
    def test_a_client_refuses_it_and_opens_nothing(self, scripted_server, interaction, rule):
        server = scripted_server()
        with client_to(server) as client, pytest.raises(GatewayError) as caught:
            client.run(interaction)
        assert fails(caught.value, rule)
        assert server.connections == 0


@pytest.mark.usefixtures("face")
class TestTheCallersOwnAcknowledgment:
    CM0 = replace(IVTNO, commit_mode=CommitMode.COMMIT_THEN_SEND, acknowledgment=Acknowledgment.CALLER)
    LEVEL_1 = Send(patched(wire.OUTPUT_ACK, {wire.OUTPUT_ACK_CSM_LEVEL: "01"}))
    ASKED = request({F2: "40", F3: "01"})
    ACK = asked("07-ack", {TIMER: "01", F2: "40", F3: "01"})

    @pytest.mark.parametrize("answer", [Send(rsm(16, 0x2B)), Send(rsm(12, 81)), Close()])
    def test_one_that_ims_did_not_take_is_no_success(self, scripted_server, answer):
        server = scripted_server([self.ASKED, self.LEVEL_1, self.ACK, answer])
        with connection_to(server) as connection:
            assert connection.run(self.CM0).acknowledgment_due
            with pytest.raises(GatewayError):
                connection.acknowledge()
            assert not connection.usable

    def test_one_that_is_answered_by_the_timer_is(self, scripted_server):
        server = scripted_server([self.ASKED, self.LEVEL_1, self.ACK, Send(rsm(40, 1))])
        with connection_to(server) as connection:
            connection.run(self.CM0)
            connection.acknowledge()
            assert connection.usable

    @pytest.mark.parametrize("reason", [-1, 0x10000])
    def test_a_reason_that_has_no_place_costs_no_message(self, scripted_server, reason):
        one = Interaction(verb=InteractionVerb.RECEIVE, execution_timeout_ms=1000)
        acknowledged = asked("16-resume-tpipe-single", {F4: "C1", TIMER: "E9"})
        server = scripted_server([asked("16-resume-tpipe-single"), told("23-async-output"), acknowledged])
        with connection_to(server) as connection:
            connection.receive(one)
            with pytest.raises(GatewayError) as caught:
                connection.reject(reason=reason)
            assert fails(caught.value, "nakReasonCode")
            connection.acknowledge()
            assert connection.usable


@pytest.mark.usefixtures("face")
def test_a_timeout_that_leaves_a_conversation_open_costs_the_socket(scripted_server):
    open_still = patched(rsm(40, 0x45), {6: "40"})
    server = scripted_server([Expect(wire.IVTNO), Send(open_still), ExpectNothing()])
    with connection_to(server) as connection:
        with pytest.raises(GatewayError) as caught:
            connection.run(IVTNO)
        assert caught.value.message is M.EXECUTION_TIMEOUT
        assert not connection.usable


class TestSecretsThatHaveNoBytes:
    ASCII = Destination("IMS1", code=HeaderCode.ASCII)

    def test_a_password_that_ascii_cannot_say_is_refused(self):
        for old, new in (("PÄSSW0RD", "NEWPASS1"), ("PASSW0RD", "NEWPÄSS1")):
            with pytest.raises(GatewayError) as caught:
                password_change(self.ASCII, "CLIENT01", Credentials.of("USER1", old), Secret(new), 1000)
            assert caught.value.__context__ is None
        with pytest.raises(GatewayError):
            check(IVTNO, Credentials.of("USER1", "PÄSSW0RD"), self.ASCII)

    @pytest.mark.parametrize(("code", "value"), [(HeaderCode.EBCDIC, "KEY€1234"), (HeaderCode.ASCII, "KEYÄ")])
    def test_a_mark_of_trust_that_the_header_cannot_say_is_refused_without_it(self, code, value):
        who = Credentials("USER1", trusted=TrustedMark("*TRUSTD*", Secret(value)))
        with pytest.raises(GatewayError) as caught:
            check(IVTNO, who, Destination("IMS1", code=code))
        assert fails(caught.value, "trustedMark")
        assert caught.value.__context__ is None
        assert "KEY" not in str(caught.value)


@pytest.mark.usefixtures("face")
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"commit_mode": 0}, "type"),
        ({"sync_level": "confirm"}, "type"),
        ({"verb": "send-only"}, "type"),
        ({"acknowledgment": "caller"}, "type"),
        ({"undeliverable": "purge"}, "type"),
        ({"unicode": 1}, "type"),
        ({"segments": b"IVTNO"}, "type"),
        ({"segments": ("IVTNO",)}, "type"),
        ({"execution_timeout_ms": 1.5}, "type"),
        ({"transaction": b"IVTNO"}, "type"),
    ],
)
def test_a_value_of_another_type_is_named_and_not_taken_for_something_else(scripted_server, change, rule):
    with client_to(scripted_server()) as client, pytest.raises(GatewayError) as caught:
        client.run(replace(IVTNO, **change))
    assert fails(caught.value, rule)


def test_closing_refuses_at_every_endpoint_while_one_of_them_drains(scripted_server):
    seen, go_on = threading.Event(), threading.Event()
    first = scripted_server([Expect(wire.IVTNO), Signal(seen), Stall(go_on), Send(wire.OUTPUT)])
    second = scripted_server()
    settings = settings_for(first, second, policy="order")
    client = Client(settings, client_ids=lambda _prefix: "CLIENT01")
    under_way = threading.Thread(target=client.run, args=(IVTNO,))
    under_way.start()
    assert seen.wait(20)
    closing = threading.Thread(target=client.close, args=(math.inf,))
    closing.start()
    wait_until(lambda: all(stats.closed for stats in client.stats()))
    go_on.set()
    for thread in (under_way, closing):
        thread.join(20)
        assert not thread.is_alive()
