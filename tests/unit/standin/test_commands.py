"""IMS commands through IMS Connect, and the words they are made of."""

import pytest

from gateway.standin.command_words import CommandError, Words, completed, is_word
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
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

TRAN = "TRAN     CLS ENQCT   QCT   LCT  PLCT CP NP LP SEGSZ SEGNO PARLM    RC"
TPIPES = " MEMBER/TPIPE       ENQCT   DEQCT     QCT  STATUS"
OTMA = " GROUP/MEMBER     XCF-STATUS  USER-STATUS     SECURITY"
ACTIVE = "REGID JOBNAME  TYPE TRAN/STEP PROGRAM  STATUS"


def lines(answer: bytes) -> list[str]:
    """Return the text of every segment of an HWSSMPL1 output."""
    found, position = [], 4
    while int.from_bytes(answer[position : position + 2]) != 12 or answer[
        position + 4 : position + 12
    ] != ebcdic("*CSMOKY*"):
        length = int.from_bytes(answer[position : position + 2])
        found.append(answer[position + 4 : position + length].decode("cp037"))
        position += length
    return found


class TestDisplay:
    def test_a_transaction(self, client):
        client.ask(text("ECHO 1"))
        assert lines(client.ask(text("/DISPLAY TRAN ECHO"))) == [
            TRAN,
            "ECHO       -     1     0     -     -  -  -  -     -     -  NONE     0",
        ]

    def test_a_stopped_and_an_unknown_transaction(self, standin_factory, connect):
        client = connect(standin_factory(transactions={"ECHO": {"stopped": True}}))
        assert lines(client.ask(text("/DIS TRAN ECHO NOSUCH")))[2:] == [
            "  STATUS: STOP",
            "NOSUCH   IS INVALID",
        ]

    def test_all_transactions(self, client, standin):
        shown = [line.split()[0] for line in lines(client.ask(text("/DIS TRAN ALL")))[1:]]
        assert shown == sorted(standin.datastore("IMS1").ims.transactions)

    def test_what_is_running(self, connect, standin):
        first, second = connect(standin), connect(standin)
        second_active = text("/DIS ACTIVE", client="SECOND")
        assert lines(second.ask(second_active)) == [ACTIVE, "NONE"]
        first.ask(text("ECHO 1", f3=CONFIRM))
        assert lines(second.ask(second_active)) == [
            ACTIVE,
            "    1 STANDIN  TP   ECHO      ECHO     WAIT-SYNCPOINT",
        ]
        first.ask(message(verb="A", f3=CONFIRM))
        assert lines(second.ask(second_active)) == [ACTIVE, "NONE"]

    def test_who_is_at_work(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.send(text("SLEEP 60000", user="ALICE"))
        until(lambda: standin.datastore("IMS1").ims.inputs)
        ask = text("/DIS USER", client="SECOND")
        assert lines(second.ask(ask))[1:] == ["ALICE    SLEEP    CLIENT01 ACTIVE"]
        assert lines(second.ask(text("/DIS USER BOB", client="SECOND")))[1:] == ["NONE"]

    def test_a_tpipe(self, client, standin):
        client.send(text("ECHO 1", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths)
        expected = [TPIPES, " HWS1", "-CLIENT01               -       -       1"]
        assert lines(client.ask(text("/DIS TMEMBER HWS1 TPIPE ALL"))) == expected
        assert lines(client.ask(text("/DIS TMEMBER ALL TPIPE CLIENT01"))) == expected
        assert lines(client.ask(text("/DIS TMEMBER HWS1 TPIPE OTHER")))[2:] == ["-OTHER    IS INVALID"]
        assert lines(client.ask(text("/DIS TMEMBER HWS9 TPIPE ALL"))) == [TPIPES, " HWS9     IS INVALID"]

    def test_the_members_of_the_group(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"otma_security": "none"}, otma={"group": "GROUP1"}))
        expected = [
            OTMA,
            " GROUP1",
            "-IMS1             ACTIVE      SERVER          NONE",
            "-HWS1             ACTIVE      ACCEPT TRAFFIC  NONE",
        ]
        assert lines(client.ask(text("/DISPLAY OTMA"))) == expected
        assert lines(client.ask(text("/DIS TMEMBER ALL"))) == expected
        assert lines(client.ask(text("/DIS TMEMBER HWS1"))) == [*expected[:2], expected[3]]
        assert lines(client.ask(text("/DIS TMEMBER NOBODY"))) == [OTMA, " NOBODY   IS INVALID"]

    def test_conversations(self, connect, standin):
        first, second = connect(standin), connect(standin)
        first.ask(text("CONVERSE ONE", user="ALICE"))
        ask = text("/DIS CONV", client="SECOND")
        assert lines(second.ask(ask))[1:] == ["1        CONVERSE CLIENT01 ALICE        1 ACTIVE"]
        first.ask(text("END"))
        assert lines(second.ask(ask))[1:] == ["NONE"]


