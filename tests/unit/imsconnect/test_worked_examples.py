"""The client library says the worked examples to IMS Connect, byte for byte, and understands their replies."""

from collections.abc import Callable

import pytest

from gateway.errors import GatewayError, ImsError
from gateway.exchange import CommitMode, Secret, SyncLevel
from gateway.imsconnect import (
    FOREVER,
    Acknowledgment,
    CalloutRequests,
    Connection,
    ConnectionSettings,
    Credentials,
    Endpoint,
    Exit,
    HeaderCode,
    Interaction,
    InteractionVerb,
)
from tests.fixtures.scripted_server import Expect, ExpectNothing, ScriptedServer, Send
from tests.unit.standin.by_hand import ebcdic, example

USER1 = Credentials.of("USER1", "PASSW0RD")
DISPLAY = "IVTNO     DISPLAY LAST1     "
TOKEN = bytes.fromhex("00280001C9D4E2F1000000001234567800000000ABCDEF01C3C1D3D3D6E4E3F1E4E2C5D9F1404040")
F3, TIMER, F1 = 0x22, 0x15, 0x20
CONFIRM, ONE_SECOND = b"\x01", b"\x28"


def changed(name: str, *changes: tuple[int, bytes]) -> bytes:
    """Return an example with other bytes at some offsets."""
    out = bytearray(example(name))
    for offset, value in changes:
        out[offset : offset + len(value)] = value
    return bytes(out)


@pytest.fixture
def talk(scripted_server):
    """Open a connection to a server that expects and says what it is told."""
    opened: list[Connection] = []
    servers: list[ScriptedServer] = []

    def run(*script, client_id: str = "CLIENT01", **settings) -> Connection:
        server = scripted_server(list(script))
        servers.append(server)
        values = {
            "endpoints": (Endpoint(server.host, server.port),),
            "datastore": "IMS1",
            "credentials": USER1,
            **settings,
        }
        opened.append(Connection(ConnectionSettings(**values), client_id))
        return opened[-1]

    yield run
    for connection in opened:
        connection.close()
    for server in servers:
        server.wait_played(1)


def ask(text: str = DISPLAY, code: str = "cp037", **values) -> Interaction:
    values = {"transaction": "IVTNO", "execution_timeout_ms": 30_000, "socket_timeout_ms": 40_000, **values}
    return Interaction(segments=(text.encode(code),), **values)


def receive(verb: InteractionVerb, **values) -> Interaction:
    return Interaction(verb=verb, socket_timeout_ms=20_000, **values)


class TestTransactions:
    def test_1_and_3(self, talk):
        connection = talk(
            Expect(example("input/01-send-receive-ebcdic")), Send(example("output/03-reply-two-segments"))
        )
        reply = connection.run(ask())
        assert reply.segments == (ebcdic("ENTRY WAS DISPLAYED"), ebcdic("LAST1     FIRST1    8-111-1111"))

    def test_1_and_3_byte_by_byte(self, talk):
        connection = talk(
            Expect(example("input/01-send-receive-ebcdic")),
            Send(example("output/03-reply-two-segments"), piece=1),
        )
        assert len(connection.run(ask()).segments) == 2

    def test_2_in_ascii(self, talk):
        connection = talk(Expect(example("input/02-send-receive-ascii")), code=HeaderCode.ASCII)
        with pytest.raises(GatewayError):
            connection.run(ask(code="ascii"))

    def test_4_without_llll(self, talk):
        request = changed("input/01-send-receive-ebcdic", (8, ebcdic("*SAMPLE*")))
        connection = talk(
            Expect(request), Send(example("output/04-reply-two-segments-hwssmpl0")), exit=Exit.HWSSMPL0
        )
        assert len(connection.run(ask()).segments) == 2

    def test_5_mod_name_and_generated_client_id(self, talk):
        names = (0x18, ebcdic(" " * 8))
        request = changed("input/01-send-receive-ebcdic", names, (F1, b"\xc0"))
        connection = talk(Expect(request), Send(example("output/05-reply-rmm-gencid")), client_id="")
        reply = connection.run(ask(return_mod_name=True))
        assert (reply.mod_name, connection.client_id) == ("DFSMO1", "HWSA1B2C")

    def test_25_segments_of_commit_mode_0(self, talk):
        request = example("input/25-multi-segment-cm0")
        connection = talk(Expect(request), Send(example("output/06-reply-wants-ack")), Expect(lambda _: True))
        order = Interaction(
            transaction="ORDERTRN",
            segments=(ebcdic("ORDERTRN FIRST"), ebcdic("SECOND SEGMENT")),
            commit_mode=CommitMode.COMMIT_THEN_SEND,
            execution_timeout_ms=30_000,
            socket_timeout_ms=40_000,
        )
        assert connection.run(order).segments == (ebcdic("ENTRY WAS DISPLAYED"),)

    def test_29_a_network_user(self, talk):
        request = example("input/29-netuid-extension")
        connection = talk(Expect(request), Send(example("output/03-reply-two-segments")))
        named = Credentials("USER1", Secret("PASSW0RD"), network_user="CN=USER1,O=EXAMPLE")
        assert len(connection.run(ask(), named).segments) == 2


