"""Certificates in the message that are malformed, or do not fit the assertion they are to prove."""

import base64
from collections.abc import Iterator

from tests.attacks.wss.catalogue import (
    AUTHENTICATION,
    CHECK,
    HEADER,
    KIND,
    TOKEN,
    UNAVAILABLE,
    Attack,
)
from tests.attacks.wss.honest import by_both
from tests.attacks.wss.keys import with_key
from tests.attacks.wss.rows import Row
from tests.attacks.wss.transforms import STS
from tests.forge.message import (
    binary_token,
    issuer_serial,
    key_info,
    pki_path,
    reference,
    x509_data,
)
from tests.forge.names import (
    BASE64_BINARY,
    MESSAGE_SECURITY,
    PKI_PATH,
    X509_PROFILE,
    X509_V3,
)

FAKING = "SAML Raider; WS-Attacker (signature faking)"


def tokens() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _tokens()
    yield from _of_assertions()


def _tokens() -> Iterator[Attack]:
    row = Row(
        "binary-token",
        "a BinarySecurityToken that is not one certificate, or a path of them",
        "X.509 Token Profile",
    )

    def content(make, kind: str = X509_V3, encoding: str = BASE64_BINARY):
        info = key_info(reference(kind=kind))
        return with_key(lambda pki: (binary_token(make(pki), kind, encoding=encoding), info))

    def b64(octets: bytes) -> str:
        return base64.b64encode(octets).decode()

    yield row.draft("empty", content(lambda _pki: ""), TOKEN)
    yield row.draft("garbage", content(lambda _pki: b64(b"garbage")), TOKEN)
    yield row.draft("not-base64", content(lambda pki: "*" + pki.sender.base64), TOKEN)
    yield row.draft("pem", content(lambda pki: pki.sender.pem), TOKEN)
    yield row.draft("two", content(lambda pki: b64(pki.sender.der + pki.clone.der)), TOKEN)
    yield row.draft("trailing", content(lambda pki: b64(pki.sender.der + b"\0")), TOKEN)
    yield row.draft("cut", content(lambda pki: b64(pki.sender.der[:-1])), TOKEN)
    yield row.draft("child", content(lambda pki: f"<x xmlns=''/>{pki.sender.base64}"), TOKEN)
    xop = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="{}"/>'
    for name, href in (("cid", "cid:x@y"), ("http", "http://127.0.0.1:9/x"), ("file", "file:///etc/passwd")):
        yield row.draft(f"xop-{name}", content(lambda _pki, h=href: xop.format(h)), TOKEN)
    for kind in ("PKCS7", "X509v1", "X509"):
        yield row.draft(
            f"type-{kind.lower()}", content(lambda pki: pki.sender.base64, f"{X509_PROFILE}{kind}"), KIND, TOKEN
        )
    hexadecimal = f"{MESSAGE_SECURITY}HexBinary"
    yield row.draft(
        "hexadecimal", content(lambda pki: pki.sender.der.hex(), encoding=hexadecimal), TOKEN, HEADER
    )
    ca = lambda pki: pki.ca.der  # noqa: E731
    yield row.draft(
        "path-reversed", content(lambda pki: pki_path(pki.sender.der, ca(pki)), PKI_PATH), TOKEN, AUTHENTICATION
    )
    yield row.draft("path-nine", content(lambda pki: pki_path(*[ca(pki)] * 8, pki.sender.der), PKI_PATH), TOKEN)
    yield row.draft("path-empty", content(lambda _pki: b64(b"\x30\x00"), PKI_PATH), TOKEN)
    yield row.draft(
        "path-unlinked", content(lambda pki: pki_path(pki.stranger.der, pki.sender.der), PKI_PATH), TOKEN
    )
    yield row.draft(
        "path-trailing", content(lambda pki: pki_path(ca(pki), pki.sender.der)[:-4] + "AAAA", PKI_PATH), TOKEN
    )
    yield row.draft("path-bomb", content(lambda _pki: b64(b"\x30\x84\xff\xff\xff\xff"), PKI_PATH), TOKEN)
    huge = Row(row.id, "a certificate of a size that costs more than it is worth", "product")
    yield huge.draft("megabytes", content(lambda _pki: b64(b"\x30\x83\x2d\xc6\xc0" + bytes(3_000_000))), TOKEN)