class TestStartAndStop:
    def test_a_transaction(self, client, standin):
        assert client.ask(text("/STOP TRAN ECHO")) == reply("DFS058I STOP COMMAND COMPLETED")
        assert client.ask(text("ECHO 1")) == reply("DFS065 TRAN/LTERM STOPPED")
        assert client.ask(text("IVTNO     DISPLAY LAST1"))[-12:] == csm()
        assert client.ask(text("/STA TRAN ECHO")) == reply("DFS058I START COMMAND COMPLETED")
        assert client.ask(text("ECHO 1")) == reply("1")
        assert standin.seen[0].transaction == "/STOP"

    def test_a_transaction_that_is_not_there(self, client):
        expected = "DFS058I STOP COMMAND COMPLETED EXCEPT TRAN NOSUCH OTHER"
        assert client.ask(text("/STO TRAN NOSUCH,ECHO OTHER")) == reply(expected)
        assert client.ask(text("ECHO 1")) == reply("DFS065 TRAN/LTERM STOPPED")

    def test_all_transactions(self, client):
        client.ask(text("/STO TRAN ALL"))
        assert client.ask(text("ECHO 1")) == reply("DFS065 TRAN/LTERM STOPPED")
        client.ask(text("/STA TRAN ALL"))
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_inputs_wait_while_their_transaction_is_stopped(self, standin_factory, connect):
        standin = standin_factory(transactions={"ECHO": {"regions": 1}})
        first, second, operator = (connect(standin) for _ in range(3))
        first.ask(text("ECHO 1", f3=CONFIRM))
        second.send(text("ECHO 2", client="SECOND"))
        until(lambda: standin.datastore("IMS1").ims.regions.waiting("ECHO") == 1)
        operator.ask(text("/STO TRAN ECHO", client="OPERATOR"))
        first.ask(message(verb="A", f3=CONFIRM))
        shown = lines(operator.ask(text("/DIS TRAN ECHO", client="OPERATOR")))
        assert shown[1:] == [
            "ECHO       -     2     1     -     -  -  -  -     -     -     1     0",
            "  STATUS: STOP",
        ]
        operator.ask(text("/STA TRAN ECHO", client="OPERATOR"))
        assert second.output() == reply("2")

    def test_a_tpipe(self, client, standin):
        assert client.ask(text("/STO TMEMBER HWS1 TPIPE OUT1 OUT2")) == reply("DFS058I STOP COMMAND COMPLETED")
        assert standin.tpipes.turns.stopped == {"OUT1", "OUT2"}
        assert lines(client.ask(text("/DIS TMEMBER HWS1 TPIPE OUT1")))[2:] == [
            "-OUT1                   -       -       0  STO"
        ]
        assert client.ask(text("/STA TMEMBER HWS1 TPIPE OUT1")) == reply("DFS058I START COMMAND COMPLETED")
        assert standin.tpipes.turns.stopped == {"OUT2"}

    def test_a_tpipe_of_another_member(self, client, standin):
        expected = "DFS058I STOP COMMAND COMPLETED EXCEPT TMEMBER HWS9"
        assert client.ask(text("/STO TMEMBER HWS9 TPIPE OUT1")) == reply(expected)
        assert standin.tpipes.turns.stopped == frozenset()


class TestSecure:
    def test_the_level_is_set(self, standin_factory, connect):
        port = {"otma_security": "none"}
        standin = standin_factory(
            ims_connect=port, users={"ALICE": {}}, transactions={"ECHO": {"permit": ["ALICE"]}}
        )
        client = connect(standin)
        assert client.ask(text("ECHO 1", user="BOB")) == reply("1")
        assert client.ask(text("/SECURE OTMA CHECK")) == reply("DFS058I SECURE COMMAND COMPLETED")
        assert client.ask(text("ECHO 1", user="BOB")) == reply("DFS1292E SECURITY VIOLATION")
        assert client.ask(text("ECHO 1", user="ALICE")) == reply("1")

    def test_refresh(self, client):
        assert client.ask(text("/SEC OTMA REFRESH")) == reply("DFS058I SECURE COMMAND COMPLETED")

    @pytest.mark.parametrize(
        ("command", "answer"),
        [
            ("/SEC OTMA", "DFS108 COMMAND SYNTAX INVALID"),
            ("/SEC", "DFS107 REQUIRED KEYWORD NOT PRESENT"),
            ("/SEC APPC CHECK", "DFS163 KEYWORD IS INVALID"),
            ("/SEC OTMA SOME", "DFS163 KEYWORD IS INVALID"),
            ("/SEC OTMA CHECK TMEMBER", "DFS108 COMMAND SYNTAX INVALID"),
        ],
    )
    def test_what_is_wrong_changes_nothing(self, client, standin, command, answer):
        assert client.ask(text(command)) == reply(answer)
        assert standin.datastore("IMS1").otma.level == "none"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("/", "DFS165 COMMAND VERB IS INVALID"),
        ("/NOSUCH TRAN ECHO", "DFS165 COMMAND VERB IS INVALID"),
        ("/DI TRAN ECHO", "DFS165 COMMAND VERB IS INVALID"),
        ("/DISPLAYS TRAN ECHO", "DFS165 COMMAND VERB IS INVALID"),
        ("/DIS", "DFS107 REQUIRED KEYWORD NOT PRESENT"),
        ("/DIS DB ALL", "DFS163 KEYWORD IS INVALID"),
        ("/DIS TRAN", "DFS108 COMMAND SYNTAX INVALID"),
        ("/DIS TRAN ECHO ALL", "DFS122 SPECIFIC PARAMETER MIXED WITH ALL PARAMETER"),
        ("/DIS TRAN TOOLONGNAME", "DFS121I PARAMETER TOO LONG"),
        ("/DIS ACTIVE NOW", "DFS108 COMMAND SYNTAX INVALID"),
        ("/STO", "DFS107 REQUIRED KEYWORD NOT PRESENT"),
        ("/STO REGION 1", "DFS163 KEYWORD IS INVALID"),
        ("/STO TMEMBER HWS1", "DFS107 REQUIRED KEYWORD NOT PRESENT"),
        ("/STO TMEMBER HWS1 TPIPE", "DFS108 COMMAND SYNTAX INVALID"),
    ],
)
def test_a_command_that_ims_does_not_take(client, command, answer):
    assert client.ask(text(command)) == reply(answer)
    client.assert_open()


