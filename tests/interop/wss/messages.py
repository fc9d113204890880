"""What callers say, and what somebody on the way could make of it."""

import base64
import re
from collections.abc import Callable

from tests.fixtures.in_process import LAB, SOAP11

BODY = f'<lab:echo xmlns:lab="{LAB}"><lab:text>hello</lab:text></lab:echo>'


def plain(soap: str = SOAP11, body: str = BODY) -> str:
    """Return an envelope whose namespaces have prefixes."""
    return f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'


def soap_by_default(soap: str = SOAP11) -> str:
    """Return an envelope where SOAP is the default namespace."""
    return f'<Envelope xmlns="{soap}"><Header/><Body>{BODY}</Body></Envelope>'


def lab_by_default(soap: str = SOAP11) -> str:
    """Return an envelope where the default namespace is the payload's, declared far above it."""
    body = "<echo><text>hello</text></echo>"
    return f'<s:Envelope xmlns:s="{soap}" xmlns="{LAB}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'


# -- on the way ---------------------------------------------------------------------------------------------


def _replaced(pattern: bytes, new: bytes, message: bytes) -> bytes:
    changed, times = re.subn(pattern, new, message, flags=re.DOTALL)
    assert times, f"nothing to tamper with: {pattern!r}"
    return changed


def body_changed(message: bytes) -> bytes:
    """One letter of the body."""
    return _replaced(rb"hello", rb"hellp", message)


def user_changed(message: bytes) -> bytes:
    """Another user in the assertion."""
    return _replaced(rb">ALICE<", rb">BOB<", message)


def timestamp_changed(message: bytes) -> bytes:
    """An Expires some years later."""
    return _replaced(rb"(Expires>)20\d\d", rb"\g<1>2048", message)


def digest_changed(message: bytes) -> bytes:
    """The first DigestValue, another of the right length."""
    pattern = rb"(DigestValue>)[^<]*(<)"
    lengths = {len(base64.b64decode(found)) for found in re.findall(rb"DigestValue>([^<]+)<", message)}
    assert lengths
    return re.sub(pattern, rb"\g<1>" + base64.b64encode(bytes(min(lengths))) + rb"\g<2>", message, count=1)


def signature_removed(message: bytes) -> bytes:
    """No message signature: the last one of the document, which is not the assertion's."""
    start = max(
        message.rfind(b"<ds:Signature "), message.rfind(b"<Signature "), message.rfind(b"<ds:Signature>")
    )
    assert start > 0
    end = message.index(b"Signature>", message.index(b"</", message.index(b"KeyInfo>", start))) + 10
    return message[:start] + message[end:]


def certificate_swapped(der: bytes) -> Callable[[bytes], bytes]:
    """Return what puts this certificate into the BinarySecurityToken."""

    def swap(message: bytes) -> bytes:
        pattern = rb"(BinarySecurityToken [^>]*>)[^<]*(<)"
        return _replaced(pattern, rb"\g<1>" + base64.b64encode(der) + rb"\g<2>", message)

    return swap


TAMPERED = {
    "body": body_changed,
    "user": user_changed,
    "timestamp": timestamp_changed,
    "digest": digest_changed,
}
"""What a sender's signature makes visible, each as FailedCheck."""
