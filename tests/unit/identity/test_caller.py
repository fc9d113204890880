"""From claims to the caller."""

import pytest

from gateway.config.model import Credentials, UserRow, UsersTable
from gateway.errors import SecurityError
from gateway.exchange import Caller, Secret
from gateway.identity.caller import caller_of
from gateway.identity.users import Users
from gateway.wss.verdict import Claims, TokenKind

BUNDLE = Credentials.model_construct(user="GWUSER", password=Secret("GWPASS1"), group="GWGROUP")


def test_without_a_token_the_caller_is_the_bundle():
    assert caller_of(Claims(TokenKind.NONE), BUNDLE) == Caller("GWUSER", Secret("GWPASS1"), "GWGROUP", "bundle")


def test_with_a_token_nothing_of_the_bundle_is_left():
    caller = caller_of(Claims(TokenKind.USERNAME, "alice", Secret("WONDER1")), BUNDLE)
    assert caller == Caller("ALICE", Secret("WONDER1"), "", "username")


def test_a_name_that_is_no_user_id_does_not_fall_back_to_the_bundle():
    with pytest.raises(SecurityError):
        caller_of(Claims(TokenKind.USERNAME, "somebody.else", Secret("WONDER1")), BUNDLE)


def test_an_assertion_has_no_password_and_the_table_of_users_decides():
    users = Users(UsersTable((UserRow(name="alice@bank.example", user="ALICE", group="TELLERS"),)))
    claims = Claims(TokenKind.SAML11, "alice@bank.example")
    assert caller_of(claims, BUNDLE, users) == Caller("ALICE", Secret(""), "TELLERS", "saml11")


def test_a_name_of_a_username_token_may_stand_for_another_user_whose_password_it_must_be():
    users = Users(UsersTable((UserRow(name="alice", user="ALICE7"),)))
    caller = caller_of(Claims(TokenKind.USERNAME, "alice", Secret("WONDER1")), BUNDLE, users)
    assert caller == Caller("ALICE7", Secret("WONDER1"), "", "username")


def test_a_username_token_without_a_password_does_not_become_a_user_without_one():
    with pytest.raises(SecurityError):
        caller_of(Claims(TokenKind.USERNAME, "alice"), BUNDLE)
