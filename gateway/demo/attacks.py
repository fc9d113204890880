"""What an attacker makes of a signed message that went by: each is refused, and nothing of it reaches IMS."""

from typing import Final

from lxml import etree

from gateway.demo.messages import who_am_i
from gateway.demo.signing import fresh_id
from gateway.envelope import SoapVersion
from gateway.safexml import Bounds, Element, parse, serialize
from gateway.wss.names import BINARY_TOKEN, SECURITY, SIGNATURE, WSU_ID

_SOAP: Final = SoapVersion.SOAP11.namespace


def wrapped(message: bytes) -> bytes:
    """Put the signed body into a header, where its reference still finds it, and another one in its place.

    Signature wrapping: the signature verifies, over something that nobody acts on.
    """
    root, header, body = _parts(message)
    hiding = etree.SubElement(header, "{urn:example:attacker}Hidden")
    hiding.append(body)
    forged = etree.SubElement(root, f"{{{_SOAP}}}Body")
    forged.set(WSU_ID, fresh_id())
    forged.append(who_am_i())
    return serialize(root)


def with_another_user(message: bytes, user: str) -> bytes:
    """Name another user in the signed assertion."""
    root, header, _ = _parts(message)
    for name in header.iter("{*}NameID", "{*}NameIdentifier"):
        name.text = user
    return serialize(root)


def unsigned(message: bytes) -> bytes:
    """Take the message signature out, and the certificate with it: a downgrade."""
    root, header, _ = _parts(message)
    security = header.find(SECURITY)
    assert security is not None, "a message of ours has one"
    for child in [*security.findall(SIGNATURE), *security.findall(BINARY_TOKEN)]:
        security.remove(child)
    return serialize(root)


def _parts(message: bytes) -> tuple[Element, Element, Element]:
    root = parse(message, Bounds())
    header, body = root
    return root, header, body
