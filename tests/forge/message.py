"""Whole messages: envelope, Security header, token, Timestamp, signatures.

`Message(...).build(now)` gives the bytes; `dataclasses.replace` and the hooks make the strange ones.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.forge.assertions import STS_PLACE, assertion, instant
from tests.forge.keys import Signer
from tests.forge.names import (
    BASE64_BINARY,
    LAB,
    PKI_PATH,
    SAML_PROFILE_10,
    SAML_PROFILE_11,
    SKI,
    SOAP,
    THUMBPRINT,
    USERNAME_PROFILE,
    WSSE,
    WSSE11,
    WSU,
    X509_V3,
)
from tests.forge.signing import SIGNATURE_PLACE, Ref, Shape, enveloped_reference, signature_text, str_reference

BODY_ID, TIMESTAMP_ID, STR_ID, TOKEN_ID = "id-body", "TS-1", "STR-1", "X509-1"
WHO_AM_I = f'<lab:whoAmI xmlns:lab="{LAB}"/>'
_SAML_IDS = {11: f"{SAML_PROFILE_10}SAMLAssertionID", 20: f"{SAML_PROFILE_11}SAMLID"}
_SAML_TYPES = {11: f"{SAML_PROFILE_11}SAMLV1.1", 20: f"{SAML_PROFILE_11}SAMLV2.0"}

Edit = Callable[[str], str]


def unchanged(text: str) -> str:
    """Change nothing."""
    return text


# -- how a key is named ---------------------------------------------------------------------------------------


def binary_token(
    content: str, kind: str = X509_V3, token_id: str = TOKEN_ID, encoding: str = BASE64_BINARY
) -> str:
    """Return a BinarySecurityToken."""
    return (
        f'<wsse:BinarySecurityToken EncodingType="{encoding}" ValueType="{kind}" wsu:Id="{token_id}">'
        f"{content}</wsse:BinarySecurityToken>"
    )


def reference(token_id: str = TOKEN_ID, kind: str = X509_V3) -> str:
    """Return a direct reference."""
    return f'<wsse:Reference URI="#{token_id}" ValueType="{kind}"/>'


def key_info(inside: str, attributes: str = "") -> str:
    """Return a KeyInfo with a SecurityTokenReference."""
    return (
        f'<ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse="{WSSE}"{attributes}>{inside}'
        "</wsse:SecurityTokenReference></ds:KeyInfo>"
    )


def issuer_serial(certificate: x509.Certificate) -> str:
    """Return X509IssuerSerial."""
    return (
        f"<ds:X509IssuerSerial><ds:X509IssuerName>{escape(certificate.issuer.rfc4514_string())}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></ds:X509IssuerSerial>"
    )


def key_identifier(octets: bytes, kind: str) -> str:
    """Return a KeyIdentifier."""
    text = base64.b64encode(octets).decode()
    return f'<wsse:KeyIdentifier EncodingType="{BASE64_BINARY}" ValueType="{kind}">{text}</wsse:KeyIdentifier>'


def pki_path(*certificates: bytes) -> str:
    """Return a PkiPath: a DER SEQUENCE of certificates."""
    inside = b"".join(certificates)
    size = len(inside).to_bytes((len(inside).bit_length() + 7) // 8, "big")
    return base64.b64encode(b"\x30" + bytes([0x80 | len(size)]) + size + inside).decode()


def x509_data(*certificates: str) -> str:
    """Return X509Data with certificates in base64."""
    inside = "".join(f"<ds:X509Certificate>{each}</ds:X509Certificate>" for each in certificates)
    return f"<ds:X509Data>{inside}</ds:X509Data>"


def named_key(signer: Signer, how: str) -> tuple[str, str]:
    """Return the token for the Security header, empty where none is needed, and the KeyInfo."""
    ski = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    above = [each.public_bytes(Encoding.DER) for each in reversed(signer.path)]
    return {
        "bst": (binary_token(signer.base64), key_info(reference())),
        "pkipath": (binary_token(pki_path(*above, signer.der), PKI_PATH), key_info(reference(kind=PKI_PATH))),
        "issuer-serial": ("", key_info(f"<ds:X509Data>{issuer_serial(signer.certificate)}</ds:X509Data>")),
        "ski": ("", key_info(key_identifier(ski, SKI))),
        "thumbprint": ("", key_info(key_identifier(hashlib.sha1(signer.der).digest(), THUMBPRINT))),
        "x509data": ("", f"<ds:KeyInfo>{x509_data(signer.base64)}</ds:KeyInfo>"),
        "none": ("", ""),
    }[how]


# -- the message ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """One message; what is left out is ordinary."""

    token: str = "saml20"
    """none, username, saml11, saml20."""
    soap: int = 11
    user: str = "ALICE"
    password: str = "WONDER1"
    fresh_id: str = field(default_factory=lambda: f"_{secrets.token_hex(16)}")
    """Id of the assertion unless `claims` say another: no two messages are the same."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Pieces of the assertion, see `assertions.assertion`; `token_xml` replaces the whole token."""
    sts: Signer | None = None
    """Who signs the assertion."""
    sts_shape: Shape = field(default_factory=lambda: Shape(id="STS-SIG"))
    sts_key: str | None = None
    """KeyInfo of that signature; None: X509Data with the certificate."""
    sts_refs: tuple[Ref, ...] | None = None
    signed_by: Signer | None = None
    """Who signs the message."""
    reference: str = "str"
    """How the message signature reaches the assertion: str, direct."""
    key: str = "bst"
    """How it names its key, see `named_key`."""
    key_xml: tuple[str, str] | None = None
    """Token and KeyInfo in place of `key`."""
    covers: tuple[str, ...] = ("timestamp", "assertion", "body")
    refs: tuple[Ref, ...] | None = None
    """All references, in place of `covers`."""
    more_refs: tuple[Ref, ...] = ()
    shape: Shape = field(default_factory=Shape)
    timestamp: str | None = None
    """The Timestamp as text; None: an ordinary one."""
    str_xml: str | None = None
    """The SecurityTokenReference of the assertion as text."""
    security_attributes: str = ""
    security_first: str = ""
    security_last: str = ""
    security_prefix: str = "wsse"
    headers_first: str = ""
    headers_last: str = ""
    body: str = WHO_AM_I
    body_attributes: str = ""
    envelope_attributes: str = ""
    before: Edit = unchanged
    """Changes the text before anything is signed, so that genuine signers sign what is strange."""
    between: Edit = unchanged
    """Changes the text between the assertion's signature and the message's."""
    after: Edit = unchanged
    """Changes the text when everything is signed."""

    @property
    def version(self) -> int:
        """11 or 20 for the kinds of SAML."""
        return int(self.token[-2:])

    @property
    def assertion_id(self) -> str:
        """Id of the assertion."""
        return str(self.claims.get("id", self.fresh_id))

    def but(self, **changes: Any) -> "Message":
        """Return it with changes; `claims` are added to those there are."""
        if "claims" in changes:
            changes["claims"] = {**self.claims, **changes["claims"]}
        return replace(self, **changes)

    def build(self, now: datetime) -> bytes:
        """Return the bytes."""
        text = self.before(self.draft(now))
        if self.sts:
            refs = self.sts_refs or (enveloped_reference(self.assertion_id),)
            named = self.sts_key
            if named is None:
                named = f"<ds:KeyInfo>{x509_data(self.sts.base64)}</ds:KeyInfo>"
            text = signature_text(text, STS_PLACE, refs, named, self.sts, self.sts_shape)
        text = self.between(text.replace(STS_PLACE, ""))
        if self.signed_by:
            named = self._key()[1]
            text = signature_text(text, SIGNATURE_PLACE, self._refs(), named, self.signed_by, self.shape)
        return self.after(text.replace(SIGNATURE_PLACE, "")).encode()

    # -- parts ----------------------------------------------------------------------------------------------

    def draft(self, now: datetime) -> str:
        """Return the text without signatures, with the places where they go."""
        soap = SOAP[self.soap]
        security = ""
        if self.token != "none" or self.security_first or self.security_last:
            security = self._security(now)
        body_id = f' xmlns:wsu="{WSU}" wsu:Id="{BODY_ID}"' if self.signed_by else ""
        return (
            f'<soap:Envelope xmlns:soap="{soap}"{self.envelope_attributes}><soap:Header>{self.headers_first}'
            f"{security}{self.headers_last}</soap:Header><soap:Body{body_id}{self.body_attributes}>{self.body}"
            "</soap:Body></soap:Envelope>"
        )

    def _security(self, now: datetime) -> str:
        token = self._key()[0] if self.signed_by else ""
        return (
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" soap:mustUnderstand="1"'
            f"{self.security_attributes}>{self.security_first}{token}{self._timestamp(now)}{self._token(now)}"
            f"{self._str()}{SIGNATURE_PLACE}{self.security_last}</wsse:Security>"
        )

    def _timestamp(self, now: datetime) -> str:
        if self.timestamp is not None:
            return self.timestamp
        return timestamp(instant(now - timedelta(seconds=1)), instant(now + timedelta(seconds=300)))

    def _token(self, now: datetime) -> str:
        if "token_xml" in self.claims:
            return str(self.claims["token_xml"])
        if self.token == "username":
            return username_token(self.user, self.password)
        claims = {"id": self.assertion_id, **self.claims}
        return assertion(self.version, now, self.user, claims) if self.token.startswith("saml") else ""

    def _str(self) -> str:
        if self.str_xml is not None:
            return self.str_xml
        if not (self.signed_by and self.reference == "str" and self.token.startswith("saml")):
            return ""
        return saml_str(self.version, self.assertion_id)

    def _key(self) -> tuple[str, str]:
        assert self.signed_by
        return self.key_xml or named_key(self.signed_by, self.key)

    def _refs(self) -> tuple[Ref, ...]:
        if self.refs is not None:
            return self.refs
        token = (
            Ref(self.assertion_id) if self.reference == "direct" else str_reference(STR_ID, self.assertion_id)
        )
        known = {"body": Ref(BODY_ID), "timestamp": Ref(TIMESTAMP_ID), "assertion": token, "bst": Ref(TOKEN_ID)}
        return (*(known[each] for each in self.covers), *self.more_refs)


