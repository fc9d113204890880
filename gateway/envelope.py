"""The SOAP envelope: the shape rules that hold before anybody looks at security or contract.

Rules are those of SOAP 1.1 section 4, SOAP 1.2 part 1 section 5 and WS-I Basic Profile 1.1 section 4, read
strictly: one Header at most, exactly one Body with exactly one child, nothing after it, no stray text. Comments
between elements are tolerated, as tools put them into the bodies they generate; they carry no meaning and
nobody reads text across them here. Processing instructions do not get past `gateway.safexml`.

SOAP encoding (SOAP 1.1 section 5) is refused where it is announced: by an encodingStyle, by anything of the
encoding's namespaces (arrayType, enc:ref, enc:id ...), by an xsi:type that names them. An attribute called href
or id means nothing by itself: an application may have its own. `refuse_references` is for contracts without.
"""

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lxml import etree

from gateway.errors import GatewayError, M, Message, MustUnderstandError, SecurityError, WssFault
from gateway.exchange import Arrival, Caller
from gateway.safexml import Element, children, is_element

WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA10: Final = "http://www.w3.org/2005/08/addressing"
WSA04: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
"""The namespaces of WS-Addressing: 1.0, and the submission before it."""
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_XSI_TYPE: Final = f"{{{XSI}}}type"
XML_WHITESPACE: Final = " \t\r\n"

_MOST_TOLD: Final = 20
_ENCODING_NONE = "http://www.w3.org/2003/05/soap-envelope/encoding/none"
_ENCODING_NAMESPACES: Final = (
    "http://schemas.xmlsoap.org/soap/encoding/",
    "http://www.w3.org/2003/05/soap-encoding",
)


class SoapVersion(Enum):
    """The two versions of SOAP; both are served at every address."""

    SOAP11 = "1.1"
    SOAP12 = "1.2"

    @property
    def namespace(self) -> str:
        """The namespace of Envelope, Header, Body and Fault."""
        return _NAMESPACES[self]

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return _CONTENT_TYPES[self]

    @property
    def other(self) -> "SoapVersion":
        """The version that this one is not."""
        return SoapVersion.SOAP12 if self is SoapVersion.SOAP11 else SoapVersion.SOAP11

    @property
    def next_role(self) -> str:
        """The actor or role that every node plays."""
        return _NEXT[self]

    @property
    def roles_of_ours(self) -> frozenset[str]:
        """The values of actor or role that mean us; an absent attribute reads as empty."""
        return _ROLES[self]


_NAMESPACES: Final = {
    SoapVersion.SOAP11: "http://schemas.xmlsoap.org/soap/envelope/",
    SoapVersion.SOAP12: "http://www.w3.org/2003/05/soap-envelope",
}
_VERSIONS: Final = {f"{{{namespace}}}Envelope": version for version, namespace in _NAMESPACES.items()}
"""By the name of the root element."""
_OF_SOAP: Final = frozenset(_NAMESPACES.values())
_CONTENT_TYPES: Final = {SoapVersion.SOAP11: "text/xml", SoapVersion.SOAP12: "application/soap+xml"}
_NEXT: Final = {
    SoapVersion.SOAP11: "http://schemas.xmlsoap.org/soap/actor/next",
    SoapVersion.SOAP12: "http://www.w3.org/2003/05/soap-envelope/role/next",
}
_ROLES: Final = {
    SoapVersion.SOAP11: frozenset({"", _NEXT[SoapVersion.SOAP11]}),
    SoapVersion.SOAP12: frozenset(
        {
            "",
            _NEXT[SoapVersion.SOAP12],
            "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
        }
    ),
}
_ROLE_ATTRIBUTE: Final = {SoapVersion.SOAP11: "actor", SoapVersion.SOAP12: "role"}
_MUST_UNDERSTAND: Final = {
    SoapVersion.SOAP11: {"0": False, "1": True},
    SoapVersion.SOAP12: {"0": False, "1": True, "false": False, "true": True},
}
_BLOCK_ATTRIBUTES: Final = {
    SoapVersion.SOAP11: {"actor", "mustUnderstand", "encodingStyle"},
    SoapVersion.SOAP12: {"role", "mustUnderstand", "relay", "encodingStyle"},
}


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """One child of the Header."""

    element: Element
    must_understand: bool
    for_us: bool
    """Actor or role is absent, empty, next or ultimateReceiver."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message whose shape is in order; all elements are of the one tree that was parsed."""

    version: SoapVersion
    root: Element
    headers: tuple[HeaderBlock, ...]
    body: Element
    payload: Element
    """The one child element of the Body."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be worked on: checked, and its caller known."""

    arrival: Arrival
    envelope: Envelope
    caller: Caller


