"""How a signature names its key, and certificates that must not be believed."""

import base64
import secrets
from collections.abc import Iterator

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks.wss.catalogue import (
    CHECK,
    CLIENT,
    HEADER,
    KIND,
    TOKEN,
    UNAVAILABLE,
    Attack,
)
from tests.attacks.wss.honest import Draft, by_sender, by_somebody
from tests.attacks.wss.rows import Row, of
from tests.attacks.wss.transforms import SIGNED, STS
from tests.forge.keys import Pki, Signer
from tests.forge.message import (
    Message,
    binary_token,
    issuer_serial,
    key_identifier,
    key_info,
    reference,
    x509_data,
)
from tests.forge.names import (
    BASE64_BINARY,
    DSIG11,
    LAB,
    MESSAGE_SECURITY,
    MESSAGE_SECURITY_11,
    PKI_PATH,
    SAML_PROFILE_11,
    SKI,
    THUMBPRINT,
    WSSE,
    WSU,
    X509_V3,
)

FAKING = "SAML Raider; WS-Attacker (signature faking)"
WSS = "WSS 1.1.1; BSP 1.1"


def keys() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _no_certificate()
    yield from _shapes()
    yield from _direct()
    yield from _other_targets()
    yield from _locators()


def named(token: str, info: str) -> Draft:
    """Return a message by the sender with this token and KeyInfo."""
    return of(SIGNED, key_xml=(token, info))


def with_key(make) -> Draft:
    """Return a message by the sender; token and KeyInfo are made of the PKI."""
    return lambda pki: SIGNED(pki).but(key_xml=make(pki))


# -- a bare key, a name, an address ---------------------------------------------------------------------------


def _rsa_value(signer: Signer) -> str:
    numbers = signer.key.public_key().public_numbers()
    modulus = base64.b64encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")).decode()
    exponent = base64.b64encode(numbers.e.to_bytes(3, "big")).decode()
    return (
        f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>{exponent}</ds:Exponent>"
        "</ds:RSAKeyValue></ds:KeyValue>"
    )


def _der_value(signer: Signer) -> str:
    der = signer.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b64encode(der).decode()
    return f'<d:DEREncodedKeyValue xmlns:d="{DSIG11}">{text}</d:DEREncodedKeyValue>'


def bare_keys(pki: Pki) -> dict[str, str]:
    """Return what a KeyInfo may hold in place of a certificate."""
    return {
        "key-value": _rsa_value(pki.clone),
        "der-key-value": _der_value(pki.clone),
        "key-name": "<ds:KeyName>sender</ds:KeyName>",
        "retrieval-file": '<ds:RetrievalMethod URI="file:///etc/passwd"/>',
        "retrieval-http": '<ds:RetrievalMethod URI="http://127.0.0.1:9/x" '
        'Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate"/>',
        "retrieval-loop": '<ds:RetrievalMethod URI="#SIG"/>',
        "key-info-reference": f'<d:KeyInfoReference xmlns:d="{DSIG11}" URI="http://127.0.0.1:9/x"/>',
        "key-info-loop": f'<d:KeyInfoReference xmlns:d="{DSIG11}" URI="#SIG"/>',
        "pgp": "<ds:PGPData><ds:PGPKeyID>AAAAAAAAAAA=</ds:PGPKeyID></ds:PGPData>",
        "mgmt": "<ds:MgmtData>x</ds:MgmtData>",
    }


_BARE = (
    "key-value",
    "der-key-value",
    "key-name",
    "retrieval-file",
    "retrieval-http",
    "retrieval-loop",
    "key-info-reference",
    "key-info-loop",
    "pgp",
    "mgmt",
)


def _no_certificate() -> Iterator[Attack]:
    sources = {"key-value": "CVE-2018-7644", "retrieval-file": "CVE-2021-40690"}
    title = "the signature names a bare key, a name or an address, and is signed by a stranger"

    def info(name: str, signer: str):
        def draft(pki: Pki) -> Message:
            inside = bare_keys(pki)[name]
            return SIGNED(pki).but(
                signed_by=getattr(pki, signer), key_xml=("", f"<ds:KeyInfo>{inside}</ds:KeyInfo>")
            )

        return draft

    def sts_info(name: str):
        def draft(pki: Pki) -> Message:
            inside = bare_keys(pki)[name]
            return STS(pki).but(sts=pki.clone, sts_key=f"<ds:KeyInfo>{inside}</ds:KeyInfo>")

        return draft

    for name in _BARE:
        source = sources.get(name, "XML Signature 1.1, 4.5")
        yield Row("bare-key", title, source).draft(name, info(name, "clone"), HEADER, KIND)
        anybody = Row("bare-key", title, source, "saml20-any", "saml20-any")
        yield anybody.draft(f"{name}-any", info(name, "clone"), HEADER, KIND)
        sts = Row("bare-key", title, source, "saml20-sts", "saml20-sts", "sender")
        yield sts.draft(f"{name}-sts", sts_info(name), KIND, HEADER)

    def beside(pki: Pki) -> Message:
        both = f"<ds:KeyInfo>{_rsa_value(pki.clone_sts)}{x509_data(pki.sts.base64)}</ds:KeyInfo>"
        return STS(pki).but(sts=pki.clone_sts, sts_key=both)

    sts = Row(
        "bare-key",
        "a KeyValue beside a certificate of another key",
        FAKING,
        "saml20-sts",
        "saml20-sts",
        "sender",
    )
    yield sts.draft("key-value-beside", beside, KIND, CHECK)


