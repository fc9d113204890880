"""Signed messages for the tests of the verification core, made without it.

`by_hand` writes every signed part in its canonical form to begin with, as the standard shows it. So digest and
signature are taken over the very text that stands in the message, and any shape, honest or hostile, can be
signed. `by_xmlsec` has libxmlsec fill in a template.
"""

import base64
import hashlib
from dataclasses import dataclass, replace

import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from gateway.envelope import read_envelope
from gateway.safexml import Bounds, parse
from gateway.tls.trusted import TrustedKeys
from gateway.wss.ids import judge_ids
from gateway.wss.signature.keyinfo import locate
from gateway.wss.signature.shape import Role, read_signature
from gateway.wss.signature.verify import verify
from gateway.wss.verdict import RuleBrokenError, Trail
from tests.fixtures.certificates import Holder, issue, key_of_kind

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}wssecurity-utility-1.0.xsd"
WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SAML2 = "urn:oasis:names:tc:SAML:2.0:assertion"
SAML1 = "urn:oasis:names:tc:SAML:1.0:assertion"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
STR_TRANSFORM = f"{_OASIS}soap-message-security-1.0#STR-Transform"
BASE64 = f"{_OASIS}soap-message-security-1.0#Base64Binary"
X509V3 = f"{_OASIS}x509-token-profile-1.0#X509v3"
PKI_PATH = f"{_OASIS}x509-token-profile-1.0#X509PKIPathv1"
SKI = f"{_OASIS}x509-token-profile-1.0#X509SubjectKeyIdentifier"
THUMBPRINT = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
SAMLID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID"
SAML_ASSERTION_ID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
SAMLV20 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"
SAMLV11 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
RSA_SHA256 = f"{MORE}rsa-sha256"
SHA256 = f"{XENC}sha256"

DIGESTS = {
    SHA256: "sha256",
    f"{MORE}sha384": "sha384",
    f"{XENC}sha512": "sha512",
    f"{DS}sha1": "sha1",
    f"{MORE}md5": "md5",
    f"{MORE}sha224": "sha224",
}

BODY = (
    f'<s:Body xmlns:s="{SOAP}" xmlns:wsu="{WSU}" wsu:Id="body"><q:Ask xmlns:q="urn:q">one &amp; two</q:Ask>'
    "</s:Body>"
)
TIMESTAMP = (
    f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="stamp"><wsu:Created>2026-11-22T12:00:00Z</wsu:Created>'
    "<wsu:Expires>2026-11-22T12:05:00Z</wsu:Expires></wsu:Timestamp>"
)
ASSERTION = (
    f'<saml2:Assertion xmlns:saml2="{SAML2}" ID="saml" IssueInstant="2026-11-22T12:00:00Z" Version="2.0">'
    "<saml2:Issuer>urn:sts</saml2:Issuer><saml2:Subject><saml2:NameID>ALICE</saml2:NameID></saml2:Subject>"
    "</saml2:Assertion>"
)
ASSERTION_11 = (
    f'<saml1:Assertion xmlns:saml1="{SAML1}" AssertionID="saml" IssueInstant="2026-11-22T12:00:00Z"'
    ' Issuer="urn:sts" MajorVersion="1" MinorVersion="1"><saml1:Conditions></saml1:Conditions>'
    "</saml1:Assertion>"
)


def signer(kind="rsa-2048", **how) -> Holder:
    return issue("sender", key=key_of_kind(kind), **how)


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


# -- pieces ---------------------------------------------------------------------------------------------------


def binary_token(content: bytes, kind=X509V3, identifier="bst", encoding=f' EncodingType="{BASE64}"') -> str:
    return (
        f'<wsse:BinarySecurityToken xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"{encoding} ValueType="{kind}"'
        f' wsu:Id="{identifier}">{b64(content)}</wsse:BinarySecurityToken>'
    )


def token_reference(content: str, attributes="") -> str:
    return (
        f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}" xmlns:wsse11="{WSSE11}" xmlns:wsu="{WSU}"'
        f"{attributes}>{content}</wsse:SecurityTokenReference>"
    )


