"""What the gateway sends, its own judge accepts where nobody has to sign, and refuses where it should."""

from datetime import timedelta

import pytest
from cryptography import x509

from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import ReplaySettings
from gateway.envelope import read_envelope
from gateway.exchange import Secret
from gateway.replay import open_store
from gateway.safexml import Bounds, parse, serialize
from gateway.soap.wsse import NamedUser, OutboundSecurity, VouchedUser
from gateway.tls.trusted import TrustedKeys
from gateway.wss.judge import judge
from gateway.wss.policy import Policy, TransportFacts, UnsignedSenders
from gateway.wss.verdict import TokenKind, Vouching
from tests.fixtures.clock import SetClock
from tests.unit.wss.outbound.messages import envelope

KINDS = pytest.mark.parametrize("kind", [TokenKind.SAML11, TokenKind.SAML20])
VERSIONS = pytest.mark.parametrize("version", ["s11", "s12"])


@pytest.fixture
def certificate(pki):
    return x509.load_pem_x509_certificate(pki.pem(pki.keys.client).read_bytes())


@pytest.fixture
def replay(tmp_path):
    store = open_store(ReplaySettings(), tmp_path, SYSTEM_CLOCK)
    yield store
    store.close()


@pytest.fixture
def decide(certificate, replay):
    def make(message, kind, *, now=None, facts=None, **changes):
        values = {
            "token": kind,
            "clock_skew": timedelta(seconds=60),
            "max_age": timedelta(seconds=300),
            "unsigned_senders": UnsignedSenders.MTLS,
            "senders": (certificate.subject.rfc4514_string(),),
            "issuers": frozenset({"urn:gateway"}),
            "audiences": frozenset({"urn:outside"}),
        }
        facts = facts or TransportFacts(tls=True, certificate=certificate)
        received = read_envelope(parse(serialize(message), Bounds()))
        now = now or SetClock().now()
        return judge(received, Policy(**(values | changes)), facts, now, TrustedKeys.none(), replay)

    return make


def message_of(token, version="s11"):
    message, _ = OutboundSecurity(token, SetClock()).apply(envelope(version), {})
    return message


def vouched(kind, version="s11"):
    return message_of(VouchedUser(kind, "urn:gateway", lambda: "ALICE", audience="urn:outside"), version)


@KINDS
@VERSIONS
def test_our_assertion_is_accepted_from_our_certificate(decide, kind, version):
    verdict = decide(vouched(kind, version), kind)
    assert verdict.claims is not None, verdict.refusal
    assert (verdict.claims.user, verdict.claims.issuer) == ("ALICE", "urn:gateway")
    assert verdict.claims.vouching is Vouching.TLS_CERTIFICATE


@KINDS
@pytest.mark.parametrize(
    "changes",
    [
        {"facts": TransportFacts(tls=True)},
        {"senders": ("CN=somebody else",)},
        {"issuers": frozenset({"urn:other"})},
        {"audiences": frozenset({"urn:other"})},
        {"now": SetClock().now() + timedelta(seconds=361)},
        {"now": SetClock().now() - timedelta(seconds=121)},
    ],
    ids=["no certificate", "another sender", "another issuer", "for another", "too late", "too early"],
)
def test_and_refused_otherwise(decide, kind, changes):
    assert decide(vouched(kind), kind, **changes).claims is None


@KINDS
def test_the_same_message_is_accepted_once(decide, kind):
    message = vouched(kind)
    assert decide(message, kind).accepted
    assert not decide(message, kind).accepted
    assert decide(vouched(kind), kind).accepted


def test_an_assertion_of_one_version_is_none_of_the_other(decide):
    assert not decide(vouched(TokenKind.SAML11), TokenKind.SAML20).accepted
    assert not decide(vouched(TokenKind.SAML20), TokenKind.SAML11).accepted


@VERSIONS
def test_our_user_and_password_are_accepted_once(decide, version):
    message = message_of(NamedUser("ALICE", Secret("WONDER1"), nonce=True), version)
    verdict = decide(message, TokenKind.USERNAME)
    assert verdict.claims is not None, verdict.refusal
    assert (verdict.claims.user, verdict.claims.password) == ("ALICE", Secret("WONDER1"))
    assert not decide(message, TokenKind.USERNAME).accepted
