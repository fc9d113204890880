"""What goes back to HTTP."""

from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from gateway.envelope import SoapVersion
from gateway.errors import GatewayError
from gateway.safexml import Element

PREFIX: Final = "soapenv"


@dataclass(frozen=True, slots=True)
class SoapAnswer:
    """A complete HTTP answer; `error` says what went wrong, for the log, None when nothing did."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    error: GatewayError | None = None


def content_type(version: SoapVersion) -> str:
    """Return the Content-Type of an answer."""
    return f"{version.content_type}; charset=utf-8"


def build_envelope(version: SoapVersion, headers: list[Element], payload: Element) -> Element:
    """Return an envelope around header blocks and payload, which move into it."""
    envelope = etree.Element(f"{{{version.namespace}}}Envelope", nsmap={PREFIX: version.namespace})
    if headers:
        etree.SubElement(envelope, f"{{{version.namespace}}}Header").extend(headers)
    etree.SubElement(envelope, f"{{{version.namespace}}}Body").append(payload)
    return envelope
