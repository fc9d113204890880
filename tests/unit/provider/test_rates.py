"""Whom a request counts for among the rates of users."""

import pytest

from gateway.config.limits import LimitsSettings
from gateway.config.model import GatewaySettings
from gateway.errors import RateLimitedError
from gateway.exchange import Secret
from gateway.limits import Admission, limiter_of
from gateway.provider.rates import UserRate
from gateway.wss.verdict import Claims, TokenKind
from tests.unit.limits.test_counting import Seen


@pytest.fixture
def admission(clock):
    limiter = limiter_of(GatewaySettings.model_validate({"server": {"workers": 1}}), clock, Seen())
    return Admission(limiter, LimitsSettings(rate_per_user="1/minute"), "phonebook")


def with_password(name):
    return Claims(TokenKind.USERNAME, name, Secret("WONDER1"))


def call(admission, claims, user="ALICE", *, by_module=False):
    rate = UserRate(admission)
    rate.believed(claims, user, by_module=by_module)
    rate.signing_on(proven=True)


def test_a_password_counts_for_the_racf_user_whatever_name_led_there(admission):
    call(admission, with_password("alice@one"))
    with pytest.raises(RateLimitedError):
        call(admission, with_password("alice@two"))
    call(admission, with_password("bob@one"), "BOB")


def test_an_assertion_counts_for_its_user_whoever_that_is_at_racf(admission):
    call(admission, Claims(TokenKind.SAML20, "alice", issuer="urn:sts"), "FUNCT")
    call(admission, Claims(TokenKind.SAML20, "bob", issuer="urn:sts"), "FUNCT")
    call(admission, Claims(TokenKind.SAML20, "alice", issuer="urn:other"), "FUNCT")
    with pytest.raises(RateLimitedError):
        call(admission, Claims(TokenKind.SAML20, "ALICE ", issuer="urn:sts"), "FUNCT")


def test_issuer_and_name_cannot_be_read_as_those_of_another(admission):
    call(admission, Claims(TokenKind.SAML20, "b c", issuer="a"))
    call(admission, Claims(TokenKind.SAML20, "c", issuer="a b"))


def test_a_name_that_a_module_believed_counts_as_it_stands(admission):
    call(admission, with_password("one"), "FUNCT", by_module=True)
    call(admission, with_password("two"), "FUNCT", by_module=True)
    with pytest.raises(RateLimitedError):
        call(admission, with_password("one"), "FUNCT", by_module=True)


def test_without_a_token_nobody_counts(admission):
    for _ in range(3):
        call(admission, Claims(TokenKind.NONE), "GWUSER")
