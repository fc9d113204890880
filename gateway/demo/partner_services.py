"""The partner's web services: ratings of insurances, and a monitor that takes business events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from threading import Lock
from typing import Final

from lxml import etree

from gateway.clock import SYSTEM_CLOCK
from gateway.demo.partner_checks import (
    SOAP,
    Proof,
    RefusedError,
    Shown,
    basic_user,
    certificate_name,
    message_id,
    payload,
    vouched_user,
)
from gateway.errors import GatewayError
from gateway.exchange import Secret
from gateway.safexml import Bounds, Element, parse, serialize

RATING: Final = "urn:ims-gateway:example:rating"
EVENTS: Final = "urn:ims-gateway:example:events"
USER: Final = "imsgw"
"""User of HTTP Basic."""
PER_MILLE: Final[Mapping[str, int]] = {"HOUSE": 2, "CAR": 30, "SHIP": 11}
"""What an insurance costs a year, per mille of the amount."""

BASIC: Final = frozenset({Proof.BASIC})
CERTIFICATE: Final = frozenset({Proof.CERTIFICATE})
WANTED: Final[Mapping[str, frozenset[Proof]]] = {
    "/rating": CERTIFICATE | {Proof.ASSERTION},
    "/rating-basic": BASIC,
    "/rating-certificate": CERTIFICATE,
    "/events": frozenset(),
    "/events-basic": BASIC,
    "/events-certificate": CERTIFICATE,
}
"""What a caller has to show, and nothing else, by the path of the address."""


NOTHING: Final = Shown()


@dataclass(frozen=True, slots=True)
class Posted:
    """One HTTP request."""

    path: str
    authorization: str
    certificate: bytes | None
    """Of the TLS client, DER."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """One HTTP response."""

    status: HTTPStatus
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Visit:
    """What the partner saw of one request, and what became of it."""

    path: str
    shown: Shown = NOTHING
    message_id: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    """Local name and text of each child of the payload."""
    refused: str = ""
    """Why it was not served; empty: it was."""

    @property
    def event(self) -> str:
        """The id of a business event, empty for everything else."""
        return dict(self.fields).get("id", "")


class PartnerServices:
    """Serves requests, and remembers each. Any thread."""

    def __init__(self, password: Secret, now: Callable[[], datetime] = SYSTEM_CLOCK.now) -> None:
        """`password`: of HTTP Basic."""
        self._password = password
        self._now = now
        self._visits: list[Visit] = []
        self._closed = False
        self._lock = Lock()

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Every request so far."""
        with self._lock:
            return tuple(self._visits)

    def close_monitor(self) -> None:
        """Close the monitor for maintenance: it answers 503."""
        self._closed = True

    def open_monitor(self) -> None:
        """Open it again."""
        self._closed = False

    def serve(self, posted: Posted) -> Answered:
        """Answer a request."""
        visit = Visit(posted.path)
        try:
            envelope = parse(posted.body, Bounds())
            content = payload(envelope)
            fields = tuple((etree.QName(each).localname, each.text or "") for each in content)
            visit = replace(visit, message_id=message_id(envelope), fields=fields)
            visit = replace(visit, shown=self._shown(posted, envelope))
            answered = self._serve(visit, content)
        except GatewayError as error:
            answered, visit = _fault(str(error)), replace(visit, refused=str(error))
        except RefusedError as error:
            answered, visit = _fault(str(error), error.status), replace(visit, refused=str(error))
        if not visit.refused and answered.status is HTTPStatus.SERVICE_UNAVAILABLE:
            visit = replace(visit, refused="closed for maintenance")
        with self._lock:
            self._visits.append(visit)
        return answered

    def _shown(self, posted: Posted, envelope: Element) -> Shown:
        shown = Shown(
            basic=basic_user(posted.authorization, USER, self._password.reveal()),
            certificate=certificate_name(posted.certificate),
            user=vouched_user(envelope, self._now()),
        )
        wanted = WANTED.get(posted.path)
        if wanted is None:
            raise RefusedError("no such service", HTTPStatus.NOT_FOUND)
        shown.check(wanted)
        return shown

    def _serve(self, visit: Visit, content: Element) -> Answered:
        if visit.path.startswith("/rating"):
            return Answered(HTTPStatus.OK, _envelope(_rated(content, visit.shown)))
        if content.tag != f"{{{EVENTS}}}event" or not visit.event:
            raise RefusedError("no event")
        return Answered(HTTPStatus.SERVICE_UNAVAILABLE if self._closed else HTTPStatus.ACCEPTED)


def _rated(content: Element, shown: Shown) -> Element:
    product = content.findtext(f"{{{RATING}}}product") or ""
    amount = content.findtext(f"{{{RATING}}}amount") or ""
    if content.tag != f"{{{RATING}}}rate" or not (amount.isascii() and amount.isdigit()):
        raise RefusedError("no request for a rating")
    if product not in PER_MILLE:
        raise RefusedError(f"no such product: {product}")
    response = etree.Element(f"{{{RATING}}}rateResponse", nsmap={"rating": RATING})
    told = {
        "premium": str(int(amount) * PER_MILLE[product] // 1000),
        "user": shown.user,
        "basic": shown.basic,
        "certificate": shown.certificate,
    }
    for name, text in told.items():
        etree.SubElement(response, f"{{{RATING}}}{name}").text = text
    return response


def _fault(why: str, status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR) -> Answered:
    fault = etree.Element(f"{{{SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = "soapenv:Client"
    etree.SubElement(fault, "faultstring").text = why
    return Answered(status, _envelope(fault))


def _envelope(content: Element) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return serialize(envelope)
