"""Which certificates a signature names, and every way of naming them that is refused."""

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.tls.trusted import TrustedKeys
from gateway.wss.signature.shape import Role
from tests.fixtures.certificates import CA, issue, key_of_kind
from tests.unit.wss.signature.making import (
    ASSERTION,
    BASE64,
    ENVELOPED,
    PKI_PATH,
    SAML_ASSERTION_ID,
    SAMLID,
    SKI,
    THUMBPRINT,
    TIMESTAMP,
    WSSE,
    X509V3,
    Hand,
    Reference,
    b64,
    binary_token,
    by_hand,
    direct,
    envelope,
    judged,
    key_identifier,
    key_info,
    token_reference,
    transform,
)

INVALID, UNSUPPORTED = "InvalidSecurity", "UnsupportedSecurityToken"
BAD, UNAVAILABLE = "InvalidSecurityToken", "SecurityTokenUnavailable"
ROOT = issue("root", CA)
MIDDLE = ROOT.issue("middle", CA)
SKID = x509.SubjectKeyIdentifier(b"identifier-of-subject")
HOLDER = MIDDLE.issue("sender, the", SKID, key=key_of_kind("rsa-2048"), serial=4711)
OTHER = issue("other", key=key_of_kind("ec-p256"))
KEYS = TrustedKeys((OTHER.certificate, HOLDER.certificate))
HAND = Hand(HOLDER)
THUMB = b64(hashlib.sha1(HOLDER.der).digest())


def certificate(holder=HOLDER) -> str:
    return f"<ds:X509Certificate>{base64.encodebytes(holder.der).decode()}</ds:X509Certificate>"


def issuer_serial(issuer="CN=middle", serial="4711") -> str:
    return (
        f"<ds:X509IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{serial}</ds:X509SerialNumber></ds:X509IssuerSerial>"
    )


def data(content, attributes="") -> str:
    return f"<ds:X509Data{attributes}>{content}</ds:X509Data>"


def named(content, attributes="") -> str:
    return key_info(token_reference(content, attributes))


def sent(info, *, token=None, keys=KEYS, extra=""):
    """Judge a message with this KeyInfo and BinarySecurityToken."""
    tokens = binary_token(HOLDER.der) if token is None else token
    return judged(envelope(tokens, TIMESTAMP, ASSERTION, extra, HAND.but(key_info=info).text()), keys=keys)


