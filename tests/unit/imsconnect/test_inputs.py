"""Input messages as bytes, against messages written out by hand."""

from dataclasses import replace

import pytest

from gateway.bundles import credentials_of
from gateway.errors import GatewayError, ImsError, M
from gateway.exchange import (
    Caller,
    CommitMode,
    ImsCall,
    Secret,
    SyncLevel,
    TrackingMark,
    TrustedMark,
    Undeliverable,
)
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.inputs import Destination, acknowledgment, ping
from gateway.imsconnect.inputs import check as check_interaction
from gateway.imsconnect.inputs import request as request_of
from gateway.imsconnect.wire import Exit, InputMessage, encode_input
from gateway.provider.backend import interaction_of
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.worked_examples import F1, F2, F3, TIMER, patched

HERE = Destination("IMS1")
CALL = ImsCall(
    "IVTNO",
    (wire.IVTNO_DATA,),
    Caller("USER1", Secret("PASSW0RD"), "", "bundle"),
    execution_timeout_ms=30_000,
)
CM0 = replace(CALL, commit_mode=CommitMode.COMMIT_THEN_SEND)


def request(call: ImsCall, destination: Destination, client_id: str) -> InputMessage:
    return request_of(interaction_of(call), credentials_of(call.caller), destination, ClientId(client_id))


def check(call: ImsCall, destination: Destination) -> None:
    check_interaction(interaction_of(call), credentials_of(call.caller), destination)


def asked(call: ImsCall, destination: Destination = HERE) -> bytes:
    return encode_input(request(call, destination, "CLIENT01"))


def acked(call: ImsCall, level: int) -> bytes:
    return encode_input(acknowledgment(request(call, HERE, "CLIENT01"), level))


class TestRequest:
    def test_commit_mode_1_is_the_worked_example(self):
        assert asked(CALL) == wire.IVTNO

    def test_confirm_sets_its_bit(self):
        assert asked(replace(CALL, sync_level=SyncLevel.CONFIRM)) == patched(wire.IVTNO, {F3: "01"})

    @pytest.mark.parametrize("sync_level", SyncLevel)
    @pytest.mark.parametrize(
        ("undeliverable", "f3"),
        [(Undeliverable.PURGE, "05"), (Undeliverable.HOLD, "01"), (Undeliverable.REROUTE, "09")],
    )
    def test_commit_mode_0_is_confirmed_and_says_what_becomes_of_undeliverable_output(
        self, sync_level, undeliverable, f3
    ):
        call = replace(CM0, sync_level=sync_level, undeliverable=undeliverable)
        assert asked(call) == patched(wire.IVTNO, {F2: "40", F3: f3})

    def test_undeliverable_output_of_commit_mode_1_is_not_spoken_of(self):
        assert asked(replace(CALL, undeliverable=Undeliverable.REROUTE, reroute_name="LATEOUT")) == wire.IVTNO

    def test_a_reroute_name_takes_level_1(self):
        call = replace(CM0, undeliverable=Undeliverable.REROUTE, reroute_name="LATEOUT")
        assert asked(call) == wire.WITH_REROUTE_NAME

    def test_an_adapter_takes_level_2_and_says_that_the_xml_holds_data_only(self):
        call = replace(
            CALL,
            caller=replace(CALL.caller, group="GRP1"),
            lterm="LTERM01",
            adapter="HWSXMLA0",
            converter="IVTNOD",
        )
        assert asked(call, replace(HERE, exit=Exit.HWSSOAP1)) == wire.WITH_ADAPTER

    def test_send_only_is_the_worked_example(self):
        call = replace(CALL, transaction="ORDERTRN", segments=(wire.SEND_ONLY_DATA,), send_only=True)
        assert asked(call) == wire.SEND_ONLY

    def test_several_segments_are_the_worked_example(self):
        call = replace(
            CM0,
            transaction="ORDERTRN",
            segments=wire.TWO_SEGMENTS_DATA,
            undeliverable=Undeliverable.HOLD,
        )
        assert asked(call) == wire.TWO_SEGMENTS

    @pytest.mark.parametrize(
        ("milliseconds", "code"), [(1, "01"), (250, "19"), (500, "1E"), (5000, "2C"), (120_000, "64")]
    )
    def test_the_execution_timeout_is_the_timer(self, milliseconds, code):
        call = replace(CALL, execution_timeout_ms=milliseconds)
        assert asked(call) == patched(wire.IVTNO, {TIMER: code})

    def test_nobody_is_blanks(self):
        call = replace(CALL, caller=Caller.nobody())
        assert asked(call) == patched(wire.IVTNO, {60: "40" * 24})

    def test_a_ping_is_the_worked_example(self):
        assert encode_input(ping(HERE, "CLIENT01", 30_000)) == wire.PING