REQUEST_CONFIRM = changed("input/01-send-receive-ebcdic", (F3, CONFIRM), (TIMER, ONE_SECOND))


def confirm(**values) -> Interaction:
    return ask(sync_level=SyncLevel.CONFIRM, execution_timeout_ms=1000, **values)


class TestConfirm:
    def test_6_7_and_9(self, talk):
        connection = talk(
            Expect(REQUEST_CONFIRM),
            Send(example("output/06-reply-wants-ack")),
            Expect(example("input/07-ack")),
            Send(example("output/09-rsm-deallocate-confirmed")),
        )
        assert connection.run(confirm()).segments == (ebcdic("ENTRY WAS DISPLAYED"),)
        assert connection.usable

    def test_6_and_8(self, talk):
        connection = talk(
            Expect(REQUEST_CONFIRM),
            Send(example("output/06-reply-wants-ack")),
            Expect(example("input/08-nak")),
            Send(changed("output/09-rsm-deallocate-confirmed", (23, b"\x62"))),
        )
        connection.run(confirm(acknowledgment=Acknowledgment.CALLER))
        connection.reject()
        assert connection.usable

    def test_30_ends_a_conversation(self, talk):
        connection = talk(
            Expect(REQUEST_CONFIRM),
            Send(changed("output/06-reply-wants-ack", (29, b"\x70"))),
            Expect(example("input/07-ack")),
            Expect(example("input/30-deallocate")),
            Send(example("output/09-rsm-deallocate-confirmed")),
        )
        reply = connection.run(confirm(conversational=True))
        end = Interaction(
            verb=InteractionVerb.END_CONVERSATION,
            conversation_id=reply.conversation_id,
            execution_timeout_ms=1000,
            sync_level=SyncLevel.CONFIRM,
        )
        connection.run(end)
        assert connection.usable


@pytest.mark.parametrize(
    ("name", "return_code", "reason_code"),
    [
        ("output/10-rsm-racf-failure", 8, 78),
        ("output/12-rsm-timer-expired", 40, 0x45),
        ("output/13-rsm-datastore-not-found", 8, 72),
    ],
)
def test_10_12_and_13_are_errors_with_their_codes(talk, name, return_code, reason_code):
    connection = talk(Expect(example("input/01-send-receive-ebcdic")), Send(example(name)))
    with pytest.raises(ImsError) as caught:
        connection.run(ask())
    assert (caught.value.return_code, caught.value.reason_code) == (return_code, reason_code)
    assert caught.value.sign_on_failed == (reason_code == 78)


def test_11_is_the_same_at_hwssmpl0_in_ascii(talk):
    request = changed("input/02-send-receive-ascii", (8, b"*SAMPLE*"))
    reply = Send(example("output/11-rsm-racf-failure-hwssmpl0-ascii"))
    connection = talk(Expect(request), reply, exit=Exit.HWSSMPL0, code=HeaderCode.ASCII)
    with pytest.raises(ImsError) as caught:
        connection.run(ask(code="ascii"))
    assert caught.value.sign_on_failed