def sequence(*elements: bytes) -> bytes:
    content = b"".join(elements)
    if len(content) < 128:
        return b"\x30" + bytes([len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return b"\x30" + bytes([0x80 | len(length)]) + length + content


PATH = sequence(ROOT.der, MIDDLE.der, HOLDER.der)


# -- the sender's signature -----------------------------------------------------------------------------------

FOUND = {
    "direct": (key_info(direct()), True),
    "direct, with lines and indentation": (
        key_info(("\n  " + direct() + "\r\n\t").replace("><", ">\n    <")),
        True,
    ),
    "direct, with its type": (
        key_info(
            direct().replace("SecurityTokenReference ", f'SecurityTokenReference wsse11:TokenType="{X509V3}" ')
        ),
        True,
    ),
    "subject key identifier": (
        named(key_identifier(SKI, b64(SKID.digest), f' EncodingType="{BASE64}"')),
        False,
    ),
    "subject key identifier, lenient": (named(key_identifier(SKI, b64(SKID.digest))), False),
    "thumbprint": (named(key_identifier(THUMBPRINT, f"\n{THUMB}\n", f' EncodingType="{BASE64}"')), False),
    "issuer and serial": (named(data(issuer_serial())), False),
    "issuer and serial with spaces": (named(data(issuer_serial(" CN = middle ", " 4711\n"))), False),
    "certificate, as zeep": (named(data(certificate() + issuer_serial())), True),
    "certificate alone": (named(data(certificate())), True),
    "X509SKI": (named(data(f"<ds:X509SKI>{b64(SKID.digest)}</ds:X509SKI>")), False),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_certificate_is_found_as_it_is_named(name):
    info, in_message = FOUND[name]
    found = sent(info)
    assert found.refusal is None, found.trail.findings[-1]
    assert found.located.certificates == (HOLDER.certificate,)
    assert found.located.in_message is in_message
    assert found.located.token is not None


@pytest.mark.parametrize("name", [name for name, (_, in_message) in FOUND.items() if not in_message])
def test_what_is_only_named_must_be_in_the_truststore_once(name):
    info, _ = FOUND[name]
    for keys in (TrustedKeys.none(), TrustedKeys((OTHER.certificate,))):
        found = sent(info, keys=keys)
        assert (found.rule, found.fault) == ("key.found", UNAVAILABLE)


def test_a_subject_key_identifier_that_two_certificates_have_names_none():
    twin = issue("twin", SKID)
    found = sent(FOUND["subject key identifier"][0], keys=TrustedKeys((HOLDER.certificate, twin.certificate)))
    assert (found.rule, found.fault) == ("key.found", UNAVAILABLE)


def test_the_names_of_an_issuer_are_compared_and_not_their_spelling():
    issuer = issue(subject=x509.Name.from_rfc4514_string("CN=A\\, B+OU=x,O=Org,C=DE"))
    holder = issuer.issue("leaf", key=HOLDER.key, serial=5)
    keys = TrustedKeys((holder.certificate,))
    for spelt in ("CN=A\\, B+OU=x,O=Org,C=DE", 'OU=x + CN="A, B", O=Org, C=DE', "C=DE,O=Org,CN=A\\2C B+OU=x"):
        assert sent(named(data(issuer_serial(spelt, "5"))), keys=keys).refusal is None
    for other in ("CN=A,O=Org,C=DE", "CN=A\\, B,O=Org,C=DE", "CN=a\\, b+OU=x,O=Org", "no name"):
        found = sent(named(data(issuer_serial(other, "5"))), keys=keys)
        assert found.rule in {"key.found", "key.data"}


REFUSED = {
    "no KeyInfo": (None, "key.info", INVALID),
    "an empty KeyInfo": (key_info(""), "key.info", INVALID),
    "two references": (key_info(direct() + direct()), "key.info", INVALID),
    "X509Data without reference": (key_info(data(certificate())), "key.info", INVALID),
    "KeyName": (key_info("<ds:KeyName>x</ds:KeyName>"), "key.info", INVALID),
    "KeyValue": (key_info("<ds:KeyValue></ds:KeyValue>"), "key.info", INVALID),
    "KeyValue beside": (key_info(direct() + "<ds:KeyValue></ds:KeyValue>"), "key.info", INVALID),
    "RetrievalMethod": (
        key_info('<ds:RetrievalMethod URI="file:///etc/hostname"></ds:RetrievalMethod>'),
        "key.info",
        INVALID,
    ),
    "KeyInfo with an attribute": (
        key_info(direct()).replace("<ds:KeyInfo", '<ds:KeyInfo x="y"'),
        "key.info",
        INVALID,
    ),
    "text before the reference": (key_info("x" + direct()), "key.info", INVALID),
    "text behind the reference": (key_info(direct() + "x"), "key.info", INVALID),
    "text in the reference": (named("x" + key_identifier(THUMBPRINT, THUMB)), "key.reference", INVALID),
    "text at its end": (named(key_identifier(THUMBPRINT, THUMB) + "x"), "key.reference", INVALID),
    "a Reference with text": (
        key_info(direct().replace("</wsse:Reference>", "x</wsse:Reference>")),
        "key.reference",
        INVALID,
    ),
    "a Reference with a child": (
        key_info(direct().replace("</wsse:Reference>", "<ds:KeyName/></wsse:Reference>")),
        "key.reference",
        INVALID,
    ),
    "text in X509Data": (named(data(certificate() + "x")), "key.data", UNSUPPORTED),
    "text in X509IssuerSerial": (
        named(data(issuer_serial().replace("<ds:X509SerialNumber>", "x<ds:X509SerialNumber>"))),
        "key.data",
        BAD,
    ),
    "an empty reference": (named(""), "key.reference", INVALID),
    "two things in a reference": (named(key_identifier(THUMBPRINT, THUMB) * 2), "key.reference", INVALID),
    "KeyName in a reference": (named("<ds:KeyName>x</ds:KeyName>"), "key.reference", INVALID),
    "an attribute of the reference": (
        named(key_identifier(THUMBPRINT, THUMB), ' x="y"'),
        "key.reference",
        INVALID,
    ),
    "embedded": (
        named(f"<wsse:Embedded>{binary_token(HOLDER.der, identifier='e')}</wsse:Embedded>"),
        "key.reference",
        UNSUPPORTED,
    ),
    "to nothing": (key_info(direct("#none")), "key.found", UNAVAILABLE),
    "http": (key_info(direct("http://127.0.0.1/bst")), "key.found", UNAVAILABLE),
    "file": (key_info(direct("file:///etc/hostname")), "key.found", UNAVAILABLE),
    "cid": (key_info(direct("cid:bst")), "key.found", UNAVAILABLE),
    "empty URI": (key_info(direct("")), "key.found", UNAVAILABLE),
    "to the body": (key_info(direct("#body")), "key.found", UNAVAILABLE),
    "to the Timestamp": (key_info(direct("#stamp")), "key.reference", INVALID),
    "to the assertion": (key_info(direct("#saml")), "key.reference", INVALID),
    "another type": (key_info(direct(kind=PKI_PATH)), "key.reference", BAD),
    "no type": (key_info(direct().replace(f' ValueType="{X509V3}"', "")), "key.reference", BAD),
    "another TokenType": (
        named(
            f'<wsse:Reference URI="#bst" ValueType="{X509V3}"></wsse:Reference>', ' wsse11:TokenType="urn:x"'
        ),
        "key.reference",
        BAD,
    ),
    "SAML 2.0 by ID": (named(key_identifier(SAMLID, "saml")), "key.reference", INVALID),
    "SAML 1.1 by ID": (named(key_identifier(SAML_ASSERTION_ID, "saml")), "key.reference", INVALID),
    "an encrypted key": (
        named(
            key_identifier(
                "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKeySHA1", "AA=="
            )
        ),
        "key.reference",
        UNSUPPORTED,
    ),
    "a certificate as identifier": (
        named(key_identifier(X509V3, b64(HOLDER.der))),
        "key.reference",
        UNSUPPORTED,
    ),
    "an identifier without type": (
        named("<wsse:KeyIdentifier>AA==</wsse:KeyIdentifier>"),
        "key.reference",
        UNSUPPORTED,
    ),
    "hexadecimal": (
        named(key_identifier(SKI, "ab", f' EncodingType="{BASE64[:-12]}HexBinary"')),
        "key.reference",
        INVALID,
    ),
    "an attribute of the identifier": (named(key_identifier(SKI, "AA==", ' x="y"')), "key.reference", INVALID),
    "identifier is no base64": (named(key_identifier(SKI, "A")), "key.reference", INVALID),
    "identifier is empty": (named(key_identifier(SKI, "")), "key.found", UNAVAILABLE),
    "identifier is long": (named(key_identifier(SKI, b64(b"x" * 65))), "key.found", UNAVAILABLE),
    "thumbprint by SHA-256": (named(key_identifier(THUMBPRINT, b64(b"x" * 32))), "key.found", UNAVAILABLE),
    "another thumbprint": (named(key_identifier(THUMBPRINT, b64(b"x" * 20))), "key.found", UNAVAILABLE),
    "another serial number": (named(data(issuer_serial(serial="4712"))), "key.found", UNAVAILABLE),
    "a serial number in hexadecimal": (named(data(issuer_serial(serial="0x1267"))), "key.data", BAD),
    "a negative serial number": (named(data(issuer_serial(serial="-4711"))), "key.data", BAD),
    "a serial number of a thousand digits": (
        named(data(issuer_serial(serial="0" * 1000 + "4711"))),
        "key.data",
        BAD,
    ),
    "no issuer": (named(data(issuer_serial(issuer=""))), "key.data", BAD),
    "no serial number": (
        named(
            data("<ds:X509IssuerSerial><ds:X509IssuerName>CN=middle</ds:X509IssuerName></ds:X509IssuerSerial>")
        ),
        "key.data",
        BAD,
    ),
    "empty X509Data": (named(data("")), "key.data", UNSUPPORTED),
    "an attribute of X509Data": (named(data(certificate(), ' x="y"')), "key.data", UNSUPPORTED),
    "X509CRL": (named(data(certificate() + "<ds:X509CRL>AA==</ds:X509CRL>")), "key.data", UNSUPPORTED),
    "subject name alone": (
        named(data("<ds:X509SubjectName>CN=sender</ds:X509SubjectName>")),
        "key.found",
        UNAVAILABLE,
    ),
    "issuer and serial of another": (named(data(certificate() + issuer_serial(serial="1"))), "key.data", BAD),
    "two issuers": (named(data(issuer_serial() * 2)), "key.data", UNSUPPORTED),
    "SKI of another": (named(data(certificate() + "<ds:X509SKI>AA==</ds:X509SKI>")), "key.data", BAD),
    "SKI is no base64": (named(data("<ds:X509SKI>A</ds:X509SKI>")), "key.data", BAD),
    "a certificate of garbage": (
        named(data("<ds:X509Certificate>AAAA</ds:X509Certificate>")),
        "key.token",
        BAD,
    ),
    "a certificate that is no base64": (
        named(data("<ds:X509Certificate>A</ds:X509Certificate>")),
        "key.token",
        BAD,
    ),
    "an element in a certificate": (
        named(data("<ds:X509Certificate><x></x></ds:X509Certificate>")),
        "key.token",
        BAD,
    ),
    "nine certificates": (named(data(certificate() * 9)), "key.token", BAD),
    "the same certificate twice": (named(data(certificate() * 2)), "key.path", BAD),
    "two signers": (named(data(certificate() + certificate(OTHER))), "key.path", BAD),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_ways_to_name_a_key_are_refused(name):
    info, rule, fault = REFUSED[name]
    found = sent(info)
    assert (found.rule, found.fault) == (rule, fault), found.trail.findings[-1]


def test_a_token_in_the_header_of_another_actor_is_not_there():
    other = f'<wsse:Security xmlns:wsse="{WSSE}" s:actor="urn:other">{binary_token(HOLDER.der)}</wsse:Security>'
    message = envelope(TIMESTAMP, ASSERTION, HAND.text(), headers=other)
    found = judged(message)
    assert (found.rule, found.fault) == ("key.found", UNAVAILABLE)


def test_a_reference_to_a_reference_is_none_to_a_token():
    hop = token_reference('<wsse:Reference URI="#bst"></wsse:Reference>', ' wsu:Id="hop"')
    found = sent(key_info(direct("#hop")), extra=hop)
    assert (found.rule, found.fault) == ("key.reference", INVALID)


def test_key_info_is_believed_and_not_the_first_token():
    stranger = binary_token(OTHER.der, identifier="first")
    found = sent(key_info(direct()), token=stranger + binary_token(HOLDER.der))
    assert found.located.certificates == (HOLDER.certificate,)
    found = sent(key_info(direct("#first")), token=stranger + binary_token(HOLDER.der))
    assert (found.rule, found.fault) == ("key.fits", BAD)


# -- BinarySecurityToken --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PATH, sequence(MIDDLE.der, HOLDER.der), sequence(HOLDER.der)])
def test_the_last_certificate_of_a_path_is_the_signers(path):
    found = sent(key_info(direct(kind=PKI_PATH)), token=binary_token(path, PKI_PATH))
    assert found.refusal is None, found.trail.findings[-1]
    assert found.located.certificates[0] == HOLDER.certificate
    assert len(found.located.certificates) == len(x509_of(path))


def x509_of(path: bytes) -> list[bytes]:
    return [holder.der for holder in (ROOT, MIDDLE, HOLDER) if holder.der in path]


def long_form(der: bytes) -> bytes:
    """The same sequence with a length of one byte more than it needs."""
    count = der[1] & 0x7F
    return der[:1] + bytes([0x80 | (count + 1), 0]) + der[2:]


TOKENS = {
    "garbage": (binary_token(b"garbage"), X509V3, "key.token", BAD),
    "empty": (binary_token(b""), X509V3, "key.token", BAD),
    "two certificates": (binary_token(HOLDER.der + HOLDER.der), X509V3, "key.token", BAD),
    "a byte too many": (binary_token(HOLDER.der + b"\0"), X509V3, "key.token", BAD),
    "cut short": (binary_token(HOLDER.der[:-1]), X509V3, "key.token", BAD),
    "PEM": (binary_token(HOLDER.pem), X509V3, "key.token", BAD),
    "a path as certificate": (binary_token(PATH), X509V3, "key.token", BAD),
    "a certificate as path": (binary_token(HOLDER.der, PKI_PATH), PKI_PATH, "key.token", BAD),
    "40 kilobytes": (binary_token(sequence(b"\0" * 40000)), X509V3, "key.token", BAD),
    "a path in the wrong order": (
        binary_token(sequence(HOLDER.der, MIDDLE.der), PKI_PATH),
        PKI_PATH,
        "key.path",
        BAD,
    ),
    "a path with a gap": (binary_token(sequence(ROOT.der, HOLDER.der), PKI_PATH), PKI_PATH, "key.path", BAD),
    "an empty path": (binary_token(sequence(), PKI_PATH), PKI_PATH, "key.token", BAD),
    "a path of nine": (binary_token(sequence(*[HOLDER.der] * 9), PKI_PATH), PKI_PATH, "key.token", BAD),
    "a path of ninety": (binary_token(sequence(*[HOLDER.der] * 90), PKI_PATH), PKI_PATH, "key.token", BAD),
    "two paths": (binary_token(PATH + PATH, PKI_PATH), PKI_PATH, "key.token", BAD),
    "a byte behind a path": (binary_token(PATH + b"\0", PKI_PATH), PKI_PATH, "key.token", BAD),
    "a byte in a path": (binary_token(sequence(HOLDER.der, b"\0"), PKI_PATH), PKI_PATH, "key.token", BAD),
    "a long length": (binary_token(long_form(PATH), PKI_PATH), PKI_PATH, "key.token", BAD),
    "an indefinite length": (
        binary_token(b"\x30\x80" + HOLDER.der + b"\0\0", PKI_PATH),
        PKI_PATH,
        "key.token",
        BAD,
    ),
    "a path cut short": (binary_token(PATH[:-1], PKI_PATH), PKI_PATH, "key.token", BAD),
    "PKCS #7": (
        binary_token(b"x", X509V3.replace("X509v3", "PKCS7")),
        X509V3.replace("X509v3", "PKCS7"),
        "key.token",
        UNSUPPORTED,
    ),
    "version 1": (
        binary_token(b"x", X509V3.replace("v3", "v1")),
        X509V3.replace("v3", "v1"),
        "key.token",
        UNSUPPORTED,
    ),
    "without ValueType": (
        binary_token(HOLDER.der).replace(f' ValueType="{X509V3}"', ""),
        X509V3,
        "key.reference",
        BAD,
    ),
    "without EncodingType": (binary_token(HOLDER.der, encoding=""), X509V3, "key.token", BAD),
    "hexadecimal": (binary_token(HOLDER.der, encoding=' EncodingType="urn:hex"'), X509V3, "key.token", BAD),
    "no base64": (binary_token(b"").replace("></wsse:B", ">A-_</wsse:B"), X509V3, "key.token", BAD),
    "xop:Include": (
        binary_token(b"").replace(
            "></wsse:B", '><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:x"/></wsse:B'
        ),
        X509V3,
        "key.token",
        BAD,
    ),
    "an attribute": (
        binary_token(HOLDER.der, encoding=f' x="y" EncodingType="{BASE64}"'),
        X509V3,
        "key.token",
        BAD,
    ),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_is_not_exactly_certificates_is_refused(name):
    token, kind, rule, fault = TOKENS[name]
    found = sent(key_info(direct(kind=kind)), token=token)
    assert (found.rule, found.fault) == (rule, fault), found.trail.findings[-1]


@pytest.mark.parametrize("order", ["0", "01", "10", "012", "210", "120", "102", "021"])
def test_certificates_come_in_any_order(order):
    holders = [HOLDER, MIDDLE, ROOT]
    found = sent(named(data("".join(certificate(holders[int(place)]) for place in order))))
    assert found.refusal is None, found.trail.findings[-1]
    assert found.located.certificates == tuple(holder.certificate for holder in holders[: len(order)])


def test_certificates_with_a_gap_are_no_path():
    found = sent(named(data(certificate() + certificate(ROOT))))
    assert (found.rule, found.fault) == ("key.path", BAD)


# -- an assertion's own signature -----------------------------------------------------------------------------

OWN = Reference("#saml", ASSERTION, f"{transform(ENVELOPED)}{transform()}")


def issued(info, keys=KEYS):
    """Judge the assertion's own signature with this KeyInfo."""
    signature = HAND.but(references=(OWN,), key_info=info).text()
    assertion = ASSERTION.replace("</saml2:Issuer>", f"</saml2:Issuer>{signature}")
    return judged(by_hand(HAND, assertion=assertion), HOLDER, role=Role.STS, keys=keys)


def key_value(key) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        modulus = b64(numbers.n.to_bytes(256, "big"))
        parts = f"<ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
        inner = f"<ds:RSAKeyValue>{parts}</ds:RSAKeyValue>"
    else:
        point = b64(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
        inner = (
            '<d:ECKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#"><d:NamedCurve'
            ' URI="urn:oid:1.2.840.10045.3.1.7"></d:NamedCurve>'
            f"<d:PublicKey>{point}</d:PublicKey></d:ECKeyValue>"
        )
    return f"<ds:KeyValue>{inner}</ds:KeyValue>"


OWN_KEY, OTHER_KEY = HOLDER.certificate.public_key(), OTHER.certificate.public_key()


def test_an_issuer_may_name_no_key():
    found = issued(None)
    assert found.refusal is None, found.trail.findings[-1]
    assert (found.located.certificates, found.located.in_message, found.located.token) == ((), False, None)


@pytest.mark.parametrize(
    ("info", "in_message"),
    [
        (data(certificate()), True),
        (data(certificate(ROOT) + certificate() + certificate(MIDDLE)), True),
        (data(issuer_serial()), False),
        (data(certificate()) + key_value(OWN_KEY), True),
        (key_value(OWN_KEY) + data(certificate()), True),
        (token_reference(key_identifier(THUMBPRINT, THUMB)), False),
        (token_reference(data(issuer_serial())), False),
    ],
)
def test_an_issuer_names_its_certificate(info, in_message):
    found = issued(key_info(info))
    assert found.refusal is None, found.trail.findings[-1]
    assert found.located.certificates[0] == HOLDER.certificate
    assert found.located.in_message is in_message


@pytest.mark.parametrize(
    ("info", "rule", "fault"),
    [
        ("", "key.info", UNSUPPORTED),
        (key_value(OWN_KEY), "key.info", UNSUPPORTED),
        (data(certificate()) + key_value(OTHER_KEY), "key.info", UNSUPPORTED),
        (
            data(certificate()) + key_value(rsa.generate_private_key(65537, 2048).public_key()),
            "key.info",
            UNSUPPORTED,
        ),
        (data(certificate()) + "<ds:KeyValue></ds:KeyValue>", "key.info", UNSUPPORTED),
        (data(certificate()) + key_value(OWN_KEY).replace("AQAB", "A"), "key.info", UNSUPPORTED),
        (data(certificate()) + key_value(OWN_KEY) * 2, "key.info", UNSUPPORTED),
        (data(certificate()) * 2, "key.info", UNSUPPORTED),
        (data(certificate()) + "<ds:KeyName>x</ds:KeyName>", "key.info", UNSUPPORTED),
        ('<ds:RetrievalMethod URI="file:///etc/hostname"></ds:RetrievalMethod>', "key.info", UNSUPPORTED),
        ("<ds:PGPData></ds:PGPData>", "key.info", UNSUPPORTED),
        ("<ds:MgmtData>x</ds:MgmtData>", "key.info", UNSUPPORTED),
        (
            f'<d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">{THUMB}</d:DEREncodedKeyValue>',
            "key.info",
            UNSUPPORTED,
        ),
        ('<d:KeyInfoReference xmlns:d="http://www.w3.org/2009/xmldsig11#" URI="#k"/>', "key.info", UNSUPPORTED),
        (direct(), "key.reference", UNSUPPORTED),
        (token_reference(key_identifier(SAMLID, "saml")), "key.reference", INVALID),
        (data(issuer_serial(serial="1")), "key.found", UNAVAILABLE),
    ],
)
def test_an_issuer_names_it_by_nothing_else(info, rule, fault):
    found = issued(key_info(info))
    assert (found.rule, found.fault) == (rule, fault), found.trail.findings[-1]


def test_a_key_value_of_a_curve_is_compared_too():
    holder = issue("curve", key=key_of_kind("ec-p256"))
    hand = Hand(holder, (OWN,), method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")

    def with_key(value):
        signature = hand.but(key_info=key_info(data(certificate(holder)) + value)).text()
        assertion = ASSERTION.replace("</saml2:Issuer>", f"</saml2:Issuer>{signature}")
        return judged(by_hand(HAND, assertion=assertion), role=Role.STS)

    own = key_value(holder.key.public_key())
    assert with_key(own).refusal is None
    assert with_key(own.replace("3.1.7", "3.1.8")).rule == "key.info"
    assert with_key(key_value(issue().key.public_key())).rule == "key.info"
    assert with_key(key_value(OWN_KEY)).rule == "key.info"
