"""What can be wrong with a home beyond its values: contracts against correlators, key stores, certificates."""

import shutil
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import preflight, testkeys
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from gateway.exchange import Secret
from gateway.preflight.providers import read_contracts
from gateway.testkeys import TestAuthority
from tests.fixtures.running_gateway import REPOSITORY, change_correlator, deploy_lab, with_settings

PASSWORD = "keys-for-tests"
ENVIRON = {"IMSGW_KEYSTORE_PASSWORD": PASSWORD, "IMS1_PASSWORD": "GWPASS1"}
KEYS = "keystores/server.p12"


@pytest.fixture(scope="module")
def good_home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    for part in ("bundles", "wsdl"):
        shutil.copytree(REPOSITORY / part, folder / part)
    shutil.copy(REPOSITORY / "gateway.toml", folder)
    testkeys.create(folder / "keystores", password=Secret(PASSWORD))
    deploy_lab(folder, "lab", "LabPort")
    return folder


@pytest.fixture
def home(good_home, tmp_path):
    return shutil.copytree(good_home, tmp_path / "home")


def read(home, **environ):
    return read_home(home, environ={**ENVIRON, **environ})


def now() -> datetime:
    """The time, asked for anew: certificates are made as the tests run."""
    return SYSTEM_CLOCK.now()


def errors(home, at=None, **environ):
    return [str(each) for each in preflight.check(read(home, **environ), at or now()) if not each.warning]


def warnings(home, at=None):
    problems = preflight.check(read(home), at or now())
    assert not [str(each) for each in problems if not each.warning]
    return [str(each) for each in problems]


def change(home, file, settings):
    path = home / file
    path.write_text(with_settings(path.read_text(), settings))


def store(home, name, authority=None, valid=timedelta(days=365), hosts=("localhost",)):
    """Put a server's key store into the home; returns its relative path."""
    authority = authority or TestAuthority()
    path = f"keystores/{name}.p12"
    (home / path).write_bytes(authority.issue("server", hosts, Secret(PASSWORD), valid))
    return path


def test_a_home_that_is_right_has_no_errors(good_home):
    assert errors(good_home) == []


# -- contracts against correlators


def test_an_operation_that_the_wsdl_does_not_have_is_named_with_those_it_has(home):
    correlator = home / "wsdl/phonebook/correlator.toml"
    change_correlator(correlator, {"operations.PhoneBok.transaction": "IVTNO"})
    (problem,) = errors(home)
    assert problem.startswith("wsdl/phonebook/correlator.toml: operations.PhoneBok: ")
    assert problem.endswith("the WSDL has no such operation; it has PhoneBook, WhoAmI")


def test_an_operation_without_settings_is_named(home):
    correlator = home / "wsdl/phonebook/correlator.toml"
    text = correlator.read_text()
    correlator.write_text(text[: text.index("[operations.WhoAmI]")])
    (problem,) = errors(home)
    assert problem.startswith("wsdl/phonebook/correlator.toml: operations: operation WhoAmI ")
    assert '"*"' in problem


def test_defaults_for_all_operations_are_settings_enough(home):
    correlator = home / "wsdl/phonebook/correlator.toml"
    text = correlator.read_text().replace("[operations.WhoAmI]", '[operations."*"]')
    correlator.write_text(text)
    assert errors(home) == []


def test_services_that_share_a_port_are_both_named(home):
    deploy_lab(home, "another", "LabPort")
    (problem,) = errors(home)
    assert problem.startswith("wsdl/lab/correlator.toml: wsdl: ")
    assert "port LabPort is also a port of service another" in problem


def test_of_three_services_at_one_port_each_further_one_is_named(home):
    deploy_lab(home, "another", "LabPort")
    deploy_lab(home, "yet-another", "LabPort")
    assert [problem.partition(": ")[0] for problem in errors(home)] == [
        "wsdl/lab/correlator.toml",
        "wsdl/yet-another/correlator.toml",
    ]