# -- KeyInfo and SecurityTokenReference -----------------------------------------------------------------------


def _shapes() -> Iterator[Attack]:
    row = Row(
        "key-info", "KeyInfo or its SecurityTokenReference holds too little, too much or something strange", WSS
    )
    direct = reference()

    def token(make):
        return with_key(lambda pki: (binary_token(pki.sender.base64), make(pki)))

    yield row.draft("none", with_key(lambda pki: (binary_token(pki.sender.base64), "")), HEADER)
    yield row.draft("empty", token(lambda _pki: "<ds:KeyInfo/>"), HEADER)
    yield row.draft("two-strs", token(lambda _pki: _doubled(key_info(direct))), HEADER)
    yield row.draft(
        "bare-x509data", token(lambda pki: f"<ds:KeyInfo>{x509_data(pki.sender.base64)}</ds:KeyInfo>"), HEADER
    )
    yield row.draft("str-empty", token(lambda _pki: key_info("")), HEADER, UNAVAILABLE)
    yield row.draft("str-two", token(lambda _pki: key_info(direct * 2)), HEADER)
    two = token(
        lambda pki: key_info(direct + f"<ds:X509Data>{issuer_serial(pki.sender.certificate)}</ds:X509Data>")
    )
    yield row.draft("str-two-kinds", two, HEADER)
    yield row.draft("str-key-name", token(lambda _pki: key_info("<ds:KeyName>sender</ds:KeyName>")), HEADER)
    embedded = token(lambda pki: key_info(f"<wsse:Embedded>{_embedded(pki)}</wsse:Embedded>"))
    yield row.draft("embedded", embedded, KIND, HEADER)
    in_str = f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}">{direct}</wsse:SecurityTokenReference>'
    yield row.draft(
        "str-in-embedded",
        token(lambda _pki: key_info(f"<wsse:Embedded>{in_str}</wsse:Embedded>")),
        KIND,
        HEADER,
    )
    yield row.draft("str-in-str", token(lambda _pki: key_info(in_str)), HEADER)


def _doubled(info: str) -> str:
    inside = info.removeprefix("<ds:KeyInfo>").removesuffix("</ds:KeyInfo>")
    return f"<ds:KeyInfo>{inside * 2}</ds:KeyInfo>"


def _embedded(pki: Pki) -> str:
    return binary_token(pki.clone.base64).replace(" ", f' xmlns:wsu="{WSU}" ', 1)


def _direct() -> Iterator[Attack]:
    row = Row("token-reference", "the reference to the token leads elsewhere, or says another type", WSS)

    def token(inside: str):
        return with_key(lambda pki: (binary_token(pki.sender.base64), key_info(inside)))

    uris = ("", "#", "#X509-2", "http://127.0.0.1:9/x", "file:///etc/passwd", "cid:x", "X509-1", "#xpointer(/)")
    for uri in uris:
        inside = f'<wsse:Reference URI="{uri}" ValueType="{X509_V3}"/>'
        name = "".join(c if c.isalnum() else "-" for c in uri).strip("-") or f"blank{len(uri)}"
        yield row.draft(f"uri-{name}", token(inside), UNAVAILABLE, HEADER)
    yield row.draft("uri-missing", token(f'<wsse:Reference ValueType="{X509_V3}"/>'), UNAVAILABLE, HEADER)
    yield row.draft("type-missing", token('<wsse:Reference URI="#X509-1"/>'), HEADER, TOKEN)
    yield row.draft("type-other", token(reference(kind=PKI_PATH)), HEADER, TOKEN)
    for target in ("#id-body", "#TS-1", "#SIG"):
        inside = f'<wsse:Reference URI="{target}" ValueType="{X509_V3}"/>'
        yield row.draft(f"to-{target[1:].lower()}", token(inside), UNAVAILABLE, HEADER)


def _other_targets() -> Iterator[Attack]:
    """The token is there, and not in our Security header."""
    row = Row(
        "token-place", "the certificate stands outside of our Security header", "WSS 1.1.1; BSP 1.1 R3066"
    )
    declared = f'xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" '

    def token(pki: Pki) -> str:
        return binary_token(pki.sender.base64).replace(" ", f" {declared}", 1)

    def placed(place: str):
        def draft(pki: Pki) -> Message:
            message = SIGNED(pki).but(key_xml=("", key_info(reference())))
            if place == "body":
                return message.but(body=f'<lab:echo xmlns:lab="{LAB}">{token(pki)}</lab:echo>')
            if place == "header":
                return message.but(headers_first=token(pki))
            if place == "other-security":
                other = (
                    f'<wsse:Security xmlns:wsse="{WSSE}" soap:actor="urn:other">{token(pki)}</wsse:Security>'
                )
                return message.but(headers_first=other)
            return message.but(
                key_xml=("", key_info(reference()).replace("</ds:KeyInfo>", f"{token(pki)}</ds:KeyInfo>"))
            )

        return draft

    for place in ("body", "header", "other-security", "key-info"):
        yield row.draft(place, placed(place), UNAVAILABLE, HEADER, CLIENT)


