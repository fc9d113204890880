"""The hash of what a file says: it tells what counts, and nothing of secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.contents import digest_of, digest_of_users
from gateway.config.model import Bundle, ProviderSettings

BUNDLE = {"ims_connect": {"host": "127.0.0.1", "port": 9999}, "credentials": {"user": "GWUSER"}}
NAME_AND_KEY = st.dictionaries(st.sampled_from(["user", "group"]), st.text(max_size=8))


def bundle(**credentials):
    return digest_of(Bundle, {**BUNDLE, "credentials": {**BUNDLE["credentials"], **credentials}})


def provider(**security):
    return digest_of(ProviderSettings, {"role": "provider", "wsdl": "a.wsdl", "security": security})


@given(NAME_AND_KEY, NAME_AND_KEY)
def test_it_is_the_same_where_the_same_is_said(one, other):
    assert (bundle(**one) == bundle(**other)) == (
        {**BUNDLE["credentials"], **one} == {**BUNDLE["credentials"], **other}
    )


def test_the_order_of_keys_does_not_count():
    assert digest_of(Bundle, dict(reversed(BUNDLE.items()))) == digest_of(Bundle, BUNDLE)


@given(st.text(), st.text())
def test_a_secret_in_clear_does_not_count(one, other):
    assert bundle(password=one) == bundle(password=other)


def test_that_there_is_a_secret_counts_and_where_it_comes_from():
    shapes = [
        {},
        {"password": "x"},
        {"password": {"env": "A"}},
        {"password": {"env": "B"}},
        {"password": {"file": "A"}},
    ]
    assert len({bundle(**shape) for shape in shapes}) == len(shapes)


def test_secrets_of_stores_are_left_out_and_their_paths_are_not():
    stores = [{"path": path, "password": password} for path in "ab" for password in "xy"]
    digests = [digest_of(Bundle, {**BUNDLE, "callout": {"keystore": store}}) for store in stores]
    assert digests[0] == digests[1] != digests[2] == digests[3]


def test_tables_under_names_count_with_their_names():
    def operations(**tables):
        return digest_of(ProviderSettings, {"wsdl": "a.wsdl", "operations": tables})

    told = [
        operations(a={"transaction": "A"}),
        operations(a={"transaction": "B"}),
        operations(b={"transaction": "A"}),
    ]
    assert len(set(told)) == 3


@given(st.text(), st.text())
def test_texts_for_a_module_that_is_not_ours_may_be_secrets_so_they_do_not_count(one, other):
    def options(text):
        return provider(
            authenticator="a:B",
            authenticator_options={"pin": text, "more": [text, {"deeper": text}], "retries": 3},
        )

    assert options(one) == options(other)


def test_all_else_for_such_a_module_counts():
    told = [
        provider(authenticator="a:B", authenticator_options=options)
        for options in (
            {},
            {"retries": 3},
            {"retries": 4},
            {"pin": {"env": "A"}},
            {"pin": {"env": "B"}},
            {"pin": "x"},
        )
    ]
    assert len(set(told)) == 6


def test_options_of_our_own_module_count_but_for_its_password():
    def ldap(**options):
        return provider(
            authenticator="ldap", authenticator_options={"url": "ldaps://a", "base": "o=a", **options}
        )

    assert ldap() != ldap(url="ldaps://b")
    assert ldap(bind_password="x") == ldap(bind_password="y") != ldap()


def test_an_option_that_our_module_does_not_know_is_no_way_to_tell_its_text():
    told = {
        provider(authenticator="ldap", authenticator_options={"bind_pasword": text, "bind_password": text})
        for text in ("x", "y")
    }
    assert len(told) == 1


@pytest.mark.parametrize("row", [{"name": "anne", "user": "ANNA1"}, {"name": "anna", "user": "ANNA2"}])
def test_each_row_of_users_counts(row):
    known = {"name": "anna", "user": "ANNA1"}
    assert digest_of_users({"users": [known]}) != digest_of_users({"users": [row]})
    # the first that fits wins
    assert digest_of_users({"users": [known, row]}) != digest_of_users({"users": [row, known]})
