"""Conversational transactions, step by step: IMS Connect client call flows; IMS conversations and OTMA."""

import asyncio

import pytest

from gateway.standin import AbendError, Context, Reply
from tests.unit.standin.by_hand import (
    CM0,
    CM1,
    CONFIRM,
    SYNCPT,
    TEN_MS,
    TRANSACTION,
    csm,
    ebcdic,
    llll,
    message,
    refusal,
    reply,
    segment,
    text,
    until,
)

OPEN, OPEN_ACK, LAST_ACK = 0x50, 0x70, 0x30
"""CSM_FLG1: X'40' conversation, X'20' ACK needed, X'10' level valid."""
ACK = message(verb="A", f3=CONFIRM)
NAK = message(verb="N", f3=CONFIRM)
DEALLOCATE = message(verb="D", f3=CONFIRM)


class Ledger:
    """Adds what it is told to an account, which a back-out takes back; ABEND and QUIT do what they say."""

    conversational = True
    account: list[str]

    async def run(self, context: Context) -> Reply:
        word = context.text
        if word == "ABEND":
            raise AbendError("U0333")
        if word == "SLEEP":
            await asyncio.Event().wait()
        Ledger.account.append(word)
        context.unit.on_back_out(lambda: Ledger.account.remove(word))
        if word == "SILENT":
            return Reply()
        spa = (context.spa or b"") + context.data
        return context.text_reply(f"{len(spa)}", spa=None if word == "QUIT" else spa)


@pytest.fixture
def ledger(standin_factory, connect):
    Ledger.account = []
    standin = standin_factory(transactions={"LEDGER": {"program": f"{__name__}:Ledger"}})
    return standin, connect(standin)


class TestConfirm:
    def test_ack_by_ack_to_the_end(self, client, standin):
        assert client.ask(text("CONVERSE ONE", f3=CONFIRM)) == reply("SAID 1", "ONE", flags=OPEN_ACK)
        client.send(ACK)  # gets no answer: the next thing that comes belongs to the next input
        assert client.ask(text("TWO", f3=CONFIRM)) == reply("SAID 2", "ONE", "TWO", flags=OPEN_ACK)
        client.send(ACK)
        assert client.ask(text("END", f3=CONFIRM)) == reply("SAID 2 IN ALL", "ONE", "TWO", flags=LAST_ACK)
        assert client.ask(ACK) == refusal(4, 97)
        client.assert_open()
        assert [seen.outcome for seen in standin.seen][:-1] == ["committed", "taken"] * 3
        assert {seen.transaction for seen in standin.seen if seen.segments[:1] == (ebcdic("TWO"),)} == {
            "CONVERSE"
        }

    def test_later_input_is_data_even_if_it_looks_like_a_transaction_code(self, client):
        client.ask(text("CONVERSE ONE"))
        assert client.ask(text("IVTNO", transaction="CONVERSE")) == reply("SAID 2", "ONE", "IVTNO", flags=OPEN)

    def test_later_input_that_begins_with_a_slash_is_no_command(self, client):
        client.ask(text("CONVERSE ONE"))
        assert client.ask(text("/DIS ACT")) == reply("SAID 2", "ONE", "/DIS ACT", flags=OPEN)

    def test_nak_ends_it_and_backs_its_step_out_alone(self, ledger):
        standin, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        client.send(ACK)
        client.ask(text("B", f3=CONFIRM))
        assert client.ask(NAK) == refusal(4, 98)
        assert Ledger.account == ["A"]
        assert standin.datastore("IMS1").ims.conversations.all == ()
        assert client.ask(text("B")) == reply("DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=B")

    def test_deallocate_instead_of_ack_backs_the_step_out(self, ledger):
        _, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        assert client.ask(DEALLOCATE) == refusal(4, 98)
        assert Ledger.account == []
        client.assert_open()

    def test_deallocate_instead_of_the_next_input_leaves_what_was_committed(self, ledger):
        standin, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        client.send(ACK)
        assert client.ask(DEALLOCATE) == refusal(4, 97)
        assert Ledger.account == ["A"]
        assert standin.datastore("IMS1").ims.conversations.all == ()
        client.assert_open()

    def test_the_return_code_beside_97_is_configurable(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"deallocate_return_code": 12}))
        client.ask(text("CONVERSE ONE"))
        assert client.ask(DEALLOCATE) == refusal(12, 97)

    @pytest.mark.parametrize("leave", ["close", "reset"])
    def test_a_client_that_leaves_owing_an_ack_backs_the_step_out(self, ledger, leave):
        standin, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        client.send(ACK)
        client.ask(text("B", f3=CONFIRM))
        getattr(client, leave)()
        until(lambda: standin.datastore("IMS1").ims.conversations.all == ())
        until(lambda: Ledger.account == ["A"])

    def test_a_client_that_leaves_between_steps_loses_nothing_committed(self, ledger):
        standin, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        client.send(ACK)
        until(lambda: standin.datastore("IMS1").ims.conversations.all)
        client.close()
        until(lambda: not standin.datastore("IMS1").ims.conversations.all)
        assert Ledger.account == ["A"]

    def test_otma_gives_up_waiting_for_the_ack(self, standin_factory, connect):
        Ledger.account = []
        transactions = {"LEDGER": {"program": f"{__name__}:Ledger"}}
        standin = standin_factory(ims_connect={"ackto_seconds": 0.05}, transactions=transactions)
        client = connect(standin)
        client.ask(text("LEDGER A", f3=CONFIRM))
        assert client.output() == refusal(4, 98)
        assert standin.seen[0].outcome == "no ACK in time, backed out"
        assert Ledger.account == []
        assert client.ask(ACK) == refusal(8, 16)
        client.assert_closed()


