"""Callouts: a listener's RESUME TPIPE, what is said to a callout, and the answers to it."""

import threading
from dataclasses import replace

import pytest

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect import (
    FOREVER,
    CalloutRequests,
    Delivery,
    Exit,
    Interaction,
    InteractionVerb,
)
from tests.fixtures.scripted_server import (
    Close,
    Expect,
    ExpectNothing,
    Send,
    Signal,
)
from tests.unit.imsconnect.connections import (
    ASYNC_OUTPUT,
    TIMER_OVER,
    TOKEN,
    Opened,
    asked,
    connection_to,
    told,
)
from tests.unit.imsconnect.worked_examples import F1, TIMER, rsm

pytestmark = pytest.mark.usefixtures("face")

F0, NAK_REASON, F5, F3, REROUTE_NAME = 0x07, 0x10, 0x14, 0x22, 0x5C
ADAPTER, CONVERTER = 0x64, 0x6C
BLANK = "40" * 8
PATIENCE = 20.0

LISTENER = Interaction(
    verb=InteractionVerb.RECEIVE_CONTINUOUSLY,
    execution_timeout_ms=FOREVER,
    socket_timeout_ms=0,
    callout_requests=CalloutRequests.BOTH,
    alternate_client_id="CALLOUT1",
)
MESSAGE = told("23-async-output")
CALLOUT = told("17-callout-request")
CALLOUT_DATA = bytes.fromhex("4C998598A485A2A36EF4F24C61998598A485A2A36E")


def acknowledge_all(connection: Opened, interaction: Interaction, got: list[Delivery]) -> None:
    for delivery in connection.messages(interaction):
        got.append(delivery)
        connection.acknowledge()


