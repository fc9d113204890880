"""Whether a chain is covered by current revocation lists. Missing, stale, not signed: it is not."""

from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from gateway.errors import WssFault
from gateway.tls.distinguished import name_key
from gateway.tls.trusted import TrustedKeys
from gateway.tls.unreadable import UNREADABLE
from gateway.wss.rules import R
from gateway.wss.verdict import Trail


def judge_revocation(
    chain: tuple[x509.Certificate, ...], keys: TrustedKeys, now: datetime, trail: Trail
) -> None:
    """Require a current list of its issuer for every certificate of the chain below that of the truststore.

    A chain of one, a certificate that stands in the truststore itself, needs one too: of an issuer whose
    certificate is in the truststore as well, or signed by itself.
    """
    issued: list[tuple[x509.Certificate, x509.Certificate | None]] = [*pairwise(chain)]
    for certificate, issuer in issued or [(chain[0], _issuer(chain[0], keys))]:
        complaint = "its issuer's certificate is not in the truststore"
        if issuer is not None:
            complaint = _complaint(certificate, issuer, keys, now)
        if complaint:
            detail = f"{certificate.subject.rfc4514_string()}: {complaint}"
            raise trail.broken(R.TRUST_CURRENT, detail, WssFault.FAILED_AUTHENTICATION)
    trail.met(R.TRUST_CURRENT)


def _issuer(certificate: x509.Certificate, keys: TrustedKeys) -> x509.Certificate | None:
    """Find who issued a certificate of the truststore, in the truststore."""
    wanted = name_key(certificate.issuer)
    for candidate in keys.certificates:
        if name_key(candidate.subject) != wanted:
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (*UNREADABLE, InvalidSignature):
            continue
        return candidate
    return None


def _complaint(
    certificate: x509.Certificate, issuer: x509.Certificate, keys: TrustedKeys, now: datetime
) -> str:
    complaint = "no revocation list of its issuer"
    current = False
    for one in keys.lists:
        if not one.is_of(issuer):
            continue
        if reason := one.complaint(now):
            complaint = f"the revocation list of its issuer {reason}"
            continue
        if one.lists(certificate.serial_number):
            return "it is revoked"
        current = True
    return "" if current else complaint
