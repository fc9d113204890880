"""`imsgw wire decode`."""

import json
import re

import pytest

from tests.unit.cli.test_wire_packets import CLIENT, IMS, packet
from tests.unit.standin.by_hand import ebcdic, example, message, text

ASK = example("input/01-send-receive-ebcdic")
ANSWER = example("output/03-reply-two-segments")
RSM = example("output/10-rsm-racf-failure")
ASCII_SMPL0 = example("output/11-rsm-racf-failure-hwssmpl0-ascii")


@pytest.fixture
def decode(imsgw, tmp_path):
    def run(data: bytes, *options: str):
        path = tmp_path / "message.bin"
        path.write_bytes(data)
        return imsgw("wire", "decode", str(path), *options)

    return run


def test_a_message_comes_out_field_by_field(decode):
    result = decode(RSM)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "message 1: IMS Connect > client, 24 bytes at offset 0 (X'0')",
        "    0 0000  LLLL                           4  00000018          24 bytes",
        "    4 0004  RSM_LEN                        2  0014              20 bytes",
        "    6 0006  RSM_FLG1                       1  00                none",
        "    7 0007  RSM_RACFRC/OTMRSN              1  08                RACF return code 8",
        "    8 0008  RSM_ID                         8  5CD9C5D8E2E3E25C  *REQSTS*",
        "   16 0010  RSM_RETCOD                     4  00000008          return code 8, the socket is closed",
        result.stdout.splitlines()[7],
    ]
    assert re.match(r"   20 0014  RSM_RSNCOD +4  0000004E +78 SECFAIL: ", result.stdout.splitlines()[7])


def test_long_data_is_dumped_in_both_codes(decode):
    lines = decode(ASK).stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if "DATA" in line)
    assert lines[at : at + 3] == [
        "   88 0058  DATA                          28                    'IVTNO     DISPLAY LAST1'",
        "           000058  C9E5E3D5 D6404040 4040C4C9 E2D7D3C1  |IVTNO     DISPLA|  |.....@@@@@......|",
        "           000068  E840D3C1 E2E3F140 40404040           |Y LAST1         |  |.@.....@@@@@    |",
    ]


def test_several_messages_come_one_after_the_other_with_their_place(decode):
    lines = decode(ASK + ANSWER + ASK + RSM).stdout.splitlines()
    assert [line for line in lines if line.startswith("message")] == [
        "message 1: client > IMS Connect, 120 bytes at offset 0 (X'0')",
        "message 2: IMS Connect > client, 73 bytes at offset 120 (X'78')",
        "message 3: client > IMS Connect, 120 bytes at offset 193 (X'C1')",
        "message 4: IMS Connect > client, 24 bytes at offset 313 (X'139')",
    ]


def test_json_has_the_same_for_programs(decode):
    result = decode(ASK + RSM, "--json")
    ask, rsm = json.loads(result.stdout)
    assert {key: value for key, value in ask.items() if key != "fields"} == {
        "number": 1,
        "from": "client",
        "exit": "HWSSMPL1",
        "code": "EBCDIC",
        "offset": 0,
        "length": 120,
        "damaged": False,
        "refused": None,
    }
    assert ask["fields"][4] == {
        "offset": 8,
        "name": "IRM_ID",
        "length": 8,
        "hex": "5CE2C1D4D7D3F15C",
        "hidden": False,
        "meaning": "*SAMPL1*: HWSSMPL1, header in EBCDIC",
    }
    hidden = [field for field in ask["fields"] if field["hidden"]]
    assert hidden == [
        {"offset": 76, "name": "IRM_RACF_PW", "length": 8, "hex": None, "hidden": True, "meaning": "********"}
    ]
    assert (rsm["from"], rsm["offset"]) == ("ims-connect", 120)


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_damage_is_shown_and_said_and_is_exit_code_1(decode, option):
    result = decode(ASK + ANSWER[:-1], *option)
    assert result.exit_code == 1
    assert "message 2 from offset 61 (X'3D') on cannot be read: " in result.stderr
    assert "cannot be read: " in result.stdout


def test_what_ims_connect_would_refuse_is_said_though_it_can_be_read(decode):
    result = decode(message(verb=" "))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("IMS Connect refuses it: no data in a message of kind")
    (told,) = json.loads(decode(message(verb=" "), "--json").stdout)
    assert (told["damaged"], told["refused"] is not None) == (False, True)


def test_text_stands_for_its_bytes(decode):
    assert decode(ASK.hex(" ", 4).encode()).stdout == decode(ASK).stdout


def test_standard_input_is_read_for_a_dash(imsgw):
    result = imsgw("wire", "decode", "-", typed="00000010 000C1002 5CC3E2D4 D6D2E85C\n")
    assert (result.exit_code, "CSM_ID" in result.stdout) == (0, True)


