"""Changes to signed messages: in the tree, as signature wrapping makes them, and in the bytes."""

import copy
import random
import re
from collections.abc import Callable
from typing import Any, Final

from lxml import etree

from tests.forge.names import (
    C14N,
    DS,
    EXC_C14N,
    SAML1,
    SAML2,
    SHA1,
    SOAP,
    STR_TRANSFORM,
    WSSE,
    WSSE11,
    WSU,
    XENC,
)
from tests.forge.signing import ID_ATTRIBUTES, tree
from tests.fuzz.wss_cases import ASSERTIONS, WSA

Choose = random.Random
COUNTS: Final = (1, 1, 1, 1, 2, 2, 3, 4, 5, 6)
"""Changes to one message; most that are refused are so for the first thing that is wrong."""

_IN_SIGNATURES = (
    "Signature",
    "SignedInfo",
    "Object",
    "KeyInfo",
    "Reference",
    "Transforms",
    "Transform",
    "X509Data",
)
_TAGS: Final = (
    *(f"{{{DS}}}{name}" for name in _IN_SIGNATURES),
    *(f"{{{soap}}}{name}" for soap in SOAP.values() for name in ("Envelope", "Header", "Body")),
    *(
        f"{{{WSSE}}}{name}"
        for name in ("Security", "SecurityTokenReference", "BinarySecurityToken", "Embedded")
    ),
    *(f"{{{WSSE}}}{name}" for name in ("KeyIdentifier", "Reference", "UsernameToken")),
    *(
        f"{{{saml}}}{name}"
        for saml in (SAML1, SAML2)
        for name in ("Assertion", "Advice", "Subject", "Conditions")
    ),
    f"{{{SAML2}}}AttributeValue",
    f"{{{SAML2}}}NameID",
    f"{{{SAML1}}}NameIdentifier",
    f"{{{WSU}}}Timestamp",
    f"{{{WSA}}}Action",
    f"{{{XENC}}}EncryptedData",
    "{urn:wrapper}Wrapper",
    "Wrapper",
)
_NAMES: Final = (
    *ID_ATTRIBUTES,
    "URI",
    "Algorithm",
    "PrefixList",
    "ValueType",
    "EncodingType",
    "Type",
    "Format",
    "NotOnOrAfter",
    "Method",
    "Issuer",
    "currency",
    f"{{{WSSE11}}}TokenType",
    "{http://www.w3.org/XML/1998/namespace}space",
    "{http://www.w3.org/2001/XMLSchema-instance}type",
    *(f"{{{soap}}}{name}" for soap in SOAP.values() for name in ("actor", "role", "mustUnderstand")),
)
_VALUES: Final = (
    "",
    "#",
    "id-body",
    "#id-body",
    "TS-1",
    "#TS-1",
    "STR-1",
    "X509-1",
    "BOB",
    "1",
    "0",
    "#default",
    "wsse soap",
    EXC_C14N,
    f"{EXC_C14N}WithComments",
    C14N,
    STR_TRANSFORM,
    SHA1,
    "http://schemas.xmlsoap.org/soap/actor/next",
    "http://www.w3.org/2003/05/soap-envelope/role/none",
    "2026-11-22T13:00:00Z",
    "xsd:string",
)
_TEXTS: Final = (
    "BOB",
    " ",
    "\n",
    "0",
    "9",
    "A",
    "=",
    "\u00e9",
    "\u0391",
    "\U0001f600",
    "id-body",
    "\r",
    "\u00a0",
)
_BODIES: Final = tuple(f"{{{soap}}}Body" for soap in SOAP.values())
_USERS: Final = (f"{{{SAML1}}}NameIdentifier", f"{{{SAML2}}}NameID")
_SIGNATURE: Final = f"{{{DS}}}Signature"
_STR: Final = f"{{{WSSE}}}SecurityTokenReference"
_TIMESTAMP: Final = f"{{{WSU}}}Timestamp"


def elements(root: Any) -> list[Any]:
    """Return all elements."""
    return list(root.iter("*"))


def inside(element: Any, other: Any) -> bool:
    """Tell whether an element is another or stands in it."""
    return element is other or any(parent is other for parent in element.iterancestors())


