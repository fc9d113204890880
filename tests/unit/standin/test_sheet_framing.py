"""Lengths, levels, end marker and extensions, as a client gets them wrong or just right.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM; Format of
IRM extensions; HWSSMPL0 and HWSSMPL1 return and reason codes; TCPIP statement (MAXSIZE=).
"""

import pytest

from tests.unit.standin.by_hand import (
    END,
    csm,
    ebcdic,
    llll,
    message,
    refusal,
    reply,
    segment,
    text,
)

GOOD = text("ECHO 1")
LONGEST = 32_763
"""Data of a segment whose LL is X'7FFF'."""


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def relength(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data[4:]


def extended(*extensions: tuple[str, bytes]) -> bytes:
    return message(ebcdic("WHOAMI"), arch=5, f0=0x04, extensions=extensions)


@pytest.mark.parametrize("arch", range(6))
def test_each_level_is_understood(client, arch):
    assert client.ask(text("ECHO 1", arch=arch)) == reply("1")


@pytest.mark.parametrize("arch", range(6))
def test_a_level_beyond_irm_len_adds_blank_fields(client, arch):
    assert client.ask(patched(GOOD, 6, bytes((arch,)))) == reply("1")


@pytest.mark.parametrize(
    ("length", "answer"),
    [(79, refusal(4, 6)), (0, refusal(4, 6)), (0xFFFF, refusal(4, 6)), (81, refusal(4, 7))],
    ids=["too-short", "zero", "beyond-llll", "into-the-data"],
)
def test_a_wrong_irm_len(client, length, answer):
    assert client.ask(patched(GOOD, 4, length.to_bytes(2))) == answer
    client.assert_closed()


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        pytest.param(patched(GOOD, 0, b"\x80\x00\x00\x00"), refusal(4, 5), id="negative"),
        pytest.param(patched(GOOD, 0, (87).to_bytes(4)), refusal(4, 7), id="below-the-minimum"),
        pytest.param(patched(GOOD, 0, (10_000_001).to_bytes(4)), refusal(4, 4), id="beyond-maxsize"),
        pytest.param(relength(GOOD[:-4]), refusal(4, 7), id="no-end-marker"),
        pytest.param(relength(GOOD + b"\x00"), refusal(4, 7), id="a-byte-behind-the-end-marker"),
        pytest.param(relength(GOOD + END), refusal(4, 7), id="two-end-markers"),
        pytest.param(relength(GOOD[:84] + END), refusal(4, 12), id="no-data"),
        pytest.param(patched(GOOD, 84, b"\x00\x03"), refusal(4, 9), id="ll-3"),
        pytest.param(patched(GOOD, 84, b"\x80\x00"), refusal(4, 5), id="ll-negative"),
        pytest.param(patched(GOOD, 84, b"\x00\xff"), refusal(4, 7), id="ll-beyond-llll"),
        pytest.param(patched(GOOD, 86, b"\x00\x01"), refusal(4, 9), id="zz"),
    ],
)
def test_a_wrong_length(client, data, answer):
    client.send(data)
    assert client.output() == answer
    client.assert_closed()


def test_the_longest_message_is_taken_and_one_byte_more_is_not(standin_factory, connect):
    standin = standin_factory(ims_connect={"max_message_bytes": 2000})
    data = ebcdic("ECHO ") + b"\x81" * (2000 - 88 - 4 - 5)
    assert len(message(data)) == 2000
    assert connect(standin).ask(message(data)) == llll(segment(data[5:]), csm())
    longer = connect(standin)
    assert longer.ask(message(data + b"\x81", client="CLIENT02")) == refusal(4, 4)
    longer.assert_closed()


def test_segments_of_the_longest_length(client):
    first, second = ebcdic("ECHO ") + b"\x81" * (LONGEST - 5), b"\x82" * LONGEST
    assert client.ask(message(first, second)) == llll(segment(first[5:]), segment(second), csm())


@pytest.mark.parametrize("cut", [1, 4, 8, 12, 16, 28, 84, 86, 90])
def test_a_message_in_two_pieces(client, cut):
    client.send(GOOD[:cut])
    assert client.ask(GOOD[cut:]) == reply("1")


class TestExtensions:
    WHO = "USER= GROUP= LTERM= CLIENTID=CLIENT01 TRANSACTION=WHOAMI DATASTORE=IMS1 NETUID={} NETSID={}"

    def test_in_any_order_with_unknown_ones_between(self, client):
        data = extended(("*NETSID*", ebcdic("REALM")), ("*OTHERS*", b"\xff"), ("*NETUID*", ebcdic("UID")))
        assert client.ask(data) == reply(self.WHO.format("UID", "REALM"))

    @pytest.mark.parametrize(("name", "longest", "reason"), [("*NETUID*", 246, 117), ("*NETSID*", 254, 118)])
    def test_the_longest_and_one_byte_more(self, client, name, longest, reason):
        values = {name: "X" * longest}
        expected = self.WHO.format(values.get("*NETUID*", ""), values.get("*NETSID*", ""))
        assert client.ask(extended((name, ebcdic("X" * longest)))) == reply(expected)
        assert client.ask(extended((name, ebcdic("X" * (longest + 1))))) == refusal(4, reason)
        client.assert_closed()

    @pytest.mark.parametrize(
        ("at", "new", "reason"),
        [
            pytest.param(172, b"\x00\x00", 114, id="offset-zero"),
            pytest.param(172, b"\x00\x20", 113, id="offset-into-the-irm"),
            pytest.param(172, b"\x01\x00", 113, id="offset-beyond-the-irm"),
            pytest.param(176, b"\x00\x0b", 113, id="shorter-than-its-header"),
            pytest.param(176, b"\x00\x20", 113, id="longer-than-the-irm"),
        ],
    )
    def test_a_wrong_offset_or_length(self, client, at, new, reason):
        assert client.ask(patched(extended(("*NETUID*", ebcdic("UID"))), at, new)) == refusal(4, reason)
        client.assert_closed()

    def test_the_flag_without_an_extension(self, client):
        assert client.ask(message(ebcdic("WHOAMI"), arch=5, f0=0x04)) == refusal(4, 114)
        client.assert_closed()

    def test_below_level_5_there_are_none(self, client):
        assert client.ask(message(ebcdic("WHOAMI"), arch=4, f0=0x04)) == refusal(4, 114)
        client.assert_closed()