def test_packets_of_tcpdump_are_taken_out_of_ip_and_tcp(decode):
    dumps = []
    for data in (
        packet(CLIENT, IMS, 1, ASK[:50]),
        packet(CLIENT, IMS, 51, ASK[50:]),
        packet(IMS, CLIENT, 1, RSM),
    ):
        dumps.append("12:00:00.000000 IP 10.0.0.2.50000 > 10.0.0.1.9999: Flags [P.], length 1")
        rows = (data[at : at + 16] for at in range(0, len(data), 16))
        dumps += [f"\t0x{16 * n:04x}:  {row.hex(' ', 2):<39}  ................" for n, row in enumerate(rows)]
    assert decode("\n".join(dumps).encode()).stdout == decode(ASK + RSM).stdout


def test_missing_packets_are_damage(decode):
    data = packet(CLIENT, IMS, 1, ASK[:50]) + b""
    later = packet(CLIENT, IMS, 60, ASK[59:])
    dumps = [
        f"0x{at:04x}: {part[at : at + 16].hex()}" for part in (data, later) for at in range(0, len(part), 16)
    ]
    result = decode("\n".join(dumps).encode())
    assert (result.exit_code, result.stderr) == (1, "packet 2: 9 bytes before it are missing\n")


@pytest.mark.parametrize("magic", ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "0a0d0d0a"])
def test_a_capture_file_is_wrong_usage_that_says_what_to_do(decode, magic):
    result = decode(bytes.fromhex(magic) + bytes(40))
    assert result.exit_code == 2
    assert "tshark" in result.stderr


def test_a_file_that_is_not_there_is_wrong_usage(imsgw):
    result = imsgw("wire", "decode", "nowhere.bin")
    assert (result.exit_code, "nowhere.bin" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "there are no bytes in it"),
        (b"hello", "line 1: not hexadecimal digits"),
        (bytes.fromhex("160301020001000001fc0303"), "this looks like TLS records: decrypt them first"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n\x00", "this looks like HTTP"),
        (bytes(10), "message 1 from offset 4"),
    ],
)
def test_what_is_no_message_is_said_to_be_none(decode, data, words):
    result = decode(data)
    assert (result.exit_code, words in result.stderr) == (1, True)


class TestTold:
    def test_a_reply_of_hwssmpl0_shows_by_itself(self, decode):
        assert "RSM_RACFRC" in decode(ASCII_SMPL0).stdout

    def test_who_sent_it_may_be_told(self, decode):
        """Without IRM_ID and end marker a request does not show that it is one."""
        result = decode(ASK[:12], "--from", "client")
        assert "client > IMS Connect" in result.stdout
        assert "IMS Connect > client" in decode(ASK[:12]).stdout

    def test_exit_and_code_may_be_told_where_the_reply_is_cut_before_it_shows_them(self, decode):
        cut = example("output/04-reply-two-segments-hwssmpl0")[:30]
        told = json.loads(decode(cut, "--exit", "HWSSMPL1", "--ascii", "--json").stdout)
        assert (told[0]["exit"], told[0]["code"]) == ("HWSSMPL1", "ASCII")
        assert json.loads(decode(cut, "--json").stdout)[0]["exit"] == "HWSSMPL0"

    def test_the_data_of_a_damaged_reply_shows_when_it_is_said_to_be_one(self, decode):
        cut = ANSWER[:-1]
        assert "ENTRY WAS DISPLAYED" not in decode(cut).stdout
        assert "ENTRY WAS DISPLAYED" in decode(cut, "--from", "ims-connect").stdout

    @pytest.mark.parametrize(
        "option", [("--from", "server"), ("--exit", "HWSJAVA0"), ("--show-passwords",), ("--trace",)]
    )
    def test_other_words_are_wrong_usage(self, decode, option):
        assert decode(ASK, *option).exit_code == 2


SECRETS = [
    text("ECHO 1", password="GEHEIM1"),
    text("ECHO 1", password="GEHEIM1")[:-3],
    text("ECHO 1", password="GEHEIM1", exit_id="*SAMPLX*"),
    text("ECHO GEHEIM1", password="GEHEIM1"),
    text("HWSPWCH GEHEIM1/GEHEIM2/GEHEIM2"),
    text("ECHO 1", arch=5, f0=0x04, extensions=(("*PHRASE*", ebcdic("GEHEIM1")),)),
    b"\x00\x00\x00\x60" + text("ECHO 1", password="GEHEIM1")[4:],
]


@pytest.mark.parametrize("data", SECRETS)
@pytest.mark.parametrize("sender", [(), ("--from", "client"), ("--from", "ims-connect")])
@pytest.mark.parametrize("exit_", [(), ("--exit", "HWSSMPL0"), ("--exit", "HWSSMPL1")])
@pytest.mark.parametrize("rest", [(), ("--json",), ("--ascii",)])
def test_no_option_shows_a_secret(decode, data, sender, exit_, rest):
    result = decode(data, *sender, *exit_, *rest)
    shown = (result.stdout + result.stderr).replace(" ", "")
    assert "GEHEIM" not in shown
    assert ebcdic("GEHEIM").hex().upper() not in shown
