"""The token that an STR-Transform makes where the message only names a certificate (WSS 1.1.1, section 8.3)."""

from gateway.safexml import Element
from gateway.wss.names import WSSE, X509_V3


def built_tokens(reference: Element, certificate: bytes) -> list[tuple[str, bytes]]:
    """Return the canonical BinarySecurityToken for a SecurityTokenReference to a certificate, in its forms.

    `certificate` is base64 of the DER form, without line breaks. The prefix is the one that stands for wsse at
    the reference. The standard has the EncodingType of the KeyIdentifier in it, WSS4J leaves it out. Each form
    has its name: first those with the empty declaration of a default namespace that the standard asks for.
    """
    encoding = reference[0].get("EncodingType", "")
    kinds = [f' EncodingType="{encoding}"', ""] if encoding else [""]
    tokens = [_token(_prefix(reference), attributes, certificate) for attributes in kinds]
    declared = [("default-declared", start + b' xmlns=""' + rest) for start, rest in tokens]
    return declared + [("plain", start + rest) for start, rest in tokens]


def _token(prefix: str, attributes: str, certificate: bytes) -> tuple[bytes, bytes]:
    """Return the octets before and after the place for a declaration of the default namespace."""
    name = f"{prefix}:BinarySecurityToken"
    end = f' xmlns:{prefix}="{WSSE}"{attributes} ValueType="{X509_V3}">'
    return f"<{name}".encode(), end.encode() + certificate + f"</{name}>".encode()


def _prefix(reference: Element) -> str:
    """Return the prefix that stands for wsse at an element, `wsse` where only the default namespace does."""
    if reference.prefix:
        return reference.prefix
    return next((prefix for prefix, uri in reference.nsmap.items() if uri == WSSE and prefix), "wsse")
