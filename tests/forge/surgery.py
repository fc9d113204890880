"""Moving, copying and changing parts of a message that is signed: what signature wrapping is made of."""

import copy
from typing import Any

from lxml import etree

from tests.forge.names import DS, SAML1, SAML2, WSSE, WSU
from tests.forge.signing import ID_ATTRIBUTES, tree

_ASSERTIONS = (f"{{{SAML1}}}Assertion", f"{{{SAML2}}}Assertion")


class Surgery:
    """A message on the table. Parts are those of the honest message: ask for them before changing anything."""

    def __init__(self, message: bytes) -> None:
        self.root = tree(message)
        self.soap = etree.QName(self.root).namespace
        self.header = self.root.find(f"{{{self.soap}}}Header")
        self.body = self.root.find(f"{{{self.soap}}}Body")
        self.security = self.header.find(f"{{{WSSE}}}Security")
        self.timestamp = self.security.find(f"{{{WSU}}}Timestamp")
        self.signature = self.security.find(f"{{{DS}}}Signature")
        self.str = self.security.find(f"{{{WSSE}}}SecurityTokenReference")
        self.assertion: Any = next((child for child in self.security if child.tag in _ASSERTIONS), None)
        self.sts_signature: Any = None if self.assertion is None else self.assertion.find(f"{{{DS}}}Signature")

    def bytes(self) -> bytes:
        """Return the message as it is now."""
        return etree.tostring(self.root)

    # -- elements -------------------------------------------------------------------------------------------

    def wrapper(self, name: str = "{urn:wrapper}Wrapper", **attributes: str) -> Any:
        """Return a new element of nobody's language; `actor` and `must` are attributes of SOAP."""
        made = etree.Element(name, nsmap={"w": "urn:wrapper"})
        if "actor" in attributes:
            role = "actor" if "schemas.xmlsoap.org" in self.soap else "role"
            made.set(f"{{{self.soap}}}{role}", attributes["actor"])
        if "must" in attributes:
            made.set(f"{{{self.soap}}}mustUnderstand", attributes["must"])
        return made

    def another_security(self, actor: str = "") -> Any:
        """Return an empty Security header for another actor."""
        made = self.wrapper(f"{{{WSSE}}}Security")
        if actor:
            role = "actor" if "schemas.xmlsoap.org" in self.soap else "role"
            made.set(f"{{{self.soap}}}{role}", actor)
        return made


def clone(element: Any) -> Any:
    """Return a copy."""
    made = copy.deepcopy(element)
    made.tail = None
    return made


def with_user(assertion: Any, user: str) -> Any:
    """Change the name of an assertion's subject, in every statement."""
    for name in assertion.iter(f"{{{SAML1}}}NameIdentifier", f"{{{SAML2}}}NameID"):
        name.text = user
    return assertion


def without_signature(assertion: Any) -> Any:
    """Take the assertion's own signature out."""
    for signature in assertion.findall(f"{{{DS}}}Signature"):
        assertion.remove(signature)
    return assertion


def with_id(element: Any, value: str | None) -> Any:
    """Give an element another id, or none."""
    for attribute in ID_ATTRIBUTES:
        if attribute in element.attrib:
            del element.attrib[attribute]
            if value is not None:
                element.set(attribute, value)
            return element
    if value is not None:
        element.set(f"{{{WSU}}}Id", value)
    return element


def replace(old: Any, new: Any) -> None:
    """Put an element in another's place."""
    old.getparent().replace(old, new)


def before(place: Any, element: Any) -> None:
    """Put an element in front of another."""
    place.getparent().insert(place.getparent().index(place), element)


def after(place: Any, element: Any) -> None:
    """Put an element behind another."""
    place.getparent().insert(place.getparent().index(place) + 1, element)
