"""Bytes come out of what other programs print of them, or an error says in which line they do not."""

import shutil
import subprocess

import pytest

from gateway.cli.wire_text import MAX_REPEAT, HexTextError, from_text, is_text
from tests.unit.standin.by_hand import example

REPLY = example("output/06-reply-wants-ack")
RESUME = example("input/15-resume-tpipe-auto-altcid")

XXD = """\
00000000: 0000 0027 0017 0000 c5d5 e3d9 e840 e6c1  ...'.........@..
00000010: e240 c4c9 e2d7 d3c1 e8c5 c400 0c30 025c  .@...........0.\\
00000020: c3e2 d4d6 d2e8 5c                        ......\\
"""
HEXDUMP = """\
00000000  00 00 00 27 00 17 00 00  c5 d5 e3 d9 e8 40 e6 c1  |...'.........@..|
00000010  e2 40 c4 c9 e2 d7 d3 c1  e8 c5 c4 00 0c 30 02 5c  |.@...........0.\\|
00000020  c3 e2 d4 d6 d2 e8 5c                              |......\\|
00000027
"""
OD = """\
000000 00 00 00 27 00 17 00 00 c5 d5 e3 d9 e8 40 e6 c1  >...'.........@..<
000010 e2 40 c4 c9 e2 d7 d3 c1 e8 c5 c4 00 0c 30 02 5c  >.@...........0.\\<
000020 c3 e2 d4 d6 d2 e8 5c                             >......\\<
000027
"""
TCPDUMP = """\
12:34:56.789012 IP 10.0.0.1.9999 > 10.0.0.2.50000: Flags [P.], seq 1:40, ack 1, win 512, length 39
\t0x0000:  0000 0027 0017 0000 c5d5 e3d9 e840 e6c1  ...'.........@..
\t0x0010:  e240 c4c9 e2d7 d3c1 e8c5 c400 0c30 025c  .@...........0.\\
\t0x0020:  c3e2 d4d6 d2e8 5c                        ......\\
"""
MAINFRAME = """\
+0000  00000027 00170000 C5D5E3D9 E840E6C1  *........ENTRY WA*
+0010  E240C4C9 E2D7D3C1 E8C5C400 0C30025C  *S DISPLAYED....**
+0020  C3E2D4D6 D2E85C                      *CSMOKY*         *
"""
OUR_DUMP = """\
    000000  00000027 00170000 C5D5E3D9 E840E6C1  |........ENTRY WA|  |...'.........@..|
    000010  E240C4C9 E2D7D3C1 E8C5C400 0C30025C  |S DISPLAYED....*|  |.@...........0.\\|
    000020  C3E2D4D6 D2E85C                      |CSMOKY*         |  |......\\         |
"""
TSHARK = """\

===================================================================
Follow: tcp,raw
Filter: tcp.stream eq 0
Node 0: 10.0.0.2:50000
Node 1: 10.0.0.1:9999
\t0000002700170000c5d5e3d9e840e6c1e240c4c9e2d7d3c1e8c5c4
\t000c30025cc3e2d4d6d2e85c
===================================================================
"""
PRINTED = {
    "xxd": XXD,
    "hexdump -C": HEXDUMP,
    "od": OD,
    "tcpdump -X": TCPDUMP,
    "a dump of z/OS": MAINFRAME,
    "the stand-in's trace": OUR_DUMP,
    "tshark": TSHARK,
    "digits": REPLY.hex(),
    "digits in lines": "\n".join((REPLY.hex()[:31], REPLY.hex()[31:])),
    "words": REPLY.hex(" ", 4).upper(),
    "bytes with colons": REPLY.hex(":"),
    "bytes with 0x and commas": ", ".join(f"0x{byte:02X}" for byte in REPLY),
    "a literal of assembler": f"X'{REPLY.hex().upper()}'",
    "with comments": "# a reply\n" + REPLY[:4].hex() + "  # LLLL\n" + REPLY[4:].hex(),
    "words whose first is zero": REPLY.hex(" ", 2),
    "lines of Windows": XXD.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED.keys())
def test_bytes_come_out_of_what_other_programs_print(text):
    assert b"".join(from_text(text)) == REPLY
    assert is_text(text.encode())


def test_rows_that_hexdump_left_out_are_put_in():
    rows = [f"{at:08x}  {RESUME[at : at + 16].hex(' ')}" for at in range(0, len(RESUME), 16) if at != 0x90]
    rows.insert(9, "*")
    assert from_text("\n".join(rows)) == [RESUME]


@pytest.mark.parametrize(
    ("program", "arguments"),
    [("xxd", ()), ("xxd", ("-p",)), ("hexdump", ("-C",)), ("od", ("-A", "x", "-t", "x1z"))],
)
def test_the_programs_of_this_machine_are_understood(tmp_path, program, arguments):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here")
    path = tmp_path / "message.bin"
    path.write_bytes(RESUME)
    out = subprocess.run([program, *arguments, path], check=True, capture_output=True, text=True)
    assert from_text(out.stdout) == [RESUME]


def test_text_in_the_last_column_is_never_taken_for_digits():
    assert from_text("00000000: 0000 00ab  abcdabcd\n00000004: 61  a\n") == [bytes.fromhex("000000ab61")]


def test_dumps_that_begin_at_zero_again_are_pieces():
    assert from_text(XXD + XXD) == [REPLY, REPLY]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("xyz", "line 1: not hexadecimal digits"),
        ("00\n0g", "line 2: not hexadecimal digits"),
        ("000", "3 hexadecimal digits, an odd number"),
        ("# nothing", "no hexadecimal digits in it"),
        (XXD.replace("00000010:", "00000020:"), r"line 2: offset 32 \(X'20'\) after 16 bytes"),
        (XXD.replace("00000020:", "00000010:"), r"line 3: offset 16 \(X'10'\) after 32 bytes"),
        (XXD.replace("c5d5", "c5dx"), "line 1: not pairs"),
        (XXD.replace("c5d5", "c5d"), "line 1: not pairs"),
        (HEXDUMP.replace("00000020", "hello"), "line 3: no offset"),
        ("00000000  00 00\n*\n", r"a line \* that nothing follows"),
        ("00000000  00 00\n*\n00000003\n", r"the rows behind \* do not lead"),
        (f"00000000  00 00\n*\n{MAX_REPEAT + 4:08x}\n", r"the rows behind \* do not lead"),
    ],
)
def test_what_is_not_right_is_told_with_its_line(text, message):
    with pytest.raises(HexTextError, match=message):
        from_text(text)


@pytest.mark.parametrize("data", [REPLY, RESUME, b"", b"  \n", b"\xff\xfe", b"\x00"])
def test_bytes_of_messages_are_no_text(data):
    assert not is_text(data)
