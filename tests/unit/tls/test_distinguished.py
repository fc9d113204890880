import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from gateway.tls.distinguished import either_way, name_key, parse_name
from tests.fixtures.certificates import issue

CN, ORG, OU, C = (
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COUNTRY_NAME,
)
EMAIL = NameOID.EMAIL_ADDRESS
OWN = ObjectIdentifier("1.3.6.1.4.1.99999.1")


def dn(*pairs):
    """A name in the order of the certificate; a list of pairs is one RDN of several attributes."""
    rdns = [pair if isinstance(pair, list) else [pair] for pair in pairs]
    return x509.Name(
        [x509.RelativeDistinguishedName([x509.NameAttribute(*attribute) for attribute in rdn]) for rdn in rdns]
    )


PLAIN = dn((C, "DE"), (ORG, "Bank AG"), (CN, "web1"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CN=web1,O=Bank AG,C=DE", PLAIN),
        ("CN=web1, O=Bank AG, C=DE", PLAIN),
        ("cn=web1,o=Bank AG,c=DE", PLAIN),
        ("CN = web1 , O = Bank AG , C = DE", PLAIN),
        ("CN=web1;O=Bank AG;C=DE", PLAIN),
        ('CN="web1", O="Bank AG", C=DE', PLAIN),
        ("2.5.4.3=web1,OID.2.5.4.10=Bank AG,oid.2.5.4.6=DE", PLAIN),
        ("CN=#0c0477656231,O=Bank AG,C=DE", PLAIN),
        ("CN=#130477656231,O=Bank AG,C=DE", PLAIN),
        ("CN=\\77\\65\\62\\31,O=Bank AG,C=DE", PLAIN),
        ('O="Bank, Trust & Co"', dn((ORG, "Bank, Trust & Co"))),
        ("O=Bank\\, Trust & Co", dn((ORG, "Bank, Trust & Co"))),
        ("O=Bank\\2C Trust & Co", dn((ORG, "Bank, Trust & Co"))),
        ("CN=\\ two \\ ", dn((CN, " two  "))),
        ("CN=\\#1", dn((CN, "#1"))),
        ('CN=a\\+b\\=c\\"d\\\\e', dn((CN, 'a+b=c"d\\e'))),
        ("CN=M\\C3\\BCller", dn((CN, "Müller"))),
        ("CN=Müller", dn((CN, "Müller"))),
        ("CN=a+OU=b,O=c", dn((ORG, "c"), [(CN, "a"), (OU, "b")])),
        ("OU=b+CN=a,O=c", dn((ORG, "c"), [(CN, "a"), (OU, "b")])),
        ("E=x@y.example,CN=a", dn((CN, "a"), (EMAIL, "x@y.example"))),
        ("EMAILADDRESS=x@y.example,CN=a", dn((CN, "a"), (EMAIL, "x@y.example"))),
        ("1.2.840.113549.1.9.1=#160b7840792e6578616d706c65,CN=a", dn((CN, "a"), (EMAIL, "x@y.example"))),
        ("S=Bayern", dn((NameOID.STATE_OR_PROVINCE_NAME, "Bayern"))),
        ("ST=Bayern", dn((NameOID.STATE_OR_PROVINCE_NAME, "Bayern"))),
        ("1.3.6.1.4.1.99999.1=own", dn((OWN, "own"))),
        ("DC=bank,DC=example", dn((NameOID.DOMAIN_COMPONENT, "example"), (NameOID.DOMAIN_COMPONENT, "bank"))),
    ],
)  # fmt: skip
def test_a_name_says_the_same_however_it_is_spelt(text, name):
    assert parse_name(text) == name_key(name)


@pytest.mark.parametrize(
    "text",
    [
        "CN=web2,O=Bank AG,C=DE",
        "CN=WEB1,O=Bank AG,C=DE",
        "O=Bank AG,CN=web1,C=DE",
        "CN=web1,O=Bank AG",
        "CN=web1,O=Bank AG,C=DE,C=DE",
        "CN=web1+O=Bank AG,C=DE",
        "CN=web1\\,O=Bank AG,C=DE",
        "CN=web1  x,O=Bank AG,C=DE",
    ],
)
def test_another_name_is_another(text):
    assert parse_name(text) != name_key(PLAIN)


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "CN", "CN=a,", "CN=a+", "CN=a,,O=b", "XYZ=a", "=a", "CN=a\\", 'CN="a', 'CN="a"b,O=c', "CN=#0",
        "CN=#zz", "CN=#0c05616263", "CN=\\ff", "." * 3 + "=a", "CN=" + "a" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError):
        parse_name(text)


def test_the_type_of_a_string_does_not_count():
    printable = dn((CN, "web1", x509.name._ASN1Type.PrintableString))
    teletex = dn((CN, "web1", x509.name._ASN1Type.T61String))
    assert name_key(printable) == name_key(teletex) == name_key(dn((CN, "web1")))


def test_a_name_written_backwards_is_found_by_the_key_for_locators_only():
    backwards = parse_name("C=DE,O=Bank AG,CN=web1")
    assert backwards != name_key(PLAIN)
    assert either_way(backwards) == either_way(name_key(PLAIN))
    assert either_way(parse_name("C=DE,CN=web1,O=Bank AG")) != either_way(name_key(PLAIN))


ODD = dn(
    (C, "DE"), (ORG, 'Müller, "Sons" + Co; <x>'), (OU, " #spaces "), [(CN, "a=b"), (OU, "c\\d")],
    (EMAIL, "x@y.example"), (NameOID.SERIAL_NUMBER, "42"), (OWN, "own"),
)  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not there")
@pytest.mark.parametrize(
    "options", ["RFC2253", "RFC2253,utf8,-esc_msb", "esc_2253,utf8,sep_comma_plus_space,dn_rev,space_eq"]
)
def test_what_openssl_writes_is_read(options):
    certificate = issue(subject=ODD)
    command = ["openssl", "x509", "-noout", "-subject", "-nameopt", options]
    done = subprocess.run(command, input=certificate.pem, capture_output=True, check=True)
    text = done.stdout.decode().strip().removeprefix("subject=").strip()
    assert parse_name(text) == name_key(certificate.certificate.subject)


def test_what_cryptography_writes_is_read():
    assert parse_name(ODD.rfc4514_string()) == name_key(ODD)


KINDS = st.sampled_from([CN, ORG, OU, EMAIL, OWN])
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
RDNS = st.lists(
    st.lists(st.tuples(KINDS, VALUES), min_size=1, max_size=2, unique_by=lambda pair: pair[0]), min_size=1
)


@given(RDNS)
def test_every_name_comes_back_from_its_text(rdns):
    name = dn(*rdns)
    assert parse_name(name.rfc4514_string()) == name_key(name)


@given(st.text(st.sampled_from('CNOU=+,;\\"# .20c\u00e9'), max_size=60))
def test_hostile_text_is_a_name_or_refused(text):
    try:
        assert parse_name(text)
    except ValueError:
        pass
