"""References of a signature that lead elsewhere, and transforms that change what is signed."""

from collections.abc import Iterator

from tests.attacks.wss.catalogue import ALGORITHM, CHECK, HEADER, NOW, UNAVAILABLE, Attack, Sent
from tests.attacks.wss.honest import Draft, by_sender, by_sts
from tests.attacks.wss.rows import Row, of
from tests.forge.keys import Pki
from tests.forge.message import BODY_ID, STR_ID, TIMESTAMP_ID, Message
from tests.forge.names import C14N, DS, ENVELOPED, EXC_C14N, STR_TRANSFORM, SWA_PROFILE
from tests.forge.signing import STR_TRANSFORMS, Ref, by_id, canonical, token_octets, transforms

HILL = "Hill 2007"
BSP = "BSP 1.1"
SIGNED = by_sender(20, reference="direct")
STS = by_sts(20)
_WITHOUT_BODY = ("timestamp", "assertion")


def transforms_and_addresses() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _of_body()
    yield from _of_assertion()
    yield from _str_transforms()
    yield from _addresses()


def body_ref(transform: str, octets=None, **more) -> Draft:
    """Return a draft whose reference to the Body is strange."""
    return of(SIGNED, covers=_WITHOUT_BODY, more_refs=(Ref(BODY_ID, transform, octets, **more),))


def assertion_ref(transform: str, octets=None) -> Draft:
    """Return a draft whose reference to the assertion, through its STR, is strange."""

    def draft(pki: Pki) -> Message:
        message = by_sender(20)(pki)
        ref = Ref(STR_ID, transform, octets or token_octets(message.assertion_id))
        return message.but(refs=(Ref(TIMESTAMP_ID), ref, Ref(BODY_ID)))

    return draft


def sts_ref(transform: str, octets=None, **more) -> Draft:
    """Return a draft whose assertion is signed by a strange reference."""

    def draft(pki: Pki) -> Message:
        message = STS(pki)
        return message.but(sts_refs=(Ref(message.assertion_id, transform, octets, **more),))

    return draft


# -- transforms -----------------------------------------------------------------------------------------------


def _xslt(template: str) -> str:
    return (
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
        f'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">{template}</xsl:template>'
        "</xsl:stylesheet></ds:Transform>"
    )


def _xpath(expression: str) -> str:
    algorithm = "http://www.w3.org/TR/1999/REC-xpath-19991116"
    return f'<ds:Transform Algorithm="{algorithm}"><ds:XPath>{expression}</ds:XPath></ds:Transform>'


_FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
TRANSFORMS = {
    "xslt-file": _xslt("<xsl:copy-of select=\"document('file:///etc/passwd')\"/>"),
    "xslt-loop": _xslt('<xsl:apply-templates select="/"/>'),
    "xslt-empty": _xslt(""),
    "xpath-empty": _xpath("false()"),
    "xpath-slow": _xpath("count(//.[count(//.) &gt; 0]) &gt; 0"),
    "filter2-empty": f'<ds:Transform Algorithm="{_FILTER2}">'
    f'<f:XPath xmlns:f="{_FILTER2}" Filter="subtract">/</f:XPath></ds:Transform>',
    "base64": f"{DS}base64",
    "decrypt": "http://www.w3.org/2002/07/decrypt#XML",
    "unknown": "urn:unknown",
    "attachment-content": f"{SWA_PROFILE}Attachment-Content-Signature-Transform",
    "attachment-complete": f"{SWA_PROFILE}Attachment-Complete-Signature-Transform",
}


def _nothing(_root):
    return b""


def _inclusive(root):
    return canonical(by_id(root, BODY_ID), method=C14N)


def _of_body() -> Iterator[Attack]:
    row = Row("transform", "a transform changes what of the Body is signed, or runs code", HILL)
    for name, algorithm in TRANSFORMS.items():
        octets = _nothing if name.endswith("empty") else None
        yield row.draft(name, body_ref(transforms(algorithm), octets), ALGORITHM)
        yield row.draft(f"{name}-c14n", body_ref(transforms(algorithm, EXC_C14N), octets), ALGORITHM)
    yield row.draft("enveloped", body_ref(transforms(ENVELOPED, EXC_C14N)), ALGORITHM)
    yield row.draft("empty", body_ref(transforms()), ALGORITHM, HEADER)
    yield row.draft("no-element", body_ref(""), ALGORITHM, HEADER)
    yield row.draft("two-elements", body_ref(transforms(EXC_C14N) * 2), ALGORITHM, HEADER)
    yield row.draft("twice", body_ref(transforms(EXC_C14N, EXC_C14N)), ALGORITHM)
    yield row.draft("c14n-comments", body_ref(transforms(f"{EXC_C14N}WithComments")), ALGORITHM)
    yield row.draft("c14n-inclusive", body_ref(transforms(C14N), _inclusive), ALGORITHM)


def _of_assertion() -> Iterator[Attack]:
    row = Row(
        "sts-transform",
        "a transform changes what of the assertion the STS signed",
        HILL,
        "saml20-sts",
        "saml20-sts",
        "sender",
    )
    for name in ("xslt-file", "xslt-empty", "xpath-empty", "filter2-empty", "base64", "unknown"):
        octets = _nothing if name.endswith("empty") else None
        made = transforms(ENVELOPED, TRANSFORMS[name], EXC_C14N)
        yield row.draft(name, sts_ref(made, octets), ALGORITHM, HEADER)
    yield row.draft("c14n-alone", sts_ref(transforms(EXC_C14N)), HEADER, ALGORITHM, CHECK)
    yield row.draft("enveloped-alone", sts_ref(transforms(ENVELOPED)), HEADER, ALGORITHM)
    yield row.draft("other-order", sts_ref(transforms(EXC_C14N, ENVELOPED)), HEADER, ALGORITHM)
    yield row.draft(
        "c14n-comments", sts_ref(transforms(ENVELOPED, f"{EXC_C14N}WithComments")), HEADER, ALGORITHM
    )
    yield row.draft("c14n-inclusive", sts_ref(transforms(ENVELOPED, C14N)), HEADER, ALGORITHM, CHECK)
    yield row.draft("str-transform", sts_ref(STR_TRANSFORMS), HEADER, ALGORITHM)


