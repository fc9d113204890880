"""A home becomes a snapshot: what it is made of, what a reload takes over, what its digest tells and hides."""

import gc
import shutil
import weakref
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import preflight
from gateway.config.read import read_home
from gateway.errors import ConfigError
from gateway.preflight.loading import load
from gateway.soap import contract
from tests.fixtures.certificates import CA, NOW, issue
from tests.unit.preflight.loading_homes import (
    BUNDLE,
    CONSUMER,
    CORRELATOR,
    ENVIRON,
    PHONEBOOK,
    REVOKED,
    SCHEMA,
    SECRET,
    SIGNED,
    TRUSTSTORE,
    USERS,
    make,
    replace,
    write_keystore,
)

RELOADS = 50


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make(tmp_path_factory.mktemp("loading") / "home")


@pytest.fixture
def home(template, tmp_path):
    return shutil.copytree(template, tmp_path / "home")


def loaded(home, before=None, **environ):
    return load(home, environ={**ENVIRON, **environ}, before=before, now=NOW)


def documents_read(monkeypatch):
    """Return a list of the services whose contracts are made from now on."""
    made = []

    def read(documents, *others):
        made.append(documents.service)
        return really(documents, *others)

    really = contract.read_with_zeep
    monkeypatch.setattr(contract, "read_with_zeep", read)
    return made


# -- what is loaded


def test_what_is_loaded_is_the_home_its_contracts_and_what_the_check_says(home):
    snapshot = loaded(home)
    assert snapshot.number == 1
    assert snapshot.home == read_home(home, environ=ENVIRON)
    assert sorted(snapshot.contracts) == ["phonebook", "signed"]
    assert list(snapshot.consumers) == ["rating"]
    assert snapshot.warnings == preflight.check(snapshot.home, snapshot.loaded_at)
    assert len(snapshot.digest) == 16
    int(snapshot.digest, 16)


def test_certificates_are_judged_by_the_time_that_is_told(home):
    assert loaded(home).loaded_at == NOW
    with pytest.raises(ConfigError, match="expired"):
        load(home, environ=ENVIRON, now=NOW + timedelta(days=400))


def test_all_mistakes_are_told_at_once_with_the_warnings(home):
    replace(home / CORRELATOR, "[operations.WhoAmI]", "[operations.WhoAmIs]")
    replace(home / CONSUMER, 'element="svc:rate"', 'element="svc:rates"')
    replace(home / BUNDLE, '{ env = "IMS1_PASSWORD" }', '"GWPASS1"')
    with pytest.raises(ConfigError) as caught:
        loaded(home)
    told = {(problem.file, problem.warning) for problem in caught.value.problems}
    assert told >= {(CORRELATOR, False), (CONSUMER, True), (BUNDLE, True)}


def test_a_snapshot_shows_no_secret(home):
    replace(home / BUNDLE, '{ env = "IMS1_PASSWORD" }', '"L1T3R4L"')
    shown = repr(loaded(home))
    assert "L1T3R4L" not in shown
    assert "0123456789ABCDEF" not in shown


# -- what a reload takes over


def test_a_reload_of_the_same_files_takes_over_every_contract_and_makes_none(home, monkeypatch):
    before = loaded(home)
    made = documents_read(monkeypatch)
    after = loaded(home, before)
    assert made == []
    assert (after.number, after.digest) == (2, before.digest)
    assert all(after.contracts[name] is one for name, one in before.contracts.items())
    assert after.consumers["rating"] is before.consumers["rating"]


@pytest.mark.parametrize("file", [PHONEBOOK, SCHEMA])
def test_a_changed_file_of_a_contract_makes_that_contract_anew_and_no_other(home, monkeypatch, file):
    before = loaded(home)
    made = documents_read(monkeypatch)
    with (home / file).open("a") as stream:
        stream.write("<!-- changed -->")
    after = loaded(home, before)
    assert made == ["phonebook"]
    assert after.contracts["phonebook"] is not before.contracts["phonebook"]
    assert after.contracts["signed"] is before.contracts["signed"]
    assert after.digest != before.digest