class TestListening:
    def test_callouts_and_output_come_until_ims_ends_it(self, scripted_server):
        ack = asked("18-callout-ack")
        server = scripted_server(
            [
                asked("15-resume-tpipe-auto-altcid", {F1: "80"}),
                CALLOUT,
                ack,
                MESSAGE,
                ack,
                told("callout-request-full"),
                ack,
                Send(rsm(12, 81)),
            ]
        )
        got = []
        with connection_to(server) as connection:
            with pytest.raises(ImsError) as caught:
                acknowledge_all(connection, replace(LISTENER, return_mod_name=True), got)
            assert (caught.value.return_code, caught.value.reason_code) == (12, 81)
            assert not connection.usable
        first, second, third = got
        assert (first.request, first.correlation_token, first.user) == (CALLOUT_DATA, TOKEN, "USER1")
        assert (second.segments, second.synchronous) == ((ASYNC_OUTPUT,), False)
        assert third.mod_name == "DFSMO1"
        assert third.control_data == (
            ("url", "http://a".encode("cp037")),
            ("id", "7".encode("cp037")),
        )
        assert (third.network_session, third.network_user) == (
            "REALM1".encode("cp037"),
            "CN=USER1".encode("cp037"),
        )

    def test_hwssmpl0_brings_them_without_length(self, scripted_server):
        sampl0 = "5CE2C1D4D7D3C55C"
        server = scripted_server(
            [
                asked("15-resume-tpipe-auto-altcid", {8: sampl0}),
                told("callout-request-hwssmpl0"),
                asked("18-callout-ack", {8: sampl0}),
                Send(rsm(12, 81)[4:]),
            ]
        )
        got = []
        with connection_to(server, exit=Exit.HWSSMPL0) as connection, pytest.raises(ImsError):
            acknowledge_all(connection, LISTENER, got)
        assert [delivery.request for delivery in got] == [CALLOUT_DATA]

    @pytest.mark.parametrize(
        ("how", "nak"),
        [
            ({}, "21-callout-nak-discard"),
            ({"reason": 0x23}, "21-callout-nak-discard"),
            ({"keep": True}, "22-callout-nak-keep"),
        ],
    )
    def test_a_callout_is_refused(self, scripted_server, how, nak):
        changes = {F0: "00", NAK_REASON: "0000"} if not how else {}
        server = scripted_server(
            [asked("15-resume-tpipe-auto-altcid"), CALLOUT, asked(nak, changes), TIMER_OVER, ExpectNothing()]
        )
        with connection_to(server) as connection:
            for _ in connection.messages(LISTENER):
                connection.reject(**how)
            assert connection.usable

    @pytest.mark.parametrize(
        ("how", "changes"),
        [
            ({}, {F0: "00", NAK_REASON: "0000"}),
            ({"reason": 1007}, {NAK_REASON: "03EF"}),
            ({"reroute_name": "SPARE"}, {F0: "00", NAK_REASON: "0000", REROUTE_NAME: "E2D7C1D9C5404040"}),
        ],
    )
    def test_one_is_rerouted_and_the_next_comes(self, scripted_server, how, changes):
        nak = asked("21-callout-nak-discard", {F3: "09", REROUTE_NAME: BLANK, **changes})
        ack = asked("18-callout-ack")
        server = scripted_server(
            [
                asked("15-resume-tpipe-auto-altcid"),
                CALLOUT,
                nak,
                MESSAGE,
                nak,
                CALLOUT,
                ack,
                Send(rsm(40, 0xFF)),
            ]
        )
        got = []
        with connection_to(server) as connection:
            for delivery in connection.messages(LISTENER):
                got.append(delivery.synchronous)
                if len(got) == 3:
                    connection.acknowledge()
                else:
                    connection.reject(reroute=True, **how)
            assert connection.usable
        assert got == [True, False, True]

    def test_one_that_came_alone_is_rerouted_and_the_next_is_asked_for(self, scripted_server):
        single = {F5: "10", TIMER: "28"}
        nak = {F3: "09", REROUTE_NAME: BLANK, F0: "00", NAK_REASON: "0000", F5: "10", TIMER: "E9"}
        server = scripted_server(
            [
                *(asked("15-resume-tpipe-auto-altcid", single), CALLOUT, asked("21-callout-nak-discard", nak)),
                *(
                    asked("15-resume-tpipe-auto-altcid", single),
                    MESSAGE,
                    asked("22-callout-nak-keep", {F5: "10", TIMER: "E9"}),
                ),
            ]
        )
        one = replace(
            LISTENER,
            verb=InteractionVerb.RECEIVE_WAIT,
            execution_timeout_ms=1000,
            socket_timeout_ms=20_000,
        )
        with connection_to(server) as connection:
            for delivery in connection.messages(one, limit=1):
                if not delivery.synchronous:
                    break
                connection.reject(reroute=True)

    @pytest.mark.parametrize(
        "how",
        [
            {"reroute": True, "keep": True},
            {"reroute_name": "SPARE"},
            {"reroute": True, "reroute_name": "HWSX"},
            {"reroute": True, "reroute_name": "spare"},
            {"reroute": True, "reason": 65_536},
        ],
    )
    def test_a_nak_that_contradicts_itself_is_not_sent(self, scripted_server, how):
        server = scripted_server(
            [asked("15-resume-tpipe-auto-altcid"), CALLOUT, asked("22-callout-nak-keep"), TIMER_OVER]
        )
        with connection_to(server) as connection:
            for _ in connection.messages(LISTENER):
                with pytest.raises(GatewayError) as caught:
                    connection.reject(**how)
                assert caught.value.message is M.INTERACTION
                break

    def test_one_that_is_left_is_kept(self, scripted_server):
        server = scripted_server(
            [asked("15-resume-tpipe-auto-altcid"), CALLOUT, asked("22-callout-nak-keep"), TIMER_OVER]
        )
        with connection_to(server) as connection:
            for _ in connection.messages(LISTENER):
                break

    def test_synchronous_ones_alone_are_another_flag(self, scripted_server):
        server = scripted_server([asked("15-resume-tpipe-auto-altcid", {F0: "80"}), Send(rsm(40, 0xFF))])
        with connection_to(server) as connection:
            only = replace(LISTENER, callout_requests=CalloutRequests.SYNCHRONOUS)
            assert list(connection.messages(only)) == []

    def test_network_identities_are_asked_for_at_level_5(self, scripted_server):
        def wants_them(got: bytes) -> bool:
            return (got[6], got[7], got[4:6], got[0xAC:0xB0]) == (5, 0x40, b"\0\xac", bytes.fromhex("00008000"))

        server = scripted_server([Expect(wants_them), Send(rsm(40, 0xFF))])
        with connection_to(server) as connection:
            assert list(connection.messages(replace(LISTENER, network_identity=True))) == []

    @pytest.mark.parametrize("codes", [(4, 93), (8, 72), (12, 82), (12, 83), (16, 0x33), (44, 0)])
    def test_a_refusal_is_an_error_with_its_codes(self, scripted_server, codes):
        server = scripted_server([asked("15-resume-tpipe-auto-altcid"), Send(rsm(*codes))])
        with connection_to(server) as connection:
            with pytest.raises(ImsError) as caught:
                connection.receive(LISTENER)
            assert (caught.value.return_code, caught.value.reason_code) == codes
            assert not connection.usable

    def test_a_socket_lost_while_waiting_is_an_error(self, scripted_server):
        server = scripted_server(
            [asked("15-resume-tpipe-auto-altcid"), CALLOUT, asked("18-callout-ack"), Close()]
        )
        with connection_to(server) as connection, pytest.raises(TransportError) as caught:
            acknowledge_all(connection, LISTENER, [])
        assert caught.value.message is M.CONNECTION_LOST

    def test_an_abort_ends_a_wait_without_limit(self, scripted_server):
        waiting = threading.Event()
        server = scripted_server([asked("15-resume-tpipe-auto-altcid"), Signal(waiting), ExpectNothing()])
        with connection_to(server) as connection:
            aborter = threading.Thread(target=lambda: (waiting.wait(PATIENCE), connection.abort()))
            aborter.start()
            with pytest.raises(TransportError):
                connection.receive(LISTENER)
            aborter.join(PATIENCE)