NAMED = replace(CALL.caller, network_user="CN=USER1,O=EXAMPLE")


class TestCallerOfTheRequest:
    def test_the_application_of_a_passticket_makes_level_0_eight_bytes_longer(self):
        caller = replace(CALL.caller, password=Secret("KKFS6HOG"), application="IMSAPPL")
        assert asked(replace(CALL, caller=caller)) == wire.WITH_APPLICATION

    def test_the_distributed_identity_is_the_worked_example(self):
        assert asked(replace(CALL, caller=NAMED)) == wire.WITH_NETWORK_USER

    def test_name_issuer_and_mark_follow_each_other(self):
        mark = TrustedMark("*TRSTUS*", Secret("BELIEVE ME"))
        caller = replace(NAMED, password=Secret(""), network_session="HTTPS://STS", trusted=mark)
        sent = asked(replace(CALL, caller=caller))
        irm_length = int.from_bytes(sent[4:6])
        assert sent[4 + 172 : 4 + irm_length] == wire.THREE_EXTENSIONS
        assert (sent[6], sent[7], sent[172:174]) == (5, 0x04, b"\x00\xac")

    def test_a_tracking_id_comes_last(self):
        caller = replace(NAMED, password=Secret(""))
        sent = asked(replace(CALL, caller=caller, tracking=TrackingMark("*TRCKID*", "urn:7-A")))
        irm_length = int.from_bytes(sent[4:6])
        assert irm_length == 172 + 0x1E + 0x13
        assert sent[4 + 172 + 0x1E : 4 + irm_length] == wire.TRACKING
        assert (sent[6], sent[7], sent[172:174]) == (5, 0x04, b"\x00\xac")

    def test_alone_it_makes_level_5_for_a_send_only_input_and_for_hwssoap1_too(self):
        for call, destination in (
            (replace(CALL, send_only=True), HERE),
            (CALL, Destination("IMS1", Exit.HWSSOAP1)),
        ):
            sent = asked(replace(call, tracking=TrackingMark("*TRCKID*", "urn:7-A")), destination)
            assert (sent[6], sent[7]) == (5, 0x04)
            assert sent[4 + 172 : 4 + int.from_bytes(sent[4:6])] == wire.TRACKING

    @pytest.mark.parametrize(("extension", "longest"), [("*TRCKID*", 40), ("*OURID*", 128)])
    def test_a_tracking_id_has_a_longest_length(self, extension, longest):
        check(replace(CALL, tracking=TrackingMark(extension, "x" * longest)), HERE)
        for value in ("x" * (longest + 1), "", "a\n", "\u20ac"):
            with pytest.raises(GatewayError) as caught:
                check(replace(CALL, tracking=TrackingMark(extension, value)), HERE)
            assert caught.value.message is M.INTERACTION
            assert "trackingID" in str(caught.value)

    def test_its_bytes_count_towards_the_longest_message(self):
        call = replace(CALL, tracking=TrackingMark("*TRCKID*", "urn:7-A"))
        size = len(asked(call))
        check(call, replace(HERE, max_message_bytes=size))
        with pytest.raises(GatewayError) as caught:
            check(call, replace(HERE, max_message_bytes=size - 1))
        assert caught.value.message is M.REQUEST_SIZE

    def test_beside_an_adapter_both_flags_are_set(self):
        call = replace(CALL, caller=NAMED, adapter="HWSXMLA0", converter="IVTNOD")
        sent = asked(call)
        assert (sent[6], sent[7]) == (5, 0x06)
        assert sent[100:116].decode("cp037") == "HWSXMLA0IVTNOD  "

    def test_beside_a_reroute_name_both_are_there(self):
        call = replace(CM0, caller=NAMED, undeliverable=Undeliverable.REROUTE, reroute_name="LATEOUT")
        sent = asked(call)
        assert (sent[6], sent[7], sent[92:100].decode("cp037")) == (5, 0x04, "LATEOUT ")

    def test_a_send_only_input_carries_them_too(self):
        sent = asked(replace(CALL, caller=NAMED, send_only=True))
        assert wire.WITH_NETWORK_USER[4 + 172 : 4 + 172 + 30] in sent


