"""A connection: worked examples over a real socket, every refusal of form, client ids, PING, cancel timer."""

import select
import tomllib
from contextlib import suppress

import pytest

from gateway.exchange import CommitMode
from gateway.imsconnect.wire import Verb
from gateway.standin import Context, Reply
from tests.unit.standin.by_hand import (
    CANCEL,
    CM0,
    CONFIRM,
    CORPUS,
    NO_WAIT,
    NON_PERSISTENT,
    PERSISTENT,
    TRANSACTION,
    csm,
    ebcdic,
    example,
    llll,
    message,
    named,
    refusal,
    reply,
    rsm,
    segment,
    text,
    until,
)


class TwoSegments:
    """Answers as the worked examples do."""

    async def run(self, _context: Context) -> Reply:
        lines = ("ENTRY WAS DISPLAYED", "LAST1     FIRST1    8-111-1111")
        return Reply(tuple(line.encode("cp037") for line in lines), "DFSMO1")


class OneSegment:
    async def run(self, _context: Context) -> Reply:
        return Reply(("ENTRY WAS DISPLAYED".encode("cp037"),), "DFSMO1")


TWO = {"IVTNO": {"program": f"{__name__}:TwoSegments"}}
ONE = {"IVTNO": {"program": f"{__name__}:OneSegment"}}
PLAIN_USER = {"USER1": {"password": "PASSW0RD"}}


class TestWorkedExamples:
    def test_a_send_receive_in_ebcdic_is_answered_with_two_segments(self, standin_factory, connect):
        client = connect(standin_factory(transactions=TWO))
        assert client.ask(example("input/01-send-receive-ebcdic")) == example("output/03-reply-two-segments")

    def test_hwssmpl0_answers_without_llll(self, standin_factory, connect):
        client = connect(standin_factory(transactions=TWO))
        client.send(example("input/send-receive-hwssmpl0"))
        expected = example("output/04-reply-two-segments-hwssmpl0")
        assert client.read(len(expected)) == expected

    def test_a_send_receive_in_ascii_is_answered_in_ascii(self, standin_factory, connect):
        client = connect(standin_factory(transactions=TWO))
        lines = (b"ENTRY WAS DISPLAYED", b"LAST1     FIRST1    8-111-1111")
        expected = llll(*map(segment, lines), csm(code="ascii"))
        assert client.ask(example("input/02-send-receive-ascii")) == expected

    def test_the_client_gets_mod_name_and_client_id_when_it_asks(self, standin_factory, connect):
        client = connect(standin_factory(transactions=ONE))
        request = text("IVTNO     DISPLAY LAST1", f1=0xC0, f2=0x21, client="")
        answer = client.ask(request)
        expected = example("output/05-reply-rmm-gencid")
        assert answer[:36] == expected[:36]
        assert answer[36:44].decode("cp037").startswith("HWS")
        assert answer[44:] == expected[44:]

    def test_confirm_wants_an_ack_and_reports_the_commit(self, standin_factory, connect):
        client = connect(standin_factory(transactions=ONE))
        assert client.ask(text("IVTNO", f3=CONFIRM, user="USER1")) == example("output/06-reply-wants-ack")
        assert client.ask(example("input/07-ack")) == example("output/09-rsm-deallocate-confirmed")
        client.assert_open()

    @pytest.mark.parametrize("answer", ["08-nak", "30-deallocate"])
    def test_nak_and_deallocate_abort(self, standin_factory, connect, answer):
        client = connect(standin_factory(transactions=ONE))
        client.ask(text("IVTNO", f3=CONFIRM, user="USER1"))
        assert client.ask(example(f"input/{answer}")) == refusal(4, 98)
        client.assert_open()

    def test_a_wrong_password_is_refused_with_the_racf_code(self, standin_factory, connect):
        users = {"USER1": {"password": "OTHER"}}
        client = connect(standin_factory(ims_connect={"racf": True}, users=users))
        assert client.ask(example("input/01-send-receive-ebcdic")) == example("output/10-rsm-racf-failure")
        client.assert_closed()

    def test_an_ascii_client_of_hwssmpl0_reads_the_refusal_in_ascii(self, standin_factory, connect):
        users = {"USER1": {"password": "OTHER"}}
        client = connect(standin_factory(ims_connect={"racf": True}, users=users))
        request = message(b"IVTNO", code="ascii", exit_id="*SAMPLE*", user="USER1", password="PASSW0RD")
        client.send(request)
        assert client.rest() == example("output/11-rsm-racf-failure-hwssmpl0-ascii")

    def test_an_unknown_data_store_is_refused(self, client):
        assert client.ask(text("IVTNO", datastore="IMS9")) == example("output/13-rsm-datastore-not-found")
        client.assert_closed()

    def test_a_send_only_with_acknowledgment_gets_a_csm_alone(self, client):
        request = text("NOREPLY", verb="K", f2=CM0, timer=NO_WAIT)
        assert client.ask(request) == example("output/14-csm-alone")
        client.assert_open()

    def test_ping_is_answered_without_ims(self, client, standin):
        assert client.ask(example("input/26-ping")) == example("output/27-ping-reply")
        assert [(seen.outcome, seen.segments) for seen in standin.seen] == [
            ("ping", (ebcdic("PING IMS_CONNECT"),))
        ]

    def test_cancel_timer_is_confirmed(self, connect, standin):
        waiting, other = connect(standin), connect(standin)
        waiting.send(text("SLEEP 60000", user="USER1"))
        until(lambda: standin.seen)
        assert other.ask(example("input/28-cancel-timer")) == example("output/28-cancel-timer-answer")
        other.assert_closed()
        assert waiting.output() == example("output/12-rsm-timer-expired")
        waiting.assert_open()

    def test_extensions_reach_the_transaction(self, standin_factory, connect):
        standin = standin_factory()
        connect(standin).ask(example("input/29-netuid-extension"))
        assert standin.seen[0].netuid == "CN=USER1,O=EXAMPLE"


