"""The judge against a corpus of headers, and the rules that lie outside the header."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template

import pytest
import zeep
from hypothesis import given
from hypothesis import strategies as st
from zeep.wsse.username import UsernameToken

from gateway.envelope import Envelope, read_envelope
from gateway.errors import M, SecurityError
from gateway.safexml import Bounds, parse, serialize
from gateway.tls.trusted import TrustedKeys
from gateway.wss.judge import judge
from gateway.wss.policy import Policy, TransportFacts
from gateway.wss.replay import Unremembered
from gateway.wss.rules import RULES, R
from gateway.wss.verdict import TokenKind

ROOT = Path(__file__).parents[3]
CASES = tomllib.loads((ROOT / "tests/corpus/wss/username.toml").read_text())["case"]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
USERNAME = Policy(TokenKind.USERNAME, timedelta(seconds=60), timedelta(seconds=300))
NO_TOKEN = Policy(TokenKind.NONE, timedelta(seconds=60), timedelta(seconds=300))
OVER_TLS = TransportFacts(tls=True)
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
UTP = f"{_OASIS}username-token-profile-1.0#"
FRAME = Template(
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
    f' xmlns:wsse="{_OASIS}wssecurity-secext-1.0.xsd" xmlns:wsu="{_OASIS}wssecurity-utility-1.0.xsd"'
    ' xmlns:wsse11="http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"'
    ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:saml1="urn:oasis:names:tc:SAML:1.0:assertion"'
    ' xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">'
    "<soap:Header>$header</soap:Header><soap:Body><x/></soap:Body></soap:Envelope>"
)


def decide(message, policy, facts):
    return judge(message, policy, facts, NOW, TrustedKeys.none(), Unremembered())


def envelope(header: str) -> Envelope:
    text = FRAME.substitute(header=Template(header).safe_substitute(UTP=UTP))
    return read_envelope(parse(text.encode(), Bounds()))


def token(user: str, password: str) -> str:
    return (
        f"<wsse:Security><wsse:UsernameToken><wsse:Username>{user}</wsse:Username>"
        f"<wsse:Password>{password}</wsse:Password></wsse:UsernameToken></wsse:Security>"
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_header_of_the_corpus_is_judged_as_its_case_says(case):
    verdict = decide(envelope(case["header"]), USERNAME, OVER_TLS)
    if case["expect"] == "accepted":
        assert verdict.claims is not None, verdict.refusal
        assert (verdict.claims.user, verdict.claims.password.reveal()) == (case["user"], case["password"])
        assert all(finding.met for finding in verdict.findings)
        return
    assert verdict.claims is None
    assert isinstance(verdict.refusal, SecurityError)
    assert verdict.refusal.fault.local_name == case["expect"]
    assert verdict.findings[-1].rule.id == case["rule"]
    assert [finding.met for finding in verdict.findings].count(False) == 1
    if "message" in case:
        assert verdict.refusal.message.id == case["message"]


def test_a_header_made_by_zeep_is_accepted():
    client = zeep.Client(str(ROOT / "wsdl/phonebook-secure/phonebook-secure.wsdl"))
    message = client.create_message(client.service, "WhoAmI")
    message, _ = UsernameToken("ALICE", "WONDER1").apply(message, {})
    verdict = decide(read_envelope(parse(serialize(message), Bounds())), USERNAME, OVER_TLS)
    assert verdict.claims is not None
    assert verdict.claims.user == "ALICE"


def test_a_service_with_a_token_is_not_served_over_plain_http_and_that_comes_first():
    verdict = decide(envelope(token("ALICE", "WONDER1")), USERNAME, TransportFacts(tls=False))
    assert verdict.refusal is not None
    assert verdict.refusal.message is M.HTTPS_ONLY
    assert [finding.rule for finding in verdict.findings] == [R.HTTPS]


def test_a_token_sent_where_none_is_asked_is_refused():
    verdict = decide(envelope(token("ALICE", "WONDER1")), NO_TOKEN, OVER_TLS)
    assert verdict.refusal is not None
    assert verdict.refusal.message is M.TOKEN_NOT_ASKED


def test_an_empty_security_header_where_no_token_is_asked_is_refused_too():
    assert decide(envelope("<wsse:Security/>"), NO_TOKEN, OVER_TLS).refusal is not None


@pytest.mark.parametrize("tls", [True, False])
def test_a_message_without_header_is_accepted_where_no_token_is_asked(tls):
    verdict = decide(envelope(""), NO_TOKEN, TransportFacts(tls=tls))
    assert verdict.claims is not None
    assert verdict.claims.token is TokenKind.NONE
    assert verdict.claims.user == ""


def test_no_verdict_shows_the_password():
    for case in CASES:
        verdict = decide(envelope(case["header"]), USERNAME, OVER_TLS)
        assert "WONDER1" not in repr(verdict)
        assert "123456789" not in repr(verdict) + str(verdict.refusal)


def test_every_rule_has_an_id_of_its_own():
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_every_rule_of_a_username_token_is_broken_by_a_case():
    broken = {case["rule"] for case in CASES if "rule" in case}
    elsewhere = {R.HTTPS.id, R.NO_TOKEN.id, R.TS_NEEDED.id}
    of_ours = {
        rule.id for rule in RULES if rule.id.partition(".")[0] in {"header", "token", "timestamp", "username"}
    }
    assert of_ours - broken - elsewhere == set()


@given(
    st.recursive(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="<>&"), max_size=9
        ),
        lambda inner: st.builds(
            lambda tag, children: f"<{tag}>{''.join(children)}</{tag}>",
            st.sampled_from(
                [
                    "wsse:UsernameToken",
                    "wsse:Username",
                    "wsse:Password",
                    "wsse:Nonce",
                    "wsu:Created",
                    "wsu:Timestamp",
                ]
            ),
            st.lists(inner, max_size=4),
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_in_the_header_there_is_a_verdict(content):
    verdict = decide(envelope(f"<wsse:Security>{content}</wsse:Security>"), USERNAME, OVER_TLS)
    assert (verdict.claims is None) != (verdict.refusal is None)
