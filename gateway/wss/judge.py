"""The judge: one pure function from message, policy, transport and time to a verdict.

Cheap refusals come first. The policy decides what is required; the message never does.
"""

from datetime import datetime
from typing import Any

from gateway.envelope import Envelope
from gateway.errors import GatewayError, M, SecurityError, WssFault
from gateway.wss.names import IDENTITY_TOKENS, SECURITY, TIMESTAMP, USERNAME_TOKEN
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.rules import R
from gateway.wss.times import Freshness
from gateway.wss.timestamp import judge_timestamp
from gateway.wss.username import judge_username
from gateway.wss.verdict import Claims, RuleBrokenError, TokenKind, Trail, Verdict


def judge(envelope: Envelope, policy: Policy, facts: TransportFacts, now: datetime) -> Verdict:
    """Judge one message. Never raises for anything that a message can hold."""
    trail = Trail()
    try:
        claims = _claims(envelope, policy, facts, Freshness(now, policy.clock_skew, policy.max_age), trail)
    except RuleBrokenError as broken:
        return Verdict(trail.findings, refusal=broken.refusal)
    return Verdict(trail.findings, claims=claims)


def _claims(
    envelope: Envelope, policy: Policy, facts: TransportFacts, freshness: Freshness, trail: Trail
) -> Claims:
    headers = [block for block in envelope.headers if block.for_us and block.element.tag == SECURITY]
    if policy.token is TokenKind.NONE:
        refusal = SecurityError(M.TOKEN_NOT_ASKED, fault=WssFault.INVALID_SECURITY)
        trail.require(R.NO_TOKEN, not headers, "a Security header came", refusal)
        return Claims(TokenKind.NONE)
    trail.require(R.HTTPS, facts.tls, "the message came over plain HTTP", GatewayError(M.HTTPS_ONLY))
    trail.require(R.PRESENT, bool(headers), "no Security header for us", WssFault.INVALID_SECURITY)
    trail.require(R.ONE_HEADER, len(headers) == 1, f"{len(headers)} headers", WssFault.INVALID_SECURITY)
    security = headers[0].element
    token = _token(security, trail)
    judge_timestamp(security, freshness, trail)
    return judge_username(token, freshness, trail)


def _token(security: Any, trail: Trail) -> Any:
    """Return the one identity token of the header: a UsernameToken, since no other kind is asked for."""
    plain = all(isinstance(node.tag, str) for node in security.iter())
    trail.require(R.NO_COMMENT, plain, "comment or processing instruction", WssFault.INVALID_SECURITY)
    tokens = [child for child in security if child.tag in IDENTITY_TOKENS]
    trail.require(R.ONE_TOKEN, len(tokens) == 1, f"{len(tokens)} tokens", WssFault.INVALID_SECURITY)
    wanted = tokens[0].tag == USERNAME_TOKEN
    trail.require(R.KIND, wanted, "another kind of token", WssFault.UNSUPPORTED_SECURITY_TOKEN)
    others = [child.tag for child in security if child.tag not in {USERNAME_TOKEN, TIMESTAMP}]
    trail.require(R.CHILDREN, not others, f"{len(others)} other elements", WssFault.INVALID_SECURITY)
    return tokens[0]
