"""Certificates out of a message: wsse:BinarySecurityToken and ds:X509Certificate, decoded strictly.

OASIS X.509 Certificate Token Profile 1.1.1, section 3.1; XML Signature 1.1, section 4.5.4. Parsing is all that
is done here; whether a certificate is any good is for the trust decision.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from cryptography import x509

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.tls.unreadable import UNREADABLE
from gateway.wss.certificate import REMEMBERED
from gateway.wss.names import BASE64_BINARY, BINARY_TOKEN, WSU_ID, X509_PKI_PATH, X509_V3
from gateway.wss.octets import octets_of
from gateway.wss.rules import R
from gateway.wss.verdict import RuleBrokenError, Trail

MAX_CERTIFICATES: Final = 8
MAX_OCTETS: Final = 32 * 1024
"""Of one certificate; one with an RSA key of 8192 bits and a long list of names has 6000."""

_ATTRIBUTES: Final = frozenset({"ValueType", "EncodingType", WSU_ID})
_SEQUENCE: Final = 0x30

Path = tuple[x509.Certificate, ...]


def read_binary_token(token: Element, trail: Trail) -> Path:
    """Return the certificates of a BinarySecurityToken, the signer's first.

    X509v3: exactly one certificate. X509PKIPathv1: a DER sequence of them, the authority first and the signer
    last. Raises InvalidSecurityToken for anything that is not exactly that.
    """
    kind = token.get("ValueType")
    if token.tag != BINARY_TOKEN or kind not in {X509_V3, X509_PKI_PATH}:
        detail = f"{kind[:120] if kind else kind!a}"
        raise trail.broken(R.KEY_TOKEN, detail, WssFault.UNSUPPORTED_SECURITY_TOKEN)
    if token.get("EncodingType") != BASE64_BINARY or not _ATTRIBUTES.issuperset(token.keys()):
        raise _bad(trail, "EncodingType is not Base64Binary, or a strange attribute")
    octets = _octets(token, trail)
    if kind == X509_V3:
        path: Path = (_certificate(octets, trail),)
    else:
        path = tuple(_certificate(one, trail) for one in reversed(_path(octets, trail)))
        judge_path(path, trail)
    trail.met(R.KEY_TOKEN)
    return path


def read_certificates(elements: Sequence[Element], trail: Trail) -> Path:
    """Return the certificates of ds:X509Certificate elements in the order of a path, the signer's first.

    Their order says nothing (XML Signature 1.1, section 4.5.4): the signer's is the one that issued none of the
    others, and each other one issued the one before it.
    """
    if len(elements) > MAX_CERTIFICATES:
        raise _bad(trail, f"{len(elements)} certificates")
    found = [_certificate(_octets(element, trail), trail) for element in elements]
    trail.met(R.KEY_TOKEN)
    if len(found) == 1:
        return (found[0],)
    path = _in_order(found, trail)
    judge_path(path, trail)
    return path


def judge_path(path: Path, trail: Trail) -> None:
    """Demand that each certificate names the next one as its issuer."""
    linked = all(_issued(issuer, subject) for subject, issuer in pairwise(path))
    trail.require(R.KEY_PATH, linked, "certificates that do not form a path", WssFault.INVALID_SECURITY_TOKEN)


def _in_order(found: list[x509.Certificate], trail: Trail) -> Path:
    leaves = [one for one in found if not any(_issued(one, other) for other in found if other is not one)]
    if len(leaves) != 1:
        detail = f"{len(leaves)} certificates that issued none of the others"
        raise trail.broken(R.KEY_PATH, detail, WssFault.INVALID_SECURITY_TOKEN)
    path, rest = leaves, [one for one in found if one is not leaves[0]]
    while rest:
        issuer = next((one for one in rest if _issued(one, path[-1])), rest[0])
        rest.remove(issuer)
        path.append(issuer)
    return tuple(path)


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    return issuer.subject == subject.issuer


def _octets(element: Element, trail: Trail) -> bytes:
    try:
        return octets_of(element)
    except ValueError as error:
        raise _bad(trail, str(error)) from error


def _certificate(octets: bytes, trail: Trail) -> x509.Certificate:
    if len(octets) > MAX_OCTETS:
        raise _bad(trail, f"a certificate of {len(octets)} bytes")
    try:
        return _parsed(octets)
    except (*UNREADABLE, Warning) as error:
        raise _bad(trail, f"no X.509 certificate ({type(error).__name__})") from error


@lru_cache(maxsize=REMEMBERED)
def _parsed(octets: bytes) -> x509.Certificate:
    """Parse a certificate, once for each that comes again and again: the same object has its key read."""
    certificate = x509.load_der_x509_certificate(octets)
    certificate.subject, certificate.issuer, certificate.serial_number  # noqa: B018  read only when asked
    return certificate


# -- DER ------------------------------------------------------------------------------------------------------


def _path(octets: bytes, trail: Trail) -> list[bytes]:
    """Return the certificates of a PkiPath, SEQUENCE OF Certificate (ITU-T X.509, section 7.7), undecoded."""
    try:
        (whole,) = _elements(octets)
        header = len(whole) - _length(whole)[0]
        found = list(_elements(whole[header:]))
    except (ValueError, IndexError) as error:
        raise _bad(trail, "no DER sequence of certificates") from error
    if not 0 < len(found) <= MAX_CERTIFICATES:
        raise _bad(trail, f"a path of {len(found)} certificates")
    return found


def _elements(octets: bytes) -> Iterator[bytes]:
    """Give the DER sequences that stand one after the other, no byte left over; ten at most."""
    start = 0
    for _ in range(MAX_CERTIFICATES + 2):
        if start == len(octets):
            return
        if octets[start] != _SEQUENCE:
            raise ValueError("no sequence")
        length, header = _length(octets[start : start + 6])
        end = start + header + length
        if end > len(octets):
            raise ValueError("cut short")
        yield octets[start:end]
        start = end


def _length(element: bytes) -> tuple[int, int]:
    """Return the length of an element's content and of its header; the shortest form, three bytes at most."""
    first = element[1]
    if first < 0x80:
        return first, 2
    count = first & 0x7F
    if not 1 <= count <= 3 or len(element) < 2 + count:
        raise ValueError("a length of another form")
    length = int.from_bytes(element[2 : 2 + count], "big")
    if length < 0x80 or length < 1 << (8 * (count - 1)):
        raise ValueError("a length that is not the shortest")
    return length, 2 + count


def _bad(trail: Trail, detail: str) -> RuleBrokenError:
    return trail.broken(R.KEY_TOKEN, detail, WssFault.INVALID_SECURITY_TOKEN)
