"""The trace: readable, complete, and without passwords."""

import re

from gateway.standin.trace import dump
from tests.unit.standin.by_hand import CANCEL, CONFIRM, ebcdic, message, text, until

SENT = (
    "#1 > SEND_RECEIVE HWSSMPL1/EBCDIC client=CLIENT01 tran=ECHO datastore=IMS1 CM1/confirm"
    " socket=PERSISTENT timer=X'45' user=USER1 lterm=LT1 F1=CIDREQ F3=CANCID"
    " 1 segments, 10 bytes of data"
)
ACKNOWLEDGED = (
    "#1 > ACK HWSSMPL1/EBCDIC client=CLIENT01 tran=(blank) datastore=IMS1 CM1/confirm"
    " socket=PERSISTENT timer=X'45' user=(blank)"
)


def traced(standin_factory, connect, level: int, *inputs: bytes, **tables) -> list[str]:
    lines: list[str] = []
    standin = standin_factory(trace=level, write=lines.append, **tables)
    client = connect(standin)
    for data in inputs:
        client.ask(data)
    client.close()
    until(lambda: any(line.endswith(" closed") for line in lines))
    return lines


class TestLines:
    def test_each_message_is_one_line(self, standin_factory, connect):
        request = text(
            "ECHO HELLO", transaction="ECHO", user="USER1", lterm="LT1", f3=CONFIRM | CANCEL, f1=0x40
        )
        lines = traced(standin_factory, connect, 1, request, message(verb="A", f3=CONFIRM))
        without_time = [re.sub(r"^\d\d:\d\d:\d\d\.\d{3} ", "", line) for line in lines]
        assert without_time[1:] == [
            SENT,
            "#1 < 1 segments GENCID CLIENT01 CSM X'30' level 2, 45 bytes",
            ACKNOWLEDGED,
            "#1 < RSM 4/97, 24 bytes",
            "#1 closed",
        ]
        assert without_time[0].startswith("#1 connected from 127.0.0.1:")

    def test_a_refusal_says_why(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, text("ECHO", datastore="NONE"))
        assert any(line.endswith("refused: 8/72 no data store NONE") for line in lines)

    def test_a_violation_says_why(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, message(verb="A"))
        assert any("refused: ACK is not allowed" in line for line in lines)
        assert any("< RSM 8/16, 24 bytes" in line for line in lines)

    def test_nothing_that_a_client_sends_can_forge_a_line(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, text("ECHO", datastore="A\nB"))
        assert not any("\n" in line for line in lines)

    def test_level_0_writes_nothing(self, standin_factory, connect):
        lines: list[str] = []
        connect(standin_factory(trace=0, write=lines.append)).ask(text("ECHO 1"))
        assert lines == []


class TestDumps:
    def test_the_second_level_shows_every_byte_but_the_password(self, standin_factory, connect):
        request = text("ECHO HELLO", user="USER1", password="GEHEIM1")
        lines = traced(standin_factory, connect, 2, request, users={"USER1": {"password": "GEHEIM1"}})
        shown = bytes.fromhex("".join(line[12:47] for line in lines if line.startswith("    ")))
        hidden = request.replace(ebcdic("GEHEIM1 "), ebcdic("********"))
        assert shown.startswith(hidden)
        assert "GEHEIM1" not in "".join(lines)

    def test_a_line_has_offset_hex_and_both_texts(self):
        data = ebcdic("HELLO") + b"hello" + bytes(8)
        assert list(dump(data)) == [
            "000000  c8c5d3d3 d668656c 6c6f0000 00000000  |HELLO..%%?......|  |.....hello......|",
            "000010  0000                                 |..              |  |..              |",
        ]
