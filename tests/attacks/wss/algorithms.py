"""Algorithms that are broken, of another kind, or used where they do not belong; values that are malformed."""

import base64
import hashlib
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.attacks.wss.catalogue import ALGORITHM, CHECK, HEADER, KIND, TOKEN, Attack
from tests.attacks.wss.honest import by_somebody, by_sts, with_algorithms
from tests.attacks.wss.rows import Row, of
from tests.attacks.wss.transforms import SIGNED, body_ref
from tests.forge.keys import Pki
from tests.forge.message import Message
from tests.forge.names import C14N, DS, EXC_C14N, MORE, RSA_SHA1, RSA_SHA256, SAML2, SHA1, SHA256, XENC
from tests.forge.signing import Ref, Shape

POLICY = "RFC 6151, SP 800-131A"
HMAC = "GHSA-6vx8-pcwv-xhf4"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def algorithms() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _broken()
    yield from _macs()
    yield from _canonicalizations()
    yield from _values()
    yield from _low_exponent()
    yield from _nothing_signed()
    yield from _encryption()


def _broken() -> Iterator[Attack]:
    row = Row("algorithm", "an algorithm that is broken or not offered", POLICY)
    methods = {
        "rsa-sha1": RSA_SHA1,
        "rsa-md5": f"{MORE}rsa-md5",
        "rsa-sha224": f"{MORE}rsa-sha224",
        "rsa-ripemd160": f"{MORE}rsa-ripemd160",
        "unknown": "urn:unknown",
        "empty": "",
        "ecdsa-for-rsa": f"{MORE}ecdsa-sha256",
    }
    for name, method in methods.items():
        codes = (ALGORITHM, CHECK, TOKEN) if name == "ecdsa-for-rsa" else (ALGORITHM,)
        yield row.draft(name, with_algorithms(method, SHA256), *codes)
    yield row.draft(
        "ecdsa-sha1", with_algorithms(f"{MORE}ecdsa-sha1", SHA256, lambda p: p.sender_ec), ALGORITHM
    )
    rsa_for_ec = of(by_somebody("sender_ec", reference="direct"), shape=Shape(RSA_SHA256))
    yield row.draft("rsa-for-ec", rsa_for_ec, ALGORITHM, CHECK, TOKEN)
    yield row.draft("dsa-sha1", with_algorithms(f"{DS}dsa-sha1", SHA256, lambda p: p.dsa), ALGORITHM)
    dsa = "http://www.w3.org/2009/xmldsig11#dsa-sha256"
    yield row.draft("dsa-sha256", with_algorithms(dsa, SHA256, lambda p: p.dsa), ALGORITHM)
    digests = {
        "digest-sha1": SHA1,
        "digest-md5": f"{MORE}md5",
        "digest-sha224": f"{MORE}sha224",
        "digest-ripemd160": f"{XENC}ripemd160",
        "digest-unknown": "urn:unknown",
    }
    for name, digest in digests.items():
        yield row.draft(name, with_algorithms(RSA_SHA256, digest), ALGORITHM)
    one = of(SIGNED, covers=("timestamp", "assertion"), more_refs=(Ref("id-body", digest=SHA1),))
    yield row.draft("digest-sha1-once", one, ALGORITHM)
    legacy = Row("algorithm", row.title, row.source, "saml20-legacy", "saml20-legacy")
    yield legacy.draft("legacy-rsa-md5", with_algorithms(f"{MORE}rsa-md5", SHA1), ALGORITHM)
    yield legacy.draft("legacy-digest-md5", with_algorithms(RSA_SHA1, f"{MORE}md5"), ALGORITHM)
    yield legacy.draft(
        "legacy-ecdsa-sha1", with_algorithms(f"{MORE}ecdsa-sha1", SHA1, lambda p: p.sender_ec), ALGORITHM
    )
    sts = Row("algorithm", row.title, row.source, "saml20-sts", "saml20-sts", "sender")
    for name, method in (("rsa-sha1", RSA_SHA1), ("rsa-md5", f"{MORE}rsa-md5"), ("hmac", f"{DS}hmac-sha1")):
        yield sts.draft(f"sts-{name}", by_sts(20, sts_shape=Shape(method, id="STS-SIG")), ALGORITHM)