# -- locators -------------------------------------------------------------------------------------------------


def _locators() -> Iterator[Attack]:
    row = Row("locator", "a property of a certificate that nobody has, or that several have", WSS)
    unknown = {
        "ski": key_identifier(secrets.token_bytes(20), SKI),
        "thumbprint": key_identifier(secrets.token_bytes(20), THUMBPRINT),
        "thumbprint-short": key_identifier(b"\0", THUMBPRINT),
        "ski-empty": key_identifier(b"", SKI),
    }
    for name, identifier in unknown.items():
        yield row.draft(f"unknown-{name}", named("", key_info(identifier)), UNAVAILABLE, HEADER)

    def serial(change):
        return with_key(
            lambda pki: (
                "",
                key_info(f"<ds:X509Data>{change(issuer_serial(pki.sender.certificate))}</ds:X509Data>"),
            )
        )

    yield row.draft("unknown-serial", serial(lambda text: text.replace(">100<", ">101000<")), UNAVAILABLE)
    yield row.draft("other-serial", serial(lambda text: text.replace(">100<", ">101<")), CHECK, TOKEN)
    yield row.draft(
        "unknown-issuer", serial(lambda text: text.replace("CN=Partner CA", "CN=Other CA")), UNAVAILABLE
    )
    for name, number in (
        ("sign", "+100"),
        ("hex", "0x64"),
        ("huge", "9" * 5000),
        ("empty", ""),
        ("letters", "１００"),
    ):
        change = serial(lambda text, n=number: text.replace(">100<", f">{n}<"))
        yield row.draft(f"serial-{name}", change, UNAVAILABLE, HEADER, TOKEN)
    yield row.draft(
        "issuer-garbage", serial(lambda text: text.replace("CN=Partner CA", "====")), UNAVAILABLE, TOKEN, HEADER
    )
    kinds = {
        "encrypted-key": f"{MESSAGE_SECURITY_11}EncryptedKeySHA1",
        "whole-certificate": X509_V3,
        "unknown-kind": "urn:unknown",
        "saml": f"{SAML_PROFILE_11}SAMLID",
    }
    for name, kind in kinds.items():
        codes = (KIND, HEADER, UNAVAILABLE, TOKEN)
        yield row.draft(
            name, with_key(lambda pki, k=kind: ("", key_info(key_identifier(pki.sender.der, k)))), *codes
        )

    def by_assertion(pki: Pki) -> Message:
        message = SIGNED(pki)
        kind = f"{SAML_PROFILE_11}SAMLID"
        inside = f'<wsse:KeyIdentifier ValueType="{kind}">{message.assertion_id}</wsse:KeyIdentifier>'
        return message.but(key_xml=("", key_info(inside)))

    yield row.draft("assertion-as-key", by_assertion, HEADER)

    def by_direct_assertion(pki: Pki) -> Message:
        message = SIGNED(pki)
        return message.but(key_xml=("", key_info(f'<wsse:Reference URI="#{message.assertion_id}"/>')))

    yield row.draft("assertion-as-token", by_direct_assertion, HEADER, TOKEN)
    twins = Row(
        row.id,
        "two certificates of the truststore have the same key identifier",
        WSS,
        "saml20-twins",
        "saml20-twins",
    )
    yield twins.draft("twins-ski", by_somebody("sender_ec", key="ski"), UNAVAILABLE)
    anybody = Row(
        row.id,
        "trust in anybody, and only a property of the certificate",
        "product",
        "saml20-any",
        "saml20-any",
    )
    for key in ("ski", "thumbprint", "issuer-serial"):
        yield anybody.draft(f"any-{key}", by_sender(20, key=key), UNAVAILABLE)
    chain = Row(
        row.id,
        "trust in an authority, and only a property of the certificate",
        "product",
        "saml20-chain",
        "saml20-chain",
    )
    for key in ("ski", "thumbprint", "issuer-serial"):
        yield chain.draft(f"chain-{key}", by_sender(20, key=key), UNAVAILABLE)
    encoding = Row(row.id, "a key identifier in another encoding", "BSP 1.1 R3070")
    hexed = key_identifier(b"\0", SKI).replace(BASE64_BINARY, f"{MESSAGE_SECURITY}HexBinary")
    yield encoding.draft("hexadecimal", named("", key_info(hexed)), HEADER)


# -- BinarySecurityToken --------------------------------------------------------------------------------------


# -- certificates ---------------------------------------------------------------------------------------------