class TestHowTheyTravel:
    def test_case_and_period_do_not_matter(self, client):
        assert client.ask(text("/sto tran echo.")) == reply("DFS058I STOP COMMAND COMPLETED")

    def test_in_ascii(self, client):
        ask = message(b"/DIS ACTIVE", code="ascii")
        expected = llll(segment(ACTIVE.encode()), segment(b"NONE"), csm(code="ascii"))
        assert client.ask(ask) == expected

    def test_with_commit_mode_0(self, client):
        answer = client.ask(text("/STO TRAN ECHO", f2=CM0, f3=CONFIRM))
        assert answer == reply("DFS058I STOP COMMAND COMPLETED", flags=0x30)

    def test_with_confirm_the_answer_is_acknowledged(self, client):
        answer = client.ask(text("/STO TRAN ECHO", f3=CONFIRM))
        assert answer == reply("DFS058I STOP COMMAND COMPLETED", flags=0x30)
        assert client.ask(message(verb="A", f3=CONFIRM)) == refusal(4, 97)

    def test_send_only_holds_the_answer(self, client, standin):
        client.send(text("/STO TRAN ECHO", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})
        (held,) = standin.tpipes.held("CLIENT01")
        assert held.segments == (ebcdic("DFS058I STOP COMMAND COMPLETED"),)

    def test_a_program_named_like_a_command_is_never_asked(self, client):
        assert client.ask(text("/ECHO 1")) == reply("DFS165 COMMAND VERB IS INVALID")


class TestAuthorization:
    @pytest.fixture
    def guarded(self, standin_factory):
        return standin_factory(
            ims_connect={"otma_security": "check"},
            users={"ALICE": {}, "BOB": {}},
            commands={"STOP": {"permit": ["ALICE"]}},
        )

    def test_a_user_who_may(self, guarded, connect):
        client = connect(guarded)
        assert client.ask(text("/STO TRAN ECHO", user="ALICE")) == reply("DFS058I STOP COMMAND COMPLETED")

    def test_a_user_who_may_not(self, guarded, connect):
        client = connect(guarded)
        assert client.ask(text("/STO TRAN ECHO", user="BOB")) == reply("DFS1292E SECURITY VIOLATION")
        assert client.ask(text("ECHO 1", user="BOB")) == reply("1")

    def test_a_command_without_profile_is_for_everybody(self, guarded, connect):
        client = connect(guarded)
        assert client.ask(text("/DIS ACTIVE", user="BOB")) == reply(ACTIVE, "NONE")


class TestWords:
    @pytest.mark.parametrize("word", ["DIS", "DISP", "DISPLAY"])
    def test_a_word_may_be_shortened_to_three_letters(self, word):
        assert is_word(word, "DISPLAY")

    @pytest.mark.parametrize("word", ["", "D", "DI", "DISPLAYS", "DIZ"])
    def test_no_further_and_not_otherwise(self, word):
        assert not is_word(word, "DISPLAY")

    def test_words_are_taken_from_left_to_right(self):
        words = Words(["TRAN", "ECHO", "SLEEP"])
        assert words.keyword("TMEMBER", "TRANSACTION") == "TRANSACTION"
        assert words.parameters() == ("ECHO", "SLEEP")
        assert not words.left
        words.end()

    def test_what_is_missing_or_too_much_is_an_error(self):
        with pytest.raises(CommandError, match="DFS107"):
            Words([]).keyword("TRANSACTION")
        with pytest.raises(CommandError, match="DFS108"):
            Words([]).parameter()
        with pytest.raises(CommandError, match="DFS108"):
            Words(["X"]).end()

    def test_the_answer_names_what_is_unknown(self):
        assert completed("STOP") == "DFS058I STOP COMMAND COMPLETED"
        assert completed("STOP", "TRAN", ("A", "B")) == "DFS058I STOP COMMAND COMPLETED EXCEPT TRAN A B"
