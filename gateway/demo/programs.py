"""IMS programs of the example home that call web services: `QUOTE` by ICAL, `REPORT` by ISRT (alternate PCB).

They do what a COBOL program without a converter would do: put together the text of a callout message, name
the service, port and operation in it, and read the answer. Source: SOAP Gateway, Customizing the callout
message (IOGCallout).
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from gateway.clock import SYSTEM_CLOCK
from gateway.codepage import CodePage
from gateway.safexml import Bounds, Element, parse
from gateway.standin import AbendError, Context, Reply, element, root

QUOTES: Final = "urn:ims-gateway:example:quote"
RATING: Final = "urn:ims-gateway:example:rating"
EVENTS: Final = "urn:ims-gateway:example:events"
CALLOUT: Final = "http://www.ibm.com/IMS/Callout"
ABEND_NO_INPUT: Final = "U0105"
EBCDIC: Final = CodePage.of(1140)
"""Code page of a program's literals; UTF-8 is the other encoding that callout messages come in."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a program has to know of a web service."""

    descriptor: str
    """OTMA destination descriptor: the way there."""
    name: str
    """wsdl:service and wsdl:port, without these words."""

    def message(self, wsid: str, namespace: str, operation: str, payload: str) -> str:
        """Return the callout message."""
        return (
            f'<IOGCallout xmlns="{CALLOUT}"><IOGServiceData>'
            f"<WSID>{wsid}</WSID><Namespace>{namespace}:service</Namespace>"
            f"<Service>{self.name}Service</Service><Port>{self.name}Port</Port>"
            f"<Operation>{operation}</Operation>"
            f"</IOGServiceData><IOGPayloadData>{payload}</IOGPayloadData></IOGCallout>"
        )


RATERS: Final[Mapping[str, Service]] = {
    "rating": Service("RATESAML", "Rating"),
    "rating-basic": Service("RATEBAS", "BasicRating"),
    "rating-certificate": Service("RATECERT", "CertificateRating"),
}
"""By WSID: file name of the WSDL without extension."""
MONITORS: Final[Mapping[str, Service]] = {
    "events": Service("EVENTS", "Events"),
    "events-basic": Service("EVENTBAS", "BasicEvents"),
    "events-certificate": Service("EVENTCRT", "CertificateEvents"),
}


class Quote:
    """QUOTE: what an insurance costs, as a rating service outside says."""

    async def run(self, context: Context) -> Reply:
        """Call the service that the input names, wait, and answer with what it said or with what went wrong."""
        request = _input(context)
        wsid = _text(request, QUOTES, "rater")
        service = RATERS[wsid]
        payload = (
            f'<rate xmlns="{RATING}"><product>{escape(_text(request, QUOTES, "product"))}</product>'
            f"<amount>{escape(_text(request, QUOTES, 'amount'))}</amount></rate>"
        )
        message = service.message(wsid, RATING, "Rate", payload)
        answer = await context.ical(service.descriptor, message.encode())
        reply = root(QUOTES, "quoteResponse")
        if not answer.good:
            why = answer.data.decode(errors="replace") or answer.words
            element(reply, QUOTES, "message", f"NO QUOTE: {why}")
        else:
            element(reply, QUOTES, "message", "QUOTED")
        rated = parse(answer.data, Bounds()) if answer.good else None
        for name in ("premium", "user", "basic", "certificate"):
            element(reply, QUOTES, name, "" if rated is None else _text(rated, RATING, name))
        return context.xml_reply(reply)


class Report:
    """REPORT: posts a business event to a monitoring service outside, and does not wait for it."""

    def __init__(self) -> None:
        self._number = itertools.count(1)

    async def run(self, context: Context) -> Reply:
        """Give the event its id and time and insert it; it leaves when this unit of work is committed."""
        request = _input(context)
        wsid = _text(request, QUOTES, "monitor")
        service = MONITORS[wsid]
        now = SYSTEM_CLOCK.now()
        time = f"{now:%Y-%m-%dT%H:%M:%S.%f}Z"
        event = f"{context.datastore}-{now:%Y%m%d%H%M%S}-{next(self._number):04}"
        payload = (
            f'<event xmlns="{EVENTS}"><id>{escape(event)}</id><time>{time}</time>'
            f"<source>{escape(context.transaction)}</source>"
            f"<text>{escape(_text(request, QUOTES, 'text'))}</text></event>"
        )
        context.insert(service.descriptor, EBCDIC.encode(service.message(wsid, EVENTS, "Post", payload)))
        reply = root(QUOTES, "reportResponse")
        element(reply, QUOTES, "id", event)
        element(reply, QUOTES, "time", time)
        return context.xml_reply(reply)


def _input(context: Context) -> Element:
    if context.xml is None:
        raise AbendError(ABEND_NO_INPUT, "the input is no XML")
    return context.xml


def _text(parent: Element, namespace: str, name: str) -> str:
    return parent.findtext(f"{{{namespace}}}{name}") or ""
