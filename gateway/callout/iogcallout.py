"""IOGCallout: the XML form of a callout message, which converters write and programs may.

Source: Preparing callout messages (schema sample). The order of the elements is not insisted on, and elements
of the namespace that are not known are passed over, since the published schema is cut off after Port.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.callout.codes import CalloutError, Status
from gateway.safexml import Element, children, is_element

NAMESPACE: Final = "http://www.ibm.com/IMS/Callout"

# unverified: the name of this element; the published schema is cut off where it stands
OPERATION: Final = "Operation"

_ROOT: Final = f"{{{NAMESPACE}}}IOGCallout"
_SERVICE_DATA: Final = "IOGServiceData"
_PAYLOAD_DATA: Final = "IOGPayloadData"
_NAMED: Final = ("WSID", "Namespace", "Service", "Port", OPERATION)
_MAY_BE_EMPTY: Final = "Namespace"
"""A WSDL need not have a target namespace."""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """What an IOGCallout says."""

    wsid: str
    namespace: str
    service: str
    port: str
    operation: str
    payload: Element = field(repr=False)
    """The element in IOGPayloadData, still in its message."""


def read_iogcallout(root: Element) -> ServiceCall:
    """Return what the message says. Raises CalloutError PARSING_DISCARDED, which names the element at fault."""
    if root.tag != _ROOT:
        raise _wrong(f"the root element is not IOGCallout of namespace {NAMESPACE}")
    parts = _parts(root, "IOGCallout", (_SERVICE_DATA, _PAYLOAD_DATA))
    for local in parts.keys() - {_SERVICE_DATA, _PAYLOAD_DATA}:
        raise _wrong(f"IOGCallout holds another element than {_SERVICE_DATA} and {_PAYLOAD_DATA}", local)
    named = _parts(parts[_SERVICE_DATA], _SERVICE_DATA, _NAMED)
    wsid, namespace, service, port, operation = (_text(named[local], local) for local in _NAMED)
    return ServiceCall(wsid, namespace, service, port, operation, _payload(parts[_PAYLOAD_DATA]))


def _parts(parent: Element, name: str, wanted: tuple[str, ...]) -> dict[str, Element]:
    """Return the child elements by local name; each of `wanted` is there, and there once."""
    found: dict[str, Element] = {}
    _refuse_text(parent, name)
    for child in children(parent):
        if not is_element(child):
            continue
        namespace, _, local = str(child.tag).rpartition("}")
        if namespace[1:] != NAMESPACE:
            what = local if local in wanted else "an element"
            raise _wrong(f"{name} holds {what} of another namespace than {NAMESPACE}", local)
        if local in found and local in wanted:
            raise _wrong(f"{name} holds {local} twice")
        found[local] = child
    for local in wanted:
        if local not in found:
            raise _wrong(f"{name} holds no {local}")
    return found


def _text(element: Element, name: str) -> str:
    if len(element):
        raise _wrong(f"{name} holds more than text")
    text = (element.text or "").strip()
    if not text and name != _MAY_BE_EMPTY:
        raise _wrong(f"{name} is empty")
    return text


def _payload(parent: Element) -> Element:
    _refuse_text(parent, _PAYLOAD_DATA)
    found = [child for child in children(parent) if is_element(child)]
    if len(found) != 1:
        raise _wrong(f"{_PAYLOAD_DATA} holds {len(found)} elements; it needs exactly one")
    return found[0]


def _refuse_text(parent: Element, name: str) -> None:
    texts = (parent.text, *(child.tail for child in children(parent)))
    if any(text and not text.isspace() for text in texts):
        raise _wrong(f"{name} holds text")


def _wrong(text: str, local: str = "") -> CalloutError:
    return CalloutError(Status.PARSING_DISCARDED, text, private=f"element {local[:100]!a}" if local else "")