class TestNone:
    def test_no_acks_and_the_flag_tells_when_it_is_over(self, client):
        assert client.ask(text("CONVERSE ONE")) == reply("SAID 1", "ONE", flags=OPEN)
        assert client.ask(text("TWO")) == reply("SAID 2", "ONE", "TWO", flags=OPEN)
        assert client.ask(text("END")) == reply("SAID 2 IN ALL", "ONE", "TWO")
        client.assert_open()

    def test_an_ack_is_not_expected(self, client):
        client.ask(text("CONVERSE ONE"))
        assert client.ask(message(verb="A")) == refusal(8, 36)
        client.assert_closed()

    def test_deallocate_ends_it(self, client):
        client.ask(text("CONVERSE ONE"))
        assert client.ask(message(verb="D")) == refusal(4, 97)
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_deallocate_without_a_conversation_is_a_protocol_error(self, client):
        assert client.ask(message(verb="D")) == refusal(8, 36)
        client.assert_closed()

    def test_each_step_commits_when_it_is_sent(self, ledger):
        _, client = ledger
        client.ask(text("LEDGER A"))
        client.ask(text("B"))
        client.close()
        assert Ledger.account == ["A", "B"]


class TestEnds:
    def test_an_abend_ends_it_without_ack(self, ledger):
        standin, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        client.send(ACK)
        expected = "DFS555I TRAN LEDGER   ABEND S000,U0333 ; MSG IN PROCESS: LEDGER"
        assert client.ask(text("ABEND", f3=CONFIRM)) == reply(expected)
        assert standin.datastore("IMS1").ims.conversations.all == ()
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_a_step_without_an_answer_ends_it(self, ledger):
        _, client = ledger
        client.ask(text("LEDGER A"))
        assert client.ask(text("SILENT")) == reply("DFS2082 RESPONSE MODE TRANSACTION TERMINATED WITHOUT REPLY")
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_the_timer_ends_it(self, ledger):
        standin, client = ledger
        client.ask(text("LEDGER A"))
        assert client.ask(text("SLEEP", timer=TEN_MS)) == refusal(40, TEN_MS)
        assert standin.datastore("IMS1").ims.conversations.all == ()
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_a_transaction_socket_stays_open_until_the_end(self, connect, standin):
        client = connect(standin)
        first = text("CONVERSE ONE", f3=CONFIRM, socket_type=TRANSACTION)
        ack = message(verb="A", f3=CONFIRM, socket_type=TRANSACTION)
        assert client.ask(first) == reply("SAID 1", "ONE", flags=OPEN_ACK)
        client.send(ack)
        last = text("END", f3=CONFIRM, socket_type=TRANSACTION)
        assert client.ask(last) == reply("SAID 1 IN ALL", "ONE", flags=LAST_ACK)
        assert client.ask(ack) == refusal(4, 97)
        client.assert_closed()

    def test_a_restart_of_ims_connect_ends_it(self, ledger):
        standin, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        standin.restart()
        assert Ledger.account == []
        assert standin.datastore("IMS1").ims.conversations.all == ()