def test_a_wsdl_that_cannot_be_used_is_named_and_the_others_are_checked_all_the_same(home):
    (home / "wsdl/phonebook/phonebook.wsdl").write_text("<definitions")
    change_correlator(home / "wsdl/lab/correlator.toml", {"operations.Nope.transaction": "ECHO"})
    files = [problem.partition(":")[0] for problem in errors(home)]
    assert files == ["wsdl/lab/correlator.toml", "wsdl/phonebook/phonebook.wsdl"]


def test_a_port_that_is_not_served_is_a_warning(home):
    wsdl = home / "wsdl/lab/lab.wsdl"
    http = (
        '<wsdl:binding name="ByGet" type="svc:LabPortType">'
        '<http:binding xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" verb="GET"/></wsdl:binding>'
    )
    service = '<wsdl:service name="LabService">'
    text = wsdl.read_text()
    assert service in text
    port = '<wsdl:port name="GetPort" binding="svc:ByGet"/>'
    wsdl.write_text(text.replace(service, f"{http}{service}{port}"))
    (problem,) = [each for each in warnings(home) if "is not served" in each]
    assert problem.startswith("wsdl/lab/lab.wsdl: ")
    assert "GetPort" in problem


def test_a_schema_beside_the_wsdl_s_folder_is_read_within_the_service_and_not_beyond(home):
    lab = home / "wsdl/lab"
    (lab / "inner").mkdir()
    (lab / "lab.wsdl").rename(lab / "inner/lab.wsdl")
    change_correlator(lab / "correlator.toml", {"wsdl": "inner/lab.wsdl"})
    include = '<xsd:include schemaLocation="{}"/><xsd:complexType name="Work">'
    text = (lab / "inner/lab.wsdl").read_text()
    schema = '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:ims-gateway:lab"/>'
    for place, fine in (("../common.xsd", True), ("../../common.xsd", False)):
        (lab / "inner" / place).write_text(schema)
        (lab / "inner/lab.wsdl").write_text(
            text.replace('<xsd:complexType name="Work">', include.format(place))
        )
        assert (errors(home) == []) == fine


# -- stores


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_password_that_does_not_open_the_keystore_is_told_without_showing_it(home, password):
    change(home, "gateway.toml", {"server.keystore": {"path": KEYS, "password": password}})
    (problem,) = errors(home)
    assert problem.startswith("gateway.toml: server.keystore: ")
    assert "password" in problem
    assert "wrong'" not in problem


def test_a_store_that_is_none_is_told(home):
    (home / KEYS).write_bytes(b"nonsense")
    (home / "keystores/clients.pem").write_text("nothing here")
    change(home, "gateway.toml", {"server.client_truststore": {"path": "keystores/clients.pem"}})
    change(home, "gateway.toml", {"server.client_authentication": "optional"})
    found = [problem.split(": ")[1] for problem in errors(home)]
    assert found == ["server.client_truststore", "server.keystore"], "each once, where it stands"


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "expired on"), (29, "expires on"), (31, None)],
)
def test_a_certificate_that_has_expired_or_will_soon_is_a_warning(home, days, words):
    path = store(home, "aged", valid=timedelta(days=days))
    settings = {"path": path, "password": {"env": "IMSGW_KEYSTORE_PASSWORD"}}
    change(home, "gateway.toml", {"server.keystore": settings})
    told = [each for each in warnings(home) if "server.keystore" in each]
    assert [words in each for each in told] == ([True] if words else [])


def test_a_certificate_that_is_not_valid_yet_is_a_warning(home):
    (problem,) = [each for each in warnings(home, now() - timedelta(days=2)) if "server.keystore" in each]
    assert "is not valid before" in problem


def test_every_certificate_that_is_trusted_is_looked_at(home):
    old = TestAuthority(name="an old one").certificate.public_bytes(Encoding.PEM)
    (home / "keystores/clients.pem").write_bytes((home / "keystores/ca.pem").read_bytes() + old)
    trust = {"path": "keystores/clients.pem"}
    change(
        home, "gateway.toml", {"server.client_truststore": trust, "server.client_authentication": "required"}
    )
    problems = preflight.check(read(home), now() + timedelta(days=400))
    told = [each for each in problems if each.key == "server.client_truststore"]
    assert [each.warning for each in told] == [True, True]
    assert "an old one" in "".join(each.text for each in told)