class TestCalloutResponses:
    DATA = bytes.fromhex("4C99859793A86E96924C6199859793A86E")
    REPLY = Interaction(
        verb=InteractionVerb.RESPOND, segments=(DATA,), correlation_token=TOKEN, socket_timeout_ms=20_000
    )

    def test_one_without_acknowledgment_reads_nothing(self, scripted_server):
        server = scripted_server([asked("19-callout-response")] * 2 + [ExpectNothing()])
        with connection_to(server, client_id="CLIENT02") as connection:
            for _ in range(2):
                connection.run(self.REPLY)
            assert connection.usable

    def test_one_with_acknowledgment_reads_it(self, scripted_server):
        server = scripted_server([asked("callout-response-ack", {TIMER: "28"}), told("14-csm-alone")])
        call = replace(self.REPLY, verb=InteractionVerb.RESPOND_ACKNOWLEDGED, execution_timeout_ms=1000)
        with connection_to(server, client_id="CLIENT02") as connection:
            assert connection.run(call).segments == ()
            assert connection.usable

    def test_one_that_comes_too_late_is_refused(self, scripted_server):
        server = scripted_server([asked("callout-response-ack", {TIMER: "28"}), Send(rsm(16, 0x1A))])
        call = replace(self.REPLY, verb=InteractionVerb.RESPOND_ACKNOWLEDGED, execution_timeout_ms=1000)
        with connection_to(server, client_id="CLIENT02") as connection, pytest.raises(ImsError) as caught:
            connection.run(call)
        assert caught.value.return_code == 16

    def test_one_in_xml_names_adapter_and_converter(self, scripted_server):
        names = {F0: "02", ADAPTER: "C8E6E2E7D4D3C1F0", CONVERTER: "D9C1E3C5C4404040", TIMER: "28"}
        server = scripted_server([asked("callout-response-ack", names), told("14-csm-alone")])
        delivery = Delivery(request=b"", correlation_token=TOKEN)
        answer = Interaction.response(delivery, self.DATA, adapter="HWSXMLA0", converter="RATED")
        with connection_to(server, client_id="CLIENT02") as connection:
            connection.run(replace(answer, execution_timeout_ms=1000))

    def test_an_error_response_goes_past_the_adapter(self, scripted_server):
        server = scripted_server([asked("20-callout-error-response"), told("14-csm-alone")])
        delivery = Delivery(request=b"", correlation_token=TOKEN)
        answer = Interaction.response(delivery, reason=0x23, adapter="HWSXMLA0", converter="RATED")
        with connection_to(server, client_id="CLIENT02") as connection:
            connection.run(replace(answer, execution_timeout_ms=1000))

    @pytest.mark.parametrize("reason", [0x23, 0])
    def test_an_error_response_has_no_data_and_a_reason_or_none(self, scripted_server, reason):
        changes = {} if reason else {F0: "20", NAK_REASON: "0000"}
        server = scripted_server([asked("20-callout-error-response", changes), told("14-csm-alone")])
        call = replace(
            self.REPLY,
            verb=InteractionVerb.RESPOND_ACKNOWLEDGED,
            segments=(),
            nak_reason=reason,
            execution_timeout_ms=1000,
        )
        with connection_to(server, client_id="CLIENT02") as connection:
            connection.run(call)

    def test_one_is_data_in_one_piece_without_segments(self, scripted_server):
        server = scripted_server([asked("19-callout-response")])
        halves = (self.DATA[:5], self.DATA[5:])
        with connection_to(server, client_id="CLIENT02") as connection:
            connection.run(replace(self.REPLY, segments=halves))

    @pytest.mark.parametrize(
        "fields",
        [
            {"correlation_token": b""},
            {"correlation_token": TOKEN[:-1]},
            {"segments": ()},
            {"nak_reason": 65_536},
        ],
    )
    def test_one_that_cannot_be_matched_is_not_sent(self, scripted_server, fields):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            with pytest.raises(GatewayError) as caught:
                connection.run(replace(self.REPLY, **fields))
            assert caught.value.message is M.INTERACTION
            assert connection.usable
