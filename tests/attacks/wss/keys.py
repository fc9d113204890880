"""How a signature names its key, and certificates that must not be believed."""

import base64
import secrets
from collections.abc import Iterator

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks.wss.catalogue import (
    ALGORITHM,
    AUTHENTICATION,
    CHECK,
    CLIENT,
    HEADER,
    KIND,
    TOKEN,
    UNAVAILABLE,
    Attack,
)
from tests.attacks.wss.honest import Draft, by_both, by_sender, by_somebody, by_sts, unsigned
from tests.attacks.wss.rows import Row, of
from tests.attacks.wss.transforms import SIGNED, STS
from tests.forge.keys import Pki, Signer
from tests.forge.message import (
    Message,
    binary_token,
    issuer_serial,
    key_identifier,
    key_info,
    pki_path,
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
    X509_PROFILE,
    X509_V3,
)

FAKING = "Mainka et al. 2012 (certificate faking)"
WSS = "WSS 1.1.1; BSP 1.1"


def keys() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _no_certificate()
    yield from _shapes()
    yield from _direct()
    yield from _other_targets()
    yield from _locators()
    yield from _tokens()
    yield from _of_assertions()
    yield from _confusion()
    yield from _certificates()
    yield from _chains()
    yield from _senders()


def named(token: str, info: str) -> Draft:
    """Return a message by the sender with this token and KeyInfo."""
    return of(SIGNED, key_xml=(token, info))


