"""ds:KeyInfo: which certificates a signature names. It finds them; whether one is believed is for trust to say.

The key itself never comes from here: KeyValue, KeyName, RetrievalMethod and their like are refused, and so is
every address outside the message (WSS 1.1.1, section 7; X.509 Token Profile 1.1.1, section 3.2).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.tls.trusted import TrustedKeys
from gateway.wss.ids import IdIndex
from gateway.wss.names import (
    BASE64_BINARY,
    BINARY_TOKEN,
    KEY_IDENTIFIER,
    REFERENCE,
    THUMBPRINT_SHA1,
    TOKEN_REFERENCE,
    WSU_ID,
    X509_DATA,
    X509_SKI,
)
from gateway.wss.octets import octets_of
from gateway.wss.rules import R
from gateway.wss.signature.keyvalue import KEY_VALUE, is_key_of
from gateway.wss.signature.markup import text_between
from gateway.wss.signature.parts import Role, SignatureShape
from gateway.wss.signature.token_reference import direct_target, judge_value_type, names_assertion, only_child
from gateway.wss.signature.tokens import Path, read_binary_token
from gateway.wss.signature.x509data import read_x509_data
from gateway.wss.verdict import Trail

_IDENTIFIER_OCTETS: Final = range(1, 65)
_SHA1_OCTETS: Final = 20
_UNSUPPORTED: Final = WssFault.UNSUPPORTED_SECURITY_TOKEN


@dataclass(frozen=True, slots=True)
class Located:
    """The certificates that a signature names."""

    certificates: Path
    """The signer's first, then what came along to reach an authority. Empty: the signature names none, which an
    assertion's own may do; then it is for trust to say which one is meant."""
    in_message: bool
    """They came in the message; else they are of the truststore, found by a property."""
    token: Element | None
    """The BinarySecurityToken, or the SecurityTokenReference, that was used."""


def locate(shape: SignatureShape, security: Element, ids: IdIndex, keys: TrustedKeys, trail: Trail) -> Located:
    """Return the certificates that the KeyInfo of a signature names.

    `security` is our header, `keys` the truststore in which properties of a certificate are looked up. Raises
    RuleBrokenError.
    """
    if shape.role is Role.STS:
        return _of_assertion(shape, keys, trail)
    children = _children(shape, trail)
    one = [child.tag for child in children] == [TOKEN_REFERENCE]
    trail.require(R.KEY_INFO, one, "not one SecurityTokenReference", WssFault.INVALID_SECURITY)
    return _by_reference(children[0], security, ids, keys, trail)


def _children(shape: SignatureShape, trail: Trail) -> list[Element]:
    if shape.key_info is None:
        return []
    if not {"Id", WSU_ID}.issuperset(shape.key_info.keys()):
        raise trail.broken(R.KEY_INFO, "a strange attribute", WssFault.INVALID_SECURITY)
    children = list(shape.key_info)
    if text_between(shape.key_info, children):
        raise trail.broken(R.KEY_INFO, "text where elements belong", WssFault.INVALID_SECURITY)
    return children


def _by_reference(
    reference: Element, security: Element, ids: IdIndex, keys: TrustedKeys, trail: Trail
) -> Located:
    """Follow the SecurityTokenReference of a message signature."""
    child = only_child(reference, trail)
    if child.tag != REFERENCE:
        return _by_property(reference, child, keys, trail)
    token = direct_target(child, security, ids, trail)
    if token.tag != BINARY_TOKEN:
        raise trail.broken(R.KEY_REFERENCE, "not to a BinarySecurityToken", WssFault.INVALID_SECURITY)
    judge_value_type(reference, child, token, trail)
    path = read_binary_token(token, trail)
    trail.met(R.KEY_FOUND)
    return Located(path, in_message=True, token=token)


