"""Judging a message with an assertion: who signed what, who vouches, and what must come only once.

A *sender's* signature is a child of the Security header and covers body, assertion and Timestamp. An *issuer's*
signature (of an STS) is a child of the assertion and covers that alone. Which of them a message needs is the
policy's word; every signature that is there is verified, asked for or not, since one that is ignored could be
meant for another reader (OASIS SAML Token Profile 1.1.1, section 3.5.2; SAML core 1.1 and 2.0, section 5).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509

from gateway.errors import SecurityError, WssFault
from gateway.wss.case import Case
from gateway.wss.coverage import judge_coverage, judge_targets, words
from gateway.wss.ids import IdIndex, judge_ids
from gateway.wss.names import SIGNATURE
from gateway.wss.policy import SignedBy, StsBody, Trust, UnsignedSenders
from gateway.wss.replay import Once, OnceKind
from gateway.wss.rules import R
from gateway.wss.saml.assertion import Assertion, read_assertion
from gateway.wss.saml.conditions import judge_conditions, until
from gateway.wss.senders import is_sender
from gateway.wss.signature.keyinfo import locate
from gateway.wss.signature.shape import Role, read_signature
from gateway.wss.signature.verify import Covered, verify
from gateway.wss.trust import judge_certificate
from gateway.wss.verdict import Claims, Vouching


def judge_assertion(case: Case) -> tuple[Claims, tuple[Once, ...]]:
    """Judge assertion, signatures and sender; return the claims and what must not come again."""
    policy, trail = case.policy, case.trail
    ids = judge_ids(case.envelope.root, trail)
    in_place = len(ids.assertions) == 1 and ids.assertions[0] is case.token
    trail.require(R.ASSERTION_PLACE, in_place, "another assertion elsewhere", WssFault.INVALID_SECURITY)
    assertion = read_assertion(case.token, policy.token, trail)
    trail.claimed = assertion.user
    judge_conditions(assertion, policy, case.freshness, case.facts, trail)
    found = _place_signatures(case, assertion, ids)
    issuer = _issuer(case, found, ids)
    sender = _sender(case, found, ids, issuer)
    return _claims(case, assertion, sender, issuer), _once(case, assertion, sender)


# -- which signatures are there -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The signatures of a message, each where it may be; None: there is none."""

    of_sender: Any
    of_issuer: Any


def _place_signatures(case: Case, assertion: Assertion, ids: IdIndex) -> _Found:
    """Find the signatures; a third one, or one elsewhere, is a place to hide something in."""
    of_sender = [child for child in case.security if child.tag == SIGNATURE]
    of_issuer = [] if assertion.signature is None else [assertion.signature]
    known = len(of_sender) + len(of_issuer)
    strangers = len(ids.signatures) - known
    trail = case.trail
    trail.require(R.SIG_PLACE, not strangers, f"{strangers} elsewhere", WssFault.INVALID_SECURITY)
    trail.require(
        R.SIG_PLACE, len(of_sender) <= 1, f"{len(of_sender)} in the header", WssFault.INVALID_SECURITY
    )
    found = _Found(next(iter(of_sender), None), next(iter(of_issuer), None))
    missing = _missing(case, found)
    trail.require(R.SIG_NEEDED, not missing, missing, WssFault.INVALID_SECURITY)
    return found


def _missing(case: Case, found: _Found) -> str:
    """Say which signature the policy asks for and the message lacks."""
    signed_by, sts_body = case.policy.signed_by, case.policy.sts_body
    if signed_by is SignedBy.SENDER and found.of_sender is None:
        return "no message signature"
    if signed_by is SignedBy.STS and found.of_issuer is None:
        return "no signature in the assertion"
    if signed_by is SignedBy.EITHER and found.of_sender is None and found.of_issuer is None:
        return "no signature"
    by_issuer = signed_by in {SignedBy.STS, SignedBy.EITHER}
    if by_issuer and sts_body is StsBody.SENDER_SIGNATURE and found.of_sender is None:
        return "no message signature"
    return ""


# -- the two signatures -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Signed:
    """A signature that verified."""

    certificate: x509.Certificate
    covered: Covered
    relied_on: bool
    """The policy's trust decided on the certificate; else the signature is in order and proves nothing."""


def _issuer(case: Case, found: _Found, ids: IdIndex) -> _Signed | None:
    """Verify the assertion's own signature, if there is one."""
    if found.of_issuer is None:
        return None
    policy = case.policy
    by_issuer = policy.signed_by is SignedBy.STS
    either = policy.signed_by is SignedBy.EITHER and found.of_sender is None
    signed = _verified(case, found.of_issuer, Role.STS, ids, relied_on=by_issuer or either)
    if signed.relied_on and policy.issuer_certificates:
        listed = is_sender(signed.certificate, policy.issuer_certificates)
        case.trail.require(
            R.ISSUER_LISTED, listed, "" if listed else _unlisted(signed.certificate), SecurityError.sign_on("")
        )
    return signed


