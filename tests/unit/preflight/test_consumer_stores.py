"""Key stores, trust stores and modules of callouts."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import preflight, testkeys
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from gateway.exchange import Secret
from gateway.testkeys import TestAuthority
from tests.unit.preflight.homes import make

PASSWORD = "keys-for-tests"
ENVIRON = {"IMS1_PASSWORD": "GWPASS1", "KEYS": PASSWORD}
RATING = "wsdl/rating/correlator.toml"
BUNDLE = "bundles/ims1.toml"


def keystore(home, name="client", valid=timedelta(days=365), password='{ env = "KEYS" }'):
    """Put a key store into the home; return the inline table that names it."""
    path = home / "keystores" / f"{name}.p12"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(TestAuthority().issue("client", (), Secret(PASSWORD), valid))
    return f'{{ path = "keystores/{name}.p12", password = {password} }}'


def truststore(home, name="ca", content=None):
    path = home / "keystores" / f"{name}.pem"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(TestAuthority().certificate.public_bytes(Encoding.PEM) if content is None else content)
    return f'{{ path = "keystores/{name}.pem" }}'


def problems(home, later=timedelta()):
    return preflight.check(read_home(home, environ=ENVIRON), SYSTEM_CLOCK.now() + later)


def keys(home, *, warning=False, later=timedelta()):
    return [(each.file, each.key) for each in problems(home, later) if each.warning is warning]


def both(home, keys, trust):
    """Write a home whose bundle and service both name stores."""
    bundle = f"keystore = {keys}\ntruststore = {trust}\n"
    return make(home, bundle=bundle, correlator=f"[security]\n{bundle}")


def test_stores_that_open_are_right(tmp_path):
    home = both(tmp_path, keystore(tmp_path), truststore(tmp_path))
    assert problems(home) == ()


def test_stores_that_do_not_open_are_told_where_they_stand(tmp_path):
    home = both(tmp_path, keystore(tmp_path, password='"wr0ng"'), truststore(tmp_path, content=b"nothing"))
    places = [
        (file, f"{table}.{key}")
        for file, table in ((BUNDLE, "callout"), (RATING, "security"))
        for key in ("keystore", "truststore")
    ]
    assert keys(home) == places
    assert not any("wr0ng" in str(each) for each in problems(home))


def test_certificates_that_end_soon_are_a_warning(tmp_path):
    home = both(tmp_path, keystore(tmp_path, valid=timedelta(days=20)), truststore(tmp_path))
    assert keys(home, warning=True) == [(BUNDLE, "callout.keystore"), (RATING, "security.keystore")]


@pytest.mark.parametrize("place", ["bundle", "service"])
def test_a_key_that_the_policy_forbids_is_told_where_it_stands(tmp_path, place, monkeypatch):
    monkeypatch.setattr(testkeys, "_new_key", lambda _kind: ec.generate_private_key(ec.SECP256K1()))
    store = f"keystore = {keystore(tmp_path)}\n"
    home = make(
        tmp_path,
        bundle='crypto_policy = "sp800-131a"\n' + (store if place == "bundle" else ""),
        correlator=f"[security]\n{store}" if place == "service" else "",
    )
    (problem,) = [each for each in problems(home) if not each.warning]
    expected = (BUNDLE, "callout.keystore") if place == "bundle" else (RATING, "security.keystore")
    assert (problem.file, problem.key) == expected
    assert "secp256k1" in problem.text


def journal(home, trust):
    (home / "gateway.toml").write_text(
        f'[journal]\nstore = "postgresql://journal@db.example.com/journal"\ntruststore = {trust}\n'
    )


def test_the_truststore_of_the_journal_is_looked_at(tmp_path):
    home = make(tmp_path)
    journal(home, truststore(home))
    assert problems(home) == ()
    journal(home, truststore(home, content=b"nothing"))
    assert keys(home) == [("gateway.toml", "journal.truststore")]


def test_the_truststore_of_the_journal_is_one_file_in_pem(tmp_path):
    home = make(tmp_path)
    truststore(home)
    journal(home, '{ path = "keystores" }')
    (problem,) = problems(home)
    assert (problem.key, problem.warning) == ("journal.truststore", False)
    assert "one file of certificates in PEM" in problem.text


# -- authentication modules


@pytest.mark.parametrize(
    ("authenticator", "words"),
    [
        ("no.such:Module", "no module"),
        ("json:dumps", "is Python's own"),
        ("pydantic:BaseModel", "cannot be used"),
        ("nobody", "imsgw.callout_authenticators"),
    ],
)
def test_a_module_that_cannot_be_made_is_told(tmp_path, authenticator, words):
    home = make(tmp_path, correlator=f'[security]\nauthenticator = "{authenticator}"\n')
    (problem,) = problems(home)
    assert (problem.file, problem.key, problem.warning) == (RATING, "security.authenticator", False)
    assert words in problem.text


class Wary:
    """An authentication module that wants an option."""

    def __init__(self, options, _home):
        """Take the options."""
        if "table" not in options:
            raise ValueError("option table is missing")

    def authenticate(self, _call):
        """Change nothing."""


def test_a_module_is_made_with_its_options(tmp_path):
    authenticator = f'[security]\nauthenticator = "{__name__}:Wary"\n'
    (problem,) = problems(make(tmp_path, correlator=authenticator))
    assert "option table is missing" in problem.text
    assert (
        problems(make(tmp_path, correlator=f'{authenticator}authenticator_options = {{ table = "x" }}\n')) == ()
    )