def place(choose: Choose, root: Any, element: Any) -> None:
    """Put an element somewhere."""
    target = choose.choice([each for each in elements(root) if not inside(each, element)] or [root])
    how = choose.randrange(4)
    if how == 0 or target is root:
        target.append(element)
    elif how == 1:
        target.insert(0, element)
    else:
        parent = target.getparent()
        parent.insert(parent.index(target) + (how == 2), element)


def take(element: Any) -> Any:
    """Take an element out; what follows it stays."""
    parent, tail = element.getparent(), element.tail
    previous = element.getprevious()
    if tail and previous is not None:
        previous.tail = (previous.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    element.tail = None
    parent.remove(element)
    return element


def clone(element: Any) -> Any:
    """Return a copy."""
    made = copy.deepcopy(element)
    made.tail = None
    return made


def anything(choose: Choose, root: Any) -> Any:
    """Return an element other than the root; mostly one that matters."""
    parts = [
        *root.iter(
            *ASSERTIONS, f"{{{WSU}}}Timestamp", f"{{{DS}}}Signature", f"{{{WSSE}}}SecurityTokenReference"
        ),
        *root.iter(f"{{{WSSE}}}Security", *(f"{{{soap}}}Body" for soap in SOAP.values())),
    ]
    others = [each for each in (parts if choose.random() < 0.5 else []) if each is not root]
    return choose.choice(others or elements(root)[1:])


# -- moves -----------------------------------------------------------------------------------------------------


def move(choose: Choose, root: Any) -> None:
    """Move an element."""
    element = anything(choose, root)
    place(choose, root, take(element))


def double(choose: Choose, root: Any) -> None:
    """Copy an element."""
    place(choose, root, clone(anything(choose, root)))


def delete(choose: Choose, root: Any) -> None:
    """Delete an element."""
    take(anything(choose, root))


def swap(choose: Choose, root: Any) -> None:
    """Let two elements change places."""
    first, second = anything(choose, root), anything(choose, root)
    if inside(first, second) or inside(second, first):
        return
    mark: Any = etree.Element("mark")
    first.getparent().replace(first, mark)
    second.getparent().replace(second, first)
    mark.getparent().replace(mark, second)


def rename(choose: Choose, root: Any) -> None:
    """Give an element another name."""
    element = anything(choose, root)
    same_language = [tag for tag in _TAGS if etree.QName(tag).namespace == etree.QName(element).namespace]
    element.tag = choose.choice(same_language if same_language and choose.random() < 0.6 else _TAGS)


def wrap(choose: Choose, root: Any) -> None:
    """Put an element into a new one, in its place."""
    element = anything(choose, root)
    around = etree.Element(choose.choice(_TAGS))
    element.getparent().replace(element, around)
    around.append(element)
    if choose.random() < 0.4:
        around.set(choose.choice(_NAMES), choose.choice(_VALUES))


def set_attribute(choose: Choose, root: Any) -> None:
    """Set an attribute, mostly one that is there, to another's value."""
    element = choose.choice(elements(root))
    names = element.keys() if choose.random() < 0.7 else None
    values = [value for each in elements(root) for value in each.values()] if choose.random() < 0.6 else None
    element.set(choose.choice(names or _NAMES), choose.choice(values or _VALUES))


def remove_attribute(choose: Choose, root: Any) -> None:
    """Take an attribute away, or rename it."""
    with_some = [each for each in elements(root) if each.keys()]
    element = choose.choice(with_some or [root])
    if element.keys():
        name = choose.choice(element.keys())
        value = element.attrib.pop(name)
        if choose.random() < 0.4:
            element.set(choose.choice(_NAMES), value)


def swap_ids(choose: Choose, root: Any) -> None:
    """Swap two ids, or give one to both."""
    named = [(each, name) for each in elements(root) for name in ID_ATTRIBUTES if each.get(name)]
    if len(named) < 2:
        return
    (first, name), (second, other) = choose.sample(named, 2)
    values = first.get(name), second.get(other)
    first.set(name, values[1])
    if choose.random() < 0.7:
        second.set(other, values[0])


def edit_text(choose: Choose, root: Any) -> None:
    """Change a text."""
    element = choose.choice(elements(root))
    tail = choose.random() < 0.3 and element is not root
    text = (element.tail if tail else element.text) or ""
    start = choose.randrange(len(text) + 1)
    end = min(len(text), start + choose.choice((0, 0, 1, 2, 500)))
    text = text[:start] + choose.choice((*_TEXTS, "")) + text[end:]
    if tail:
        element.tail = text
    else:
        element.text = text


def edit_user(choose: Choose, root: Any) -> None:
    """Name another user, or another amount."""
    for element in root.iter(*_USERS, f"{{{SAML2}}}Issuer", "{urn:money}amount"):
        if choose.random() < 0.6:
            element.text = choose.choice(("BOB", "ALICE ", "ALICE\u200b", "alice", "999"))


def comment(choose: Choose, root: Any) -> None:
    """Put a comment or an instruction into a text."""
    element = choose.choice(elements(root))
    made: Any = etree.Comment("x") if choose.random() < 0.95 else etree.ProcessingInstruction("x", "y")
    text = element.text or ""
    cut = choose.randrange(len(text) + 1)
    element.text, made.tail = text[:cut], text[cut:]
    element.insert(0, made)


def another_header(choose: Choose, root: Any) -> None:
    """Copy a Security header, or the Header; perhaps for another actor."""
    tags = (f"{{{WSSE}}}Security", *(f"{{{soap}}}Header" for soap in SOAP.values()))
    found = list(root.iter(*tags))
    if not found:
        return
    element = choose.choice(found)
    made = clone(element)
    soap = choose.choice(list(SOAP.values()))
    if choose.random() < 0.7:
        made.set(f"{{{soap}}}{choose.choice(('actor', 'role'))}", choose.choice(("urn:x", *_VALUES)))
    if choose.random() < 0.5:
        for name in made.iter(*_USERS):
            name.text = "BOB"
    if element.getparent() is not None:
        element.getparent().insert(choose.randrange(2) and len(element.getparent()), made)


def wrapping(choose: Choose, root: Any) -> None:
    """Put a forged copy into the place of a signed part, and the part elsewhere: what wrapping is."""
    tags = (
        *ASSERTIONS,
        f"{{{WSU}}}Timestamp",
        f"{{{WSA}}}Action",
        *(f"{{{soap}}}Body" for soap in SOAP.values()),
    )
    parts = [each for each in root.iter(*tags) if each is not root]
    if not parts:
        return
    part = choose.choice(parts)
    forged = clone(part)
    part.getparent().replace(part, forged)
    spoil(choose, forged)
    if choose.random() < 0.6:
        around = etree.Element(choose.choice(_TAGS))
        around.append(part)
        part = around
    place(choose, root, part)


def spoil(choose: Choose, forged: Any) -> None:
    """Change what a copy says, and perhaps its id."""
    for element in forged.iter(
        f"{{{SAML1}}}NameIdentifier", f"{{{SAML2}}}NameID", "{*}to", "{*}Expires", "{*}amount"
    ):
        element.text = {"Expires": "2026-11-22T12:04:59Z"}.get(etree.QName(element).localname, "BOB")
    how = choose.randrange(4)
    for name in ID_ATTRIBUTES:
        if how and name in forged.attrib:
            value = forged.attrib.pop(name)
            if how == 2:
                forged.set(choose.choice(ID_ATTRIBUTES), value)
            elif how == 3:
                forged.set(name, f"{value}-2")
    if choose.random() < 0.5:
        for signature in forged.findall(f"{{{DS}}}Signature"):
            forged.remove(signature)


MOVES: Final[tuple[Callable[[Choose, Any], None], ...]] = (
    move,
    double,
    delete,
    swap,
    rename,
    wrap,
    set_attribute,
    remove_attribute,
    swap_ids,
    edit_text,
    edit_user,
    comment,
    another_header,
    wrapping,
    wrapping,
)


def moved(choose: Choose, message: bytes) -> bytes:
    """Return the message with one to six changes to its tree, and perhaps some to its bytes."""
    root = tree(message)
    for _ in range(choose.choice(COUNTS)):
        if len(root) and len(elements(root)) < 2000:
            choose.choice(MOVES)(choose, root)
    data = etree.tostring(root, encoding="UTF-8")
    if choose.random() < 0.2:
        data = mutated(choose, data)
    return data


# -- bytes -----------------------------------------------------------------------------------------------------

_PREFIXES: Final = (b"soap", b"wsse", b"wsu", b"ds", b"saml", b"saml2", b"lab", b"xsd", b"ec", b"wsse11", b"z")
_URIS: Final = tuple(
    uri.encode() for uri in (*SOAP.values(), WSSE, WSU, DS, SAML1, SAML2, EXC_C14N, "urn:money", "urn:z", "")
)
_PIECES: Final = (
    b"<!-- -->",
    b"<!--<ds:Signature/>-->",
    b"<![CDATA[A]]>",
    b"<![CDATA[]]>",
    b"&#65;",
    b"&#xD;",
    b"\n",
    b" ",
    b"\t",
    b"<x/>",
    b"<wsse:Security/>",
    b' id="id-body"',
    b' Id="id-body"',
    b' xml:id="id-body"',
    b"<?x?>",
    b"&amp;",
    b"=",
)
_START: Final = re.compile(rb"<[A-Za-z][^\s/>]*")
_TEXT: Final = re.compile(rb">([^<>]+)<")


def declare(choose: Choose, data: bytes) -> bytes:
    """Declare a namespace in a start tag, or bind a prefix that is there to another name."""
    if choose.random() < 0.5:
        position = choose.choice([found.end() for found in _START.finditer(data)] or [0])
        prefix = choose.choice((b"", *(b":" + name for name in _PREFIXES)))
        return data[:position] + b' xmlns%b="%b"' % (prefix, choose.choice(_URIS)) + data[position:]
    found = list(re.finditer(rb'xmlns(:[\w.-]+)?="([^"]*)"', data))
    if not found:
        return data
    one = choose.choice(found)
    return data[: one.start(2)] + choose.choice(_URIS) + data[one.end(2) :]


def rewrite(choose: Choose, data: bytes) -> bytes:
    """Write a text otherwise: as CDATA, with references, with a comment in it."""
    found = list(_TEXT.finditer(data))
    if not found:
        return data
    one = choose.choice(found)
    text = one[1]
    cut = choose.randrange(len(text))
    ways = (
        b"<![CDATA[%b]]>" % text,
        text[:cut] + b"&#%d;" % text[cut] + text[cut + 1 :],
        text[:cut] + b"<!--x-->" + text[cut:],
        text[:cut] + b"<![CDATA[" + text[cut:] + b"]]>",
        text[:cut] + choose.choice((b" ", b"\n", b"\r\n")) + text[cut:],
        text[:cut] + bytes([choose.randrange(32, 127)]) + text[cut + 1 :],
    )
    return data[: one.start(1)] + choose.choice(ways) + data[one.end(1) :]


def reprefix(choose: Choose, data: bytes) -> bytes:
    """Change a prefix all over the document or in one place."""
    old, new = choose.sample(_PREFIXES, 2)
    count = choose.choice((-1, 1, 2))
    return data.replace(old + b":", new + b":", count).replace(
        b"xmlns:" + old + b"=", b"xmlns:" + new + b"=", count
    )


def cut(choose: Choose, data: bytes) -> bytes:
    """Delete, double or replace some bytes, or put a piece in."""
    start = choose.randrange(len(data) + 1)
    end = min(len(data), start + choose.choice((1, 1, 2, 10, 300)))
    inserted = (
        b"",
        data[start:end] * 2,
        choose.choice(_PIECES) + data[start:end],
        choose.randbytes(end - start),
    )
    return data[:start] + choose.choice(inserted) + data[end:]


def recode(choose: Choose, data: bytes) -> bytes:
    """Write the document in another encoding, with or without a declaration."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    name = choose.choice(("utf-16", "utf-8-sig", "utf-16-le", "utf-8"))
    declaration = choose.choice(("", f'<?xml version="1.0" encoding="{name}"?>', '<?xml version="1.0"?>\n'))
    return (declaration + text).encode(name, "replace")


def mutated(choose: Choose, message: bytes) -> bytes:
    """Return the message with one to six changes to its bytes."""
    data = message
    for _ in range(choose.choice(COUNTS)):
        data = choose.choice((declare, declare, rewrite, rewrite, reprefix, cut, cut))(choose, data)
    return recode(choose, data) if choose.random() < 0.15 else data
