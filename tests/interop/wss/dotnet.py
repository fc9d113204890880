"""Messages as WCF and WSE lay them out, digests and signature by xmllint and openssl.

The layout is that of published message traces: Timestamp first, prefixes `o`, `u`, `s` and `b`, XML Signature
as the default namespace, KeyIdentifiers without EncodingType, ids like `_0` and `uuid-...-1`. .NET's
STR-Transform gives the plain exclusive canonical form, without the default namespace that WSS4J adds.
"""

import base64
import hashlib
import subprocess
from uuid import uuid4

from tests.fixtures.in_process import SOAP11
from tests.interop.outside import need, plain_environment
from tests.interop.wss import layouts
from tests.interop.wss.layouts import BASE64, DS, EXC_C14N, MORE, SHA256, STR_TRANSFORM, WSSE, WSSE11, WSU, X509
from tests.interop.wss.partners import Partner

_PROFILE = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-"
TOKEN_TYPE = {"11": f"{_PROFILE}1.1#SAMLV1.1", "20": f"{_PROFILE}1.1#SAMLV2.0"}
VALUE_TYPE = {"11": f"{_PROFILE}1.0#SAMLAssertionID", "20": f"{_PROFILE}1.1#SAMLID"}
_O = f'xmlns:o="{WSSE}"'
_U = f'xmlns:u="{WSU}"'


def _tool(*command: str, octets: bytes) -> bytes:
    need(command[0])
    done = subprocess.run(
        command, input=octets, env=plain_environment(), capture_output=True, timeout=30, check=True
    )
    return done.stdout


def canonical(fragment: str) -> bytes:
    """Return the exclusive canonical form of an element that declares what it uses."""
    return _tool("xmllint", "--exc-c14n", "-", octets=fragment.encode())


def signed(octets: bytes, signer: Partner) -> str:
    """Return the RSA-SHA256 signature, base64."""
    value = _tool("openssl", "dgst", "-sha256", "-sign", str(signer.clear), octets=octets)
    return base64.b64encode(value).decode()


def _reference(target: str, transform: str, octets: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    return (
        f'<Reference URI="#{target}"><Transforms>{transform}</Transforms>'
        f'<DigestMethod Algorithm="{SHA256}"></DigestMethod><DigestValue>{digest}</DigestValue></Reference>'
    )


_C14N = f'<Transform Algorithm="{EXC_C14N}"></Transform>'
_STR = (
    f'<Transform Algorithm="{STR_TRANSFORM}"><o:TransformationParameters><CanonicalizationMethod '
    f'Algorithm="{EXC_C14N}"></CanonicalizationMethod></o:TransformationParameters></Transform>'
)


def _key(form: str, signer: Partner, token_id: str) -> str:
    """Return what names the key: `direct`, `thumbprint`, `ski` or `issuer-serial`."""
    names = {
        "direct": f'<o:Reference ValueType="{X509}X509v3" URI="#{token_id}"></o:Reference>',
        "thumbprint": _identifier(layouts.THUMBPRINT, hashlib.sha1(signer.der).digest()),
        "ski": _identifier(f"{X509}X509SubjectKeyIdentifier", signer.ski),
        "issuer-serial": (
            f"<X509Data><X509IssuerSerial><X509IssuerName>{signer.dotnet_issuer}</X509IssuerName>"
            f"<X509SerialNumber>{signer.certificate.serial_number}</X509SerialNumber></X509IssuerSerial></X509Data>"
        ),
    }
    return f"<o:SecurityTokenReference>{names[form]}</o:SecurityTokenReference>"


def _identifier(value_type: str, octets: bytes) -> str:
    text = base64.b64encode(octets).decode()
    return f'<o:KeyIdentifier ValueType="{value_type}">{text}</o:KeyIdentifier>'


def message(version: str, signer: Partner, key: str = "direct", soap: str = SOAP11) -> bytes:
    """Return a signed message; the body is in the default namespace, as a serializer writes it."""
    token_id = f"uuid-{uuid4()}-1"
    assertion = layouts.Assertion.new(version)
    vouched_for = assertion.xml
    stamp = (
        f'<u:Timestamp {_U} u:Id="_0"><u:Created>{layouts.moment()}</u:Created>'
        f"<u:Expires>{layouts.moment(300)}</u:Expires></u:Timestamp>"
    )
    body = f'<s:Body xmlns:s="{soap}" {_U} u:Id="_2">{_BODY}</s:Body>'
    references = (
        _reference("_0", _C14N, canonical(stamp))
        + _reference("_1", _STR, canonical(vouched_for))
        + _reference("_2", _C14N, canonical(body))
    )
    info = (
        f'<CanonicalizationMethod Algorithm="{EXC_C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{MORE}rsa-sha256"></SignatureMethod>{references}</SignedInfo>'
    )
    value = signed(canonical(f'<SignedInfo xmlns="{DS}" {_O}>{info}'), signer)
    token = (
        f'<o:BinarySecurityToken u:Id="{token_id}" ValueType="{X509}X509v3" EncodingType="{BASE64}">'
        f"{base64.b64encode(signer.der).decode()}</o:BinarySecurityToken>"
    )
    header = (
        stamp.replace(f" {_U}", "")
        + (token if key == "direct" else "")
        + vouched_for
        + f'<o:SecurityTokenReference b:TokenType="{TOKEN_TYPE[version]}" u:Id="_1" xmlns:b="{WSSE11}">'
        f'<o:KeyIdentifier ValueType="{VALUE_TYPE[version]}">{assertion.id}</o:KeyIdentifier>'
        f'</o:SecurityTokenReference><Signature xmlns="{DS}"><SignedInfo>{info}'
        f"<SignatureValue>{value}</SignatureValue><KeyInfo>{_key(key, signer, token_id)}</KeyInfo></Signature>"
    )
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    return (
        f'<s:Envelope xmlns:s="{soap}" {_U}><s:Header><o:Security s:mustUnderstand="1" {_O}>{header}'
        f'</o:Security></s:Header><s:Body u:Id="_2" {xsi}>{_BODY}</s:Body></s:Envelope>'
    ).encode()


_BODY = '<echo xmlns="urn:ims-gateway:lab"><text>hello</text></echo>'
