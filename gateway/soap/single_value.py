"""Payloads that hold one value: text in the body's element, or in its only child.

So a program can call an operation with bytes and without XML. The schema says where the text stands; zeep has
read it.
"""

from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from zeep.xsd import AnySimpleType, AnyType, ComplexType
from zeep.xsd import Element as Declared

from gateway.safexml import Element, children, is_element
from gateway.soap.consumer import ConsumerContract, ConsumerPort

_PREFIX: Final = "m"


@dataclass(frozen=True, slots=True)
class SingleValue:
    """Where the value of a payload stands."""

    element: str
    """Clark name of the body's element."""
    child: str = ""
    """Clark name of its only child, which has the text; empty: the element itself has it."""

    def build(self, text: str) -> Element:
        """Return a payload with the text. Raises ValueError for characters that XML does not have."""
        root = _new(self.element)
        holder = root if not self.child else etree.SubElement(root, self.child, nsmap=_prefix(self.child))
        holder.text = text
        return root


def single_value(contract: ConsumerContract, port: ConsumerPort, operation: str) -> SingleValue | None:
    """Return where the request of an operation has its value; None: it has not exactly one place for text."""
    bound, types = port.bound[operation], contract.document.types
    if bound.wrapper is not None:
        if len(bound.wrapper.parts) != 1:
            return None
        ((name, namespace, local),) = bound.wrapper.parts
        # the accessor of a part has no namespace (WS-I Basic Profile 1.1, R2735)
        takes = _takes_text(types.get_type(f"{{{namespace}}}{local}"))
        return SingleValue(bound.input_element, name) if takes else None
    content = types.get_element(bound.input_element).type
    if not isinstance(content, ComplexType):
        return SingleValue(bound.input_element)
    elements = [element for _, element in content.elements]
    if len(elements) != 1 or not isinstance(elements[0], Declared):
        return None
    only = elements[0]
    if content.elements_nested[0][1] is only:  # in no sequence or choice: zeep's way to say simple content
        return SingleValue(bound.input_element)
    return SingleValue(bound.input_element, only.qname.text) if _takes_text(only.type) else None


def read_value(payload: Element) -> str:
    """Return the text of an element, or of its only child. Raises ValueError where there is not one text."""
    elements = [child for child in children(payload) if is_element(child)]
    if not elements:
        return _text(payload)
    if len(elements) > 1 or _text(payload).strip():
        raise ValueError("it holds more than one value")
    if any(is_element(child) for child in children(elements[0])):
        raise ValueError("its value is no text")
    return _text(elements[0])


def _takes_text(declared: Any) -> bool:
    return isinstance(declared, AnySimpleType) or (
        isinstance(declared, AnyType) and not isinstance(declared, ComplexType)
    )


def _text(element: Element) -> str:
    """Return the text around comments."""
    return "".join(filter(None, (element.text, *(child.tail for child in children(element)))))


def _new(name: str) -> Element:
    return etree.Element(name, nsmap=_prefix(name))


def _prefix(name: str) -> dict[str, str]:
    # no default namespace: a child that has none would slip into it when written
    return {_PREFIX: etree.QName(name).namespace or ""} if name.startswith("{") else {}
