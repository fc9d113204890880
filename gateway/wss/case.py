"""One message with an assertion on the judge's desk: what the steps of the judgement share."""

from dataclasses import dataclass
from typing import Any

from gateway.envelope import Envelope
from gateway.tls.trusted import TrustedKeys
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.times import Freshness
from gateway.wss.timestamp import Stamp
from gateway.wss.verdict import Trail


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Everything that is known when the assertion's turn comes. All elements are of the one parsed tree."""

    envelope: Envelope
    security: Any
    """The Security header for us."""
    token: Any
    """The assertion."""
    timestamp: Stamp | None
    policy: Policy
    facts: TransportFacts
    freshness: Freshness
    keys: TrustedKeys
    trail: Trail
