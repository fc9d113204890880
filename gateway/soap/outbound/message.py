"""What zeep sends for us: an envelope around a payload that is XML already.

zeep makes messages out of Python values, by the schemas. Here the payload is the element that an IMS program
has made, and goes out as it is. So each operation gets a message of our own in place of zeep's; bindings,
plug-ins, wsse and transport stay zeep's.
"""

from collections.abc import Mapping
from typing import Any, Final

import zeep
from lxml import etree
from zeep.wsdl.messages.base import SerializedMessage

from gateway.envelope import WSA10, SoapVersion
from gateway.safexml import Element, serialize
from gateway.soap.answer import PREFIX
from gateway.soap.bindings import Bound

_END: Final = f"<{PREFIX}:Body/></{PREFIX}:Envelope>".encode()


class EmptyEnvelope:
    """The input message of one operation, as zeep's binding asks for it: an envelope with an empty body."""

    def __init__(self, version: SoapVersion, soap_action: str) -> None:
        self._namespace = version.namespace
        self._soap_action = soap_action

    def serialize(self) -> Any:
        """Return an envelope for one request, and the header of SOAP 1.1 (section 6.1.1)."""
        envelope = etree.Element(f"{{{self._namespace}}}Envelope", nsmap={PREFIX: self._namespace})
        etree.SubElement(envelope, f"{{{self._namespace}}}Body")
        headers = {"SOAPAction": f'"{self._soap_action}"'}
        return SerializedMessage(path=None, headers=headers, content=envelope)


def prepare(binding: Any, version: SoapVersion, bound: Mapping[str, Bound]) -> None:
    """Have zeep's binding send payloads as they are, in the operations given."""
    for one in bound.values():
        operation = binding.get(one.name)
        operation.soapaction = one.soap_action
        operation.input = EmptyEnvelope(version, one.soap_action)
        operation.abstract.wsa_action = None  # or zeep would add headers with a message id of its own


class AddressingPlugin(zeep.Plugin):
    """Adds the headers of WS-Addressing 1.0 to a request (Core, section 3.4); replies come as they do."""

    def __init__(self, action: str, to: str, message_id: str) -> None:
        self._headers = {"Action": action, "MessageID": message_id, "To": to}

    def egress(self, envelope: Element, http_headers: Any, operation: Any, binding_options: Any) -> Any:  # noqa: ARG002
        """Add them; zeep hands in the message that is about to go."""
        namespace = str(envelope.tag)[1:].partition("}")[0]
        header = envelope.find(f"{{{namespace}}}Header")
        if header is None:
            header = etree.Element(f"{{{namespace}}}Header")
            envelope.insert(0, header)
        for name, text in self._headers.items():
            etree.SubElement(header, f"{{{WSA10}}}{name}", nsmap={"wsa": WSA10}).text = text
        return envelope, http_headers


def fill(envelope: Element, payload: Element) -> bytes:
    """Return the message as it goes out: the envelope with the payload in its body.

    The payload keeps its bytes, prefixes that only values use included: lxml would drop those it takes for
    superfluous when an element moves into another tree.
    """
    empty = serialize(envelope, declaration=True)
    if not empty.endswith(_END):
        raise ValueError("the envelope does not end with an empty body")
    start = empty[: -len(_END)]
    return b"".join(
        (
            start,
            f"<{PREFIX}:Body>".encode(),
            serialize(payload),
            f"</{PREFIX}:Body></{PREFIX}:Envelope>".encode(),
        )
    )
