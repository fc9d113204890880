"""What of a message may be shown to people: without security headers, tokens and values with telling names.

Nothing here is on the way of a request that is not being captured. In doubt more is hidden than need be: who
wonders about a message can ask its sender, a password on a page cannot be called back.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from gateway.errors import GatewayError
from gateway.redacted_text import CONTAINED, MASK, folded, plain, spoken
from gateway.safexml import Bounds, Element, children, parse

MASKED_NAMES: Final = (
    "password",
    "passwort",
    "passwd",
    "passcode",
    "passphrase",
    "kennwort",
    "pwd",
    "pw",
    "pin",
    "pincode",
    "tan",
    "otp",
    "secret",
    "credential",
    "authorization",
    "token",
    "apikey",
    "privatekey",
    "cardnumber",
    "creditcard",
    "pan",
    "cvv",
    "cvc",
    "cvv2",
    "cvc2",
    "iban",
    "ssn",
    "socialsecurity",
)
"""Names of elements and attributes whose values are masked, unless the configuration has others."""
_ENDING: Final = 3
"""A name of so many letters is masked at the end of others in which all letters are of one case: NEWPIN."""
_LONGEST_NAME: Final = 200
_NAME: Final = re.compile(r"[^\W\d][\w.-]*")
_BEFORE_LAST: Final = re.compile(r".*[:/#]", re.DOTALL)
"""What stands before the last name in a URI or a qualified name."""
_BOUNDS: Final = Bounds(max_bytes=1_000_000, max_depth=100, max_elements=20_000, max_attributes=64)
"""What is beyond them is not looked into."""

_SECURITY: Final = "security"
_TOKEN_NAMESPACES: Final = re.compile(
    r"http://docs\.oasis-open\.org/wss/.*wssecurity-secext.*"
    r"|http://schemas\.xmlsoap\.org/ws/200[0-9]/[0-9]{2}/(?:security/)?secext(?:/.*)?"
    r"|urn:oasis:names:tc:SAML:.*"
    r"|http://docs\.oasis-open\.org/ws-sx/.*"
    r"|http://schemas\.xmlsoap\.org/ws/200[0-9]/[0-9]{2}/(?:security/)?(?:trust|sc)(?:/.*)?"
    r"|http://www\.w3\.org/200[0-9]/(?:[0-9]{2}/)?xml(?:dsig|enc)(?:11)?#.*"
)
"""Tokens, assertions, signatures, encrypted data: replaced wherever they stand."""
_ENVELOPES: Final = frozenset(
    {"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_HYPHENS: Final = re.compile(r"-{2,}")


@dataclass(frozen=True, slots=True)
class Redaction:
    """How messages are redacted. Immutable; any thread."""

    names: Collection[str] = MASKED_NAMES
    """Names of elements and attributes whose values are masked; case, hyphens and underscores do not count."""
    most: int = 20_000
    """Characters of the result, beside the note that something was cut."""
    _exact: frozenset[str] = field(init=False, repr=False)
    _inside: tuple[str, ...] = field(init=False, repr=False)
    _endings: tuple[str, ...] = field(init=False, repr=False)
    _spoken: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        folded_names = [name for name in map(folded, self.names) if name]
        object.__setattr__(self, "_exact", frozenset(folded_names))
        object.__setattr__(self, "_inside", tuple(name for name in folded_names if len(name) >= CONTAINED))
        object.__setattr__(self, "_endings", tuple(name for name in folded_names if len(name) >= _ENDING))
        object.__setattr__(self, "_spoken", spoken(folded_names))

    def text(self, data: bytes) -> str:
        """Return a SOAP message as XML that may be shown, indented and cut; a note in its place if it is none.

        Never raises, never repeats anything of a message that it cannot read.
        """
        if not data:
            return ""
        try:
            root = parse(data, _BOUNDS)
        except GatewayError as error:
            return f"(not shown: {len(data)} bytes that are not read as XML, {error.message.id})"
        if _is_token(root):
            return f"(not shown: {etree.QName(root).localname})"
        etree.strip_tags(root, etree.Comment)
        self._redact(root)
        etree.indent(root, space="  ")
        shown = etree.tostring(root, encoding="unicode", with_tail=False)
        if len(shown) <= self.most:
            return shown
        return f"{shown[: self.most]}\n(cut: {len(shown) - self.most} characters more)"

    def _redact(self, root: Element) -> None:
        open_elements = [root]
        while open_elements:
            element = open_elements.pop()
            if self._is_telling(element):
                _mask(element)
                continue
            element.text = self._plain(element.text)
            for name, value in _attributes(element):
                element.set(name, MASK if self._is_masked(name) else self._plain(value))
            for child in children(element):
                child.tail = self._plain(child.tail)
                if _is_token(child):
                    _replace(child)
                else:
                    open_elements.append(child)

    def _is_telling(self, element: Element) -> bool:
        """Tell whether all in an element is masked: for its name, or for a name that stands in it as data."""
        return self._is_masked(element.tag) or any(map(self._is_name, _data(element)))

    def _is_masked(self, tag: str) -> bool:
        local = tag.rpartition("}")[2]
        if self._has_word(local):
            return True
        # of one case throughout nobody sees where a word begins: NEWPIN, USERPWD, as COBOL has them
        return (local.isupper() or local.islower()) and folded(local).endswith(self._endings)

    def _has_word(self, name: str) -> bool:
        bare = folded(name)
        if bare in self._exact or any(one in bare for one in self._inside):
            return True
        return not self._exact.isdisjoint(word.lower() for word in _WORDS.findall(name))

    def _is_name(self, text: str) -> bool:
        """Tell whether a text that stands as data names what is masked: `card number`, `userPassword`."""
        if len(text) > _LONGEST_NAME:
            return False
        return folded(text) in self._exact or (
            _NAME.fullmatch(text.strip()) is not None and self._has_word(text)
        )

    def _plain(self, text: str | None) -> str:
        """Return what may be shown of a text: no more is looked at than could be shown."""
        if text is None or len(text) <= self.most:
            return plain(text or "", self._spoken)
        return f"{plain(text[: self.most], self._spoken)} (cut: {len(text) - self.most} characters more)"


def _attributes(element: Element) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in element.items()]


def _data(element: Element) -> Iterator[str]:
    """Yield what may name the value beside it.

    `<a name="pin">1</a>`, `<a xsi:type="x:Pin">1</a>`, `<key>pin</key><value>1</value>`, and the same with one
    element more around each.
    """
    yield from (_BEFORE_LAST.sub("", value, count=1) for _, value in _attributes(element) if len(value) <= 500)
    for child in children(element):
        leaf = child[0] if len(child) == 1 and not (child.text or "").strip() else child
        if len(leaf) == 0:
            yield leaf.text or ""


def _is_token(element: Element) -> bool:
    name = etree.QName(element)
    if _TOKEN_NAMESPACES.fullmatch(name.namespace or ""):
        return True
    parent = element.getparent()
    if parent is None or name.localname.lower() != _SECURITY:
        return False
    return etree.QName(parent).localname == "Header" and etree.QName(parent).namespace in _ENVELOPES


def _mask(element: Element) -> None:
    """Hide all that stands in an element; what it is called, and what elements are in it, stays."""
    for each in list(element.iter()):
        each.text = MASK if each.text and not each.text.isspace() else each.text
        for name, _ in _attributes(each):
            each.set(name, MASK)
        if each is not element and each.tail and not each.tail.isspace():
            each.tail = MASK


def _replace(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None, "a child"
    # two hyphens end no name, but a comment
    name = _HYPHENS.sub("-", etree.QName(element).localname)
    note = etree.Comment(f" {name}: not kept ")
    note.tail = element.tail
    parent.replace(element, note)