REFUSED = sorted(path.stem for path in (CORPUS / "refused").glob("*.hex"))


class TestRefusalsOfForm:
    @pytest.mark.parametrize("name", REFUSED)
    def test_what_breaks_the_format_is_refused_and_reaches_nobody(self, client, standin, name):
        expected = tomllib.loads((CORPUS / "refused" / f"{name}.toml").read_text())
        data = example(f"refused/{name}")
        client.send(data)
        answer = client.rest()
        if expected["answer"] == "rsm":
            code = "cp037" if data[8:9] == b"\x5c" else "ascii"
            status = rsm(expected["return_code"], expected["reason_code"], code=code)
            assert answer in {llll(status), status}
        else:
            assert answer == b""
        assert standin.seen == ()

    def test_pieces_of_a_message_are_put_together(self, client):
        whole = text("ECHO HELLO")
        for byte in whole:
            client.send(bytes((byte,)))
        assert client.output() == reply("HELLO")

    def test_an_input_longer_than_allowed_is_refused_before_it_is_there(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"max_message_bytes": 1024}))
        client.send(message(bytes(30_000), bytes(30_000)))
        answer = client.rest()
        assert answer == refusal(4, 4)

    def test_an_exit_that_is_not_loaded_means_a_bare_disconnect(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"exits": ["HWSSMPL1"]}))
        client.send(text("ECHO", exit_id="*SAMPLE*"))
        client.assert_closed()

    @pytest.mark.parametrize(("verb", "reason"), [("A", 16), ("N", 16), ("D", 36)])
    def test_an_answer_to_nothing_is_refused(self, client, verb, reason):
        assert client.ask(message(verb=verb)) == refusal(8, reason)
        client.assert_closed()

    def test_new_data_instead_of_an_ack_is_a_protocol_error(self, client, standin):
        client.ask(text("ECHO 1", f3=CONFIRM))
        assert client.ask(text("ECHO 2")) == refusal(8, 36)
        client.assert_closed()
        until(lambda: standin.seen[0].outcome == "not delivered, backed out")

    def test_a_request_before_the_reply_is_read_after_it(self, client):
        client.send(text("SLEEP 50 A") + text("ECHO B"))
        assert client.output() == reply("50 A")
        assert client.output() == reply("B")

    def test_a_password_change_is_refused_and_not_remembered(self, standin_factory, connect):
        lines: list[str] = []
        standin = standin_factory(trace=2, write=lines.append)
        client = connect(standin)
        assert client.ask(text("HWSPWCH OLDPASS/NEWPASS/NEWPASS")) == refusal(8, 71)
        assert standin.seen[0].segments == ()
        assert "PASS" not in "".join(lines).replace("HWSPWCH", "")
        assert ebcdic("NEWP").hex() not in "".join(lines)