def timestamp(*times: str, attributes: str = f' wsu:Id="{TIMESTAMP_ID}"') -> str:
    """Return a Timestamp: Created, and Expires where there are two times."""
    inside = "".join(
        f"<wsu:{name}>{time}</wsu:{name}>" for name, time in zip(("Created", "Expires"), times, strict=False)
    )
    return f"<wsu:Timestamp{attributes}>{inside}</wsu:Timestamp>"


def username_token(user: str, password: str, kind: str = "PasswordText", inside: str = "") -> str:
    """Return a UsernameToken."""
    return (
        f"<wsse:UsernameToken><wsse:Username>{user}</wsse:Username>"
        f'<wsse:Password Type="{USERNAME_PROFILE}{kind}">{password}</wsse:Password>{inside}'
        "</wsse:UsernameToken>"
    )


def saml_str(version: int, assertion_id: str, str_id: str = STR_ID, *, direct: bool = False) -> str:
    """Return the SecurityTokenReference of an assertion."""
    inside = f'<wsse:KeyIdentifier ValueType="{_SAML_IDS[version]}">{assertion_id}</wsse:KeyIdentifier>'
    if direct:
        inside = f'<wsse:Reference URI="#{assertion_id}"/>'
    return (
        f'<wsse:SecurityTokenReference xmlns:wsse11="{WSSE11}" wsse11:TokenType="{_SAML_TYPES[version]}" '
        f'wsu:Id="{str_id}">{inside}</wsse:SecurityTokenReference>'
    )
