"""The Security header itself, and its Timestamp (WSS SOAP Message Security 1.1.1, sections 5 and 10)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from gateway.envelope import SoapVersion
from gateway.safexml import Element
from gateway.wss.names import CREATED, EXPIRES, SECURITY, TIMESTAMP, WSSE, WSU

_MUST: Final = {SoapVersion.SOAP11: "1", SoapVersion.SOAP12: "true"}
_ROLE: Final = {SoapVersion.SOAP11: "actor", SoapVersion.SOAP12: "role"}


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When something was made, and between which times it is valid. All aware."""

    issued: datetime
    begin: datetime
    end: datetime

    @classmethod
    def at(cls, now: datetime, *, before_seconds: float = 60, after_seconds: float = 300) -> "Lifetime":
        """Return a lifetime around `now`: from a little before it, as clocks differ."""
        return cls(now, now - timedelta(seconds=before_seconds), now + timedelta(seconds=after_seconds))


def add_security(envelope: Element, *, actor: str = "") -> Element:
    """Add the Security header for an actor (SOAP 1.2: role; empty: the ultimate receiver) and return it.

    It comes first and must be understood. Raises ValueError when the element is no SOAP envelope, or holds a
    Security header already: of two, one would not be looked at.
    """
    version = _version(envelope)
    header = envelope.find(f"{{{version.namespace}}}Header")
    if header is None:
        header = etree.Element(f"{{{version.namespace}}}Header")
        envelope.insert(0, header)
    if header.find(SECURITY) is not None:
        raise ValueError("the message holds a Security header already")
    security = etree.SubElement(header, SECURITY, nsmap={"wsse": WSSE, "wsu": WSU})
    header.insert(0, security)
    security.set(f"{{{version.namespace}}}mustUnderstand", _MUST[version])
    if actor:
        security.set(f"{{{version.namespace}}}{_ROLE[version]}", actor)
    return security


def add_timestamp(security: Element, lifetime: Lifetime) -> Element:
    """Add a Timestamp to a Security header and return it."""
    timestamp = etree.SubElement(security, TIMESTAMP)
    etree.SubElement(timestamp, CREATED).text = instant(lifetime.issued)
    etree.SubElement(timestamp, EXPIRES).text = instant(lifetime.end)
    return timestamp


def instant(moment: datetime) -> str:
    """Return an aware time as xs:dateTime in UTC with Z and milliseconds (BSP R3217, R3223).

    Raises ValueError for a time without zone, which nobody could place.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _version(envelope: Element) -> SoapVersion:
    for version in SoapVersion:
        if envelope.tag == f"{{{version.namespace}}}Envelope":
            return version
    raise ValueError("not a SOAP envelope")