def _verified(case: Case, element: Any, role: Role, ids: IdIndex, *, relied_on: bool) -> _Signed:
    """Shape, key, trust, cryptography: in this order, so that nothing is computed for a stranger."""
    policy, trail = case.policy, case.trail
    shape = read_signature(element, role, ids, legacy=policy.legacy_algorithms, trail=trail)
    located = locate(shape, case.security, ids, case.keys, trail)
    certificate = judge_certificate(
        located.certificates,
        policy.trust if relied_on else Trust.ANY,
        case.keys,
        case.freshness.now,
        legacy=policy.legacy_algorithms,
        in_message=located.in_message,
        trail=trail,
    )
    covered = verify(shape, certificate, case.security, ids, trail)
    return _Signed(certificate, covered, relied_on)


# -- who vouches --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Sender:
    """The attesting entity, as far as it is known."""

    vouching: Vouching
    certificate: x509.Certificate | None
    signed: _Signed | None = field(default=None)


def _sender(case: Case, found: _Found, ids: IdIndex, issuer: _Signed | None) -> _Sender:
    """Decide who vouches for the message, and whether he may."""
    signed = None
    if found.of_sender is not None:
        signed = _verified(case, found.of_sender, Role.MESSAGE, ids, relied_on=_asks_sender(case))
        judge_targets(case, signed.covered)
    if signed is not None and signed.relied_on:
        judge_coverage(case, signed.covered)
        sender = _Sender(Vouching.SIGNATURE, signed.certificate, signed)
    else:
        sender = _by_channel(case, signed, by_issuer=issuer is not None and issuer.relied_on)
    if case.policy.senders and sender.vouching is not Vouching.NOTHING:
        assert sender.certificate is not None
        listed = is_sender(sender.certificate, case.policy.senders)
        case.trail.require(
            R.SENDER, listed, "" if listed else _unlisted(sender.certificate), SecurityError.sign_on("")
        )
    return sender


def _unlisted(certificate: x509.Certificate) -> str:
    return f"{certificate.subject.rfc4514_string()[:200]!a} is not listed"


def _asks_sender(case: Case) -> bool:
    """Tell whether a message signature is what the policy relies on, now that there is one."""
    signed_by = case.policy.signed_by
    if signed_by is SignedBy.STS:
        return case.policy.sts_body is StsBody.SENDER_SIGNATURE
    return signed_by in {SignedBy.SENDER, SignedBy.EITHER}


def _by_channel(case: Case, signed: _Signed | None, *, by_issuer: bool) -> _Sender:
    """Return who vouches by the connection alone; the judge got past `SIG_NEEDED`, so no signature is asked."""
    policy, certificate = case.policy, case.facts.certificate
    if by_issuer:
        needed = policy.sts_body is not StsBody.HTTPS
    else:
        needed = policy.unsigned_senders is UnsignedSenders.MTLS
    if not needed:
        case.trail.met(R.VOUCHING, "nobody is asked to: the service takes messages from anyone who connects")
        return _Sender(Vouching.NOTHING, None, signed)
    present = certificate is not None
    case.trail.require(R.VOUCHING, present, "no TLS client certificate", SecurityError.sign_on(""))
    return _Sender(Vouching.TLS_CERTIFICATE, certificate, signed)


# -- what comes of it ---------------------------------------------------------------------------------------


def _claims(case: Case, assertion: Assertion, sender: _Sender, issuer: _Signed | None) -> Claims:
    covered = [signed.covered for signed in (sender.signed, issuer) if signed is not None]
    return Claims(
        token=assertion.kind,
        user=assertion.user,
        name_format=assertion.name_format,
        qualifier=assertion.qualifier,
        issuer=assertion.issuer,
        assertion_id=assertion.id,
        attributes=assertion.attributes,
        vouching=sender.vouching,
        attesting=sender.certificate,
        issuing=issuer.certificate if issuer is not None and issuer.relied_on else None,
        covered=words(case, covered),
    )


def _once(case: Case, assertion: Assertion, sender: _Sender) -> tuple[Once, ...]:
    """Return what must come once: a message signature; an assertion of one-time use or under an unsigned body.

    A token of an STS may come many times under the signatures of its sender, as clients keep such tokens.
    """
    entries: list[Once] = []
    expires = until(assertion, case.policy)
    if sender.signed is not None:
        seen_until = expires if sender.signed.relied_on is False else _too_old(case)
        entries.append(Once.of(OnceKind.SIGNATURE, (sender.signed.covered.signed_info_digest,), seen_until))
    if assertion.one_time or not (_body_stays_signed(case, assertion, sender) or case.policy.reuse_assertions):
        parts = (assertion.issuer.encode(), assertion.id.encode())
        entries.append(Once.of(OnceKind.ASSERTION, parts, expires))
    return tuple(entries)


def _body_stays_signed(case: Case, assertion: Assertion, sender: _Sender) -> bool:
    """Tell whether a signature protects the body, and whether the message would be refused without it.

    With `either` and HTTPS alone it would not: whoever takes it off leaves the issuer's, under another body.
    """
    if sender.signed is None or not sender.signed.relied_on:
        return False
    policy = case.policy
    enough_without = policy.signed_by is SignedBy.EITHER and policy.sts_body is StsBody.HTTPS
    return not (enough_without and assertion.signature is not None)


def _too_old(case: Case) -> datetime:
    """Return from when on the covered Timestamp refuses the message."""
    assert case.timestamp is not None, "coverage demands it"
    return case.timestamp.created + case.freshness.max_age + case.freshness.skew
