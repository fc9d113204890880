"""Whether a signer is believed: `security.trust`, with the truststore and the revocation lists of the service.

What is decided here is which certificate's key verifies; the signature itself is checked afterwards, always.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509

from gateway.errors import WssFault
from gateway.tls.chain import ChainError, build_chain
from gateway.tls.trusted import TrustedKeys, der
from gateway.wss.certificate import REMEMBERED, is_authority, judge_usable
from gateway.wss.policy import Trust
from gateway.wss.revocation import judge_revocation
from gateway.wss.rules import R
from gateway.wss.verdict import Trail

MAX_INTERMEDIATES: Final = 8
"""Certificates beside the signer's that a message may bring along."""


def judge_certificate(  # noqa: PLR0913  all that a decision on trust rests on
    certificates: Sequence[x509.Certificate],
    trust: Trust,
    keys: TrustedKeys,
    now: datetime,
    *,
    legacy: bool,
    in_message: bool,
    trail: Trail,
) -> x509.Certificate:
    """Return the certificate whose key is to verify the signature.

    `certificates` has the signer's first, then intermediates in any order. It may be empty for an assertion
    whose signature names no key: under `Trust.ONE` the one certificate of the truststore is meant then.
    `in_message`: they came in the message and were not looked up in the truststore by a locator. Raises
    RuleBrokenError through the trail.
    """
    certificates = tuple(certificates) or candidates(trust, keys)
    found = bool(certificates) and (in_message or trust is Trust.ONE)
    missing = "no certificate" if not certificates else f'a locator only, with trust = "{trust.value}"'
    trail.require(R.CERT_FOUND, found, missing, WssFault.SECURITY_TOKEN_UNAVAILABLE)
    leaf = certificates[0]
    pinned = None if trust is Trust.ANY else keys.pinned(_der(leaf))
    judge_usable(leaf, now, legacy=legacy, pinned=pinned is not None, trail=trail)
    if trust is Trust.ANY:
        trail.met(R.TRUST_ANY, _who(leaf))
        return leaf
    if trust is Trust.ONE:
        if pinned is None:
            raise trail.broken(R.TRUST_ONE, _who(leaf), WssFault.FAILED_AUTHENTICATION)
        trail.met(R.TRUST_ONE, _who(pinned))
        chain: tuple[x509.Certificate, ...] = (pinned,)
    else:
        chain = _chain(leaf, certificates[1:], keys, now, trail)
    if keys.revocation:
        judge_revocation(chain, keys, now, trail)
    if len(chain) > 1 and keys.proven(leaf) is not chain:
        # not before: the certificates along the way are the message's choice, and one that is revoked must not
        # stand in the way of the signer's own messages
        keys.remember(chain)
    return chain[0]


def candidates(trust: Trust, keys: TrustedKeys) -> tuple[x509.Certificate, ...]:
    """Return the certificate that is meant where the message names none; empty when that is not certain."""
    return keys.certificates if trust is Trust.ONE and len(keys.certificates) == 1 else ()


def _chain(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    keys: TrustedKeys,
    now: datetime,
    trail: Trail,
) -> tuple[x509.Certificate, ...]:
    bad = WssFault.FAILED_AUTHENTICATION
    trail.require(R.TRUST_ENTITY, not is_authority(leaf), _who(leaf), bad)
    pinned = keys.pinned(_der(leaf))
    if pinned is not None:
        trail.met(R.TRUST_CHAIN, f"in the truststore itself: {_who(pinned)}")
        return (pinned,)
    chain = keys.proven(leaf)
    if chain is None or not all(_valid(one, now) for one in chain):
        few = len(intermediates) <= MAX_INTERMEDIATES
        if not few:
            detail = f"{len(intermediates)} certificates beside the signer's"
            raise trail.broken(R.TRUST_CHAIN, detail, WssFault.INVALID_SECURITY_TOKEN)
        try:
            chain = build_chain(leaf, intermediates, keys.certificates, now)
        except ChainError as error:
            raise trail.broken(R.TRUST_CHAIN, f"{_who(leaf)}: {error}", bad) from error
    trail.met(R.TRUST_CHAIN, " < ".join(_who(one) for one in chain))
    return chain


def _valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


_der = lru_cache(maxsize=REMEMBERED)(der)
"""cryptography writes the DER form anew each time."""


@lru_cache(maxsize=REMEMBERED)
def _who(certificate: x509.Certificate) -> str:
    """Name a certificate for the log: subject, and the number by which its issuer knows it."""
    return f"{certificate.subject.rfc4514_string()}, serial {certificate.serial_number:x}"
