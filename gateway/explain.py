"""A stored message judged by a service's policy, rule by rule: what `imsgw explain` shows.

The steps are those of serving, with the same code: parse once, check the envelope, let the judge decide. Only
what came before is not known here, so a message that was accepted once is accepted again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from gateway.config.bounds import message_bounds
from gateway.config.model import GatewaySettings, SecuritySettings
from gateway.envelope import read_envelope
from gateway.errors import GatewayError, M, MustUnderstandError, SecurityError, Side
from gateway.safexml import Bounds, parse
from gateway.tls import describe
from gateway.tls.trusted import TrustedKeys
from gateway.wss.judge import judge
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.replay import Unremembered
from gateway.wss.rules import Finding, R, Rule
from gateway.wss.verdict import Claims

XML: Final = Rule("message.xml", "the bytes are well-formed XML within the parser's bounds", "XML 1.0; product")
ENVELOPE: Final = Rule(
    "message.envelope", "it is a SOAP envelope whose shape is in order", "SOAP 1.1 4; SOAP 1.2 5; BP 1.1 4"
)
NOT_REMEMBERED: Final = "not checked: what came before is not known here, so a replay is not noticed"


@dataclass(frozen=True, slots=True)
class Question:
    """What a message is held against."""

    policy: Policy
    bounds: Bounds
    facts: TransportFacts
    now: datetime
    keys: TrustedKeys

    @classmethod
    def of(
        cls,
        gateway: GatewaySettings,
        security: SecuritySettings,
        facts: TransportFacts,
        now: datetime,
        keys: TrustedKeys,
    ) -> "Question":
        """Return the question that a service's settings ask of every message."""
        return cls(Policy.of(security), message_bounds(gateway), facts, now, keys)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What every rule found, in order, and what comes of it: claims or a refusal. Holds no password."""

    findings: tuple[Finding, ...]
    claims: Mapping[str, Any] | None = None
    """Who is calling, by words of `claims_told`."""
    refusal: GatewayError | None = None

    @property
    def accepted(self) -> bool:
        """Whether the message would go on to IMS."""
        return self.claims is not None

    def told(self) -> dict[str, Any]:
        """Return all of it as values for JSON; keys stay as they are from version to version."""
        return {
            "accepted": self.accepted,
            "rules": [
                {
                    "rule": finding.rule.id,
                    "demands": finding.rule.text,
                    "source": finding.rule.source,
                    "met": finding.met,
                    "found": finding.detail,
                }
                for finding in self.findings
            ],
            "replay": NOT_REMEMBERED,
            "claims": None if self.claims is None else dict(self.claims),
            "refusal": None if self.refusal is None else refusal_told(self.refusal),
        }


def explain(message: bytes, question: Question) -> Explanation:
    """Judge a message as serving would. Never raises for anything that a message can hold."""
    try:
        root = parse(message, question.bounds)
    except GatewayError as error:
        return _refused_by(XML, error)
    findings = [Finding(XML, met=True)]
    try:
        envelope = read_envelope(root)
    except GatewayError as error:
        return _refused_by(ENVELOPE, error, *findings)
    findings.append(Finding(ENVELOPE, met=True, detail=f"SOAP {envelope.version.value}"))
    verdict = judge(envelope, question.policy, question.facts, question.now, question.keys, Unremembered())
    claims = None if verdict.claims is None else claims_told(verdict.claims)
    judged = (_unchecked(finding) if finding.rule is R.ONCE else finding for finding in verdict.findings)
    return Explanation((*findings, *judged), claims, verdict.refusal)


def _unchecked(finding: Finding) -> Finding:
    return finding._replace(detail="not checked here")


def _refused_by(rule: Rule, error: GatewayError, *before: Finding) -> Explanation:
    return Explanation((*before, Finding(rule, met=False, detail=error.text)), refusal=error)


def claims_told(claims: Claims) -> dict[str, Any]:
    """Return claims as values for JSON: everything but the password, and of attributes their names only."""
    return {
        "token": claims.token.value,
        "user": claims.user,
        "name_format": claims.name_format,
        "issuer": claims.issuer,
        "assertion_id": claims.assertion_id,
        "attributes": [attribute.name for attribute in claims.attributes],
        "vouching": claims.vouching.value,
        "attesting": _certificate_told(claims.attesting),
        "issuing": _certificate_told(claims.issuing),
        "covered": list(claims.covered),
    }


def _certificate_told(certificate: x509.Certificate | None) -> dict[str, str] | None:
    if certificate is None:
        return None
    facts = describe(certificate)
    return {"subject": facts.subject, "sha256": facts.sha256}


def refusal_told(error: GatewayError) -> dict[str, Any]:
    """Return what the caller would get, the code in the words of SOAP 1.1, and what only operators may know."""
    return {"fault": _code(error), "message": error.message.id, "text": error.text, "private": error.private}


def _code(error: GatewayError) -> str:
    if isinstance(error, SecurityError):
        return f"wsse:{error.fault.local_name}"
    if isinstance(error, MustUnderstandError):
        return "MustUnderstand"
    if error.message is M.VERSION_MISMATCH:
        return "VersionMismatch"
    return "Client" if error.message.side is Side.CLIENT else "Server"
