"""Documents that cost too much, read files, or are read differently by two readers; and odd headers."""

import gzip
from collections.abc import Iterator

from tests.attacks.wss.catalogue import CLIENT, HEADER, NOW, Attack, Sent
from tests.attacks.wss.honest import sent, unsigned
from tests.attacks.wss.rows import Row, of, swap
from tests.attacks.wss.transforms import SIGNED
from tests.forge.keys import Pki
from tests.forge.message import Message
from tests.forge.names import LAB

COERCIVE = "WS-Attacker (coercive parsing)"
WSS4J = "WSS4J SecurityHeaderTest"


def documents() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _doctypes()
    yield from _bounds()
    yield from _encodings()
    yield from _media()


def on_bytes(edit):
    """Return what builds a signed message and changes its bytes."""

    def build(pki: Pki) -> Sent:
        return Sent(edit(SIGNED(pki).build(NOW)))

    return build


def _front(text: str):
    return on_bytes(lambda content: text.encode() + content)


def _doctypes() -> Iterator[Attack]:
    row = Row(
        "doctype",
        "a document type: entities that grow, that read files, or that make ids",
        "CVE-2013-2160 (kin)",
    )
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    long = "A" * 100_000
    types = {
        "empty": "<!DOCTYPE x>",
        "billion-laughs": f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>',
        "quadratic": f'<!DOCTYPE x [<!ENTITY a "{long}">]>',
        "recursive": '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>',
        "file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        "http": '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/x">]>',
        "parameter": '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]>',
        "external": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        "public": '<!DOCTYPE x PUBLIC "-//x//y" "file:///etc/passwd">',
        "id-attributes": "<!DOCTYPE x [<!ATTLIST whoAmI other ID #IMPLIED>]>",
        "default-attributes": '<!DOCTYPE x [<!ATTLIST Body Id CDATA "id-body">]>',
        "behind-comment": "<!-- x --><!DOCTYPE x>",
        "behind-declaration": '<?xml version="1.0"?>\n<!DOCTYPE x>',
    }
    for name, text in types.items():
        yield row.build(name, _front(text), CLIENT)
    used = {"laughs": "&a9;", "file": "&a;"}
    for name, entity in used.items():
        head = types["billion-laughs" if name == "laughs" else name]
        edit = lambda content, h=head, e=entity: h.encode() + content.replace(b">ALICE<", f">{e}<".encode())  # noqa: E731
        yield row.build(f"{name}-used", on_bytes(edit), CLIENT)
    bare = Row("entity", "an entity that is declared nowhere", "XML 1.0")
    yield bare.build("name", on_bytes(lambda content: content.replace(b">ALICE<", b">&alice;<")), CLIENT)


def _bounds() -> Iterator[Attack]:
    row = Row("bounds", "a document that costs its reader much: deep, wide, long", COERCIVE)

    def body(inside: str):
        return sent(of(SIGNED, body=f'<lab:echo xmlns:lab="{LAB}"><lab:text>{inside}</lab:text></lab:echo>'))

    def header(inside: str):
        return sent(of(SIGNED, headers_first=inside))

    yield row.build("deep", body("<a>" * 101 + "</a>" * 101), CLIENT)
    yield row.build(
        "deep-header", header("<x:a xmlns:x='urn:x'>" + "<b>" * 120 + "</b>" * 120 + "</x:a>"), CLIENT
    )
    attributes = "".join(f' a{n}="x"' for n in range(65))
    yield row.build("attributes", body(f"<a{attributes}/>"), CLIENT)
    thousands = "".join(f' a{n}=""' for n in range(50_000))
    yield row.text("attributes-many", SIGNED, swap("<lab:whoAmI ", f"<lab:whoAmI{thousands} "), CLIENT)
    spaces = "".join(f' xmlns:n{n}="urn:{n}"' for n in range(65))
    yield row.build("namespaces", body(f"<a{spaces}/>"), CLIENT)
    levels = ["".join(f' xmlns:m{level}n{n}="urn:{n}"' for n in range(60)) for level in range(6)]
    nested = "".join(f"<a{declared}>" for declared in levels)
    yield row.build("namespaces-in-scope", body(nested + "</a>" * 6), CLIENT)
    yield row.text("elements", SIGNED, swap("</soap:Body>", "<a/>" * 200_001 + "</soap:Body>"), CLIENT)
    name = "a" * 60_000
    long = swap("</soap:Header>", f"<x:{name} xmlns:x='urn:x'/></soap:Header>")
    yield row.text("long-name", SIGNED, long, CLIENT)
    in_security = of(SIGNED, security_last="<x:a xmlns:x='urn:x'/>" * 10_000)
    yield row.draft("children-of-security", in_security, HEADER)
    references = "<wsse:SecurityTokenReference wsu:Id='s{}'/>"
    many = of(
        SIGNED, security_last="".join(references.format(n) for n in range(5_000)) + "<x:y xmlns:x='urn:x'/>"
    )
    yield row.draft("references", many, HEADER)


