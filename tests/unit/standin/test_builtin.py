"""ECHO, WHOAMI, SLEEP: what they make of text and of XML."""

import pytest

from gateway.codepage import CodePage
from gateway.safexml import Bounds, parse
from tests.unit.standin.by_hand import csm, ebcdic, llll, message, reply, segment, text

NS = "urn:ims-gateway:standin"
NO_NUMBER = reply("DFS555I TRAN SLEEP    ABEND S000,U0102 ; MSG IN PROCESS: SLEEP")


def xml(transaction: str, document: str, ccsid: int = 1208, **fields) -> bytes:
    """Return an input with the transaction code in EBCDIC and the document in its own encoding."""
    return message(ebcdic(f"{transaction} ") + CodePage.of(ccsid).encode(document), **fields)


def output_data(answer: bytes) -> bytes:
    """Return the data of an output with one segment."""
    length = int.from_bytes(answer[4:6])
    assert answer[4 + length :] == csm()
    return answer[8 : 4 + length]


class TestEcho:
    def test_text_comes_back_without_the_transaction_code(self, client):
        assert client.ask(text("ECHO    HELLO WORLD  ")) == reply("HELLO WORLD  ")

    def test_segments_come_back_as_they_were(self, client):
        assert client.ask(text("ECHO A", "B", " C")) == reply("A", "B", " C")

    def test_a_first_segment_with_the_code_alone_does_not_come_back(self, client):
        assert client.ask(text("ECHO", "B")) == reply("B")

    def test_nothing_comes_back_as_nothing(self, client):
        assert client.ask(text("ECHO")) == reply("")

    def test_every_byte_comes_back(self, client):
        data = bytes(range(256))
        assert output_data(client.ask(message(ebcdic("ECHO ") + data))) == data

    def test_every_byte_comes_back_through_the_translation_of_an_ascii_client(self, client):
        data = bytes(range(256))
        answer = client.ask(message(b"ECHO " + data, code="ascii"))
        assert answer == llll(segment(data), csm(code="ascii"))

    def test_a_segment_of_the_longest_length_comes_back(self, client):
        data = bytes(32_763 - 5)
        assert output_data(client.ask(message(ebcdic("ECHO ") + data))) == data


class TestWhoAmI:
    def test_text(self, client):
        request = text("WHOAMI", user="USER1", group="GROUP1", lterm="LTERM1", password="SECRET1")
        assert client.ask(request) == reply(
            "USER=USER1 GROUP=GROUP1 LTERM=LTERM1 CLIENTID=CLIENT01 "
            "TRANSACTION=WHOAMI DATASTORE=IMS1 NETUID= NETSID="
        )

    @pytest.mark.parametrize("ccsid", [1208, 1140, 273])
    def test_xml_in_the_encoding_of_the_transaction(self, standin_factory, connect, ccsid):
        client = connect(standin_factory(transactions={"WHOAMI": {"ccsid": ccsid}}))
        request = xml("WHOAMI", '<?xml version="1.0"?><whoAmI xmlns="urn:x"/>', ccsid, user="USER1")
        document = CodePage.of(ccsid).decode(output_data(client.ask(request)))
        root = parse(document.encode(), Bounds())
        assert root.tag == f"{{{NS}}}whoami"
        assert [(child.tag, child.text) for child in root] == [
            (f"{{{NS}}}{name}", value)
            for name, value in (
                ("user", "USER1"),
                ("group", None),
                ("lterm", None),
                ("clientid", "CLIENT01"),
                ("transaction", "WHOAMI"),
                ("datastore", "IMS1"),
                ("netuid", None),
                ("netsid", None),
            )
        ]

    def test_network_identity(self, client, standin):
        extensions = (("*NETUID*", ebcdic("CN=ALICE")), ("*NETSID*", ebcdic("EXAMPLE.COM")))
        answer = client.ask(text("WHOAMI", arch=5, f0=0x04, extensions=extensions))
        assert output_data(answer).decode("cp037").endswith("NETUID=CN=ALICE NETSID=EXAMPLE.COM")
        assert standin.seen[0].netsid == "EXAMPLE.COM"

    def test_xml_in_another_encoding_than_the_configured_one_is_text(self, client):
        answer = client.ask(xml("WHOAMI", "<whoAmI/>", 1140))
        assert output_data(answer).decode("cp037").startswith("USER=")

    def test_what_begins_like_xml_and_is_none_abends(self, client):
        expected = reply("DFS555I TRAN WHOAMI   ABEND S0C4,U0000 ; MSG IN PROCESS: WHOAMI")
        assert client.ask(xml("WHOAMI", "<whoAmI>")) == expected

    def test_utf_8_may_begin_with_a_byte_order_mark(self, client):
        assert b"<whoami" in client.ask(xml("WHOAMI", "\ufeff<whoAmI/>"))


class TestSleep:
    def test_it_waits_and_echoes(self, client):
        assert client.ask(text("SLEEP 5 AND 7")) == reply("5 AND 7")

    @pytest.mark.parametrize(
        "document",
        [
            '<s xmlns="urn:900000"><t900000 a="900000">no<b>1</b>2</t900000></s>',
            '<?xml version="1.0" encoding="utf-8"?><!-- 900000 --><s>1</s>',
            "<s><a>1</a><b>900000</b></s>",
            "<s><milliseconds>1</milliseconds><text>900000</text></s>",
        ],
        ids=["names-and-attributes", "prolog-and-comment", "the-first-counts", "elements-end-a-number"],
    )
    def test_only_the_first_integer_in_the_text_counts(self, client, document):
        assert output_data(client.ask(xml("SLEEP", document))) == document.encode()

    @pytest.mark.parametrize("line", ["SLEEP", "SLEEP LONG", "SLEEP 3600001", f"SLEEP {'9' * 5000}"])
    def test_without_a_number_it_can_wait_for_it_abends(self, client, line):
        assert client.ask(text(line)) == NO_NUMBER

    def test_others_are_served_meanwhile(self, connect, standin):
        sleeper, other = connect(standin), connect(standin)
        sleeper.send(text("SLEEP 60000"))
        assert other.ask(text("ECHO 1", client="OTHER")) == reply("1")