class TestAcknowledgment:
    def test_commit_mode_1_is_the_worked_example(self):
        call = replace(CALL, sync_level=SyncLevel.CONFIRM, execution_timeout_ms=1000)
        assert acked(call, 2) == wire.ACK

    @pytest.mark.parametrize(
        ("level", "changes"),
        [
            (3, {TIMER: "E9", F1: "02"}),
            (2, {TIMER: "E9", F1: "02"}),
            (1, {TIMER: "01", F1: "00"}),
            (0, {TIMER: "01", F1: "00"}),
        ],
    )
    def test_commit_mode_0_asks_for_no_answer_where_the_protocol_level_allows_it(self, level, changes):
        assert acked(CM0, level) == patched(wire.ACK, {F2: "40", F3: "05", **changes})

    def test_it_repeats_the_reroute_name_of_its_request(self):
        call = replace(CM0, undeliverable=Undeliverable.REROUTE, reroute_name="LATEOUT")
        ack = acked(call, 2)
        assert ack[:8].hex() == "0000006800600100"
        assert ack[92:100].hex() == "d3c1e3c5d6e4e340"

    def test_it_is_short_whatever_the_request_carried(self):
        call = replace(
            CALL, sync_level=SyncLevel.CONFIRM, adapter="HWSXMLA0", converter="IVTNOD", lterm="LTERM01"
        )
        assert acked(replace(call, execution_timeout_ms=1000), 2) == wire.ACK

    def test_it_leaves_the_extensions_out(self):
        assert acked(replace(CALL, caller=NAMED), 2) == acked(CALL, 2)


class TestCheck:
    @pytest.mark.parametrize("password", ["", "A", "PASSW0RD", "pass-w0r", "a.<+|&!*", "%_>?:=$#"])
    def test_passwords_that_racf_may_know_pass(self, password):
        check(replace(CALL, caller=replace(CALL.caller, password=Secret(password))), HERE)

    @pytest.mark.parametrize("password", ["LONGER9CH", "A B", " A", "A ", "A\x00", "A\n", "ä€", "日本"])
    def test_passwords_that_cannot_be_one_are_a_failed_sign_on(self, password):
        with pytest.raises(ImsError) as caught:
            check(replace(CALL, caller=replace(CALL.caller, password=Secret(password))), HERE)
        assert caught.value.sign_on_failed
        assert password not in str(caught.value)

    def test_a_message_may_be_as_long_as_the_limit_and_no_longer(self):
        longest = replace(CALL, segments=(bytes(1000),))
        size = len(encode_input(request(longest, HERE, "CLIENT01")))
        assert size == 4 + 80 + 4 + 1000 + 4
        check(longest, replace(HERE, max_message_bytes=size + 32))
        with pytest.raises(GatewayError) as caught:
            check(longest, replace(HERE, max_message_bytes=size - 1))
        assert caught.value.message is M.REQUEST_SIZE

    def test_the_extensions_count(self):
        call = replace(CALL, caller=NAMED)
        size = len(asked(call))
        check(call, replace(HERE, max_message_bytes=size))
        with pytest.raises(GatewayError) as caught:
            check(call, replace(HERE, max_message_bytes=size - 1))
        assert caught.value.message is M.REQUEST_SIZE

    @pytest.mark.parametrize(
        "caller",
        [
            replace(NAMED, network_user="C" * 246, network_session="H" * 254),
            replace(NAMED, network_user="CN=Jürgen Æ, ¥", network_session="é"),
        ],
        ids=["longest", "latin-1"],
    )
    def test_an_identity_that_fits_passes(self, caller):
        check(replace(CALL, caller=caller), HERE)
        asked(replace(CALL, caller=caller))

    @pytest.mark.parametrize(
        ("caller", "text"),
        [
            (replace(NAMED, network_user="C" * 247), "The name in the token cannot be told to IMS: it has 247"),
            (
                replace(NAMED, network_session="H" * 255),
                "The issuer in the token cannot be told to IMS: it has 255",
            ),
            (
                replace(NAMED, network_user="CN=Łukasz"),
                "The name in the token cannot be told to IMS: character 4",
            ),
            (replace(NAMED, network_user="CN=A\nUSER=ROOT"), "control characters"),
            (replace(NAMED, network_user="CN=A\0"), "control characters"),
        ],
        ids=["name-too-long", "issuer-too-long", "not-in-the-code-page", "line-feed", "null"],
    )
    def test_an_identity_that_does_not_fit_is_refused_before_it_is_sent(self, caller, text):
        with pytest.raises(GatewayError) as caught:
            check(replace(CALL, caller=caller), HERE)
        assert caught.value.message is M.NETWORK_IDENTITY
        assert text in caught.value.text