class TestSendOnly:
    def test_24(self, talk):
        connection = talk(Expect(example("input/24-send-only")), ExpectNothing())
        item = Interaction(
            verb=InteractionVerb.SEND, transaction="ORDERTRN", segments=(ebcdic("ORDERTRN ITEM1"),)
        )
        assert connection.run(item).segments == ()

    def test_14(self, talk):
        kept: list[bytes] = []
        connection = talk(Expect(_into(kept)), Send(example("output/14-csm-alone")))
        item = Interaction(
            verb=InteractionVerb.SEND_ACKNOWLEDGED,
            transaction="ORDERTRN",
            segments=(ebcdic("ORDERTRN ITEM1"),),
            execution_timeout_ms=30_000,
            socket_timeout_ms=40_000,
        )
        assert connection.run(item).segments == ()
        # no text in the receipt is asked for (IRM_F1 SOARSP), and the wait is the caller's
        expected = changed("input/send-only-ack", (F1, b"\x04"), (TIMER, b"\x45"))
        assert kept == [expected]


def _into(kept: list[bytes]) -> Callable[[bytes], bool]:
    def keep(data: bytes) -> bool:
        kept.append(data)
        return True

    return keep


class TestImsConnectItself:
    def test_26_and_27_without_signing_on(self, talk):
        nobody = ((0x3C, ebcdic(" " * 8)), (0x4C, ebcdic(" " * 8)))
        request = changed("input/26-ping", *nobody)
        connection = talk(Expect(request), Send(example("output/27-ping-reply")))
        assert "PING RESPONSE" in connection.ping(30_000)

    def test_28(self, talk):
        connection = talk(
            Expect(example("input/28-cancel-timer")), Send(example("output/28-cancel-timer-answer"))
        )
        connection.cancel_timer()
        assert not connection.usable


class TestTpipes:
    def test_16_and_23(self, talk):
        connection = talk(
            Expect(example("input/16-resume-tpipe-single")),
            Send(example("output/23-async-output")),
            Expect(changed("input/16-resume-tpipe-single", (TIMER, b"\xe9"), (0x23, b"\xc1"))),
        )
        delivery = connection.receive(receive(InteractionVerb.RECEIVE, execution_timeout_ms=1000))
        assert delivery.segments == (ebcdic("ASYNC CALLOUT DATA"),)
        connection.acknowledge()
        assert connection.usable

    LISTEN = receive(
        InteractionVerb.RECEIVE_CONTINUOUSLY,
        callout_requests=CalloutRequests.BOTH,
        alternate_client_id="CALLOUT1",
        execution_timeout_ms=FOREVER,
    )
    CALLOUT = (Expect(example("input/15-resume-tpipe-auto-altcid")), Send(example("output/17-callout-request")))

    def test_15_17_and_18(self, talk):
        connection = talk(*self.CALLOUT, Expect(example("input/18-callout-ack")))
        delivery = connection.receive(self.LISTEN)
        assert (delivery.correlation_token, delivery.request) == (TOKEN, ebcdic("<request>42</request>"))
        connection.acknowledge()

    @pytest.mark.parametrize(
        ("name", "how"),
        [("input/21-callout-nak-discard", {"reason": 0x23}), ("input/22-callout-nak-keep", {"keep": True})],
    )
    def test_17_21_and_22(self, talk, name, how):
        connection = talk(
            *self.CALLOUT, Expect(example(name)), Send(changed("output/12-rsm-timer-expired", (23, b"\xff")))
        )
        connection.receive(self.LISTEN)
        connection.reject(**how)

    def test_19(self, talk):
        connection = talk(Expect(example("input/19-callout-response")), ExpectNothing(), client_id="CLIENT02")
        response = Interaction(
            verb=InteractionVerb.RESPOND, correlation_token=TOKEN, segments=(ebcdic("<reply>ok</reply>"),)
        )
        connection.run(response)

    def test_20_and_14(self, talk):
        connection = talk(
            Expect(example("input/20-callout-error-response")),
            Send(example("output/14-csm-alone")),
            client_id="CLIENT02",
        )
        response = Interaction(
            verb=InteractionVerb.RESPOND_ACKNOWLEDGED,
            correlation_token=TOKEN,
            nak_reason=0x23,
            execution_timeout_ms=1000,
        )
        connection.run(response)
        assert connection.usable