def _of_assertions() -> Iterator[Attack]:
    row = Row(
        "issuer-key",
        "the assertion's signature names certificates that do not fit",
        FAKING,
        "saml20-sts",
        "saml20-sts",
        "sender",
    )

    def info(make, signer: str = "sts"):
        return lambda pki: STS(pki).but(
            sts=getattr(pki, signer), sts_key=f"<ds:KeyInfo>{make(pki)}</ds:KeyInfo>"
        )

    yield row.draft("clone", info(lambda pki: x509_data(pki.clone_sts.base64), "clone_sts"), AUTHENTICATION)
    yield row.draft(
        "genuine-first",
        info(lambda pki: x509_data(pki.sts.base64, pki.clone_sts.base64), "clone_sts"),
        TOKEN,
        CHECK,
        AUTHENTICATION,
    )
    yield row.draft(
        "genuine-behind",
        info(lambda pki: x509_data(pki.clone_sts.base64, pki.sts.base64), "clone_sts"),
        TOKEN,
        CHECK,
        AUTHENTICATION,
    )
    yield row.draft("genuine-named", info(lambda pki: x509_data(pki.sts.base64), "clone_sts"), CHECK)
    yield row.draft("two-data", info(lambda pki: x509_data(pki.sts.base64) * 2), KIND, HEADER)
    yield row.draft(
        "unlinked", info(lambda pki: x509_data(pki.sts.base64, pki.stranger.base64)), TOKEN, AUTHENTICATION
    )
    yield row.draft("none-by-clone", lambda pki: STS(pki).but(sts=pki.clone_sts, sts_key=""), CHECK)
    yield row.draft(
        "serial-by-clone",
        info(lambda pki: f"<ds:X509Data>{issuer_serial(pki.sts.certificate)}</ds:X509Data>", "clone_sts"),
        CHECK,
    )
    yield row.draft(
        "subject-name",
        info(lambda _pki: "<ds:X509Data><ds:X509SubjectName>CN=sts</ds:X509SubjectName></ds:X509Data>"),
        KIND,
        HEADER,
        UNAVAILABLE,
    )
    yield row.draft("empty-data", info(lambda _pki: "<ds:X509Data/>"), KIND, HEADER, TOKEN, UNAVAILABLE)
    yield row.draft("garbage", info(lambda _pki: x509_data("AAAA")), TOKEN)
    yield row.draft(
        "to-header",
        lambda pki: STS(pki).but(security_first=binary_token(pki.sts.base64), sts_key=key_info(reference())),
        KIND,
        HEADER,
    )
    stranger = Row(
        row.id, "a stranger signs an assertion of his own", "product", "saml20-sts", "saml20-sts", "sender"
    )
    yield stranger.draft("stranger", lambda pki: STS(pki).but(sts=pki.stranger), AUTHENTICATION)
    https = Row(row.id, stranger.title, "product", "saml20-sts-https", "saml20-sts-https")
    yield https.draft("stranger-https", lambda pki: STS(pki).but(sts=pki.stranger), AUTHENTICATION)
    both = Row(
        row.id,
        "a sender, who may vouch, signs as if it were the issuer",
        "product",
        "saml20-either",
        "saml20-either-sts",
        "sender",
    )
    yield both.draft("sender-as-issuer", lambda pki: STS(pki).but(sts=pki.sender), AUTHENTICATION)
    signed = Row(row.id, both.title, "product", "saml20-sts-signed", "saml20-sts-signed")
    yield signed.draft(
        "sender-as-issuer-signed", lambda pki: by_both(20)(pki).but(sts=pki.sender), AUTHENTICATION
    )