def _with(make) -> Draft:
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
        return _with(lambda pki: (binary_token(pki.sender.base64), make(pki)))

    yield row.draft("none", _with(lambda pki: (binary_token(pki.sender.base64), "")), HEADER)
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
        return _with(lambda pki: (binary_token(pki.sender.base64), key_info(inside)))

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
        return _with(
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
            name, _with(lambda pki, k=kind: ("", key_info(key_identifier(pki.sender.der, k)))), *codes
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
    hexed = lambda pki: key_identifier(b"\0", SKI).replace(BASE64_BINARY, f"{MESSAGE_SECURITY}HexBinary")  # noqa: E731
    yield encoding.draft("hexadecimal", _with(lambda pki: ("", key_info(hexed(pki)))), HEADER)


# -- BinarySecurityToken --------------------------------------------------------------------------------------


def _tokens() -> Iterator[Attack]:
    row = Row(
        "binary-token",
        "a BinarySecurityToken that is not one certificate, or a path of them",
        "X.509 Token Profile",
    )

    def content(make, kind: str = X509_V3, encoding: str = BASE64_BINARY):
        info = key_info(reference(kind=kind))
        return _with(lambda pki: (binary_token(make(pki), kind, encoding=encoding), info))

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


def _confusion() -> Iterator[Attack]:
    row = Row("key-confusion", "one certificate is shown, another key signs", FAKING)
    yield row.draft(
        "genuine-shown", lambda pki: SIGNED(pki).but(signed_by=pki.sender.with_key_of(pki.clone)), CHECK
    )
    for key in ("issuer-serial", "ski", "thumbprint", "pkipath"):
        draft = lambda pki, k=key: SIGNED(pki).but(signed_by=pki.sender.with_key_of(pki.clone), key=k)  # noqa: E731
        yield row.draft(f"genuine-by-{key}", draft, CHECK)
    yield row.draft("clone-by-ski", by_somebody("clone", key="ski"), CHECK)
    yield row.draft("clone-by-issuer-serial", by_somebody("clone_of_chain", key="issuer-serial"), CHECK)
    yield row.draft("clone-by-thumbprint", by_somebody("clone", key="thumbprint"), UNAVAILABLE)

    def two_tokens(first: str):
        def draft(pki: Pki) -> Message:
            genuine = binary_token(pki.sender.base64, token_id="X509-2")
            forged = binary_token(pki.clone.base64)
            tokens = genuine + forged if first == "genuine" else forged + genuine
            return SIGNED(pki).but(signed_by=pki.clone, key_xml=(tokens, key_info(reference())))

        return draft

    yield row.draft("two-tokens-genuine-first", two_tokens("genuine"), AUTHENTICATION)
    yield row.draft("two-tokens-forged-first", two_tokens("forged"), AUTHENTICATION)
    anybody = Row(row.id, row.title, FAKING, "saml20-any", "saml20-any")
    yield anybody.draft("any", lambda pki: SIGNED(pki).but(signed_by=pki.sender.with_key_of(pki.clone)), CHECK)


# -- certificates ---------------------------------------------------------------------------------------------


def _certificates() -> Iterator[Attack]:
    """All but the last stand in the truststore, so what is wrong with each is all that is wrong."""
    unfit = {
        "expired": "the certificate has expired",
        "future": "the certificate is not valid yet",
        "weak": "the key is RSA-1024",
        "p192": "the key is on the curve P-192",
        "huge": "the key is RSA-16384, which takes a verifier long",
        "low_exponent": "the key has the exponent 3",
        "encipherment": "the certificate is for enciphering",
        "critical": "the certificate has an unknown critical extension",
    }
    for name, title in unfit.items():
        for trust, key in (("one", "bst"), ("one", "ski"), ("any", "bst"), ("chain", "bst")):
            honest = {"one": "saml20-ec", "any": "saml20-any", "chain": "saml20-chain"}[trust]
            row = Row("certificate", title, "RFC 5280; SP 800-131A", f"saml20-{trust}", honest)
            yield row.draft(f"{name}-{trust}-{key}", by_somebody(name, key=key), TOKEN, ALGORITHM)
    for name in ("stranger", "clone", "clone_of_chain", "colleague"):
        row = Row("untrusted", "a certificate that is not in the truststore, some with the same words", FAKING)
        for key in ("bst", "pkipath"):
            if name == "stranger" and key == "pkipath":
                continue
            yield row.draft(f"{name}-{key}", by_somebody(name, key=key), AUTHENTICATION)
        sts = Row(row.id, row.title, FAKING, "saml20-sts-signed", "saml20-sts-signed")
        yield sts.draft(
            f"{name}-sts-signed",
            lambda pki, n=name: by_both(20)(pki).but(signed_by=getattr(pki, n)),
            AUTHENTICATION,
        )


def _chains() -> Iterator[Attack]:
    row = Row(
        "chain",
        "a certificate that does not come from the authority, or not rightly",
        "RFC 5280, 6.1",
        "saml20-chain",
        "saml20-chain",
    )
    for name in ("stranger", "clone", "clone_of_chain", "by_sender", "sts"):
        for key in ("bst", "pkipath"):
            if key == "pkipath" and name in {"stranger", "clone", "sts"}:
                continue
            yield row.draft(f"{name}-{key}", by_somebody(name, key=key), AUTHENTICATION)
    yield row.draft("md5", by_somebody("md5"), TOKEN, AUTHENTICATION)
    yield row.draft("sha1", by_somebody("sha1"), TOKEN, AUTHENTICATION)
    yield row.draft("authority-itself", by_somebody("ca"), AUTHENTICATION, TOKEN)
    revoked = Row(
        "revocation",
        "the certificate is revoked, or nobody can tell",
        "RFC 5280, 6.3",
        "saml20-crl",
        "saml20-crl",
    )
    allowed = Row(
        "revocation", "the revocation list is out of date", "RFC 5280, 6.3", "saml20-stale", "saml20-crl"
    )
    yield revoked.draft("listed", by_somebody("revoked"), AUTHENTICATION)
    yield allowed.draft("stale", by_sender(20), AUTHENTICATION)


def _senders() -> Iterator[Attack]:
    row = Row("sender", "the sender is known and may not vouch", "product", "saml20-chain", "saml20-chain")
    yield row.draft("colleague", by_somebody("colleague"), AUTHENTICATION)
    anybody = Row("sender", row.title, "product", "saml20-any-tls", "saml20-any-tls")
    yield anybody.draft("stranger", by_somebody("stranger"), AUTHENTICATION)
    either = Row(
        "sender",
        "the issuer of assertions signs a message as its sender",
        "product",
        "saml20-either",
        "saml20-either-sender",
    )
    yield either.draft("issuer-as-sender", by_somebody("sts"), AUTHENTICATION)
    for version in (11, 20):
        kind = f"saml{version}"
        for service, honest, draft in (("mtls", "mtls", unsigned(version)), ("sts", "sts", by_sts(version))):
            for client in ("", "colleague", "stranger"):
                each = Row(
                    "channel",
                    "the TLS client certificate is missing, or is that of somebody who may not vouch",
                    "SAML Token Profile 1.1.1, 3.5.2",
                    f"{kind}-{service}",
                    f"{kind}-{honest}",
                    client,
                )
                yield each.draft(f"{service}-{client or 'none'}-{kind}", draft, AUTHENTICATION)
    stolen = Row(
        "stolen-assertion",
        "a captured assertion in a message of the thief",
        "SAML Token Profile",
        "saml20-sts-signed",
        "saml20-sts-signed",
    )
    yield stolen.draft("resigned", lambda pki: by_both(20)(pki).but(signed_by=pki.colleague), AUTHENTICATION)
    yield stolen.draft("stranger", lambda pki: by_both(20)(pki).but(signed_by=pki.stranger), AUTHENTICATION)
    one = Row(stolen.id, stolen.title, stolen.source, honest="saml20-one-both")
    yield one.draft("resigned-one", lambda pki: by_both(20)(pki).but(signed_by=pki.colleague), AUTHENTICATION)
    bare = Row(
        stolen.id,
        "a captured assertion goes into an unsigned message over the thief's TLS",
        stolen.source,
        "saml20-sts",
        "saml20-sts",
        "colleague",
    )
    yield bare.draft("channel", by_sts(20), AUTHENTICATION)
