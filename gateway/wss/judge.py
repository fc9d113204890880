"""The judge: one pure function from message, policy, transport, time, keys and memory to a verdict.

Cheap refusals come first; the memory of what came before is asked last, so that junk cannot fill it. The policy
decides what is required; the message never does.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.envelope import Envelope
from gateway.errors import GatewayError, M, WssFault
from gateway.tls.trusted import TrustedKeys
from gateway.wss.assertion import judge_assertion
from gateway.wss.case import Case
from gateway.wss.header import no_header, one_header, one_token
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.replay import Once, Remembered, ReplayStore
from gateway.wss.rules import R
from gateway.wss.times import Freshness
from gateway.wss.timestamp import judge_timestamp
from gateway.wss.username import judge_username
from gateway.wss.verdict import Claims, RuleBrokenError, TokenKind, Trail, Verdict


def judge(  # noqa: PLR0913, PLR0917  these six things decide, and nothing else
    envelope: Envelope,
    policy: Policy,
    facts: TransportFacts,
    now: datetime,
    keys: TrustedKeys,
    replay: ReplayStore,
) -> Verdict:
    """Judge one message. Never raises for anything that a message can hold.

    `now` is aware; `keys` is the service's truststore as it is now; `replay` remembers what must come only once
    and is asked when everything else is in order.
    """
    trail = Trail()
    try:
        claims, once = _claims(envelope, policy, facts, now, keys, trail)
        _come_once(once, replay, now, trail)
    except RuleBrokenError as broken:
        return Verdict(trail.findings, refusal=broken.refusal, claimed=trail.claimed)
    return Verdict(trail.findings, claims=claims, claimed=trail.claimed)


def _claims(  # noqa: PLR0913, PLR0917
    envelope: Envelope, policy: Policy, facts: TransportFacts, now: datetime, keys: TrustedKeys, trail: Trail
) -> tuple[Claims, Sequence[Once]]:
    if policy.token is TokenKind.NONE:
        no_header(envelope, trail)
        return Claims(TokenKind.NONE), ()
    trail.require(R.HTTPS, facts.tls, "the message came over plain HTTP", GatewayError(M.HTTPS_ONLY))
    security = one_header(envelope, trail)
    token = one_token(security, policy.token, trail)
    freshness = Freshness(now, policy.clock_skew, policy.max_age)
    timestamp = judge_timestamp(security, freshness, trail)
    if policy.token is TokenKind.USERNAME:
        return judge_username(token, freshness, trail)
    case = Case(envelope, security, token, timestamp, policy, facts, freshness, keys, trail)
    return judge_assertion(case)


_NOT_NOW: Final = {
    Remembered.FULL: (M.BUSY, "the replay store is full"),
    Remembered.FAILED: (M.REPLAY_STORE, "the replay store cannot be used"),
}


def _come_once(once: Sequence[Once], replay: ReplayStore, now: datetime, trail: Trail) -> None:
    """Let nothing come again that must come only once; of two messages at the same time one is refused."""
    if not once:
        return
    told = replay.remember(once, now)
    if told in _NOT_NOW:
        message, detail = _NOT_NOW[told]
        raise trail.broken(R.ONCE, detail, GatewayError(message))
    if told is Remembered.SEEN:
        kinds = ", ".join(dict.fromkeys(entry.kind.value for entry in once))
        raise trail.broken(R.ONCE, f"seen before: {kinds}", WssFault.INVALID_SECURITY)
    unchecked = told is Remembered.UNPROTECTED
    trail.met(R.ONCE, "not checked: the replay store cannot be used" if unchecked else "")