def _str_transforms() -> Iterator[Attack]:
    row = Row(
        "str-transform",
        "the STR-Transform is pointed at no token of ours, or says no form",
        BSP,
        honest="saml20-one-str",
    )
    yield row.draft("no-parameters", assertion_ref(transforms(STR_TRANSFORM)), CHECK, ALGORITHM, HEADER)
    yield row.draft(
        "inclusive", assertion_ref(STR_TRANSFORMS.replace(EXC_C14N, C14N)), CHECK, ALGORITHM, HEADER
    )
    both = STR_TRANSFORMS.replace("<ds:Transforms>", f'<ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"/>')
    yield row.draft("after-c14n", assertion_ref(both), CHECK, ALGORITHM, HEADER)
    yield row.draft(
        "str-itself", assertion_ref(transforms(EXC_C14N), lambda r: canonical(by_id(r, STR_ID))), CHECK
    )
    yield row.draft("body", body_ref(STR_TRANSFORMS), CHECK, ALGORITHM, HEADER)

    def direct(pki: Pki) -> Message:
        message = SIGNED(pki)
        ref = Ref(message.assertion_id, STR_TRANSFORMS)
        return message.but(covers=("timestamp", "body"), more_refs=(ref,))

    yield row.draft("assertion-itself", direct, CHECK, ALGORITHM, HEADER)

    def elsewhere(place: str) -> Draft:
        """Move the STR out of our header; the signer signs by it all the same."""

        def draft(pki: Pki) -> Message:
            message = by_sender(20)(pki)

            def move(text: str) -> str:
                start, end = text.index("<wsse:SecurityTokenReference"), text.index("{{signature}}")
                moved = text[start:end]
                declared = moved.replace(" ", ' xmlns:wsse="{}" xmlns:wsu="{}" '.format(*_namespaces(text)), 1)
                return (text[:start] + text[end:]).replace(place, declared + place)

            return message.but(before=move)

        return draft

    yield row.draft("str-in-body", elsewhere("</soap:Body>"), CHECK, HEADER, "Client")
    yield row.draft("str-in-header", elsewhere("</soap:Header>"), CHECK, HEADER)
    yield row.draft("str-in-timestamp", elsewhere("</wsu:Timestamp>"), CHECK, HEADER)


def _namespaces(text: str) -> tuple[str, str]:
    return text.partition('xmlns:wsse="')[2].partition('"')[0], text.partition('xmlns:wsu="')[2].partition('"')[
        0
    ]


# -- addresses ------------------------------------------------------------------------------------------------

ADDRESSES = {
    "missing": "",
    "empty": 'URI=""',
    "hash": 'URI="#"',
    "xpointer-root": 'URI="#xpointer(/)"',
    "xpointer-id": f"URI=\"#xpointer(id('{BODY_ID}'))\"",
    "http": 'URI="http://127.0.0.1:9/x"',
    "https": 'URI="https://127.0.0.1:9/x"',
    "ftp": 'URI="ftp://127.0.0.1:9/x"',
    "file": 'URI="file:///etc/passwd"',
    "device": 'URI="file:///dev/random"',
    "relative": 'URI="etc/passwd"',
    "cid": 'URI="cid:part1@forge.test"',
    "absolute-with-id": f'URI="http://127.0.0.1:9/x#{BODY_ID}"',
    "escaped": f'URI="#{BODY_ID.replace("-", "%2D")}"',
    "blank": f'URI="#{BODY_ID} "',
}


def _addresses() -> Iterator[Attack]:
    row = Row("address", "a reference leads out of the message, to all of it or to nothing", f"{HILL}; WSS4J")
    for name, uri in ADDRESSES.items():
        signed = body_ref(transforms(EXC_C14N), uri=uri)
        yield row.draft(name, signed, HEADER, UNAVAILABLE, CHECK)
        if name in {"http", "file", "device", "ftp"}:
            more = of(SIGNED, more_refs=(Ref(BODY_ID, uri=uri),))
            yield row.draft(f"{name}-besides", more, HEADER)

    def unknown(pki: Pki) -> Sent:
        text = SIGNED(pki).build(NOW).decode()
        return Sent(text.replace(f'URI="#{BODY_ID}"', 'URI="#id-nothing"').encode())

    yield row.build("unknown", unknown, HEADER, UNAVAILABLE, CHECK)
    sts = Row("address", row.title, row.source, "saml20-sts", "saml20-sts", "sender")
    for name in ("missing", "empty", "xpointer-root", "http", "file"):
        signed = sts_ref(transforms(ENVELOPED, EXC_C14N), uri=ADDRESSES[name])
        yield sts.draft(f"sts-{name}", signed, HEADER, UNAVAILABLE, CHECK)

    def other_target(pki: Pki) -> Message:
        return STS(pki).but(sts_refs=(Ref(TIMESTAMP_ID, transforms(ENVELOPED, EXC_C14N)),))

    yield sts.draft("sts-other-target", other_target, HEADER, CHECK)

    def two_targets(pki: Pki) -> Message:
        message = STS(pki)
        both = (Ref(message.assertion_id, transforms(ENVELOPED, EXC_C14N)), Ref(TIMESTAMP_ID))
        return message.but(sts_refs=both)

    yield sts.draft("sts-two-targets", two_targets, HEADER)
