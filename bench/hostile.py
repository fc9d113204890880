"""Large messages that cost as much as they can: each maker takes a signer, the time and a size in bytes."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.demo.messages import message
from gateway.demo.signing import Signer
from gateway.safexml import Bounds, Element, parse, serialize
from gateway.wss.names import BINARY_TOKEN, DIGEST_VALUE, DS_REFERENCE, SIGNATURE_VALUE, SIGNED_INFO
from gateway.wss.verdict import TokenKind

Maker = Callable[[Signer, datetime, int], bytes]

BODY: Final = "urn:bench"
_DS: Final = ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'


def _signed(sender: Signer, now: datetime, payload: Element) -> bytes:
    return message(TokenKind.SAML20, "ALICE", now, sender=sender, payload=payload)


def _payload(xml: str) -> Element:
    return parse(f'<p xmlns="{BODY}">{xml}</p>'.encode(), Bounds(max_elements=1_000_000))


def huge_text(sender: Signer, now: datetime, size: int) -> bytes:
    """A signed text; with characters that canonicalization writes longer."""
    return _signed(sender, now, _payload("&gt;a" * (size // 5)))


def many_ids(sender: Signer, now: datetime, size: int) -> bytes:
    """Elements that all have an ID, signed."""
    each = len('<a Id="i0000000">0123456789012345678901234567890123</a>')
    return _signed(
        sender,
        now,
        _payload(
            "".join(f'<a Id="i{n:07}">0123456789012345678901234567890123</a>' for n in range(size // each))
        ),
    )


def many_attributes(sender: Signer, now: datetime, size: int) -> bytes:
    """Elements with as many attributes as are taken, in an order that canonicalization has to turn round."""
    attributes = " ".join(f'a{n:02}="v01234567890123456789012345678"' for n in reversed(range(60)))
    one = f"<a {attributes}/>"
    return _signed(sender, now, _payload(one * (size // len(one))))


def many_namespaces(sender: Signer, now: datetime, size: int) -> bytes:
    """Elements that each declare namespaces of their own and use them."""
    declared = " ".join(f'xmlns:n{n:02}="urn:n:{n:02}"' for n in range(30))
    used = " ".join(f'n{n:02}:a="012345678901234567890123456789"' for n in range(30))
    one = f"<a {declared} {used}/>"
    return _signed(sender, now, _payload(one * (size // len(one))))


def deep_nesting(sender: Signer, now: datetime, size: int) -> bytes:
    """Elements as deep as is taken, each level with a namespace declaration, over and over."""
    levels = 80
    one = "".join(f'<a xmlns:d{n:02}="urn:d:{n:02}">0123456789' for n in range(levels)) + "</a>" * levels
    return _signed(sender, now, _payload(one * (size // len(one))))


def _stuffed(sender: Signer, now: datetime, stuff: Callable[[Element], None]) -> bytes:
    root = parse(_signed(sender, now, _payload("")), Bounds())
    stuff(root)
    return serialize(root)


def many_references(sender: Signer, now: datetime, size: int) -> bytes:
    """A SignedInfo that repeats its first reference, each with another URI."""

    def stuff(root: Element) -> None:
        info = next(root.iter(SIGNED_INFO))
        first = next(info.iter(DS_REFERENCE))
        each = len(etree.tostring(first, method="c14n", exclusive=True)) - len(_DS)
        for number in range(size // each):
            another = deepcopy(first)
            another.set("URI", f"#i{number:032}")
            info.append(another)

    return _stuffed(sender, now, stuff)


def many_certificates(sender: Signer, now: datetime, size: int) -> bytes:
    """A PKIPath token of thousands of certificates."""
    certificate = sender.certificate.public_bytes(Encoding.DER)
    content = certificate * (size * 3 // 4 // len(certificate))
    length = len(content).to_bytes(4, "big")

    def stuff(root: Element) -> None:
        token = next(root.iter(BINARY_TOKEN))
        token.set("ValueType", token.get("ValueType", "").replace("X509v3", "X509PKIPathv1"))
        token.text = b64encode(b"\x30\x84" + length + content).decode()
        for reference in root.iter("{*}Reference"):
            if reference.get("ValueType"):
                reference.set("ValueType", token.get("ValueType", ""))

    return _stuffed(sender, now, stuff)


def _long_base64(tag: str) -> Maker:
    def make(sender: Signer, now: datetime, size: int) -> bytes:
        def stuff(root: Element) -> None:
            next(root.iter(tag)).text = "QUFB\n" * (size // 5)

        return _stuffed(sender, now, stuff)

    return make


def wide_header(sender: Signer, now: datetime, size: int) -> bytes:
    """Many other header blocks, each with an ID."""

    def stuff(root: Element) -> None:
        header = root[0]
        for number in range(size // 88):
            etree.SubElement(header, "{urn:x}block", Id=f"h{number:07}").text = "01234567890123456789"

    return _stuffed(sender, now, stuff)


HOSTILE: Final[Mapping[str, Maker]] = {
    "huge text, signed": huge_text,
    "many IDs, signed": many_ids,
    "many attributes, signed": many_attributes,
    "many namespaces, signed": many_namespaces,
    "deep nesting, signed": deep_nesting,
    "many references": many_references,
    "many certificates": many_certificates,
    "long base64: token": _long_base64(BINARY_TOKEN),
    "long base64: digest": _long_base64(DIGEST_VALUE),
    "long base64: signature": _long_base64(SIGNATURE_VALUE),
    "many header blocks": wide_header,
}