class TestSocketTypes:
    @pytest.mark.parametrize("kind", [TRANSACTION, NON_PERSISTENT])
    def test_only_a_persistent_socket_outlives_the_transaction(self, client, kind):
        assert client.ask(text("ECHO 1", socket_type=kind)) == reply("1")
        client.assert_closed()

    def test_a_persistent_socket_takes_one_transaction_after_the_other(self, client):
        for number in range(5):
            assert client.ask(text(f"ECHO {number}")) == reply(str(number))

    def test_a_persistent_socket_ends_with_a_last_transaction_of_the_other_kind(self, client):
        client.ask(text("ECHO 1"))
        assert client.ask(text("ECHO 2", socket_type=TRANSACTION)) == reply("2")
        client.assert_closed()

    def test_a_transaction_socket_stays_for_its_ack(self, client):
        client.ask(text("ECHO 1", socket_type=TRANSACTION, f3=CONFIRM))
        assert client.ask(message(verb="A", f3=CONFIRM, socket_type=TRANSACTION)) == refusal(4, 97)
        client.assert_closed()

    def test_a_connection_that_says_nothing_is_closed(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"timeout_seconds": 0.05}))
        client.assert_closed()

    def test_half_a_message_does_not_keep_a_connection(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"timeout_seconds": 0.05}))
        client.send(text("ECHO 1")[:40])
        client.assert_closed()

    def test_nor_does_a_message_that_trickles_in(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"timeout_seconds": 0.05}))
        client.send(b"\x00\x0f\x42\x40" + text("ECHO 1")[4:])  # a million bytes to come
        while not select.select([client.socket], [], [], 0.001)[0]:
            client.send(b"\x00")
        with suppress(ConnectionResetError):
            client.assert_closed()

    def test_an_idle_persistent_socket_is_closed(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"idle_seconds": 0.05}))
        assert client.ask(text("ECHO 1")) == reply("1")
        client.assert_closed()

    def test_connections_beyond_maxsoc_are_closed(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"maxsoc": 2})
        first, second = connect(standin), connect(standin)
        first.assert_open()
        second.assert_open(client="CLIENT02")
        connect(standin).assert_closed()
        first.close()
        until(lambda: standin.connections == 1)
        connect(standin).assert_open(client="CLIENT03")


