"""The XML adapter in IMS Connect, over a real socket."""

import pytest

from tests.unit.standin.by_hand import CM0, CONFIRM, csm, ebcdic, llll, message, refusal, rsm, segment, text
from tests.unit.standin.test_builtin import output_data
from tests.unit.standin.test_ivtno import document, laid_out, read

XMLTD, XMLD = 0x01, 0x02
REQUEST = document(command="DISPLAY", lastName="LAST1").encode()


class Stubborn:
    """A converter that refuses every answer."""

    def to_bytes(self, _document, transaction):
        return (f"{transaction} HELLO".encode("cp037"),)

    def to_xml(self, _segments):
        raise ValueError("never")


def soap(*data: bytes, **fields) -> bytes:
    """Return an input as a SOAP gateway sends it for the XML adapter."""
    settings = {
        "exit_id": "*HWSOA1*",
        "arch": 2,
        "f0": XMLD,
        "adapter": "HWSXMLA0",
        "converter": "IVTNOD",
        "transaction": "IVTNO",
    }
    return message(*(data or (REQUEST,)), **{**settings, **fields})


class TestXmlAdapter:
    def test_xml_becomes_bytes_and_bytes_become_xml(self, client, standin):
        answer = read(output_data(client.ask(soap())))
        assert answer[:4] == ("ENTRY WAS DISPLAYED", "DISPLAY", "LAST1", "FIRST1")
        (seen,) = standin.seen
        assert seen.segments == (ebcdic("IVTNO     " + laid_out("DISPLAY", "LAST1")),)
        assert (seen.adapter, seen.converter, seen.transaction) == ("HWSXMLA0", "IVTNOD", "IVTNO")

    def test_xml_may_come_in_several_segments(self, client):
        assert b"ENTRY WAS DISPLAYED" in client.ask(soap(REQUEST[:20], REQUEST[20:]))

    def test_xml_with_transaction_code_falls_back_on_the_irm(self, client):
        assert b"ENTRY WAS DISPLAYED" in client.ask(soap(f0=XMLTD))

    def test_an_unknown_converter_is_the_adapters_own_refusal(self, client, standin):
        expected = llll(rsm(108, 0, name="*XADPST*"))
        assert client.ask(soap(converter="OTHERD")) == expected
        client.assert_closed()
        assert standin.seen[0].outcome == "refused XADPST 108/0"

    @pytest.mark.parametrize(
        ("fields", "codes"),
        [
            pytest.param({"adapter": ""}, (8, 13), id="no-adapter-name"),
            pytest.param({"adapter": "OTHER"}, (8, 14), id="unknown-adapter"),
            pytest.param({"f0": 0}, (8, 14), id="no-xml-flag"),
            pytest.param({"f0": XMLD | XMLTD}, (4, 9), id="both-xml-flags"),
            pytest.param({"exit_id": "*SAMPL1*"}, (8, 14), id="exit-without-adapter"),
            pytest.param({"transaction": ""}, (8, 112), id="no-transaction-code"),
        ],
    )
    def test_what_the_adapter_does_not_process(self, client, fields, codes):
        assert client.ask(soap(**fields)) == refusal(*codes)
        client.assert_closed()

    @pytest.mark.parametrize(
        "data",
        [b"IVTNO <phonebook/>", b"<phonebook>", b"<phonebook/>", REQUEST.decode().encode("cp037")],
        ids=["code-in-front", "not-well-formed", "not-the-contract", "not-utf-8"],
    )
    def test_what_the_converter_does_not_take(self, client, data):
        assert client.ask(soap(data)) == refusal(8, 14)

    def test_other_exits_may_be_let_use_the_adapter(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"adapter_exits": ["HWSSMPL1"]}))
        assert b"ENTRY WAS DISPLAYED" in client.ask(soap(exit_id="*SAMPL1*"))

    def test_without_adapter_the_data_goes_to_the_program_as_it_is(self, client, standin):
        answer = client.ask(text("ECHO <x/>", exit_id="*HWSOA1*"))
        assert output_data(answer) == ebcdic("<x/>")
        assert standin.seen[0].adapter == ""

    def test_messages_of_ims_are_not_converted(self, client):
        answer = client.ask(soap(transaction="NOSUCH"))
        assert output_data(answer) == ebcdic("DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=NOSUCH")

    def test_messages_of_ims_reach_an_ascii_client_in_ascii(self, client):
        answer = client.ask(soap(transaction="NOSUCH", code="ascii"))
        expected = segment(b"DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=NOSUCH")
        assert answer == llll(expected, csm(code="ascii"))

    def test_xml_is_not_translated_for_an_ascii_client(self, client):
        assert b"<message>ENTRY WAS DISPLAYED</message>" in client.ask(soap(code="ascii"))

    @pytest.mark.parametrize(
        ("fields", "outcome"),
        [
            ({}, "not delivered, lost"),
            ({"f3": CONFIRM}, "not delivered, backed out"),
            ({"f2": CM0, "f3": CONFIRM}, "not delivered, held"),
        ],
        ids=["none", "confirm", "cm0"],
    )
    def test_an_answer_that_does_not_convert_is_refused(self, standin_factory, connect, fields, outcome):
        standin = standin_factory(converters={"STUBD": {"program": f"{__name__}:Stubborn"}})
        client = connect(standin)
        assert client.ask(soap(converter="STUBD", transaction="ECHO", **fields)) == refusal(8, 15)
        client.assert_closed()
        assert standin.seen[0].outcome == outcome
