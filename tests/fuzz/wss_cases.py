"""Accepted messages with signatures, and what must hold when the judge accepts a changed one.

What is held against the judge is found without it: the message is read anew by lxml, the signed parts are
looked for all over the document, and compared in canonical form with those that were signed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from lxml import etree

from gateway.envelope import read_envelope
from gateway.errors import GatewayError
from gateway.safexml import Bounds, parse
from gateway.tls.trusted import TrustedKeys
from gateway.wss.judge import judge
from gateway.wss.policy import Policy, SignedBy, StsBody, TransportFacts, Trust, UnsignedSenders
from gateway.wss.replay import Once, Remembered
from gateway.wss.rules import R
from gateway.wss.verdict import Claims, TokenKind, Verdict
from tests.forge.keys import Pki
from tests.forge.message import BODY_ID, STR_ID, TIMESTAMP_ID, Message
from tests.forge.names import DS, LAB, SAML1, SAML2, SOAP, WSSE, WSU
from tests.forge.signing import Ref, canonical, str_reference, transforms, tree

NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WSA: Final = "http://www.w3.org/2005/08/addressing"
ASSERTIONS: Final = (f"{{{SAML1}}}Assertion", f"{{{SAML2}}}Assertion")
_SKEW, _AGE = timedelta(seconds=60), timedelta(seconds=300)

PAYLOAD: Final = (
    f'<lab:pay xmlns:lab="{LAB}" id="one" kind="a"><lab:to>ALICE</lab:to><plain xmlns="">12 &amp; 13</plain>'
    '<!-- no --><amount xmlns="urn:money" currency="EUR">100</amount><lab:to id="one"> B&#13;\n</lab:to>'
    "</lab:pay>"
)
DEFAULTED: Final = f'<pay xmlns="{LAB}"><to>ALICE</to><note xmlns="">x</note></pay>'


class Recorder:
    """A store that remembers nothing and says what it was asked."""

    def __init__(self) -> None:
        self.keys: set[bytes] = set()

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:
        """Say that all is new."""
        assert all(entry.until > now for entry in entries)
        self.keys |= {entry.key for entry in entries}
        return Remembered.NEW


@dataclass
class Seed:
    """A message that is accepted, and where."""

    name: str
    message: bytes
    policy: Policy
    keys: TrustedKeys
    facts: TransportFacts
    body_signed: bool
    """The policy relies on a signature over body, Timestamp and addressing."""
    claims: Claims = field(init=False)
    once: set[bytes] = field(init=False)
    parts: dict[str, bytes] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        verdict, self.once = self.judged(self.message)
        assert verdict is not None, self.name
        assert verdict.claims is not None, (self.name, verdict.findings[-1])
        self.claims = verdict.claims
        self.parts = signed_parts(self.message, body=self.body_signed)

    def judged(self, data: bytes, *, known: bool = True) -> tuple[Verdict | None, set[bytes]]:
        """Return the verdict and what must come once; None: refused before the judge's turn.

        `known`: the message is this seed's, changed, so its payload is known.
        """
        try:
            envelope = read_envelope(parse(data, Bounds()))
        except GatewayError:
            return None, set()
        store = Recorder()
        verdict = judge(envelope, self.policy, self.facts, NOW, self.keys, store)
        assert (verdict.claims is None) != (verdict.refusal is None)
        if verdict.claims is not None and self.body_signed and known and self.parts:
            assert canonical(envelope.payload) == self.parts["payload"], self.name
        return verdict, store.keys

    def check(self, data: bytes) -> str:
        """Check one changed message; return what became of it."""
        verdict, once = self.judged(data)
        if verdict is None:
            return "not an envelope"
        if verdict.claims is None:
            return verdict.findings[-1].rule.id
        assert verdict.findings[-1].rule is R.ONCE or not once
        assert self._believed(verdict.claims) == self._believed(self.claims), self.name
        assert signed_parts(data, body=self.body_signed) == self.parts, self.name
        assert once & self.once, f"{self.name}: sent again in this form it would be taken for another message"
        return "accepted: the same"

    def _believed(self, claims: Claims) -> tuple[Any, ...]:
        """Return what is used of the claims; that a certificate was changed shows only to those who know it."""
        who = () if self.policy.trust is Trust.ANY else (claims.attesting, claims.issuing)
        names = (claims.user, claims.name_format, claims.qualifier, claims.issuer, claims.assertion_id)
        return (claims.token, *names, claims.attributes, claims.vouching, *who)


def signed_parts(data: bytes, *, body: bool) -> dict[str, bytes]:
    """Return the canonical forms of what was signed, wherever it is; each stands in the document once."""
    root = tree(data)
    soap = etree.QName(root).namespace
    (assertion,) = root.iter(*ASSERTIONS)
    assert assertion.getparent().tag == f"{{{WSSE}}}Security"
    assert assertion.getparent().getparent() is root.find(f"{{{soap}}}Header")
    for signature in assertion.findall(f"{{{DS}}}Signature"):
        assertion.remove(signature)
    found = {"assertion": canonical(assertion)}
    if not body:
        return found
    (whole,) = root.iter(f"{{{soap}}}Body")
    assert whole.getparent() is root
    (payload,) = whole.iterchildren("*")
    (timestamp,) = root.iter(f"{{{WSU}}}Timestamp")
    assert timestamp.getparent() is assertion.getparent()
    headers = [canonical(child) for child in root.find(f"{{{soap}}}Header").iterchildren(f"{{{WSA}}}*")]
    found |= {"body": canonical(whole), "payload": canonical(payload), "timestamp": canonical(timestamp)}
    return found | {"addressing": b"".join(sorted(headers)), "texts": first_texts(payload)}


def first_texts(payload: Any) -> bytes:
    """Return the texts of the payload as programs read them that stop at a comment."""
    return repr([(element.text or "").strip(" \t\r\n") for element in payload.iter("*")]).encode()


# -- the messages ----------------------------------------------------------------------------------------------


class Seeds:
    """All seeds, made when first asked for; keys are made here and now."""

    def __init__(self) -> None:
        self.pki = Pki()

    @cached_property
    def all(self) -> tuple[Seed, ...]:
        """Every seed with a signature."""
        return tuple(self._made())

    @cached_property
    def unsigned(self) -> tuple[Seed, ...]:
        """Messages that are accepted without one: what they say is what anybody says."""
        return tuple(
            self._seed("network", Message(f"saml{version}"), SignedBy.NOBODY, body=False)
            for version in (11, 20)
        )

    def _made(self) -> Iterator[Seed]:
        for version in (11, 20):
            for reference in ("str", "direct"):
                for name, changes in self._changes().items():
                    yield self._of_sender(f"{name}-{reference}", version, {"reference": reference, **changes})
            yield self._seed("sts", Message(f"saml{version}", sts=self.pki.sts), SignedBy.STS, body=False)
            both = Message(f"saml{version}", sts=self.pki.sts, signed_by=self.pki.sender, body=PAYLOAD)
            yield self._seed("both-sender", both, SignedBy.SENDER)
            yield self._seed("both-either", both, SignedBy.EITHER, sts_body=StsBody.TLS_CLIENT)
            yield self._seed("both-sts", both, SignedBy.STS, body=False)
            yield self._seed("both-both", both, SignedBy.STS, sts_body=StsBody.SENDER_SIGNATURE)
            yield self._seed("any", both, SignedBy.SENDER, trust=Trust.ANY)
            yield self._seed("defaulted", self._defaulted(version), SignedBy.SENDER)
        addressed = self._addressed()
        yield self._seed("addressing", addressed, SignedBy.SENDER)
        for key in ("pkipath", "issuer-serial", "ski", "thumbprint"):
            yield self._of_sender(key, 20, {"key": key})
        chained = Message("saml20", signed_by=self.pki.sender)
        yield self._seed("chain", chained, SignedBy.SENDER, trust=Trust.CHAIN)

    def _changes(self) -> dict[str, dict[str, Any]]:
        return {
            "plain": {"body": PAYLOAD},
            "soap12": {"soap": 12},
            "ec": {"signed_by": self.pki.sender_ec, "body": DEFAULTED},
        }

    def _of_sender(self, name: str, version: int, changes: dict[str, Any]) -> Seed:
        message = Message(f"saml{version}", **{"signed_by": self.pki.sender, **changes})
        return self._seed(name, message, SignedBy.SENDER)

    def _defaulted(self, version: int) -> Message:
        """Return a message with default namespaces around and in what is signed."""
        message = Message(
            f"saml{version}",
            signed_by=self.pki.sender,
            body=DEFAULTED,
            envelope_attributes=' xmlns="urn:outer" xmlns:xsd="http://www.w3.org/2001/XMLSchema"',
        )
        listed = transforms(
            '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><ec:InclusiveNamespaces '
            'xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xsd soap"/></ds:Transform>'
        )
        token = str_reference(STR_ID, message.assertion_id, apex=False)
        return message.but(refs=(Ref(BODY_ID, listed, prefixes=("xsd", "soap")), Ref(TIMESTAMP_ID), token))

    def _addressed(self) -> Message:
        names = {"Action": "urn:lab:pay", "To": "https://gateway.example/one"}
        headers = "".join(
            f'<wsa:{name} xmlns:wsa="{WSA}" xmlns:wsu="{WSU}" wsu:Id="id-{name}">{text}</wsa:{name}>'
            for name, text in names.items()
        )
        refs = tuple(Ref(f"id-{name}") for name in names)
        return Message("saml20", signed_by=self.pki.sender, headers_first=headers, more_refs=refs, body=PAYLOAD)

    def _seed(
        self,
        name: str,
        message: Message,
        signed_by: SignedBy,
        *,
        body: bool = True,
        sts_body: StsBody = StsBody.HTTPS,
        trust: Trust = Trust.ONE,
    ) -> Seed:
        policy = Policy(
            TokenKind(message.token),
            _SKEW,
            _AGE,
            signed_by=signed_by,
            sts_body=sts_body,
            trust=trust,
            unsigned_senders=UnsignedSenders.NETWORK,
            audiences=frozenset({"https://gateway.example/ims"}),
        )
        pinned = (self.pki.sender, self.pki.sender_ec, self.pki.sts)
        trusted = (self.pki.ca,) if trust is Trust.CHAIN else pinned
        keys = TrustedKeys(tuple(each.certificate for each in trusted))
        data = message.build(NOW)
        return Seed(f"{message.token}-{name}", data, policy, keys, TransportFacts(tls=True), body)


SOAPS: Final = tuple(SOAP.values())
Change = Callable[[Any, bytes], bytes]


def run(seeds: Sequence[Seed], examples: int, choose: Any, change: Change) -> Counter[str]:
    """Try that many changed messages; return how often each outcome came."""
    outcomes: Counter[str] = Counter()
    for _ in range(examples):
        seed = choose.choice(seeds)
        data = change(choose, seed.message)
        try:
            outcomes[seed.check(data)] += 1
        except Exception as error:
            error.add_note(f"{seed.name}: {difference(seed.message, data)}")
            raise
    return outcomes


def difference(before: bytes, after: bytes) -> str:
    """Return what two messages have not in common at their ends."""
    start = common(before, after)
    end = common(before[:start:-1], after[:start:-1])
    return f"{before[start : len(before) - end]!r} became {after[start : len(after) - end]!r}"


def common(first: bytes, second: bytes) -> int:
    """Return how many bytes two messages begin with that are the same."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(first), len(second)))
