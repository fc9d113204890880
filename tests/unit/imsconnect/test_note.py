"""What is noted of a call, whether it works or fails: where it went, how long it waited, how long it talked."""

import threading
from dataclasses import dataclass, replace

import pytest

from gateway.errors import GatewayError, ImsError, M
from gateway.imsconnect import CallNote, Span
from tests.fixtures.ports import free_ports
from tests.fixtures.scripted_server import Expect, ExpectNothing, Send, Stall
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.calling import ANSWERED
from tests.unit.imsconnect.connections import CONFIRM, client_to
from tests.unit.imsconnect.worked_examples import rsm

IVTNO = replace(CONFIRM, sync_level=None, execution_timeout_ms=30_000)


@dataclass(frozen=True)
class Session:
    endpoint: str = "b.example:9999"
    client_id: str = "CLIENT01"


@dataclass
class At:
    host: str
    port: int


def lengths(spans: list[Span]) -> list[float]:
    return [span.ended - span.began for span in spans]


class TestNote:
    def test_a_wait_ends_where_the_talk_begins(self):
        note = CallNote()
        note.waiting("a.example:9999", 1.0)
        note.talking(Session(), 1.5)
        note.over(4.0)
        assert (note.waits, note.trips) == ([Span(1.0, 1.5)], [Span(1.5, 4.0)])
        assert (note.endpoint, note.client_id) == ("b.example:9999", "CLIENT01")

    def test_each_try_is_a_wait_of_its_own_and_the_last_endpoint_is_told(self):
        note = CallNote()
        note.waiting("a.example:9999", 1.0)
        note.talking(Session("a.example:9999"), 2.0)
        note.waiting("b.example:9999", 3.0)
        note.over(7.0)
        assert (note.waits, note.trips) == ([Span(1.0, 2.0), Span(3.0, 7.0)], [Span(2.0, 3.0)])
        assert (note.endpoint, note.client_id) == ("b.example:9999", ""), "nobody was told a client id there"

    def test_what_has_ended_does_not_end_again(self):
        note = CallNote()
        note.over(1.0)
        note.waiting("a.example:9999", 1.0)
        note.over(2.0)
        note.over(9.0)
        assert (note.waits, note.trips) == ([Span(1.0, 2.0)], [])


@pytest.mark.usefixtures("face")
class TestCalls:
    def test_an_answered_call_tells_where_it_went_and_both_times(self, scripted_server):
        server, note = scripted_server([*ANSWERED]), CallNote()
        with client_to(server) as client:
            client.run(IVTNO, note=note)
        assert (note.endpoint, note.client_id) == (f"{server.host}:{server.port}", "CLIENT01")
        ((wait,), (trip,)) = note.waits, note.trips
        assert wait.began <= wait.ended == trip.began < trip.ended

    def test_a_refusal_of_ims_connect_is_a_round_trip_too(self, scripted_server):
        server, note = scripted_server([Expect(wire.IVTNO), Send(rsm(8, 4))]), CallNote()
        with client_to(server) as client, pytest.raises(ImsError):
            client.run(IVTNO, note=note)
        assert (note.endpoint, note.client_id) == (f"{server.host}:{server.port}", "CLIENT01")
        assert (len(note.waits), len(note.trips)) == (1, 1)

    def test_an_answer_that_does_not_come_took_the_whole_timeout(self, scripted_server):
        server, note = scripted_server([Expect(wire.IVTNO), Stall()]), CallNote()
        with client_to(server) as client, pytest.raises(GatewayError) as caught:
            client.run(replace(IVTNO, socket_timeout_ms=150), note=note)
        assert caught.value.message is M.SOCKET_TIMEOUT
        assert note.client_id == "CLIENT01"
        assert lengths(note.trips)[0] >= 0.15 > lengths(note.waits)[0]

    def test_where_nobody_listens_there_is_a_wait_and_no_round_trip(self):
        (port,), note = free_ports(1), CallNote()
        with client_to(At("127.0.0.1", port)) as client, pytest.raises(GatewayError) as caught:
            client.run(IVTNO, note=note)
        assert caught.value.message is M.UNREACHABLE
        assert (note.endpoint, note.client_id) == (f"127.0.0.1:{port}", "")
        assert (len(note.waits), note.trips) == (1, [])

    def test_a_second_endpoint_is_a_second_wait(self, scripted_server):
        (port,), server, note = free_ports(1), scripted_server([*ANSWERED]), CallNote()
        with client_to(At("127.0.0.1", port), server) as client:
            client.run(IVTNO, note=note)
        assert note.endpoint == f"{server.host}:{server.port}"
        assert (len(note.waits), len(note.trips)) == (2, 1)

    def test_who_gets_no_socket_has_waited_for_it(self, scripted_server):
        held, release = threading.Event(), threading.Event()
        server, note = scripted_server([Expect(wire.IVTNO), Hold(held, release), Send(wire.OUTPUT)]), CallNote()
        with client_to(server, pool={"size": 1, "wait_seconds": 0.1}) as client:
            first = threading.Thread(target=client.run, args=(IVTNO,))
            first.start()
            assert held.wait(20)
            with pytest.raises(GatewayError) as caught:
                client.run(IVTNO, note=note)
            release.set()
            first.join(20)
        assert caught.value.message is M.NO_SOCKET
        assert lengths(note.waits)[0] > 0.05, "nearly all of the tenth of a second that it may take"
        assert (note.endpoint, note.client_id, note.trips) == (f"{server.host}:{server.port}", "", [])

    def test_an_interaction_that_cannot_be_run_went_nowhere(self, scripted_server):
        server, note = scripted_server([ExpectNothing()]), CallNote()
        with client_to(server) as client, pytest.raises(GatewayError) as caught:
            client.run(replace(IVTNO, transaction="much too long"), note=note)
        assert caught.value.message is M.INTERACTION
        assert (note.endpoint, note.client_id, note.waits, note.trips) == ("", "", [], [])


@dataclass(frozen=True)
class Hold:
    """Say that the request is there, and wait before the answer."""

    held: threading.Event
    release: threading.Event

    def play(self, _link: object) -> None:
        self.held.set()
        self.release.wait(20)