def _macs() -> Iterator[Attack]:
    row = Row("hmac", "a MAC whose key is the certificate, which everybody knows", HMAC)
    yield row.draft("sha1", with_algorithms(f"{DS}hmac-sha1", SHA256), ALGORITHM)
    yield row.draft("sha256", with_algorithms(f"{MORE}hmac-sha256", SHA256), ALGORITHM)
    short = Row("hmac", "a MAC of which one bit is compared", "CVE-2009-0217")
    for bits in (0, 1, 8):
        inside = f"<ds:HMACOutputLength>{bits}</ds:HMACOutputLength>"
        shape = Shape(f"{DS}hmac-sha1", method_inside=inside)
        yield short.draft(f"length-{bits}", of(SIGNED, shape=shape), ALGORITHM, HEADER)
    inside = "<ds:HMACOutputLength>8</ds:HMACOutputLength>"
    yield short.draft("length-for-rsa", of(SIGNED, shape=Shape(method_inside=inside)), ALGORITHM, HEADER)


def _canonicalizations() -> Iterator[Attack]:
    row = Row("c14n", "SignedInfo is canonicalized in ways that import what is around it", "BSP 1.1 R5404")
    forms = {
        "inclusive": C14N,
        "inclusive-comments": f"{C14N}#WithComments",
        "comments": f"{EXC_C14N}WithComments",
        "c14n11": "http://www.w3.org/2006/12/xml-c14n11",
        "unknown": "urn:unknown",
        "base64": f"{DS}base64",
    }
    for name, form in forms.items():
        yield row.draft(name, of(SIGNED, shape=Shape(c14n=form)), ALGORITHM)
    many = '<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="soap"/>' * 2
    yield row.draft("two-prefix-lists", of(SIGNED, shape=Shape(c14n_inside=many)), ALGORITHM, HEADER)
    void = Row(
        "void-c14n",
        "a relative namespace makes canonicalization fail, so that nothing is hashed",
        "CVE-2025-66568",
    )
    relative = '<lab:whoAmI xmlns:lab="urn:ims-gateway:lab" xmlns:r="relative/uri"/>'
    for name, digest in (("empty", _EMPTY_SHA256), ("other", "A" * 43 + "=")):
        draft = of(
            SIGNED,
            body=relative,
            covers=("timestamp", "assertion"),
            more_refs=(Ref("id-body", octets=_nothing, value=digest),),
        )
        yield void.draft(name, draft, CHECK, HEADER)
    empty = Row("void-c14n", "the digest of nothing stands for the Body", "CVE-2025-66568")
    yield empty.draft("honest-sha256", body_ref(Ref("x").transforms, value=_EMPTY_SHA256), CHECK)
    yield empty.draft("no-digest", body_ref(Ref("x").transforms, value=""), CHECK, HEADER)


_EMPTY_SHA256 = base64.b64encode(hashlib.sha256(b"").digest()).decode()


def _nothing(_root):
    return b""


# -- values ---------------------------------------------------------------------------------------------------


def _ec(value: Callable[[bytes], bytes]):
    shape = Shape(value=lambda octets: base64.b64encode(value(octets)).decode())
    return of(by_somebody("sender_ec", reference="direct"), shape=shape)


def _raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _halves(octets: bytes) -> tuple[int, int]:
    return int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")


def _values() -> Iterator[Attack]:
    psychic = Row(
        "ecdsa-value", "values that some verifiers take for any message", "CVE-2022-21449", honest="saml20-ec"
    )
    forms: dict[str, Callable[[bytes], bytes]] = {
        "zeros": lambda _octets: bytes(64),
        "r-zero": lambda octets: _raw(0, _halves(octets)[1]),
        "s-zero": lambda octets: _raw(_halves(octets)[0], 0),
        "s-order": lambda octets: _raw(_halves(octets)[0], P256_ORDER),
        "both-order": lambda _octets: _raw(P256_ORDER, P256_ORDER),
        "der": lambda octets: encode_dss_signature(*_halves(octets)),
        "long": lambda octets: octets[:32] + b"\0" + octets[32:] + b"\0",
        "short": lambda octets: octets[:63],
        "empty": lambda _octets: b"",
    }
    for name, form in forms.items():
        yield psychic.draft(name, _ec(form), CHECK, HEADER)
    row = Row("value", "a SignatureValue that is no value of the key", "XML Signature 1.1, 4.3")
    texts: dict[str, Callable[[bytes], str]] = {
        "empty": lambda _octets: "",
        "zeros": lambda octets: base64.b64encode(bytes(len(octets))).decode(),
        "ones": lambda octets: base64.b64encode(b"\xff" * len(octets)).decode(),
        "long": lambda octets: base64.b64encode(b"\0" + octets).decode(),
        "short": lambda octets: base64.b64encode(octets[:-1]).decode(),
        "foreign-characters": lambda octets: "*" + base64.b64encode(octets).decode(),
        "url-alphabet": lambda octets: base64.urlsafe_b64encode(b"\xff\xff\xff" + octets[3:]).decode(),
        "no-padding": lambda octets: base64.b64encode(octets).decode().rstrip("="),
        "child": lambda octets: f"<ds:x/>{base64.b64encode(octets).decode()}",
        "other-key": lambda octets: base64.b64encode(octets[::-1]).decode(),
    }
    for name, text in texts.items():
        yield row.draft(name, of(SIGNED, shape=Shape(value=text)), CHECK, HEADER)
    for name, value in (
        ("short", base64.b64encode(bytes(31)).decode()),
        ("foreign", "*" * 44),
        ("long", "A" * 88),
    ):
        yield Row("digest-value", "a DigestValue of another length or alphabet", row.source).draft(
            name, body_ref(Ref("x").transforms, value=value), CHECK, HEADER
        )


