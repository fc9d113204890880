"""Distinguished names, compared by what they say and not by how they are spelt.

The key of a name is its sequence of RDNs in the order of the certificate (most general first), each a set of
attribute OID and value. The ASN.1 string type of a value does not count, its letters do.
"""

from typing import Final

from cryptography import x509

NameKey = tuple[frozenset[tuple[str, str]], ...]

MAX_NAME: Final = 4096
"""Characters of a name that is read; certificates of the field stay far below."""

_SEPARATORS = ",;+"
_OIDS: Final = {
    "CN": "2.5.4.3",
    "SURNAME": "2.5.4.4",
    "SN": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "TITLE": "2.5.4.12",
    "T": "2.5.4.12",
    "POSTALCODE": "2.5.4.17",
    "GIVENNAME": "2.5.4.42",
    "GN": "2.5.4.42",
    "G": "2.5.4.42",
    "INITIALS": "2.5.4.43",
    "GENERATIONQUALIFIER": "2.5.4.44",
    "GENERATION": "2.5.4.44",
    "DNQUALIFIER": "2.5.4.46",
    "DNQ": "2.5.4.46",
    "PSEUDONYM": "2.5.4.65",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
}
"""Attribute names that senders write: RFC 4514 section 3, RFC 4519, and what Java, .NET and OpenSSL add."""

_STRING_CODECS: Final = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString, as everybody uses it
    0x16: "ascii",  # IA5String
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}


def name_key(name: x509.Name) -> NameKey:
    """Return the key of a certificate's name."""
    return tuple(
        frozenset((attribute.oid.dotted_string, _value(attribute.value)) for attribute in rdn)
        for rdn in name.rdns
    )


def either_way(key: NameKey) -> NameKey:
    """Return one key for a name and for the same name written backwards.

    RFC 4514 writes the last RDN first; some senders write the order of the certificate. For locators only.
    """
    ways = (key, key[::-1])
    return min(ways, key=lambda way: [sorted(rdn) for rdn in way])


def parse_name(text: str) -> NameKey:
    """Read a name in the text form of RFC 4514 and its elders (RFC 2253, RFC 1779), last RDN first.

    Spaces around separators, ``;``, quoted values, ``#`` forms, escapes, OIDs with or without ``OID.`` and the
    attribute names of the field are taken, in any case. Raises ValueError.
    """
    if len(text) > MAX_NAME:
        raise ValueError("the name is too long")
    rdns: list[frozenset[tuple[str, str]]] = []
    attributes: list[tuple[str, str]] = []
    position, separator = 0, ","
    while separator:
        kind, position = _kind(text, position)
        value, position = _read(text, position)
        attributes.append((kind, value))
        separator = text[position : position + 1]
        position += 1
        if separator != "+":
            rdns.append(frozenset(attributes))
            attributes = []
    return tuple(reversed(rdns))


def _value(value: str | bytes) -> str:
    return value if isinstance(value, str) else f"#{value.hex()}"


def _kind(text: str, start: int) -> tuple[str, int]:
    """Return the OID of the attribute type that begins here, and where its value begins."""
    end = text.find("=", start)
    if end < 0:
        raise ValueError("an attribute without =")
    name = text[start:end].strip().upper().removeprefix("OID.")
    dotted = name.replace(".", "").isascii() and name.replace(".", "").isdigit()
    oid = name if dotted else _OIDS.get(name)
    if oid is None:
        raise ValueError("an attribute type that is not known")
    while text[end + 1 : end + 2] == " ":
        end += 1
    return oid, end + 1


def _read(text: str, start: int) -> tuple[str, int]:
    """Return the value that begins here, and the place of the separator behind it."""
    if text[start : start + 1] == '"':
        value, end = _unescaped(text, start + 1, '"')
        if text[end : end + 1] != '"':
            raise ValueError("a quotation mark is not closed")
        end += 1
        while text[end : end + 1] == " ":
            end += 1
        if text[end : end + 1] not in ("", *_SEPARATORS):
            raise ValueError("text behind a quoted value")
        return value, end
    value, end = _unescaped(text, start, _SEPARATORS)
    if text[start : start + 1] == "#":
        return _decoded(value), end
    return value, end


def _unescaped(text: str, start: int, stops: str) -> tuple[str, int]:
    """Resolve escapes up to one of `stops`; spaces at the end that are not escaped do not count."""
    octets = bytearray()
    keep, position = 0, start
    while position < len(text) and text[position] not in stops:
        character = text[position]
        position += 1
        if character != "\\":
            octets += character.encode()
            keep = len(octets) if character != " " or stops == '"' else keep
            continue
        pair = text[position : position + 2]
        if len(pair) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in pair):
            octets.append(int(pair, 16))
            position += 2
        elif pair:
            octets += pair[0].encode()
            position += 1
        else:
            raise ValueError("an escape at the end")
        keep = len(octets)
    return octets[:keep].decode(), position  # UnicodeDecodeError is a ValueError


def _decoded(text: str) -> str:
    """Return the value of a ``#`` form: BER in hexadecimal, strings as their text."""
    octets = bytes.fromhex(text[1:])
    if len(octets) < 2:
        raise ValueError("a # form that is too short")
    tag, length, content = octets[0], octets[1], octets[2:]
    if length & 0x80:
        size = length & 0x7F
        length, content = int.from_bytes(content[:size], "big"), content[size:]
    if length != len(content):
        raise ValueError("a # form with a wrong length")
    codec = _STRING_CODECS.get(tag)
    if codec is None:
        return f"#{content[1:].hex()}" if tag == 0x03 else f"#{octets.hex()}"
    return content.decode(codec)
