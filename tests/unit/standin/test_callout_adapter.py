"""Callouts through the XML adapter: what descriptors, control data and responses name."""

import pytest
from lxml import etree

from gateway.errors import ConfigError
from gateway.standin.callout import Caller
from tests.fixtures.standin import standin_config
from tests.unit.standin.by_hand import SECONDS, callout, csm, ebcdic, llll, message, refusal, rsm, until
from tests.unit.standin.output_by_hand import (
    MEMBER_TOKEN,
    MESSAGE_TOKEN,
    ONE,
    SYNC_AND_ASYNC,
    TOKEN,
    WANTS_ACK,
    response,
    resume_sync,
)

XMLD = 0x02
HERE = "tests.unit.standin.test_callout_adapter"
CONVERTERS = {"RATED": {"program": f"{HERE}:Rate"}, "OTHERD": {"program": f"{HERE}:Other"}}
DESCRIPTORS = {
    "RATES": {"tpipe": "CALLOUT1", "adapter": "HWSXMLA0", "converter": "RATED"},
    "NOSUCH": {"tpipe": "CALLOUT1", "adapter": "HWSXMLA0", "converter": "NOSUCHD"},
    "STRANGE": {"tpipe": "CALLOUT1", "adapter": "STRANGE", "converter": "RATED"},
    "PLAIN": {"tpipe": "CALLOUT1"},
}


class Rate:
    """Text in EBCDIC and ``<rate>text</rate>``; NO does not convert."""

    name = "rate"

    def to_xml(self, segments):
        text = b"+".join(segments).decode("cp037")
        if text == "NO":
            raise ValueError("no")
        element = etree.Element(self.name)
        element.text = text
        return element

    def to_bytes(self, document, transaction):
        if document.text == "NO":
            raise ValueError("no")
        return (f"{transaction}{document.text}".encode("cp037"),)


class Other(Rate):
    """The same with another element."""

    name = "other"


@pytest.fixture
def standin(standin_factory):
    running = standin_factory(
        descriptors=DESCRIPTORS,
        converters=CONVERTERS,
        ims_connect={"adapter_exits": ["HWSSOAP1", "HWSSMPL1"]},
        transactions={"CALLASYN": {"descriptor": "RATES"}},
    )
    running.callouts.tokens.preset(MEMBER_TOKEN, MESSAGE_TOKEN)
    return running


def codes(future) -> tuple[int, int, int]:
    result = future.result(SECONDS)
    return result.return_code, result.reason_code, result.extended_reason


class TestRequests:
    @pytest.mark.parametrize(
        ("control", "element"),
        [
            ((), "rate"),
            (("<DFSCNVTR>OTHERD</DFSCNVTR>",), "other"),
            (("<ID>1</ID>", "<DFSCNVTR>OTHERD</DFSCNVTR>"), "other"),
        ],
    )
    def test_the_converter_of_descriptor_or_control_data_makes_xml_of_it(
        self, client, standin, control, element
    ):
        standin.ical("RATES", ebcdic("EUR"), control=control)
        answer = client.ask(resume_sync(ONE))
        assert f"<{element}>EUR</{element}>".encode() in answer

    def test_without_adapter_it_goes_as_it_is(self, client, standin):
        standin.ical("PLAIN", ebcdic("EUR"), caller=Caller(user="USER1"))
        assert client.ask(resume_sync(ONE)) == callout(TOKEN, ebcdic("EUR"))

    @pytest.mark.parametrize(
        ("descriptor", "text", "control"),
        [
            ("NOSUCH", "EUR", ()),
            ("STRANGE", "EUR", ()),
            ("RATES", "NO", ()),
            ("RATES", "EUR", ("<DFSCNVTR>NOSUCHD</DFSCNVTR>",)),
        ],
    )
    def test_what_does_not_convert_ends_its_ical(self, standin, descriptor, text, control):
        assert codes(standin.ical(descriptor, ebcdic(text), control=control)) == (0x100, 0x108, 0)
        assert standin.tpipes.requests == {}

    def test_asynchronous_output_is_converted_as_one_message(self, client, standin):
        client.ask(message(ebcdic("CALLASYN EUR"), transaction="CALLASYN"))
        until(lambda: standin.tpipes.depths == {"CALLOUT1": 1})
        answer = client.ask(resume_sync(ONE, f0=SYNC_AND_ASYNC))
        assert answer == llll((4 + 16).to_bytes(2), bytes(2), b"<rate>EUR</rate>", csm(WANTS_ACK))

    def test_asynchronous_output_that_does_not_convert_is_rerouted(self, client, standin):
        client.ask(message(ebcdic("CALLASYN NO"), transaction="CALLASYN"))
        until(lambda: standin.tpipes.depths == {"HWS$DEF": 1})
        assert standin.tpipes.held("HWS$DEF")[0].segments == (ebcdic("NO"),)