def _by_property(reference: Element, child: Element, keys: TrustedKeys, trail: Trail) -> Located:
    """Look at what is in a SecurityTokenReference that names nothing in the message."""
    if child.tag == KEY_IDENTIFIER:
        certificate = _by_identifier(child, keys, trail)
        return Located((certificate,), in_message=False, token=reference)
    data = read_x509_data(child, keys, trail)
    return Located(data.certificates, in_message=data.in_message, token=reference)


def _by_identifier(child: Element, keys: TrustedKeys, trail: Trail) -> x509.Certificate:
    """Look up a wsse:KeyIdentifier in the truststore.

    An assertion cannot be named here: its subject's key would be that of a holder, and vouches for nobody
    (SAML Token Profile 1.1.1, section 3.5.2; BSP R6601).
    """
    kind = child.get("ValueType", "")
    if names_assertion(child):
        raise trail.broken(R.KEY_REFERENCE, "to an assertion", WssFault.INVALID_SECURITY)
    lookups: dict[str, Callable[[bytes], Sequence[x509.Certificate]]] = {
        X509_SKI: keys.by_ski,
        THUMBPRINT_SHA1: keys.by_thumbprint,
    }
    if kind not in lookups:
        raise trail.broken(R.KEY_REFERENCE, f"KeyIdentifier {kind[:120]!a}", _UNSUPPORTED)
    plain = set(child.keys()) <= {"ValueType", "EncodingType", WSU_ID}
    if not plain or child.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        detail = "EncodingType is not Base64Binary, or a strange attribute"
        raise trail.broken(R.KEY_REFERENCE, detail, WssFault.INVALID_SECURITY)
    try:
        value = octets_of(child)
    except ValueError as error:
        raise trail.broken(R.KEY_REFERENCE, str(error), WssFault.INVALID_SECURITY) from error
    lengths = (_SHA1_OCTETS,) if kind == THUMBPRINT_SHA1 else _IDENTIFIER_OCTETS
    found = lookups[kind](value) if len(value) in lengths else ()
    detail = f"{len(found)} certificates of the truststore with {kind.rpartition('#')[2]} {value[:64].hex()}"
    trail.require(R.KEY_FOUND, len(found) == 1, detail, WssFault.SECURITY_TOKEN_UNAVAILABLE)
    return found[0]


# -- an assertion's own signature -----------------------------------------------------------------------------


def _of_assertion(shape: SignatureShape, keys: TrustedKeys, trail: Trail) -> Located:
    """Read the KeyInfo of an STS: X509Data, or a SecurityTokenReference to a certificate by a property of it.

    It may be missing. A KeyValue beside X509Data is borne with when it is the key of the certificate.
    """
    if shape.key_info is None:
        trail.met(R.KEY_INFO, "there is none")
        return Located((), in_message=False, token=None)
    children = _children(shape, trail)
    named = [child for child in children if child.tag in {X509_DATA, TOKEN_REFERENCE}]
    beside = [child for child in children if child.tag == KEY_VALUE]
    known = len(named) == 1 and len(beside) <= 1 and len(named) + len(beside) == len(children)
    trail.require(R.KEY_INFO, known, "not one X509Data or SecurityTokenReference", _UNSUPPORTED)
    located = _of_issuer(named[0], keys, trail)
    if beside:
        same = is_key_of(beside[0], located.certificates[0])
        trail.require(R.KEY_INFO, same, "KeyValue is not the key of the certificate", _UNSUPPORTED)
    return located


def _of_issuer(child: Element, keys: TrustedKeys, trail: Trail) -> Located:
    if child.tag == X509_DATA:
        data = read_x509_data(child, keys, trail)
        return Located(data.certificates, in_message=data.in_message, token=None)
    inner = only_child(child, trail)
    if inner.tag == REFERENCE:
        detail = "an assertion's signature names a token outside of the assertion"
        raise trail.broken(R.KEY_REFERENCE, detail, _UNSUPPORTED)
    return _by_property(child, inner, keys, trail)
