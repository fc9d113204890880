"""Who a name in a token is, by the table of users and without one."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.secrets import HomeFiles
from gateway.config.users import read_users
from gateway.errors import SecurityError, WssFault
from gateway.exchange import Secret
from gateway.identity.users import RacfUser, Users
from gateway.wss.saml.names import EMAIL, UNSPECIFIED, WINDOWS, X509_SUBJECT
from gateway.wss.verdict import Attribute, Claims, TokenKind


def table(text):
    found, faults = read_users(tomllib.loads(text), HomeFiles(Path("/nonexistent"), {}))
    assert faults == ()
    return Users(found)


def saml(user, **more):
    return Claims(TokenKind.SAML20, user, **more)


def certificate(name, host):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def web1():
    return certificate("web1", "web1.bank.example")


# -- without a table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["", UNSPECIFIED])
def test_without_a_table_the_name_is_the_user_id_in_upper_case(style):
    assert Users().user_of(saml("alice1", name_format=style)) == RacfUser("ALICE1")


@pytest.mark.parametrize("style", [EMAIL, WINDOWS, X509_SUBJECT])
def test_a_name_of_another_format_is_nobody_without_a_row_even_if_it_looks_like_a_user_id(style):
    with pytest.raises(SecurityError) as refused:
        Users().user_of(saml("ALICE", name_format=style))
    assert refused.value.fault is WssFault.FAILED_AUTHENTICATION


@pytest.mark.parametrize(
    "name",
    ["USERNAME9", "us er", " ALICE", "ALICE ", "usér", "\uff55ser", "ALICE\u200b", "ALI\tCE", "ı", "ß", ""],
)
def test_a_name_that_is_no_user_id_is_nobody(name):
    with pytest.raises(SecurityError):
        Users().user_of(saml(name))


# -- rows -----------------------------------------------------------------------------------------------------


def test_the_first_row_that_fits_wins_in_the_order_written():
    users = table("""
        [[users]]
        name = "alice@bank.example"
        user = "alice"
        group = "tellers"
        [[users]]
        pattern = '.*'
        user = "GUEST"
    """)
    assert users.user_of(saml("alice@bank.example", name_format=EMAIL)) == RacfUser("ALICE", "TELLERS")
    assert users.user_of(saml("bob@bank.example", name_format=EMAIL)) == RacfUser("GUEST")


def test_names_are_compared_exactly():
    users = table('users = [{ name = "alice@bank.example", user = "ALICE" }]')
    for other in ("Alice@bank.example", "alice@bank.example ", "alice@bank.example\n", "xalice@bank.example"):
        with pytest.raises(SecurityError):
            users.user_of(saml(other))


def test_where_no_row_fits_the_name_itself_counts():
    users = table('users = [{ name = "alice", user = "A1" }]')
    assert users.user_of(saml("BOB")) == RacfUser("BOB")
    assert users.user_of(Claims(TokenKind.USERNAME, "alice", Secret("x"))) == RacfUser("A1")


def test_a_pattern_matches_the_whole_name_and_its_groups_make_the_user():
    users = table(r"""users = [{ pattern = 'uid=([a-z]{1,7}),ou=(\w+),o=Bank', user = 'P\1' }]""")
    assert users.user_of(saml("uid=alice,ou=people,o=Bank", name_format=X509_SUBJECT)) == RacfUser("PALICE")
    for other in (
        "uid=alice,ou=people,o=Bank,c=XX",
        "cn=x,uid=alice,ou=people,o=Bank",
        "uid=alice,ou=people,o=Bank\n",
        "UID=alice,ou=people,o=Bank",
    ):
        assert users.find(saml(other)) is None


def test_what_a_pattern_leads_to_must_be_a_user_id():
    users = table(r"""users = [{ pattern = '(.*)@bank\.example', user = '\1' }]""")
    assert users.user_of(saml("bob@bank.example")) == RacfUser("BOB")
    for name in ("christopher@bank.example", "@bank.example", "a b@bank.example", "ö@bank.example"):
        with pytest.raises(SecurityError, match="leads to no RACF user id"):
            users.user_of(saml(name))


def test_a_group_that_took_no_part_leads_to_nobody():
    users = table(r"""users = [{ pattern = 'x|(y)', user = 'P\1' }]""")
    assert users.user_of(saml("y")) == RacfUser("PY")
    with pytest.raises(SecurityError):
        users.user_of(saml("x"))


def test_a_pattern_that_is_exponential_elsewhere_is_linear_here():
    users = table("users = [{ pattern = '(a*)*(a|aa)+b', user = 'X' }]")
    assert users.find(saml("a" * 1000)) is None


def test_a_name_of_thousands_of_characters_is_refused_before_any_row():
    with pytest.raises(SecurityError):
        table("users = [{ pattern = '.*', user = 'X' }]").find(saml("a" * 1025))


def test_a_row_with_an_issuer_is_for_that_issuer_alone():
    users = table('users = [{ name = "root1", issuer = "https://a.example", user = "OPER" }]')
    assert users.user_of(saml("root1", issuer="https://a.example")) == RacfUser("OPER")
    assert users.user_of(saml("root1", issuer="https://b.example")) == RacfUser("ROOT1")
    assert users.user_of(Claims(TokenKind.USERNAME, "root1")) == RacfUser("ROOT1")


def test_a_row_with_a_qualifier_is_for_that_realm_alone():
    users = table('users = [{ name = "bob", qualifier = "ldap:389", user = "BOB7" }]')
    assert users.user_of(saml("bob", qualifier="ldap:389")) == RacfUser("BOB7")
    assert users.user_of(saml("bob", qualifier="ldap:3890")) == RacfUser("BOB")


@pytest.mark.parametrize("pattern", ["CN=web1", "dns:WEB1.bank.example"])
def test_a_row_with_a_certificate_is_about_who_vouches(pattern, web1):
    users = table(f'users = [{{ certificate = "{pattern}", user = "WEB1" }}]')
    assert users.user_of(saml("anybody at all", attesting=web1)) == RacfUser("WEB1")
    assert users.find(saml("anybody at all", attesting=certificate("web2", "web2.bank.example"))) is None
    assert users.find(saml("anybody at all")) is None


def test_a_row_with_certificate_and_name_needs_both(web1):
    users = table('users = [{ certificate = "CN=web1", name = "a.b", user = "WEB1" }]')
    assert users.user_of(saml("a.b", attesting=web1)) == RacfUser("WEB1")
    assert users.find(saml("a.b")) is None
    assert users.find(saml("a.c", attesting=web1)) is None


# -- attributes -----------------------------------------------------------------------------------------------

BY_ATTRIBUTE = (
    r"""users = [{ attribute = "racf", attribute_namespace = "urn:x", pattern = '(.+)', user = '\1' }]"""
)


def test_an_attribute_takes_the_place_of_the_name():
    claims = saml(
        "whoever", attributes=(Attribute("racf", "urn:x", ("ALICE",)), Attribute("other", "", ("B",)))
    )
    assert table(BY_ATTRIBUTE).user_of(claims) == RacfUser("ALICE")


def test_an_attribute_of_another_namespace_is_another_attribute():
    claims = saml("BOB", attributes=(Attribute("racf", "", ("ALICE",)),))
    assert table(BY_ATTRIBUTE).user_of(claims) == RacfUser("BOB")


def test_a_row_without_a_namespace_takes_the_attribute_in_any():
    users = table('users = [{ attribute = "role", name = "teller", user = "TELLER" }]')
    assert users.user_of(saml("x", attributes=(Attribute("role", "urn:y", ("teller",)),))) == RacfUser("TELLER")


@pytest.mark.parametrize(
    "attributes",
    [
        (Attribute("racf", "urn:x", ("ALICE", "ADMIN")),),
        (Attribute("racf", "urn:x", ()),),
        (Attribute("racf", "urn:x", ("ALICE",)), Attribute("racf", "urn:x", ("ADMIN",))),
        (Attribute("racf", "urn:x", ("ALICE",)), Attribute("racf", "urn:x", ("ALICE",))),
    ],
)
def test_an_attribute_that_says_two_things_or_nothing_is_refused(attributes):
    with pytest.raises(SecurityError) as refused:
        table(BY_ATTRIBUTE).user_of(saml("BOB", attributes=attributes))
    assert refused.value.fault is WssFault.INVALID_SECURITY_TOKEN


# -- the deny list --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ibmuser", "IBMUSER", "root@bank.example"])
def test_nobody_becomes_a_denied_user_by_any_way(name):
    users = table("""
        deny = ["ibmuser"]
        [[users]]
        name = "root@bank.example"
        user = "IBMUSER"
    """)
    with pytest.raises(SecurityError) as refused:
        users.find(saml(name))
    assert refused.value.fault is WssFault.FAILED_AUTHENTICATION


@given(st.text(max_size=20))
def test_whatever_the_name_the_user_is_of_the_racf_alphabet_or_nobody(name):
    users = table(r"""users = [{ pattern = '(.*)x', user = '\1' }, { pattern = 'a(.*)', user = 'Q\1' }]""")
    try:
        found = users.user_of(saml(name))
    except SecurityError:
        return
    assert 1 <= len(found.user) <= 8
    assert set(found.user) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#@$")
