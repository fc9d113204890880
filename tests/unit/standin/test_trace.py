"""The trace: readable, complete, and without passwords."""

import re

import pytest

from gateway.imsconnect.wire.anatomy_lines import dump
from tests.unit.standin.by_hand import (
    CANCEL,
    CONFIRM,
    REROUTE,
    Client,
    ebcdic,
    example,
    message,
    segment,
    text,
    until,
)
from tests.unit.standin.output_by_hand import NOAUTO, REASON, SYNC_AND_ASYNC, answer, queue, resume_sync

SENT = (
    "#1 > SEND_RECEIVE HWSSMPL1/EBCDIC client=CLIENT01 tran=ECHO datastore=IMS1 CM1/confirm"
    " socket=PERSISTENT timer=X'45' user=USER1 lterm=LT1 F1=CIDREQ F3=CANCID"
    " 1 segments, 10 bytes of data"
)
ACKNOWLEDGED = (
    "#1 > ACK HWSSMPL1/EBCDIC client=CLIENT01 tran=(blank) datastore=IMS1 CM1/confirm"
    " socket=PERSISTENT timer=X'45' user=(blank)"
)


DUMP = re.compile(r" {4}[0-9A-F]{6}  ")


def traced(standin_factory, connect, level: int, *inputs: bytes, **tables) -> list[str]:
    lines: list[str] = []
    standin = standin_factory(trace=level, write=lines.append, **tables)
    client = connect(standin)
    for data in inputs:
        client.ask(data)
    client.close()
    until(lambda: any(line.endswith(" closed") for line in lines))
    return lines


def without_fields(lines: list[str]) -> list[str]:
    """The lines that say what happened, one a message, without the time of day."""
    heads = [line for line in lines if not line.startswith("    ")]
    return [re.sub(r"^\d\d:\d\d:\d\d\.\d{3} ", "", line) for line in heads]


def fields_below(lines: list[str], start: str) -> list[str]:
    """The lines below the first that has `start` behind its time, up to the next that says what happened."""
    at = next(n for n, line in enumerate(lines) if line[13:].startswith(start))
    below = []
    for line in lines[at + 1 :]:
        if not line.startswith("    "):
            break
        below.append(line)
    return below


def dumped(lines: list[str]) -> bytes:
    return bytes.fromhex("".join(line[12:47] for line in lines if DUMP.match(line)))


class TestLines:
    def test_each_message_has_one_line_that_says_what_happened(self, standin_factory, connect):
        request = text(
            "ECHO HELLO", transaction="ECHO", user="USER1", lterm="LT1", f3=CONFIRM | CANCEL, f1=0x40
        )
        lines = without_fields(traced(standin_factory, connect, 1, request, message(verb="A", f3=CONFIRM)))
        assert lines[1:] == [
            SENT,
            "#1 < 1 segments GENCID CLIENT01 CSM X'30' level 2, 45 bytes",
            ACKNOWLEDGED,
            "#1 < RSM 4/97, 24 bytes",
            "#1 closed",
        ]
        assert lines[0].startswith("#1 connected from 127.0.0.1:")

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


class TestFields:
    def test_below_a_request_stands_each_of_its_fields(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, text("ECHO HELLO", client="CLIENT01", f3=CONFIRM))
        below = fields_below(lines, "#1 > SEND_RECEIVE")
        assert below[0] == "        0 0000  LLLL                           4  00000066          102 bytes"
        assert below[4].endswith("  8  5CE2C1D4D7D3F15C  *SAMPL1*: HWSSMPL1, header in EBCDIC")
        assert "       34 0022  IRM_F3                         1  01                SYNCONF" in below
        assert "       88 0058  DATA                          10  C5C3C8D640C8C5..  'ECHO HELLO'" in below
        assert below[-1] == "       98 0062  EOM                            4  00040000          end of message"
        assert len(below) == 26

    def test_below_a_reply_stands_each_of_its_fields(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, text("ECHO HELLO"))
        below = fields_below(lines, "#1 < 1 segments")
        assert [line[16:36].strip() for line in below] == [
            "LLLL",
            "segment LL",
            "ZZ",
            "DATA",
            "CSM_LEN",
            "CSM_FLG1",
            "CSM_PRLVLFLG",
            "CSM_ID",
        ]

    def test_data_that_looks_like_a_mod_name_nobody_asked_for_is_data(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, text("ECHO *REQMOD*DFSMO1  "))
        assert not any("RMM" in line for line in lines)

    def test_what_is_no_message_is_explained_as_far_as_it_goes(self, standin_factory, connect):
        bad = bytearray(text("ECHO"))
        bad[84:86] = b"\x00\x02"
        lines = traced(standin_factory, connect, 1, bytes(bad))
        assert any(line.endswith("#1 > input of 96 bytes") for line in lines)
        below = fields_below(lines, "#1 > input of 96 bytes")
        assert below[-1].endswith("cannot be read: LL 2 is less than 4")
        assert any("refused: the segment at offset 84" in line for line in lines)
        assert fields_below(lines, "#1 < RSM 4/9")[-1].endswith(
            "9 INVBUF: the contents of the buffer are not valid"
        )

    def test_bytes_of_another_protocol_are_explained_too(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, b"GET / HTTP/1.1\r\nHost: ims\r\n\r\n")
        assert any("> input of " in line for line in lines)
        assert any("exit not known" in line for line in lines)

    def test_an_input_out_of_turn_is_explained_before_it_is_refused(self, standin_factory, connect):
        lines = traced(standin_factory, connect, 1, example("input/07-ack"))
        heads = without_fields(lines)
        assert heads[1] == "#1 > input of 88 bytes"
        assert heads[2].startswith("#1 refused: ACK is not allowed")
        assert len(fields_below(lines, "#1 > input")) == 23

    def test_every_input_is_explained_once_when_several_come_at_a_time(self, standin_factory):
        lines: list[str] = []
        standin = standin_factory(trace=1, write=lines.append)
        with Client(standin.port) as client:
            one = text("NOREPLY 1", verb="S", f2=0x40)
            client.send(one + one + text("ECHO 1"))
            client.output()
        until(lambda: any(line.endswith(" closed") for line in lines))
        heads = [line for line in without_fields(lines) if " > " in line]
        assert [head.split(" ")[2] for head in heads] == ["SEND_ONLY", "SEND_ONLY", "SEND_RECEIVE"]
        assert sum("LLLL" in line for line in lines) == 4


