"""Whether an assertion may be used here and now: times, issuer, audience, confirmation data.

Times are compared by taking the skew from the present, never by adding it to what a message says: a year 9999
must not overflow.
"""

from datetime import datetime, timedelta

from gateway.errors import WssFault
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.rules import R
from gateway.wss.saml.parts import Assertion, Confirmation
from gateway.wss.times import FUTURE, Freshness
from gateway.wss.verdict import Trail

_TOKEN = WssFault.INVALID_SECURITY_TOKEN
_LONGEST = 100
"""Characters of a text of the message that a finding repeats, escaped."""


def judge_conditions(
    assertion: Assertion, policy: Policy, freshness: Freshness, facts: TransportFacts, trail: Trail
) -> None:
    """Judge an assertion that was read; raises RuleBrokenError for the first rule it breaks."""
    _judge_order(assertion, trail)
    _judge_issued(assertion, freshness, trail)
    outside = _outside(assertion.not_before, assertion.not_on_or_after, freshness)
    trail.require(R.SAML_WINDOW, not outside, outside, _TOKEN)
    _judge_lifetime(assertion, policy, trail)
    known = not policy.issuers or assertion.issuer in policy.issuers
    issuer = "" if known else f"{assertion.issuer[:_LONGEST]!a} is not among the issuers"
    trail.require(R.SAML_ISSUER_KNOWN, known, issuer, WssFault.FAILED_AUTHENTICATION)
    ours = all(audiences & policy.audiences for audiences in assertion.audiences)
    trail.require(R.SAML_AUDIENCE, ours, "" if ours else _foreign(assertion, policy), _TOKEN)
    for confirmation in assertion.confirmations:
        complaint = _unfit(confirmation, freshness, facts)
        trail.require(R.SAML_DATA, not complaint, complaint, _TOKEN)
    _judge_authentications(assertion, freshness, trail)


def _foreign(assertion: Assertion, policy: Policy) -> str:
    """Name the audiences of the first restriction without us, for whoever has to configure them."""
    first = next(audiences for audiences in assertion.audiences if not audiences & policy.audiences)
    return "not for us but " + ", ".join(f"{audience[:_LONGEST]!a}" for audience in sorted(first)[:3])


def until(assertion: Assertion, policy: Policy) -> datetime:
    """Return from when on the assertion would be refused as too old anyway; only for one that was judged."""
    if assertion.not_on_or_after is not None:
        return assertion.not_on_or_after + policy.clock_skew
    return assertion.issued + policy.max_age + policy.clock_skew


def _ahead(freshness: Freshness) -> datetime:
    """Return the latest time that a sender's clock may show now."""
    return freshness.now + max(freshness.skew, FUTURE)


def _judge_order(assertion: Assertion, trail: Trail) -> None:
    spans = [(assertion.not_before, assertion.not_on_or_after)]
    spans += [(one.not_before, one.not_on_or_after) for one in assertion.confirmations]
    in_order = all(start is None or end is None or start < end for start, end in spans)
    trail.require(R.SAML_ORDER, in_order, "NotBefore is not before NotOnOrAfter", _TOKEN)


def _judge_issued(assertion: Assertion, freshness: Freshness, trail: Trail) -> None:
    issued = assertion.issued
    complaint = ""
    if issued > _ahead(freshness):
        complaint = f"issued {issued.isoformat()} in the future"
    elif assertion.not_on_or_after is None:
        complaint = freshness.complaint(issued)
    trail.require(R.SAML_ISSUED, not complaint, complaint, _TOKEN)


def _outside(not_before: datetime | None, not_on_or_after: datetime | None, freshness: Freshness) -> str:
    if not_before is not None and freshness.now + freshness.skew < not_before:
        return f"not before {not_before.isoformat()}"
    if not_on_or_after is not None and freshness.now - freshness.skew >= not_on_or_after:
        return f"not on or after {not_on_or_after.isoformat()}"
    return ""


def _judge_lifetime(assertion: Assertion, policy: Policy, trail: Trail) -> None:
    """From its issue on, since before that nobody has it; a NotBefore in the past adds nothing."""
    end = assertion.not_on_or_after
    lifetime = end - assertion.issued if end is not None else timedelta()
    detail = f"valid for {lifetime}"
    trail.require(R.SAML_LIFETIME, lifetime <= policy.max_assertion, detail, _TOKEN)


def _unfit(confirmation: Confirmation, freshness: Freshness, facts: TransportFacts) -> str:
    """Say why a confirmation does not fit; each one must, though SAML asks for one only."""
    outside = _outside(confirmation.not_before, confirmation.not_on_or_after, freshness)
    if outside:
        return outside
    if confirmation.answers:
        return "InResponseTo: it answers a request of another protocol"
    if confirmation.recipient is not None and confirmation.recipient != (facts.endpoint or None):
        return "its Recipient is not this address"
    return ""


def _judge_authentications(assertion: Assertion, freshness: Freshness, trail: Trail) -> None:
    complaint = ""
    for authentication in assertion.authentications:
        over = authentication.session_until
        if authentication.at > _ahead(freshness):
            complaint = f"authenticated {authentication.at.isoformat()} in the future"
        elif over is not None and freshness.now - freshness.skew >= over:
            complaint = f"the session ended {over.isoformat()}"
    trail.require(R.SAML_AUTHENTICATION, not complaint, complaint, _TOKEN)
