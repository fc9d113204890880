"""The corpora of assertions, one case after the other, as headers and envelopes."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

from gateway.envelope import Envelope, read_envelope
from gateway.safexml import Bounds, Element, parse
from gateway.wss.names import SECURITY
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.saml.assertion import Assertion, judge_conditions, read_assertion
from gateway.wss.times import Freshness
from gateway.wss.verdict import TokenKind, Trail

CORPUS = Path(__file__).parents[3] / "corpus/wss"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FORMATS = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
ENDPOINT = "https://gw.example/imssoap/services/P"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
FRAME = Template(
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
    f' xmlns:wsse="{_OASIS}wssecurity-secext-1.0.xsd" xmlns:wsu="{_OASIS}wssecurity-utility-1.0.xsd"'
    ' xmlns:wsse11="http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"'
    ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:saml1="urn:oasis:names:tc:SAML:1.0:assertion"'
    ' xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soap:Header>$header</soap:Header><soap:Body><x/></soap:Body></soap:Envelope>"
)


@dataclass(frozen=True)
class Case:
    """One case of a corpus."""

    kind: TokenKind
    header: str
    facts: TransportFacts
    policy: Policy
    told: dict[str, Any]
    """The case as written."""

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.told['name']}"

    @property
    def envelope(self) -> Envelope:
        return read_envelope(parse(FRAME.substitute(header=self.header).encode(), Bounds()))

    @property
    def element(self) -> Element:
        return token_of(self.envelope)


def token_of(envelope: Envelope) -> Element:
    security = next(block.element for block in envelope.headers if block.element.tag == SECURITY)
    return next(child for child in security if str(child.tag).endswith("}Assertion"))


def read_cases(kind: TokenKind) -> list[Case]:
    corpus = tomllib.loads((CORPUS / f"{kind.value}.toml").read_text(encoding="utf-8"))
    return [_case(kind, corpus["base"], told) for told in corpus["case"]]


def _case(kind: TokenKind, base: str, told: dict[str, Any]) -> Case:
    header = told.get("header", base)
    for old, new in told.get("replace", ()):
        assert old in header, (told["name"], old)
        header = header.replace(old, new, 1)
    version = "1.0" if kind is TokenKind.SAML11 else "2.0"
    names = {
        "V": f"urn:oasis:names:tc:SAML:{version}:cm:sender-vouches",
        "F": FORMATS,
        "G": "urn:oasis:names:tc:SAML:2.0:nameid-format:",
    }
    facts = TransportFacts(tls=True, endpoint=told.get("endpoint", ENDPOINT))
    policy = Policy(
        kind,
        timedelta(seconds=60),
        timedelta(seconds=300),
        issuers=frozenset(told.get("issuers", ())),
        audiences=frozenset(told.get("audiences", ())),
    )
    return Case(kind, Template(header).substitute(names), facts, policy, told)


def judged(case: Case, element: Element, trail: Trail) -> Assertion:
    """Read and judge one assertion as the case's service would."""
    assertion = read_assertion(element, case.kind, trail)
    freshness = Freshness(NOW, case.policy.clock_skew, case.policy.max_age)
    judge_conditions(assertion, case.policy, freshness, case.facts, trail)
    return assertion


CASES = [case for kind in (TokenKind.SAML11, TokenKind.SAML20) for case in read_cases(kind)]