class TestDumps:
    def test_the_second_level_shows_every_byte_but_the_password(self, standin_factory, connect):
        request = text("ECHO HELLO", user="USER1", password="GEHEIM1")
        lines = traced(standin_factory, connect, 2, request, users={"USER1": {"password": "GEHEIM1"}})
        hidden = request.replace(ebcdic("GEHEIM1 "), ebcdic("********"))
        assert dumped(lines).startswith(hidden)
        assert fields_below(lines, "#1 > SEND_RECEIVE")[:26] == fields_below(
            traced(standin_factory, connect, 1, request), "#1 > SEND_RECEIVE"
        )

    def test_the_first_level_has_no_dump(self, standin_factory, connect):
        assert dumped(traced(standin_factory, connect, 1, text("ECHO HELLO"))) == b""

    def test_a_line_has_offset_hex_and_both_texts(self):
        data = ebcdic("HELLO") + b"hello" + bytes(8)
        assert list(dump(data, 0x20)) == [
            "000020  C8C5D3D3 D668656C 6C6F0000 00000000  |HELLO..%%?......|  |.....hello......|",
            "000030  0000                                 |..              |  |..              |",
        ]


SECRETS = {
    "password": text("ECHO 1", user="USER1", password="GEHEIM1"),
    "password in ASCII": message(b"ECHO 1", user="USER1", password="GEHEIM1", code="ascii"),
    "PassTicket": text("ECHO 1", user="USER1", password="GEHEIM1", application="IMSAPPL"),
    "password change": text("HWSPWCH GEHEIM1/GEHEIM1/GEHEIM1", user="USER1"),
    "password change in ASCII": message(b"HWSPWCH GEHEIM1/GEHEIM1/GEHEIM1", code="ascii"),
    "password change in two segments": text("HWSPWCH GEHEIM1/", "GEHEIM1/GEHEIM1"),
    "mark of a trusted user": text("ECHO 1", arch=5, f0=0x04, extensions=(("*TRSTUS*", ebcdic("GEHEIM1")),)),
    "phrase": text("ECHO 1", arch=5, f0=0x04, extensions=(("*PHRASE*", ebcdic("GEHEIM1 GEHEIM1")),)),
    "bad IRM_ID": text("ECHO 1", exit_id="*SAMPLX*", password="GEHEIM1"),
    "bad segment": text("ECHO 1", password="GEHEIM1")[:84] + b"\x00\x02" + text("ECHO 1")[86:],
    "bad LLLL": b"\x00\x00\x00\x50" + text("ECHO 1", password="GEHEIM1")[4:],
    "no such client": message(verb="A", password="GEHEIM1"),
    "bytes behind the end": text("ECHO 1", password="GEHEIM1")[:-4] + segment(b"") + segment(ebcdic("GEHEIM1")),
}


@pytest.mark.parametrize("request_", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("level", [1, 2])
def test_no_secret_is_in_any_trace(standin_factory, connect, request_, level):
    secrets = [word.encode(code) for word in ("GEHEIM1", "GEHEIM") for code in ("cp037", "ascii")]
    assert any(secret in request_ for secret in secrets)
    lines = traced(standin_factory, connect, level, request_)
    shown = "\n".join(lines)
    assert any(" > " in line for line in lines)
    assert "GEHEIM" not in shown
    assert not any(secret.hex().upper() in shown.replace(" ", "") for secret in secrets)
    assert not any(secret in dumped(lines) for secret in secrets)


def test_a_nak_says_why_and_what_becomes_of_the_message(standin_factory, connect):
    lines: list[str] = []
    standin = standin_factory(trace=1, write=lines.append)
    queue(standin, "MESSAGE", tpipe="CALLOUT1")
    client = connect(standin)
    client.ask(resume_sync(NOAUTO, f0=SYNC_AND_ASYNC))
    client.ask(answer("N", f0=REASON, nak_reason=1007, f3=CONFIRM | REROUTE, arch=1, reroute="SPARE"))
    (nak,) = [line for line in without_fields(lines) if "> NAK" in line]
    assert nak.endswith("F3=REROUT F0=NAKRSN reason=1007 reroute=SPARE")