def test_a_changed_file_of_a_consumer_makes_its_contract_anew(home):
    before = loaded(home)
    replace(home / CONSUMER, "https://rating.example.com/rating", "https://other.example.com/rating")
    after = loaded(home, before)
    assert after.consumers["rating"].ports["RatingPort"].address == "https://other.example.com/rating"
    assert after.digest != before.digest


def test_settings_alone_make_no_contract_anew(home, monkeypatch):
    before = loaded(home)
    made = documents_read(monkeypatch)
    replace(home / CORRELATOR, 'transaction = "IVTNO"', 'transaction = "IVTNX"')
    after = loaded(home, before)
    assert made == []
    assert after.home.services["phonebook"].settings.operations["PhoneBook"].transaction == "IVTNX"


def test_schemas_that_are_wanted_now_are_compiled_and_those_that_are_not_let_go_of(home):
    with_schema = loaded(home)
    replace(home / CORRELATOR, "validate = true", "validate = false")
    without = loaded(home, with_schema)
    assert without.contracts["phonebook"].schema is None
    replace(home / CORRELATOR, "validate = false", "validate = true")
    assert loaded(home, without).contracts["phonebook"].schema is not None


def test_another_wsdl_of_the_folder_is_another_contract(home):
    before = loaded(home)
    shutil.copy(home / PHONEBOOK, home / "wsdl/phonebook/other.wsdl")
    replace(home / CORRELATOR, '"phonebook.wsdl"', '"other.wsdl"')
    assert list(loaded(home, before).contracts["phonebook"].documents) == ["other.wsdl", "phonebook.xsd"]


def test_a_file_that_now_leads_out_of_the_folder_is_refused_though_it_says_the_same(home):
    before = loaded(home)
    shutil.copy(home / SCHEMA, home / "elsewhere.xsd")
    (home / SCHEMA).unlink()
    (home / SCHEMA).symlink_to("../../elsewhere.xsd")
    with pytest.raises(ConfigError, match="leads out of the service's folder"):
        loaded(home, before)


def test_a_file_that_has_gone_is_told(home):
    before = loaded(home)
    (home / SCHEMA).unlink()
    with pytest.raises(ConfigError, match=r"phonebook\.xsd cannot be read: No such file"):
        loaded(home, before)


def test_a_contract_that_was_taken_over_is_still_held_against_its_correlator(home):
    before = loaded(home)
    replace(home / CORRELATOR, "[operations.WhoAmI]", "[operations.WhoAmIs]")
    with pytest.raises(ConfigError, match="the WSDL has no such operation"):
        loaded(home, before)


def test_services_come_and_go(home):
    before = loaded(home)
    shutil.rmtree(home / "wsdl/signed")
    fewer = loaded(home, before)
    assert list(fewer.contracts) == ["phonebook"]
    (home / "wsdl/phonebook").rename(home / "wsdl/renamed")
    renamed = loaded(home, fewer)
    assert {name: one.name for name, one in renamed.contracts.items()} == {"renamed": "renamed"}


def test_contracts_that_were_replaced_are_let_go_of(home):
    before, replaced = loaded(home), []
    for number in range(RELOADS):
        for file in (PHONEBOOK, CONSUMER):
            (home / file).write_text((home / file).read_text() + f"<!-- {number} -->")
        after = loaded(home, before)
        replaced += [weakref.ref(before.contracts["phonebook"].published)]
        replaced += [weakref.ref(before.contracts["phonebook"].schema)]
        replaced += [weakref.ref(before.consumers["rating"].document)]
        before = after
    gc.collect()
    assert [one for one in replaced if one() is not None] == []


# -- the digest


def test_the_digest_is_the_same_wherever_the_same_files_are(home, tmp_path):
    elsewhere = shutil.copytree(home, tmp_path / "elsewhere")
    assert loaded(elsewhere).digest == loaded(home).digest