def read_envelope(root: Element) -> Envelope:
    """Check the shape of a message; `root` comes from `gateway.safexml.parse`.

    Raises GatewayError with M.VERSION_MISMATCH, ENVELOPE_SHAPE, BODY_SHAPE or HREF, and SecurityError where the
    attributes of a Security header are those of the other SOAP version.
    """
    version = _version(root)
    _check_frame(root, version, "Envelope")
    header, body = _parts(root, version)
    blocks = () if header is None else _header_blocks(header, version)
    _check_frame(body, version, "Body")
    payload = _payload(body)
    _refuse_encoding(payload)
    return Envelope(version, root, blocks, body, payload)


def require_understood(envelope: Envelope, understood: Container[str]) -> None:
    """Refuse a message with a header block for us that must be understood and is not.

    `understood` holds Clark names. Raises MustUnderstandError, which lists such blocks (SOAP 1.1 section 4.2.3,
    SOAP 1.2 part 1 sections 2.4 and 5.4.8), each name once and 20 of them at most: a message of many headers
    gets no fault of many times its size.
    """
    names: dict[tuple[str, str], None] = {}
    for block in envelope.headers:
        if block.for_us and block.must_understand and block.element.tag not in understood:
            names[_split(block.element.tag)] = None
        if len(names) == _MOST_TOLD:
            break
    if names:
        told = ", ".join(f"{{{namespace}}}{local}"[:200] for namespace, local in list(names)[:5])
        raise MustUnderstandError(M.MUST_UNDERSTAND, {"header": told}, headers=tuple(names))


def refuse_references(payload: Element) -> None:
    """Refuse the multi-references of SOAP 1.1 section 5.4.1: an element without content and with a local href.

    Only for payloads whose contract knows no attribute of that name. Raises GatewayError with M.HREF.
    """
    for element in payload.iter():
        target = element.get("href", "") if is_element(element) else ""
        if target.startswith(("#", "cid:")) and not len(element) and not _has_text(element.text):
            raise GatewayError(M.HREF)


def _version(root: Element) -> SoapVersion:
    version = _VERSIONS.get(root.tag)
    if version is None:
        raise GatewayError(M.VERSION_MISMATCH)
    return version


def _parts(root: Element, version: SoapVersion) -> tuple[Element | None, Element]:
    """Return Header, None where there is none, and Body."""
    found = _children(root, M.ENVELOPE_SHAPE, "Envelope")
    header_tag, body_tag = (f"{{{version.namespace}}}{name}" for name in ("Header", "Body"))
    header = found.pop(0) if found and found[0].tag == header_tag else None
    if not found or found[0].tag != body_tag:
        raise _shape("at most one Header, then one Body, are expected in it")
    if len(found) > 1:
        raise _shape("nothing may follow the Body")
    return header, found[0]


def _header_blocks(header: Element, version: SoapVersion) -> tuple[HeaderBlock, ...]:
    _check_frame(header, version, "Header")
    return tuple(_block(element, version) for element in _children(header, M.ENVELOPE_SHAPE, "Header"))


def _block(element: Element, version: SoapVersion) -> HeaderBlock:
    namespace, _local = _split(element.tag)
    if not namespace:
        raise _shape("a header block must be in a namespace")
    if namespace in _OF_SOAP:
        raise _shape("a header block may not be an element of SOAP itself")
    for name in element.keys():  # noqa: SIM118  an element is no mapping
        _check_block_attribute(str(name), namespace, version)
    prefix = f"{{{version.namespace}}}"
    role = element.get(f"{prefix}{_ROLE_ATTRIBUTE[version]}", "")
    return HeaderBlock(
        element,
        must_understand=_must_understand(element.get(f"{prefix}mustUnderstand", "0"), version),
        for_us=role in version.roles_of_ours,
    )


