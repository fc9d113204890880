"""The programs that call out: the message that leaves, by hand from its schema, and what they answer."""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lxml import etree

from gateway.demo.programs import MONITORS, RATERS, Quote, Report
from gateway.safexml import Bounds, parse
from gateway.standin import AbendError, Context, IcalAnswer, UnitOfWork

ROOT = Path(__file__).parents[3]
QUOTE = (
    b'<quote xmlns="urn:ims-gateway:example:quote"><rater>rating-basic</rater><product>A &amp; B</product>'
    b"<amount>300000</amount></quote>"
)
REPORT = (
    '<report xmlns="urn:ims-gateway:example:quote"><monitor>events-certificate</monitor>'
    "<text>Zürich &lt; 5</text></report>"
).encode()
CALLOUT = (
    b'<IOGCallout xmlns="http://www.ibm.com/IMS/Callout"><IOGServiceData><WSID>rating-basic</WSID>'
    b"<Namespace>urn:ims-gateway:example:rating:service</Namespace><Service>BasicRatingService</Service>"
    b"<Port>BasicRatingPort</Port><Operation>Rate</Operation></IOGServiceData><IOGPayloadData>"
    b'<rate xmlns="urn:ims-gateway:example:rating"><product>A &amp; B</product><amount>300000</amount></rate>'
    b"</IOGPayloadData></IOGCallout>"
)
RATED = (
    b'<r:rateResponse xmlns:r="urn:ims-gateway:example:rating"><r:premium>600</r:premium><r:user/>'
    b"<r:basic>imsgw</r:basic><r:certificate/></r:rateResponse>"
)


GOOD = IcalAnswer(0, 0, 0, RATED)


@dataclass
class Calls:
    """An IMS that answers every ICAL alike and keeps what leaves."""

    answer: IcalAnswer = GOOD
    left: list[tuple[str, bytes]] = field(default_factory=list)
    descriptors: tuple[str, ...] = ()

    async def ical(self, call):
        self.left.append((call.descriptor, call.data))
        return self.answer

    def insert(self, destination, segments, _mod_name):
        self.left.append((destination, b"".join(segments)))

    def purge(self, destination):
        raise AssertionError(destination)


def run(program, data, calls):
    context = Context(
        transaction="TRAN", segments=(), data=data, unit=UnitOfWork(), datastore="IMS1", calls=calls
    )
    reply = asyncio.run(program.run(context))
    answered = parse(b"".join(reply.segments), Bounds())
    return {etree.QName(each).localname: each.text or "" for each in answered}


def test_a_quote_calls_the_service_it_was_asked_for_and_tells_what_that_said():
    calls = Calls()
    told = {"message": "QUOTED", "premium": "600", "user": "", "basic": "imsgw", "certificate": ""}
    assert run(Quote(), QUOTE, calls) == told
    assert calls.left == [("RATEBAS", CALLOUT)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (IcalAnswer(0x100, 0x104), "X'100'/X'104' AIBERRXT X'0000'"),
        (IcalAnswer(0x100, 0x100, 1009, b"SOAP Gateway Error: 1009: x"), "SOAP Gateway Error: 1009: x"),
    ],
)
def test_a_quote_that_cannot_be_had_says_why(answer, words):
    told = run(Quote(), QUOTE, Calls(answer))
    assert told["message"].startswith(f"NO QUOTE: {words}")
    assert told["premium"] == ""


def test_a_report_inserts_an_event_with_an_id_and_time_of_its_own_in_ebcdic_and_tells_them():
    calls = Calls()
    program = Report()
    first, second = (run(program, REPORT, calls) for _ in range(2))
    assert first["id"] != second["id"]
    assert re.fullmatch(r"IMS1-\d{14}-0001", first["id"])
    (destination, data), _ = calls.left
    assert destination == "EVENTCRT"
    text = data.decode("cp1140")
    assert text.startswith(
        '<IOGCallout xmlns="http://www.ibm.com/IMS/Callout"><IOGServiceData><WSID>events-certif'
    )
    assert f"<id>{first['id']}</id><time>{first['time']}</time><source>TRAN</source>" in text
    assert "<text>Zürich &lt; 5</text>" in text


@pytest.mark.parametrize("program", [Quote(), Report()])
def test_input_that_is_no_xml_is_an_abend(program):
    with pytest.raises(AbendError, match="U0105"):
        run(program, b"\xc1", Calls())


@pytest.mark.parametrize(("wsid", "service"), [*RATERS.items(), *MONITORS.items()])
def test_programs_and_wsdls_name_the_same_services_and_ports(wsid, service):
    [wsdl] = ROOT.glob(f"wsdl/{wsid}/{wsid}.wsdl")
    text = wsdl.read_text(encoding="utf-8")
    assert f'<wsdl:service name="{service.name}Service">' in text
    assert f'<wsdl:port name="{service.name}Port"' in text
    assert f"/{wsid}" in re.findall(r'<soap:address location="(.*)"', text)[0]
    assert f'value="{wsid}"' in (ROOT / "wsdl/quote/quote.xsd").read_text(encoding="utf-8")
