"""RACF user ids and passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SecurityError, WssFault
from gateway.exchange import Secret
from gateway.identity.userid import racf_password, racf_user_id


@pytest.mark.parametrize(
    ("name", "user"), [("ALICE", "ALICE"), ("alice", "ALICE"), ("A", "A"), ("@dmin#1$", "@DMIN#1$")]
)
def test_a_name_of_the_racf_alphabet_is_folded_to_upper_case(name, user):
    assert racf_user_id(name) == user


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ABCDEFGHI",
        " ALICE",
        "ALICE ",
        "AL ICE",
        "ALICE\0",
        "ÄLICE",
        "ſmith",
        "ＡＬＩＣＥ",
        "ß",
        "ı",
        "A\u200bB",
        "A.B",
        "١",
    ],
)
def test_any_other_name_is_refused_and_never_cut_or_folded(name):
    with pytest.raises(SecurityError) as caught:
        racf_user_id(name)
    assert caught.value.fault is WssFault.FAILED_AUTHENTICATION
    assert name == "" or name not in str(caught.value) or len(name) == 1


@given(st.text(max_size=12))
def test_whatever_comes_the_user_id_fits_the_field_or_is_refused(name):
    try:
        user = racf_user_id(name)
    except SecurityError:
        return
    assert 1 <= len(user.encode("cp037")) <= 8
    assert user == name.upper()


@pytest.mark.parametrize("password", ["WONDER1", "a b", "<&>", "ÄÖÜ"])
def test_a_password_that_the_field_can_carry_stays_as_it_is(password):
    assert racf_password(Secret(password)).reveal() == password


@pytest.mark.parametrize("password", ["", "€", "日本", "A\tB", "A\0", "\x7f"])
def test_a_password_that_the_field_cannot_carry_is_a_failed_sign_on(password):
    with pytest.raises(SecurityError) as caught:
        racf_password(Secret(password))
    assert caught.value.fault is WssFault.FAILED_AUTHENTICATION