def set_key(file, old, new):
    return pytest.param(lambda home: replace(home / file, old, new), id=f"{file}: {new}")


@pytest.mark.parametrize(
    "change",
    [
        set_key("gateway.toml", "8443", "8444"),
        set_key("gateway.toml", "[server]", "[server]\nthreads = 5"),
        set_key(BUNDLE, "maxsoc = 200", "maxsoc = 300"),
        set_key(BUNDLE, '"IMS1_PASSWORD"', '"OTHER_PASSWORD"'),
        set_key(CORRELATOR, '"IVTNO"', '"IVTNX"'),
        set_key(SIGNED, 'trust = "one"', 'trust = "any"'),
        set_key(CONSUMER, "https://", "http://"),
        set_key(SCHEMA, 'value="10"', 'value="11"'),
        set_key(USERS, "anna", "anne"),
    ],
)
def test_the_digest_tells_what_counts(home, change):
    before = loaded(home)
    change(home)
    assert loaded(home, before, OTHER_PASSWORD="x").digest != before.digest


def test_the_digest_tells_who_is_trusted(home):
    before = loaded(home)
    (home / TRUSTSTORE).write_bytes(issue("web2").pem)
    assert loaded(home, before).digest != before.digest


def test_the_digest_tells_who_is_trusted_no_more(home):
    authority = issue("ca", CA)
    (home / TRUSTSTORE).write_bytes(authority.pem)
    (home / REVOKED).write_bytes(authority.crl().public_bytes(Encoding.DER))
    replace(home / SIGNED, 'trust = "one"', f'trust = "chain"\ncrl = "{REVOKED}"')
    before = loaded(home)
    (home / REVOKED).write_bytes(authority.crl(5).public_bytes(Encoding.DER))
    assert loaded(home, before).digest != before.digest


def test_the_digest_tells_the_files_in_a_folder_of_certificates(home):
    (home / TRUSTSTORE).unlink()
    (home / TRUSTSTORE).mkdir()
    (home / TRUSTSTORE / "one.pem").write_bytes(issue("web1").pem)
    before = loaded(home)
    (home / TRUSTSTORE / "two.pem").write_bytes(issue("web2").pem)
    assert loaded(home, before).digest != before.digest


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda home: (home / SECRET).write_text("FEDCBA9876543210"), id="a file with a secret"),
        pytest.param(write_keystore, id="a key store"),
        pytest.param(lambda home: (home / "README.md").write_text("For people."), id="a page for people"),
        pytest.param(lambda home: (home / "bundles/.ims1.toml.swp").touch(), id="what an editor leaves"),
        pytest.param(lambda home: (home / "wsdl/phonebook/notes.txt").touch(), id="a file nobody names"),
        set_key(BUNDLE, "[callout]", "# a comment\n[callout]"),
        set_key(BUNDLE, 'port = 9999\ndatastore = "IMS1"', 'datastore = "IMS1"\nport = 9999'),
    ],
)
def test_the_digest_does_not_tell_what_does_not_count(home, change):
    before = loaded(home)
    change(home)
    assert loaded(home, before).digest == before.digest


def test_the_digest_gives_nobody_a_way_to_try_passwords(home):
    (home / SECRET).write_text("0000000000000000")
    digests = set()
    for password in ("GWPASS1", "GWPASS2"):
        folder = shutil.copytree(home, home.parent / password)
        replace(folder / BUNDLE, '{ env = "IMS1_PASSWORD" }', f'"{password}"')
        digests.add(loaded(folder).digest)
    assert len(digests) == 1


def test_a_variable_is_told_by_its_name_only(home):
    assert loaded(home, IMS1_PASSWORD="one").digest == loaded(home, IMS1_PASSWORD="two").digest


def test_a_relative_path_names_the_same_home(home, monkeypatch):
    monkeypatch.chdir(home.parent)
    snapshot = loaded(Path("home"))
    assert snapshot.home.path == home
