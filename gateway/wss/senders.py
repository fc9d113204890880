"""Whether a certificate is one of those that may vouch (`security.senders`)."""

from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.tls.distinguished import NameKey, name_key, parse_name
from gateway.tls.unreadable import UNREADABLE


def is_sender(certificate: x509.Certificate, patterns: tuple[str, ...]) -> bool:
    """Tell whether one of `patterns` names the certificate; no patterns name none.

    A pattern is a subject (RFC 4514, compared by RDN, values exactly), ``dns:``, ``uri:`` or ``email:`` with a
    subject alternative name, or ``sha256:`` with the fingerprint of the DER form. There are no wildcards: a
    ``*`` in a name is a character like any other.
    """
    return any(_names(certificate, pattern) for pattern in patterns)


def _names(certificate: x509.Certificate, pattern: str) -> bool:
    kind, colon, value = pattern.partition(":")
    if colon and kind == "sha256":
        return certificate.fingerprint(hashes.SHA256()).hex() == value.replace(":", "").lower()
    if colon and kind in {"dns", "uri", "email"}:
        return _folded(kind, value) in _alternatives(certificate, kind)
    subject = _subject(pattern)
    return bool(subject) and name_key(certificate.subject) == subject


@lru_cache(maxsize=1024)  # patterns come from the configuration only
def _subject(pattern: str) -> NameKey:
    try:
        return parse_name(pattern)
    except ValueError:
        return ()  # `imsgw check` names it; here it names nobody


def _alternatives(certificate: x509.Certificate, kind: str) -> frozenset[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return frozenset()
    if kind == "dns":
        values = names.get_values_for_type(x509.DNSName)
    elif kind == "uri":
        values = names.get_values_for_type(x509.UniformResourceIdentifier)
    else:
        values = names.get_values_for_type(x509.RFC822Name)
    return frozenset(_folded(kind, value) for value in values)


def _folded(kind: str, value: str) -> str:
    """Fold what has no case: host names, and the domain of a mail address (RFC 5280, section 7)."""
    if kind == "dns":
        return value.lower()
    if kind == "email":
        local, at, domain = value.rpartition("@")
        return f"{local}{at}{domain.lower()}"
    return value
