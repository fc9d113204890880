"""The token that an STR-Transform makes where the message only names a certificate (WSS 1.1.1, section 8.3)."""

from gateway.safexml import Element
from gateway.wss.names import WSSE, X509_V3


def built_tokens(reference: Element, certificate: bytes) -> list[tuple[str, bytes]]:
    """Return the canonical BinarySecurityToken for a SecurityTokenReference to a certificate, in its forms.

    `certificate` is base64 of the DER form, without line breaks. The prefix is the one that stands for wsse at
    the reference; EncodingType is that of its KeyIdentifier, if there is one. Each form has its name: first
    the one with the empty declaration of a default namespace that the standard asks for.
    """
    encoding = reference[0].get("EncodingType", "")
    name = f"{_prefix(reference)}:BinarySecurityToken"
    attributes = f' EncodingType="{encoding}"' if encoding else ""
    end = f' xmlns:{_prefix(reference)}="{WSSE}"{attributes} ValueType="{X509_V3}">'
    start, rest = f"<{name}".encode(), end.encode() + certificate + f"</{name}>".encode()
    return [("default-declared", start + b' xmlns=""' + rest), ("plain", start + rest)]


def _prefix(reference: Element) -> str:
    """Return the prefix that stands for wsse at an element, `wsse` where only the default namespace does."""
    if reference.prefix:
        return reference.prefix
    return next((prefix for prefix, uri in reference.nsmap.items() if uri == WSSE and prefix), "wsse")