class TestClientIds:
    def test_the_same_client_id_twice_is_refused(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("ECHO 1"))
        assert second.ask(text("ECHO 2")) == refusal(8, 56)
        second.assert_closed()
        first.assert_open()

    def test_a_closed_connection_gives_its_client_id_up(self, connect, standin):
        first = connect(standin)
        first.ask(text("ECHO 1"))
        first.close()
        until(lambda: standin.connections == 0)
        assert connect(standin).ask(text("ECHO 2")) == reply("2")

    def test_with_cancel_client_id_the_old_session_ends(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("ECHO 1"))
        assert second.ask(text("ECHO 2", f3=CANCEL)) == reply("2")
        first.assert_closed()
        second.assert_open()

    def test_cancelling_ones_own_client_id_changes_nothing(self, client):
        client.ask(text("ECHO 1", f3=CANCEL))
        assert client.ask(text("ECHO 2", f3=CANCEL)) == reply("2")

    @pytest.mark.parametrize("name", ["client01", "HWS1", "A-B", "A B"])
    def test_an_id_nobody_may_choose_is_refused(self, client, name):
        assert client.ask(text("ECHO 1", client=name)) == refusal(4, 9)
        client.assert_closed()

    def test_the_port_number_is_no_client_id(self, client, standin):
        assert client.ask(text("ECHO 1", client=str(standin.port))) == refusal(4, 9)

    def test_a_blank_client_id_is_generated_and_stays(self, client, standin):
        client.ask(text("ECHO 1", client=""))
        client.ask(text("ECHO 2", client=""))
        first, second = (seen.client_id for seen in standin.seen)
        assert first == second
        assert first.startswith("HWS")
        assert len(first) == 8

    def test_generated_ids_differ_between_connections(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("ECHO 1", client=""))
        second.ask(text("ECHO 1", client=""))
        assert len({seen.client_id for seen in standin.seen}) == 2

    def test_the_generated_id_is_asked_back_in_the_ack(self, client, standin):
        client.ask(text("ECHO 1", client="", f3=CONFIRM))
        generated = standin.seen[0].client_id
        assert client.ask(message(verb="A", f3=CONFIRM, client=generated)) == refusal(4, 97)

    @pytest.mark.parametrize("name", ["", "CLIENT02"])
    def test_an_ack_under_another_client_id_is_refused(self, client, standin, name):
        client.ask(text("ECHO 1", client="", f3=CONFIRM))
        assert client.ask(message(verb="A", f3=CONFIRM, client=name)) == refusal(8, 16)
        client.assert_closed()
        assert [seen.outcome for seen in standin.seen] == ["not delivered, backed out", "refused 8/16"]

    def test_a_client_may_go_on_under_another_id(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("ECHO 1"))
        first.ask(text("ECHO 1", client="CLIENT02"))
        assert second.ask(text("ECHO 2")) == reply("2")

    def test_cancel_timer_for_a_client_that_does_not_wait_is_refused(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("ECHO 1"))
        assert second.ask(message(verb="C")) == refusal(8, 16)
        first.assert_open()


class TestWhatIsSeen:
    def test_an_input_is_recorded_as_ims_was_told(self, client, standin):
        client.ask(
            text(
                "ECHO HELLO",
                "MORE",
                transaction="ECHO",
                lterm="LTERM1",
                user="USER1",
                group="GROUP1",
                password="SECRET1",
            )
        )
        (seen,) = standin.seen
        assert (seen.verb, seen.transaction, seen.user, seen.group) == (
            Verb.SEND_RECEIVE,
            "ECHO",
            "USER1",
            "GROUP1",
        )
        assert (seen.lterm, seen.client_id, seen.datastore) == ("LTERM1", "CLIENT01", "IMS1")
        assert (seen.commit_mode, seen.sync_level) == (CommitMode.SEND_THEN_COMMIT, "none")
        assert seen.segments == (ebcdic("ECHO HELLO"), ebcdic("MORE"))
        assert (seen.exit.name, seen.code.name, seen.outcome) == ("HWSSMPL1", "EBCDIC", "answered")
        assert "SECRET1" not in repr(seen)

    def test_the_transaction_is_the_one_in_the_data(self, client, standin):
        client.ask(text("ECHO HELLO", transaction="IVTNO"))
        assert standin.seen[0].transaction == "ECHO"

    def test_a_refused_input_is_recorded_with_its_codes(self, client, standin):
        client.ask(text("ECHO", datastore="NONE"))
        assert standin.seen[0].outcome == "refused 8/72"

    def test_the_reply_tells_of_output_that_waits(self, client, standin):
        client.send(text("ECHO LATER", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})
        assert client.ask(text("ECHO NOW")) == reply("NOW", flags=0x90)

    def test_mod_names_come_with_data_only_when_asked(self, standin_factory, connect):
        client = connect(standin_factory(transactions=ONE))
        asked = llll(named("*REQMOD*", "DFSMO1"), segment(ebcdic("ENTRY WAS DISPLAYED")), csm())
        assert client.ask(text("IVTNO", f1=0x80)) == asked
        assert client.ask(text("IVTNO")) == reply("ENTRY WAS DISPLAYED")

    def test_the_protocol_level_is_the_configured_one(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"protocol_level": 3}))
        assert client.ask(text("ECHO 1")) == llll(segment(ebcdic("1")), csm(level=3))

    def test_persistent_means_persistent(self, client):
        assert PERSISTENT == 0x10
        client.ask(text("ECHO 1"))
        client.assert_open()
