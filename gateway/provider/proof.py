"""What the record of a request says of the judge's verdict."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.wss.verdict import Verdict


def proof_of(verdict: Verdict | None) -> dict[str, Any]:
    """Return what the record says of an assertion that was believed."""
    claims = verdict.claims if verdict else None
    if claims is None or not claims.token.saml:
        return {}
    return {
        "issuer": claims.issuer,
        "assertion_id": claims.assertion_id,
        "attested_by": _who(claims.attesting),
        "issued_by": _who(claims.issuing),
        "covered": claims.covered,
    }


def _who(certificate: x509.Certificate | None) -> str:
    if certificate is None:
        return ""
    return f"{certificate.subject.rfc4514_string()} sha256:{certificate.fingerprint(SHA256()).hex()}"


def rules_of(verdict: Verdict | None) -> tuple[str, ...]:
    """Return the ids of the rules that were tried, in order; a broken one has an exclamation mark in front."""
    if verdict is None:
        return ()
    return tuple(("" if finding.met else "!") + finding.rule.id for finding in verdict.findings)