def direct(uri="#bst", kind=X509V3) -> str:
    return token_reference(f'<wsse:Reference URI="{uri}" ValueType="{kind}"></wsse:Reference>')


def key_identifier(kind: str, content: str, attributes="") -> str:
    return f'<wsse:KeyIdentifier ValueType="{kind}"{attributes}>{content}</wsse:KeyIdentifier>'


def key_info(content: str) -> str:
    return f"<ds:KeyInfo>{content}</ds:KeyInfo>"


def transform(uri=EXC, parameters="") -> str:
    return f'<ds:Transform Algorithm="{uri}">{parameters}</ds:Transform>'


def prefix_list(prefixes: str) -> str:
    return f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"></ec:InclusiveNamespaces>'


STR_PARAMETERS = (
    f'<wsse:TransformationParameters xmlns:wsse="{WSSE}"><ds:CanonicalizationMethod Algorithm="{EXC}">'
    "</ds:CanonicalizationMethod></wsse:TransformationParameters>"
)


@dataclass(frozen=True)
class Reference:
    """A ds:Reference: what it says, and the octets that it is signed over."""

    uri: str | None
    octets: str
    transforms: str = transform()
    digest: str = SHA256
    value: str | None = None
    attributes: str = ""

    def text(self) -> str:
        uri = "" if self.uri is None else f' URI="{self.uri}"'
        value = self.value
        if value is None:
            value = b64(hashlib.new(DIGESTS.get(self.digest, "sha256"), self.octets.encode()).digest())
        transforms = f"<ds:Transforms>{self.transforms}</ds:Transforms>" if self.transforms else ""
        return (
            f'<ds:Reference{self.attributes}{uri}>{transforms}<ds:DigestMethod Algorithm="{self.digest}">'
            f"</ds:DigestMethod><ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
        )


OF_BODY = Reference("#body", BODY)
OF_STAMP = Reference("#stamp", TIMESTAMP)
OF_ASSERTION = Reference("#saml", ASSERTION)


def sign_octets(key, uri, octets):
    """Return the signature value as XML Signature writes it."""
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512(), "sha1": hashes.SHA1()}
    algorithm = next((digest[end] for end in digest if end in uri.rpartition("#")[2]), hashes.SHA256())
    if isinstance(key, rsa.RSAPrivateKey):
        scheme = padding.PKCS1v15()
        if "MGF1" in uri:
            scheme = padding.PSS(padding.MGF1(algorithm), salt_length=algorithm.digest_size)
        return key.sign(octets, scheme, algorithm)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(algorithm)))
        half = (key.curve.key_size + 7) // 8
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")
    return key.sign(octets)


@dataclass(frozen=True)
class Hand:
    """A ds:Signature written by hand; every part can be another."""

    holder: Holder
    references: tuple[Reference, ...] = (OF_BODY, OF_STAMP, OF_ASSERTION)
    method: str = RSA_SHA256
    canonicalization: str = EXC
    method_content: str = ""
    c14n_content: str = ""
    key_info: str | None = key_info(direct())
    signed_info_attributes: str = ""
    signed_info_end: str = ""
    attributes: str = ""
    before: str = ""
    after: str = ""
    value: str | None = None

    def but(self, **how) -> "Hand":
        return replace(self, **how)

    def signed_info(self) -> str:
        references = "".join(reference.text() for reference in self.references)
        return (
            f'<ds:SignedInfo xmlns:ds="{DS}"{self.signed_info_attributes}>'
            f'<ds:CanonicalizationMethod Algorithm="{self.canonicalization}">{self.c14n_content}'
            f'</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{self.method}">{self.method_content}'
            f"</ds:SignatureMethod>{references}{self.signed_info_end}</ds:SignedInfo>"
        )

    def text(self) -> str:
        signed_info = self.signed_info()
        value = self.value
        if value is None:
            value = b64(sign_octets(self.holder.key, self.method, signed_info.encode()))
        return (
            f'<ds:Signature xmlns:ds="{DS}"{self.attributes}>{self.before}{signed_info}'
            f"<ds:SignatureValue>{value}</ds:SignatureValue>{self.key_info or ''}{self.after}</ds:Signature>"
        )