def _check_block_attribute(name: str, block_namespace: str, version: SoapVersion) -> None:
    """Refuse what reads like an attribute of SOAP and is none of this version."""
    namespace, local = _split(name)
    wrong_version = namespace == version.other.namespace
    if not wrong_version and (namespace != version.namespace or local in _BLOCK_ATTRIBUTES[version]):
        return
    if block_namespace == WSSE:
        raise SecurityError.header(WssFault.INVALID_SECURITY, "SOAP attribute of another version on Security")
    raise _shape("a header block has an attribute that this version of SOAP does not have")


def _must_understand(value: str, version: SoapVersion) -> bool:
    if version is SoapVersion.SOAP12:
        value = value.strip(XML_WHITESPACE)  # xs:boolean collapses white space
    try:
        return _MUST_UNDERSTAND[version][value]
    except KeyError:
        raise _shape("the value of mustUnderstand is none of this version of SOAP") from None


def _payload(body: Element) -> Element:
    found = _children(body, M.BODY_SHAPE, "Body")
    if len(found) != 1:
        raise GatewayError(M.BODY_SHAPE, {"reason": "exactly one element is expected in it"})
    if _split(found[0].tag)[0] in _OF_SOAP:
        raise GatewayError(M.BODY_SHAPE, {"reason": "an element of SOAP itself is no request"})
    return found[0]


def _children(parent: Element, message: Message, name: str) -> list[Element]:
    """Return the child elements; comments are passed over, text is not."""
    nodes = children(parent)
    if any(map(_has_text, (parent.text, *[node.tail for node in nodes]))):
        raise GatewayError(message, {"reason": f"there is text between the elements of {name}"})
    return [node for node in nodes if is_element(node)]


def _check_frame(element: Element, version: SoapVersion, name: str) -> None:
    """Check the attributes of Envelope, Header or Body: extensions in namespaces of their own only."""
    for attribute in element.keys():  # noqa: SIM118  an element is no mapping
        namespace, local = _split(str(attribute))
        if namespace == version.namespace and local == "encodingStyle":
            raise GatewayError(M.HREF)
        if not namespace or namespace in _OF_SOAP:
            message = M.BODY_SHAPE if name == "Body" else M.ENVELOPE_SHAPE
            raise GatewayError(message, {"reason": f"{name} has an attribute that is not allowed there"})


def _refuse_encoding(payload: Element) -> None:
    prefixes: set[str] | None = None  # most messages never need them
    for element in payload.iter("*"):
        if _split(element.tag)[0] in _ENCODING_NAMESPACES:
            raise GatewayError(M.HREF)
        for name, value in element.items():
            if name == _XSI_TYPE and prefixes is None:
                prefixes = _encoding_prefixes(payload)
            if _means_encoding(str(name), str(value), prefixes or set()):
                raise GatewayError(M.HREF)


def _encoding_prefixes(payload: Element) -> set[str]:
    """Return the prefixes that stand for SOAP encoding around the payload or anywhere in it.

    Not exact where a prefix is bound twice: looking up the scope of each xsi:type would cost the elements of a
    hostile message times its declarations.
    """
    inside = (event for _, event in etree.iterwalk(payload, events=("start-ns",)))
    bindings = {*payload.nsmap.items(), *inside}
    return {prefix or "" for prefix, uri in bindings if uri in _ENCODING_NAMESPACES}


def _means_encoding(name: str, value: str, prefixes: set[str]) -> bool:
    namespace, local = _split(name)
    if namespace in _ENCODING_NAMESPACES:
        return True
    if namespace in _OF_SOAP and local == "encodingStyle":
        return value.strip(XML_WHITESPACE) not in {"", _ENCODING_NONE}
    return (namespace, local) == (XSI, "type") and value.strip(XML_WHITESPACE).rpartition(":")[0] in prefixes


def _split(tag: object) -> tuple[str, str]:
    """Return namespace and local name of a Clark name."""
    namespace, brace, local = str(tag).rpartition("}")
    return namespace[1:] if brace else "", local


def _has_text(text: object) -> bool:
    return bool(text and str(text).strip(XML_WHITESPACE))


def _shape(reason: str) -> GatewayError:
    return GatewayError(M.ENVELOPE_SHAPE, {"reason": reason})
