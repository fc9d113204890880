from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config.model import Credentials, KeyStore, ServerSettings, TrustStore, parse_listen
from gateway.exchange import Secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("soap.example.com:443", ("soap.example.com", 443)),
        ("[::1]:9443", ("::1", 9443)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
    ],
)
def test_a_listen_address_is_split(text, expected):
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "8443", ":8443", "host", "host:", "host:65536", "host:٣", "::1:8443", "[::1]", "a b:1", "host:8443 "],
)
def test_what_is_no_listen_address_is_refused(text):
    with pytest.raises(ValueError, match="host:port"):
        parse_listen(text)


def test_models_can_be_made_from_values_that_are_resolved_already(tmp_path):
    store = KeyStore(path=tmp_path / "server.p12", password=Secret("x"))
    trust = TrustStore(path=tmp_path)
    settings = ServerSettings(
        keystore=store, client_truststore=trust, trusted_proxies=(ip_network("10.0.0.0/8"),)
    )
    assert settings.keystore == store
    assert trust.password == Secret("")


def test_a_model_resolves_no_reference_without_a_resolver():
    with pytest.raises(ValidationError):
        KeyStore.model_validate({"path": "server.p12"})


def test_a_settings_value_does_not_change():
    settings = ServerSettings()
    with pytest.raises(ValidationError):
        settings.workers = 3  # type: ignore[misc]


def test_no_secret_shows_in_a_model_or_in_its_validation_error():
    credentials = Credentials(user="GWUSER", password=Secret("M4RK3R"))
    with pytest.raises(ValidationError) as caught:
        Credentials(user="GWUSER", password=Secret("M4RK3RXXX"))
    for text in (repr(credentials), str(credentials), str(credentials.model_dump()), str(caught.value)):
        assert "M4RK3R" not in text


@pytest.mark.parametrize("name", ["GWUSERXXX", "GW-USER", "ÄÖÜ", "GW USER", "ſ"])  # the last folds to S
def test_a_name_outside_the_racf_alphabet_is_refused_and_never_cut(name):
    with pytest.raises(ValidationError):
        Credentials(user=name)


def test_a_name_of_the_racf_alphabet_is_folded_to_upper_case():
    assert Credentials(user="gw@#$9").user == "GW@#$9"


def test_a_path_stays_a_path():
    assert KeyStore(path=Path("a/b")).path == Path("a/b")