def _encodings() -> Iterator[Attack]:
    row = Row("encoding", "bytes that two readers decode differently", "XML 1.0 appendix F; RFC 7303")

    def encoded(codec: str, name: str):
        def edit(content: bytes) -> bytes:
            return f'<?xml version="1.0" encoding="{name}"?>{content.decode()}'.encode(codec)

        return on_bytes(edit)

    for codec, name in (("utf-7", "UTF-7"), ("cp037", "IBM037"), ("utf-32", "UTF-32"), ("utf-16", "UTF-16")):
        yield row.build(name.lower(), encoded(codec, name), CLIENT)
    for name in ("ISO-8859-1", "US-ASCII", "UTF-16", "unknown"):
        yield row.build(f"declared-{name.lower()}", encoded("utf-8", name), CLIENT)
    yield row.build("not-utf-8", on_bytes(lambda content: content.replace(b">ALICE<", b">ALIC\xc9<")), CLIENT)
    yield row.build(
        "overlong", on_bytes(lambda content: content.replace(b">ALICE<", b">\xc1\x81LICE<")), CLIENT
    )
    yield row.build(
        "surrogate", on_bytes(lambda content: content.replace(b">ALICE<", b">\xed\xa0\x80<")), CLIENT
    )
    yield row.build("version-1.1", _front('<?xml version="1.1"?>'), CLIENT)
    yield row.build("instruction", _front('<?xml-stylesheet href="http://127.0.0.1:9/x"?>'), CLIENT)
    yield row.build("nul", on_bytes(lambda content: content.replace(b">ALICE<", b">ALICE\0<")), CLIENT)
    yield row.build(
        "nul-reference", on_bytes(lambda content: content.replace(b">ALICE<", b">ALICE&#0;<")), CLIENT
    )
    yield row.build("behind", on_bytes(lambda content: content + b"<x/>"), CLIENT)
    yield row.build("cut", on_bytes(lambda content: content[:-20]), CLIENT)


def _media() -> Iterator[Attack]:
    row = Row(
        "media", "the message is packed, or in parts, so that another reader unpacks it", "MTOM; SwA; RFC 9110"
    )

    def packed(content_type: str, pack, **headers: str):
        def build(pki: Pki) -> Sent:
            message = pack(SIGNED(pki).build(NOW))
            return Sent(message, headers={"content-type": content_type, **headers})

        return build

    def multipart(content: bytes) -> bytes:
        return b"--b\r\nContent-Type: text/xml\r\n\r\n" + content + b"\r\n--b--\r\n"

    related = 'multipart/related; boundary=b; type="text/xml"'
    yield row.build("swa", packed(related, multipart), "HTTP415", CLIENT)
    xop = 'multipart/related; boundary=b; type="application/xop+xml"; start-info="text/xml"'
    yield row.build("mtom", packed(xop, multipart), "HTTP415", CLIENT)
    yield row.build("form", packed("application/x-www-form-urlencoded", lambda c: c), "HTTP415", CLIENT)
    bomb = gzip.compress(bytes(10_000_000))
    coded = {"content-encoding": "gzip"}
    yield row.build("gzip", packed("text/xml", gzip.compress, **coded), "HTTP415", CLIENT)
    yield row.build("gzip-bomb", packed("text/xml", lambda _c: bomb, **coded), "HTTP415", CLIENT)
    yield row.build(
        "deflate", packed("text/xml", lambda c: c, **{"content-encoding": "deflate"}), "HTTP415", CLIENT
    )
    yield row.build("version", packed("application/soap+xml", lambda c: c), CLIENT, "Sender")
    yield row.build("charset", packed("text/xml; charset=iso-8859-1", lambda c: c), CLIENT)
    plain = Row("plain-http", "the message comes over HTTP without TLS", "product", "username", "username")
    yield plain.build("username", sent(lambda _pki: Message("username"), tls=False), CLIENT)
    saml = Row("plain-http", plain.title, "product", "saml20-network", "saml20-network")
    yield saml.build("saml20", sent(unsigned(20), tls=False), CLIENT)