def _low_exponent() -> Iterator[Attack]:
    """Bleichenbacher's forgery of 2006: with e = 3 the cube root of a block and garbage is a "signature"."""

    def draft(pki: Pki) -> Message:
        def forged(_octets: bytes) -> str:
            size = pki.low_exponent.key.key_size // 8
            prefix = bytes.fromhex("3031300d060960864801650304020105000420")
            # a real forger takes the digest of SignedInfo; the key is refused before anybody could tell
            block = b"\0\1" + b"\xff" * 8 + b"\0" + prefix + hashlib.sha256(b"any").digest()
            target = int.from_bytes(block.ljust(size, b"\xff"), "big")
            return base64.b64encode(_cube_root(target).to_bytes(size, "big")).decode()

        return SIGNED(pki).but(signed_by=pki.low_exponent, shape=Shape(value=forged))

    row = Row("low-exponent", "a forged value for a key with exponent 3", "CVE-2006-4339")
    yield row.draft("forged", draft, TOKEN, CHECK)


def _cube_root(value: int) -> int:
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle - 1)
    return low


def _nothing_signed() -> Iterator[Attack]:
    row = Row(
        "references", "SignedInfo has no reference, too many, or two to one place", "signxml, xmlsec; BSP 1.1"
    )
    yield row.draft("none", of(SIGNED, refs=()), HEADER)
    yield row.draft("same-twice", of(SIGNED, more_refs=(Ref("id-body"),)), HEADER)

    def many(pki: Pki) -> Message:
        blocks = "".join(f'<x:b xmlns:x="urn:x" Id="b{n}"/>' for n in range(14))
        return SIGNED(pki).but(headers_first=blocks, more_refs=tuple(Ref(f"b{n}") for n in range(14)))

    yield row.draft("seventeen", many, HEADER)
    nested = "".join(f'<b xmlns="urn:x" Id="b{n}">' for n in range(12)) + "</b>" * 12
    refs = tuple(Ref(f"b{n}") for n in range(12))
    yield row.draft("nested", of(SIGNED, headers_first=nested, more_refs=refs), HEADER, CHECK)

    def thousand(pki: Pki) -> Message:
        refs = tuple(Ref("id-body", value="A" * 43 + "=", uri=f'URI="#b{n}"') for n in range(1000))
        return SIGNED(pki).but(more_refs=refs)

    yield row.draft("thousand", thousand, HEADER)


def _encryption() -> Iterator[Attack]:
    """The oracles of key transport and CBC need a receiver that decrypts; this one does not."""
    row = Row(
        "encryption",
        "something is encrypted, to turn the receiver into an oracle",
        "CVE-2011-1096, CVE-2015-0226",
    )
    method = f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-1_5"/>'
    cipher = "<xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData>"
    key = f'<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="EK">{method}{cipher}</xenc:EncryptedKey>'
    data = f'<xenc:EncryptedData xmlns:xenc="{XENC}" Id="ED">{method}{cipher}</xenc:EncryptedData>'
    wrapped = f'<saml2:EncryptedAssertion xmlns:saml2="{SAML2}">{data}</saml2:EncryptedAssertion>'
    yield row.draft("key", of(SIGNED, security_first=key), ALGORITHM, KIND)
    yield row.draft("data", of(SIGNED, security_last=data), ALGORITHM, KIND)
    yield row.draft(
        "references", of(SIGNED, security_last=f'<xenc:ReferenceList xmlns:xenc="{XENC}"/>'), ALGORITHM, KIND
    )
    yield row.draft("body", of(SIGNED, body=data), "Client")
    yield row.draft("assertion-besides", of(SIGNED, security_last=wrapped), HEADER, KIND)
    yield row.draft(
        "assertion-alone", of(SIGNED, claims={"token_xml": wrapped}, covers=("timestamp", "body")), KIND
    )
    name = (
        '<saml2:EncryptedID xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">'
        + data
        + "</saml2:EncryptedID>"
    )
    yield row.draft("name", of(SIGNED, claims={"name": name}), KIND, TOKEN)
