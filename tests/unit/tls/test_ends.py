"""When the certificates in a home's stores end: each store by its use, read again when its files change."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from gateway.config.model import GatewaySettings, Home, KeyStore, TrustStore
from gateway.exchange import Secret
from gateway.tls import ends as module
from gateway.tls.ends import Ends
from tests.fixtures.pki import PASSWORD

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path, pki):
    """A home with a key store of the server, and a trust store for certificates of clients."""
    shutil.copy(pki.keys.server, tmp_path / "server.p12")
    shutil.copy(pki.keys.ca, tmp_path / "ca.pem")
    settings = GatewaySettings()
    server = settings.server.model_copy(
        update={
            "keystore": KeyStore.model_construct(path=tmp_path / "server.p12", password=PASSWORD),
            "client_truststore": TrustStore.model_construct(path=tmp_path / "ca.pem", password=Secret("")),
        }
    )
    return Home(tmp_path, tmp_path / "var", settings.model_copy(update={"server": server}), {}, {}, {})


def ends_in(path: Path) -> list[datetime]:
    return [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(path.read_bytes())]


def told(looked):
    return {(one.use, one.store): (one.next_end, one.expired) for one in looked}


def test_each_store_is_told_by_what_it_is_for_and_its_path(home):
    found = told(Ends().look(home, NOW))
    assert found.keys() == {("server", "server.p12"), ("clients", "ca.pem")}
    assert found["clients", "ca.pem"] == (min(ends_in(home.path / "ca.pem")), 0)


def test_of_those_that_are_valid_the_next_end_counts_and_the_others_are_expired(home, pki):
    bundle = pkcs12.load_pkcs12(pki.expired_client.read_bytes(), PASSWORD.reveal().encode())
    assert bundle.cert is not None
    store = home.path / "ca.pem"
    store.write_bytes(bundle.cert.certificate.public_bytes(Encoding.PEM) + store.read_bytes())
    first, *others = sorted(ends_in(store))
    second, last = timedelta(seconds=1), max(others)
    looks = {at: told(Ends().look(home, at))["clients", "ca.pem"] for at in (first - second, first, last)}
    assert looks == {first - second: (first, 0), first: (min(others), 1), last: (last, len(others) + 1)}


def test_a_store_is_read_when_its_file_has_changed_and_not_before(home, monkeypatch, pki):
    read = []
    real = module.read_truststore
    monkeypatch.setattr(module, "read_truststore", lambda store: (read.append(store), real(store))[1])
    ends = Ends()
    ends.look(home, NOW)
    ends.look(home, NOW)
    assert len(read) == 1
    new = home.path / "new.pem"
    shutil.copy(pki.other.ca, new)
    new.replace(home.path / "ca.pem")
    assert told(ends.look(home, NOW))["clients", "ca.pem"] == (min(ends_in(pki.other.ca)), 0)
    assert len(read) == 2


def test_of_a_store_that_cannot_be_read_any_more_what_it_held_is_told(home):
    ends = Ends()
    before = told(ends.look(home, NOW))
    (home.path / "ca.pem").write_text("half a fi")
    assert told(ends.look(home, NOW)) == before
    assert ("clients", "ca.pem") not in told(Ends().look(home, NOW)), "nobody knows what it held"


def test_a_store_that_is_not_named_any_more_is_forgotten(home):
    ends = Ends()
    ends.look(home, NOW)
    server = home.gateway.server.model_copy(update={"client_truststore": None})
    changed = replace(home, gateway=home.gateway.model_copy(update={"server": server}))
    assert told(ends.look(changed, NOW)).keys() == {("server", "server.p12")}


def test_stores_of_services_that_believe_signers_and_of_consumers_are_told_once_however_many_name_them(home):
    trusts = SimpleNamespace(truststore=home.gateway.server.client_truststore, keystore=None)
    service: Any = SimpleNamespace(settings=SimpleNamespace(security=trusts))
    many = replace(home, services={"one": service, "other": service}, consumers={"third": service})
    found = [(one.use, one.store) for one in Ends().look(many, NOW)]
    assert sorted(found) == [
        ("callout", "ca.pem"),
        ("clients", "ca.pem"),
        ("server", "server.p12"),
        ("signers", "ca.pem"),
    ]