def soap_response(xml: bytes, **fields) -> bytes:
    return response(TOKEN, xml, **{"f0": XMLD, "adapter": "HWSXMLA0", "converter": "RATED", **fields})


class TestResponses:
    @pytest.fixture
    def waiting(self, client, standin):
        future = standin.ical("PLAIN", ebcdic("EUR"), caller=Caller(user="USER1"))
        client.ask(resume_sync(ONE))
        return future

    @pytest.mark.parametrize("exit_id", ["*SAMPL1*", "*HWSOA1*"])
    def test_its_converter_makes_what_the_program_reads(self, connect, standin, waiting, exit_id):
        other = connect(standin)
        assert other.ask(soap_response(b"<rate>1.08</rate>", exit_id=exit_id)) == llll(csm())
        assert waiting.result(SECONDS).data == ebcdic("1.08")

    @pytest.mark.parametrize(
        ("xml", "fields", "expected"),
        [
            (b"<rate>NO</rate>", {}, refusal(8, 14)),
            (b"1.08", {}, refusal(8, 14)),
            (b"<rate>", {}, refusal(8, 14)),
            (b"<rate>1</rate>", {"f0": 0}, refusal(8, 14)),
            (b"<rate>1</rate>", {"adapter": ""}, refusal(8, 13)),
            (b"<rate>1</rate>", {"exit_id": "*SAMPLE*"}, refusal(8, 14)[4:]),
            (b"<rate>1</rate>", {"converter": "NOSUCHD"}, llll(rsm(108, 0, name="*XADPST*"))),
        ],
    )
    def test_one_that_does_not_convert_is_refused_and_the_ical_waits_on(
        self, connect, standin, waiting, xml, fields, expected
    ):
        other = connect(standin)
        other.send(soap_response(xml, **fields))
        assert other.read(len(expected)) == expected
        assert not waiting.done()

    def test_the_text_of_an_error_response_is_not_converted(self, connect, standin, waiting):
        other = connect(standin)
        other.ask(soap_response(ebcdic("SOAP Gateway Error: 1001: none"), f0=0x10, nak_reason=1001))
        assert codes(waiting) == (0x100, 0x10C, 1001)
        assert waiting.result(SECONDS).data == ebcdic("SOAP Gateway Error: 1001: none")


class TestConfiguration:
    def test_a_converter_needs_an_adapter(self):
        with pytest.raises(ConfigError, match="converter goes with adapter only"):
            standin_config(descriptors={"OUT": {"tpipe": "T", "converter": "RATED"}})

    @pytest.mark.parametrize("control", ["<A>1</A>", [1], ["no section"], ["<A>1</B>"], ["<A>1</A>more"]])
    def test_control_data_is_sections(self, control):
        with pytest.raises(ConfigError, match=r"transactions\.CALLOUT\.control"):
            standin_config(transactions={"CALLOUT": {"control": control}})


def test_the_control_data_of_a_transaction_goes_with_its_icals(standin_factory, connect):
    sections = ["<DFSPORTNAME>P2</DFSPORTNAME>", "<ID>7</ID>"]
    standin = standin_factory(
        descriptors={"OUT": {"tpipe": "CALLOUT1"}}, transactions={"CALLOUT": {"control": sections}}
    )
    program, reader = connect(standin), connect(standin)
    program.send(message(ebcdic("CALLOUT EUR"), transaction="CALLOUT", client="CLIENT07"))
    until(lambda: standin.tpipes.requests)
    answer = reader.ask(resume_sync(ONE))
    assert (13).to_bytes(4) + ebcdic(sections[0]) + (4).to_bytes(4) + ebcdic(sections[1]) in answer


def test_control_data_that_is_wrong_goes_out_as_it_is(standin_factory, connect):
    standin = standin_factory(descriptors={"OUT": {"tpipe": "CALLOUT1"}})
    wrong = (99).to_bytes(4) + ebcdic("<DFSPORTNAME>P2</DFSPORTNAME>")
    standin.ical("OUT", ebcdic("EUR"), control=("<ID>7</ID>",), control_rest=wrong)
    answer = connect(standin).ask(resume_sync(ONE))
    assert (4).to_bytes(4) + ebcdic("<ID>7</ID>") + wrong in answer
