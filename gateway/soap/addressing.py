"""WS-Addressing 1.0 and its 2004/08 submission: what a request says, and what a reply says back.

Only the anonymous reply address is served: the reply goes back on the connection, and nobody is ever called at
an address out of a message. Section numbers are those of WS-Addressing 1.0 SOAP Binding unless they say Core.
"""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from lxml import etree

from gateway.envelope import WSA04, WSA10, XML_WHITESPACE, Envelope, HeaderBlock
from gateway.errors import AddressingError, M
from gateway.safexml import Element, is_element

_ANONYMOUS: Final = {WSA10: f"{WSA10}/anonymous", WSA04: f"{WSA04}/role/anonymous"}
_NONE: Final = f"{WSA10}/none"
_SOAP_FAULT: Final = {WSA10: f"{WSA10}/soap/fault", WSA04: f"{WSA04}/fault"}
_OWN_FAULT: Final = {WSA10: f"{WSA10}/fault", WSA04: f"{WSA04}/fault"}
_ONCE: Final = ("To", "From", "ReplyTo", "FaultTo", "Action", "MessageID")
UNDERSTOOD: Final = frozenset(
    f"{{{namespace}}}{name}" for namespace in (WSA10, WSA04) for name in (*_ONCE, "RelatesTo")
)
"""Clark names of the header blocks that are read here."""


@dataclass(frozen=True, slots=True)
class Addressing:
    """What the addressing headers of a request say."""

    namespace: str
    """Of the version used."""
    action: str | None = None
    message_id: str | None = None
    no_reply: bool = False
    """The reply address is *none*: the sender wants no reply (Core section 2.1)."""


def read_addressing(envelope: Envelope) -> Addressing | None:
    """Read the addressing headers meant for us, None when there are none.

    Absent headers are fine, Action too: a message that merely names its id is understood. Raises
    AddressingError with the subcodes of section 6.4.1 when one occurs twice, is malformed, or wants a reply
    elsewhere.
    """
    blocks = [block for block in envelope.headers if block.for_us and block.element.tag in UNDERSTOOD]
    namespaces = {_namespace(block) for block in blocks}
    if not blocks:
        return None
    if len(namespaces) > 1:
        raise _error("headers of two versions in one message", "InvalidAddressingHeader")
    namespace = namespaces.pop()
    headers = {name: _only(blocks, f"{{{namespace}}}{name}") for name in _ONCE}
    for name in ("ReplyTo", "FaultTo"):
        _check_endpoint(headers[name], name, namespace)
    return Addressing(
        namespace=namespace,
        action=_text(headers["Action"]),
        message_id=_text(headers["MessageID"]),
        no_reply=_address(headers["ReplyTo"], namespace) == _NONE,
    )


def reply_headers(request: Addressing | None, action: str) -> list[Element]:
    """Return the headers of a reply: none unless the request named its message id (Core section 3.4)."""
    if request is None or request.message_id is None:
        return []
    headers = {"Action": action, "MessageID": f"urn:uuid:{uuid4()}", "RelatesTo": request.message_id}
    elements = []
    for name, text in headers.items():
        element = etree.Element(f"{{{request.namespace}}}{name}", nsmap={"wsa": request.namespace})
        element.text = text
        elements.append(element)
    return elements


def fault_headers(request: Addressing | None, *, about_addressing: bool) -> list[Element]:
    """Return the headers of a fault; the action tells faults of addressing from those of SOAP (section 6)."""
    if request is None:
        return []
    actions = _OWN_FAULT if about_addressing else _SOAP_FAULT
    return reply_headers(request, actions[request.namespace])


def _namespace(block: HeaderBlock) -> str:
    return str(block.element.tag)[1:].partition("}")[0]


def _only(blocks: list[HeaderBlock], tag: str) -> Element | None:
    found = [block.element for block in blocks if block.element.tag == tag]
    if len(found) > 1:
        raise _error(f"{tag.rpartition('}')[2]} occurs twice", "InvalidCardinality")
    return found[0] if found else None


def _check_endpoint(endpoint: Element | None, name: str, namespace: str) -> None:
    if endpoint is None:
        return
    address = _address(endpoint, namespace)
    if not address:
        raise _error(f"{name} has no Address", "MissingAddressInEPR")
    if address not in {_ANONYMOUS[namespace], _NONE}:
        raise _error(f"only the anonymous address is supported in {name}", "OnlyAnonymousAddressSupported")


def _address(endpoint: Element | None, namespace: str) -> str | None:
    if endpoint is None:
        return None
    addresses = [child for child in endpoint if is_element(child) and child.tag == f"{{{namespace}}}Address"]
    return _text(addresses[0]) if len(addresses) == 1 else None


def _text(element: Element | None) -> str | None:
    """Return the whole text; a comment inside splits nothing, a child element makes it unreadable."""
    if element is None:
        return None
    if any(is_element(child) for child in element):
        raise _error(f"{str(element.tag).rpartition('}')[2]} may hold text only", "InvalidAddressingHeader")
    text = "".join([element.text or "", *(child.tail or "" for child in element)])
    return text.strip(XML_WHITESPACE) or None


def _error(reason: str, subcode: str) -> AddressingError:
    return AddressingError(M.ADDRESSING, {"reason": reason}, subcode=subcode)
