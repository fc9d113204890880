"""Whole installations, made up but like real ones: what comes of each passes `imsgw check`."""

import hashlib

import pytest

from gateway import preflight
from gateway.config.read import read_home
from gateway.migrate.mapping import read_mapping
from gateway.migrate.passwords import Passwords
from gateway.migrate.run import Options, migrate
from tests.fixtures.migration import LABS, SECRETS, lay_out

pytestmark = pytest.mark.xdist_group("migrated")  # they share the stores, which take seconds to make


def digests(folder):
    return {
        path.relative_to(folder): path.is_symlink() or hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture(scope="module")
def made(java_stores, tmp_path_factory):
    """Migrate each installation once; return folder, home and report by name."""
    found = {}
    for name in ("zos", "mixed", "odd"):
        folder = tmp_path_factory.mktemp(name)
        source = lay_out(name, folder / "source", java_stores, "127.0.0.1", 9999)
        before, steps = digests(source), []
        report = migrate(
            source,
            folder / "home",
            Options(read_mapping(), Passwords()),
            lambda *step, steps=steps: steps.append(step),
        )
        assert digests(source) == before, "the installation was changed"
        assert {what for what, _, _ in steps} == {"Reading files", "Services", "Checking the home"}
        found[name] = (folder / "home", report)
    return found


@pytest.mark.parametrize("name", ["zos", "mixed", "odd"])
def test_the_gateway_takes_it(made, name):
    home, report = made[name]
    problems = preflight.check(read_home(home, environ={}))
    assert not [str(one) for one in problems if not one.warning]
    assert not report.blockers


@pytest.mark.parametrize("name", ["zos", "mixed", "odd"])
def test_secrets_are_where_their_owner_alone_can_read_them_and_nowhere_else(made, name):
    home, report = made[name]
    for path in home.rglob("*"):
        if not path.is_file():
            continue
        if path.parent.name == "secrets" or path.suffix == ".p12":
            assert path.stat().st_mode & 0o777 == 0o600
        else:
            text = path.read_text()
            assert not [secret for secret in SECRETS if secret in text], path
    assert not [secret for secret in SECRETS if secret in repr(report)]


def test_of_the_z_os_style_one_everything_is_taken(made):
    _, report = made["zos"]
    assert not report.aside
    assert not report.unknown
    assert not report.damaged
    addresses = [address for one in report.services for address in one.addresses]
    assert sorted(addresses) == ["/imssoap/services/PhoneBookPort", "/imssoap/services/SecurePhoneBookPort"]
    [(contradiction)] = report.contradictions
    assert "socketTimeout (5000 ms) is not longer than executionTimeout (10000 ms)" in contradiction.text


def test_of_the_large_one_everything_is_taken_and_the_doubts_are_told(made):
    home, report = made["mixed"]
    assert not report.aside
    assert not report.unknown
    roles = [one.role for one in report.services]
    assert (roles.count("provider"), roles.count("consumer")) == (4 + LABS, 3)
    settings = read_home(home, environ={})
    security = {name: one.settings.security for name, one in settings.services.items()}
    assert security["phonebook-saml11-one"].trust == "one"
    assert security["phonebook-saml20-any"].trust == "any"
    assert security["phonebook-saml20"].unsigned_senders == "mtls"
    assert settings.bundles["CALLASYN"].callout.basic.user == "imsgw"
    assert (
        settings.consumers["rating-certificate"].settings.operations["Rate"].response_transaction == "RATEDONE"
    )
    asked = {(whom.name, text.partition("?")[0]) for whom, text, _ in report.questions}
    assert (
        "IMS",
        "asynchronous callouts: is the transaction that gets the answer a non-response-mode one",
    ) in asked
    assert any(whom == "RACF" and "RACF=N at IMS Connect" in text for whom, text in asked)


def test_of_the_damaged_one_each_damage_is_told_with_its_place(made):
    _, report = made["odd"]
    places = {str(one.place) for one in report.damaged}
    assert places == {
        "config/callout-bundles.xml:4",
        "config/imstrust.jks",
        "config/laughs.xml:2",
        "config/linked.xml",
        "config/others.xml:5: Entry",
        "elsewhere",
    }
    assert {one.unit for one in report.aside} == {
        "bundles/IMSODD.toml", "bundles/IMSTLS.toml", "wsdl/NowhereService", "wsdl/copy", "wsdl/lab-ccsid",
        "wsdl/lab-late", "wsdl/lab-tls", "wsdl/lab-token", "wsdl/phonebook", "wsdl/rating",
    }  # fmt: skip
    assert {one.place.name for one in report.unknown} == {
        "CONNECTION-BUNDLES/@generation", "HEARTBEAT-SECRET", "RETRY-STRATEGY",
        "Entry/@ThreadAffinity", "brokenässetting",
    }  # fmt: skip
    assert [one.name for one in report.services] == ["lab-good"]