def test_stores_of_services_are_looked_at_too(home):
    problems = preflight.check(read(home), now() + timedelta(days=400))
    told = [each for each in problems if each.key == "security.truststore"]
    assert told
    assert all("all that it holds has expired" in each.text and not each.warning for each in told)
    (home / "keystores/sts.pem").write_text("nothing here")
    assert {problem.split(": ")[1] for problem in errors(home)} == {"security.truststore"}


def test_stores_of_bundles_are_looked_at_too(home):
    path = store(home, "own", valid=timedelta(days=-1), hosts=())
    tls = {
        "truststore": {"path": "keystores/none-in-here"},
        "keystore": {"path": path, "password": {"env": "IMSGW_KEYSTORE_PASSWORD"}},
    }
    (home / "keystores/none-in-here").mkdir()
    change(home, "bundles/ims1.toml", {"ims_connect.tls": tls})
    problems = preflight.check(read(home), now())
    (error,) = [each for each in problems if not each.warning]
    assert (error.file, error.key) == ("bundles/ims1.toml", "ims_connect.tls.truststore")
    assert [each.key for each in problems if "expired" in each.text] == ["ims_connect.tls.keystore"]


def test_the_truststore_of_the_replay_store_is_looked_at_too(home):
    (home / "keystores/valkey.pem").write_text("no certificate")
    change(
        home,
        "gateway.toml",
        {"replay.store": "valkeys://localhost:6379/0", "replay.truststore": {"path": "keystores/valkey.pem"}},
    )
    (error,) = errors(home)
    assert error.startswith("gateway.toml: replay.truststore: ")


@pytest.mark.parametrize(
    ("authenticator", "words"),
    [
        ("no.such:Module", "no module"),
        ("json:dumps", "is Python's own"),
        ("pydantic:BaseModel", "cannot be used"),
        ("lap", "ldap"),
    ],
)
def test_an_authentication_module_that_cannot_be_made_is_told(home, authenticator, words):
    correlator = home / "wsdl/phonebook-secure/correlator.toml"
    change_correlator(correlator, {"security.authenticator": authenticator})
    (error,) = errors(home)
    assert error.startswith("wsdl/phonebook-secure/correlator.toml: security.authenticator: ")
    assert words in error


def test_a_key_that_the_policy_forbids_is_told(home, monkeypatch):
    monkeypatch.setattr(testkeys, "_new_key", lambda _kind: ec.generate_private_key(ec.SECP256K1()))
    settings = {"path": store(home, "odd"), "password": {"env": "IMSGW_KEYSTORE_PASSWORD"}}
    change(home, "gateway.toml", {"server.keystore": settings, "server.crypto_policy": "sp800-131a"})
    assert any("secp256k1" in problem for problem in errors(home))


# -- all at once


def test_all_problems_are_told_at_once(home):
    deploy_lab(home, "another", "LabPort", {"operations.Nope.transaction": "ECHO"})
    (home / "wsdl/phonebook/phonebook.wsdl").write_text("<definitions")
    tls = {"truststore": {"path": "keystores/server.p12"}}
    change(home, "bundles/ims1.toml", {"ims_connect.tls": tls})
    found = {tuple(problem.split(": ")[:2]) for problem in errors(home, IMSGW_KEYSTORE_PASSWORD="wrong")}
    assert found >= {
        ("gateway.toml", "server.keystore"),
        ("bundles/ims1.toml", "ims_connect.tls.truststore"),
        ("wsdl/another/correlator.toml", "operations.Nope"),
        ("wsdl/lab/correlator.toml", "wsdl"),
    }
    assert any(file == "wsdl/phonebook/phonebook.wsdl" for file, _ in found)


def test_the_contracts_of_a_good_home_can_be_had(good_home):
    contracts = read_contracts(read(good_home)).contracts
    ports = {name: contract.ports for name, contract in contracts.items()}
    assert len(ports) == 14
    assert ports["lab"] == ("LabPort",)
    assert ports["phonebook-secure"] == ("SecurePhoneBookPort",)