def envelope(*security: str, body=BODY, headers="", declarations="") -> bytes:
    """An envelope with one Security header; what is signed says its own namespaces."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}"{declarations}><s:Header><wsse:Security xmlns:wsse="{WSSE}"'
        f' xmlns:wsu="{WSU}" xmlns:wsse11="{WSSE11}">{"".join(security)}</wsse:Security>{headers}</s:Header>'
        f"{body}</s:Envelope>"
    ).encode()


def by_hand(hand: Hand, *, assertion=ASSERTION, extra="", body=BODY, headers="", declarations="") -> bytes:
    token = binary_token(hand.holder.der)
    return envelope(
        token, TIMESTAMP, assertion, extra, hand.text(), body=body, headers=headers, declarations=declarations
    )


# -- libxmlsec ------------------------------------------------------------------------------------------------


def template(
    *, method=RSA_SHA256, digest=SHA256, uris=("#body", "#stamp", "#saml"), prefixes="", info=""
) -> str:
    parameters = prefix_list(prefixes) if prefixes else ""
    references = "".join(
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transform(EXC, parameters)}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference>'
        for uri in uris
    )
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}">'
        f'{parameters}</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{method}"/>{references}'
        f"</ds:SignedInfo><ds:SignatureValue/>{info or key_info(direct())}</ds:Signature>"
    )


def register_ids(context, root) -> None:
    for element in root.iter("*"):
        for attribute, namespace in ((f"{{{WSU}}}Id", WSU), ("ID", None), ("AssertionID", None)):
            if attribute in element.attrib:
                context.register_id(element, attribute.rpartition("}")[2], namespace)


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def by_xmlsec(message, key):
    """Let libxmlsec fill in the first ds:Signature of a message."""
    root = etree.fromstring(message)  # noqa: TID251  a message of ours
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem(key), xmlsec.KeyFormat.PEM)
    register_ids(context, root)
    context.sign(root.find(f".//{{{DS}}}Signature"))
    return etree.tostring(root)


def xmlsec_verifies(message, holder):
    root = etree.fromstring(message)  # noqa: TID251
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(holder.pem, xmlsec.KeyFormat.CERT_PEM)
    register_ids(context, root)
    try:
        context.verify(root.find(f".//{{{DS}}}Signature"))
    except xmlsec.Error:
        return False
    return True


# -- our side -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Judged:
    """What came of one message; elements by name for comparisons of identity."""

    trail: Trail
    root: object
    covered: object = None
    located: object = None
    refusal: object = None

    @property
    def rule(self) -> str:
        """The rule that is broken."""
        assert self.refusal is not None, "accepted"
        return self.trail.findings[-1].rule.id

    @property
    def fault(self):
        return self.refusal.fault.local_name

    @property
    def words(self):
        return [element.tag.rpartition("}")[2] for element in self.covered.elements]


def judged(message, holder=None, *, role=Role.MESSAGE, keys=None, legacy=False):
    """Run the core over a message; verify with what it names, or with the certificate of `holder`."""
    trail = Trail()
    root = parse(message, Bounds())
    security = next(root.iter(f"{{{WSSE}}}Security"))
    keys = keys or TrustedKeys.none()
    try:
        ids = judge_ids(root, trail)
        place = security if role is Role.MESSAGE else ids.assertions[0]
        signature = place.find(f"{{{DS}}}Signature")
        shape = read_signature(signature, role, ids, legacy=legacy, trail=trail)
        located = locate(shape, security, ids, keys, trail)
        certificate = holder.certificate if holder else located.certificates[0]
        covered = verify(shape, certificate, security, ids, trail)
    except RuleBrokenError as broken:
        return Judged(trail, root, refusal=broken.refusal)
    assert all(finding.met for finding in trail.findings)
    return Judged(trail, root, covered, located)


def body_of(root):
    return read_envelope(root).body