class TestWhatDoesNotBelong:
    @pytest.mark.parametrize("verb", ["S", "J"])
    def test_send_only_cannot_begin_one(self, ledger, verb):
        standin, client = ledger
        client.send(text("LEDGER A", verb=verb, f2=CM0))
        until(lambda: standin.seen and standin.seen[0].outcome == "refused 16/26")
        assert Ledger.account == []

    def test_send_only_with_acknowledgment_is_told(self, ledger):
        _, client = ledger
        assert client.ask(text("LEDGER A", verb="K", f2=CM0)) == refusal(16, 0x1A)
        assert Ledger.account == []

    def test_commit_mode_0_cannot_begin_one(self, ledger):
        _, client = ledger
        assert client.ask(text("LEDGER A", f2=CM0, f3=CONFIRM)) == refusal(16, 0x1A)
        client.assert_closed()
        assert Ledger.account == []

    def test_commit_mode_0_cannot_go_on_with_one(self, client):
        client.ask(text("CONVERSE ONE"))
        assert client.ask(text("TWO", f2=CM0, f3=CONFIRM)) == refusal(8, 36)
        client.assert_closed()

    @pytest.mark.parametrize("verb", ["S", "K", "R", "C", "A", "N"])
    def test_another_kind_of_input_in_between_is_a_protocol_error(self, connect, standin, verb):
        client = connect(standin)
        client.ask(text("CONVERSE ONE"))
        data = () if verb in "RCAN" else (ebcdic("ECHO 1"),)
        client.send(message(*data, verb=verb, f2=CM1 if verb in "AN" else CM0, f3=CONFIRM))
        expected = b"" if verb == "S" else refusal(8, 36)
        assert client.rest() == expected
        until(lambda: not standin.datastore("IMS1").ims.conversations.all)

    def test_another_client_id_is_not_known(self, client):
        client.ask(text("CONVERSE ONE"))
        assert client.ask(text("TWO", client="CLIENT02")) == refusal(8, 16)
        client.assert_closed()

    def test_the_client_id_is_taken_while_it_lasts(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("CONVERSE ONE"))
        assert second.ask(text("TWO")) == refusal(8, 56)
        assert first.ask(text("TWO")) == reply("SAID 2", "ONE", "TWO", flags=OPEN)

    def test_another_socket_knows_nothing_of_it(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("CONVERSE ONE"))
        answer = second.ask(text("TWO", client="OTHER"))
        assert answer == reply("DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=TWO")

    def test_another_data_store_is_a_protocol_error(self, standin_factory, connect):
        client = connect(standin_factory(datastores={"IMS2": {}}))
        client.ask(text("CONVERSE ONE"))
        assert client.ask(text("TWO", datastore="IMS2")) == refusal(8, 36)
        client.assert_closed()

    def test_syncpt_is_refused_at_any_step(self, client):
        client.ask(text("CONVERSE ONE"))
        assert client.ask(text("TWO", f3=SYNCPT)) == refusal(16, 0x17)
        client.assert_closed()

    def test_a_ping_is_answered_and_ends_the_connection(self, connect, standin):
        client = connect(standin)
        client.ask(text("CONVERSE ONE"))
        assert client.ask(text("PING IMS_CONNECT")) == reply("HWSC0030I *PING RESPONSE*")
        client.assert_closed()
        until(lambda: not standin.datastore("IMS1").ims.conversations.all)

    def test_next_input_before_the_ack_is_a_nak(self, ledger):
        _, client = ledger
        client.ask(text("LEDGER A", f3=CONFIRM))
        assert client.ask(text("B", f3=CONFIRM)) == refusal(8, 36)
        client.assert_closed()
        assert Ledger.account == []


class TestClientIds:
    GENERATED = 0x01

    def test_a_generated_client_id_stays(self, client):
        first = client.ask(text("CONVERSE ONE", client="", f1=0x40, f2=CM1 | self.GENERATED))
        name = first[16:24].decode("cp037")
        assert name.startswith("HWS")
        second = text("TWO", client=name, f1=0x40, f2=CM1 | self.GENERATED)
        genid = b"\x00\x14\x00\x00" + ebcdic("*GENCID*") + ebcdic(name)
        lines = [segment(ebcdic(line)) for line in ("SAID 2", "ONE", "TWO")]
        assert client.ask(second) == llll(genid, *lines, csm(OPEN))


class TestDeclaration:
    def test_a_program_is_conversational_because_the_file_says_so(self, standin_factory, connect):
        transactions = {"PLAIN": {"program": f"{__name__}:Plain", "conversational": True}}
        client = connect(standin_factory(transactions=transactions))
        assert client.ask(text("PLAIN 1")) == reply("None", flags=OPEN)
        assert client.ask(text("2")) == reply("b'SPA'", flags=OPEN)

    def test_and_is_not_because_the_file_says_so(self, standin_factory, connect):
        client = connect(standin_factory(transactions={"CONVERSE": {"conversational": False}}))
        expected = "DFS555I TRAN CONVERSE ABEND S0C4,U0000 ; MSG IN PROCESS: CONVERSE"
        assert client.ask(text("CONVERSE 1")) == reply(expected)

    def test_a_conversational_transaction_may_end_at_its_first_step(self, ledger):
        _, client = ledger
        assert client.ask(text("LEDGER QUIT", f3=CONFIRM)) == reply("4", flags=LAST_ACK)
        assert client.ask(ACK) == refusal(4, 97)

    def test_the_xml_adapter_takes_no_part(self, standin_factory, connect):
        port = {"adapter_exits": ["HWSSMPL1"]}
        transactions = {"IVTNO": {"conversational": True}}
        client = connect(standin_factory(ims_connect=port, transactions=transactions))
        xml = (
            b'<phonebook xmlns="urn:ims-gateway:example:phonebook">'
            b"<command>DISPLAY</command><lastName>LAST1</lastName></phonebook>"
        )
        fields = {"arch": 2, "f0": 0x02, "adapter": "HWSXMLA0", "converter": "IVTNOD", "transaction": "IVTNO"}
        assert client.ask(message(xml, **fields)) == refusal(8, 14)


class Plain:
    async def run(self, context: Context) -> Reply:
        return context.text_reply(str(context.spa), spa=b"SPA")
