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
from gateway.safexml import Bounds, Element, children, parse

MASK: Final = "***"
"""Stands for a value, whatever its length."""
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
_CONTAINED: Final = 6
"""A name of so many letters is masked inside of others, too: NewPassword1. A shorter one as a word: userPin."""
_BOUNDS: Final = Bounds(max_bytes=1_000_000, max_depth=100, max_elements=20_000, max_attributes=64)
"""What is beyond them is not looked into."""

_SECURITY: Final = "security"
_TOKEN_NAMESPACES: Final = re.compile(
    r"http://docs\.oasis-open\.org/wss/.*wssecurity-secext.*"
    r"|http://schemas\.xmlsoap\.org/ws/200[0-9]/[0-9]{2}/secext"
    r"|urn:oasis:names:tc:SAML:.*"
    r"|http://docs\.oasis-open\.org/ws-sx/.*"
    r"|http://schemas\.xmlsoap\.org/ws/200[0-9]/[0-9]{2}/(?:trust|sc)"
    r"|http://www\.w3\.org/200[0-9]/[0-9]{2}/xml(?:dsig|enc)(?:11)?#.*"
)
"""Tokens, assertions, signatures, encrypted data: replaced wherever they stand."""
_ENVELOPES: Final = frozenset(
    {"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)
_LETTERS: Final = re.compile(r"[^0-9a-z]+")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MARKUP: Final = re.compile(r"<[A-Za-z/!?_]|&(?:lt|#60|#x3c);", re.IGNORECASE)
_USER: Final = re.compile(r"://[^/\s@]{1,200}@")
_PAN: Final = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Redaction:
    """How messages are redacted. Immutable; any thread."""

    names: Collection[str] = MASKED_NAMES
    """Names of elements and attributes whose values are masked; case, hyphens and underscores do not count."""
    most: int = 20_000
    """Characters of the result, beside the note that something was cut."""
    _exact: frozenset[str] = field(init=False, repr=False)
    _inside: tuple[str, ...] = field(init=False, repr=False)
    _spoken: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        folded = [name for name in map(_folded, self.names) if name]
        object.__setattr__(self, "_exact", frozenset(folded))
        object.__setattr__(self, "_inside", tuple(name for name in folded if len(name) >= _CONTAINED))
        one = "|".join(map(re.escape, sorted(folded, key=len, reverse=True)))
        spoken = rf"(?<![A-Za-z])(?:{one})[A-Za-z0-9_-]{{0,40}}[\"']?\s{{0,40}}[:=]" if one else r"(?!)"
        object.__setattr__(self, "_spoken", re.compile(spoken, re.IGNORECASE))

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
        local = etree.QName(tag).localname
        folded = _folded(local)
        if folded in self._exact or any(name in folded for name in self._inside):
            return True
        return not self._exact.isdisjoint(word.lower() for word in _WORDS.findall(local))

    def _is_name(self, text: str) -> bool:
        return len(text) <= 64 and _folded(text) in self._exact

    def _plain(self, text: str | None) -> str:
        """Return a text that may be shown in place of this one."""
        if not text or text.isspace():
            return text or ""
        if _MARKUP.search(text):
            return f"({len(text)} characters with markup: not shown)"
        if self._spoken.search(text):
            return MASK
        return _PAN.sub(_card, _USER.sub(f"://{MASK}@", text))


def _folded(name: str) -> str:
    return _LETTERS.sub("", name.lower())


def _attributes(element: Element) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in element.items()]


def _data(element: Element) -> Iterator[str]:
    """Yield what may name the value beside it: `<a name="pin">1</a>`, `<key>pin</key><value>1</value>`."""
    yield from (value for _, value in _attributes(element))
    yield from (child.text or "" for child in children(element) if len(child) == 0)


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
    name = etree.QName(element).localname
    note = etree.Comment(f" {name}: not kept ")
    note.tail = element.tail
    parent.replace(element, note)


def _card(found: re.Match[str]) -> str:
    """Mask digits that check as a card number does (ISO/IEC 7812-1, annex B), but for the last four."""
    digits = [int(char) for char in found[0] if char.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    valid = (sum(digits[-1::-2]) + doubled) % 10 == 0
    return f"{MASK}{found[0][-4:]}" if valid else found[0]
