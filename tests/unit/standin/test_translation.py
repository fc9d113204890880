"""ASCII, EBCDIC and Unicode on the way in and out."""

import pytest

from tests.unit.standin.by_hand import csm, ebcdic, llll, message, refusal, segment

UC, UCTC, NOTRANS, UTF_8, UTF_16 = 0x20, 0x10, 0x40, 1, 2
TEXT = "Größe 5 €".encode()


class TestAscii:
    def test_programs_see_ebcdic(self, client, standin):
        assert client.ask(message(b"ECHO hi", code="ascii")) == llll(segment(b"hi"), csm(code="ascii"))
        assert standin.seen[0].segments == (ebcdic("ECHO hi"),)

    def test_messages_of_ims_come_in_ascii(self, client):
        answer = client.ask(message(b"NOSUCH", code="ascii"))
        expected = b"DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=NOSUCH"
        assert answer == llll(segment(expected), csm(code="ascii"))

    def test_a_client_that_translates_itself_gets_nothing_translated(self, client):
        request = message(ebcdic("ECHO ") + b"\x00\xff", code="ascii", f5=NOTRANS)
        assert client.ask(request) == llll(segment(b"\x00\xff"), csm(code="ascii"))


class TestUnicode:
    @pytest.mark.parametrize(
        ("code", "f1", "tran"),
        [
            ("cp037", UC, ebcdic("ECHO    ")),
            ("cp037", UC | UCTC, b"ECHO    "),
            ("ascii", UC, b"ECHO    "),
            ("ascii", UC | UCTC, b"ECHO    "),
        ],
    )
    def test_data_is_left_alone_and_the_transaction_code_is_understood(self, client, standin, code, f1, tran):
        request = message(tran + TEXT, code=code, f1=f1, encoding=UTF_8)
        assert client.ask(request) == llll(segment(TEXT), csm(code=code))
        assert standin.seen[0].segments == (ebcdic("ECHO    ") + TEXT,)

    def test_utf_16_is_refused(self, client):
        request = message(ebcdic("ECHO "), f1=UC, encoding=UTF_16)
        assert client.ask(request) == refusal(4, 11)
