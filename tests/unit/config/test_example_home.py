import re
import shutil
import tomllib
from pathlib import Path

import pytest

from gateway import testkeys
from gateway.config.check import check_home
from gateway.config.model import GatewaySettings
from gateway.config.read import read_home
from gateway.config.words import fields_of, table_of
from gateway.errors import ConfigError

SET = {"keystore", "client_truststore", "client_authentication"}
"""Keys that the example sets to something else than the default."""
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def example(tmp_path):
    """Copy the example home that the repository is."""
    shutil.copy(ROOT / "gateway.toml", tmp_path)
    for folder in ("bundles", "wsdl"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def test_the_example_shows_every_key_with_its_default():
    told = tomllib.loads((ROOT / "gateway.toml").read_text(encoding="utf-8"))
    commented = re.findall(r"^# (\w+) = ", (ROOT / "gateway.toml").read_text(encoding="utf-8"), re.MULTILINE)
    for table, field in fields_of(GatewaySettings).items():
        model = table_of(field)
        assert model is not None
        assert {*told[table], *commented} >= set(fields_of(model))
        for key, value in told[table].items():
            default = fields_of(model)[key].default
            shown = list(default) if isinstance(default, tuple) else default
            assert key in SET or value == shown, key


MADE = "does not exist; imsgw keystore create-test makes one for tests"
TRUSTSTORES = {
    f"phonebook-{token}-{how}": store
    for token in ("saml11", "saml20")
    for how, store in (("one", "senders.pem"), ("chain", "ca.pem"), ("sts", "sts.pem"))
}


CALLOUT_STORES = [
    f"bundles/{bundle}.toml: callout.{key}.path: keystores/{store} {MADE}"
    for bundle in ("ims1", "ims1-events")
    for key, store in (("keystore", "client.p12"), ("truststore", "ca.pem"))
]


def test_the_example_home_lacks_keys_and_passwords_only_and_says_how_to_make_them(example):
    with pytest.raises(ConfigError) as caught:
        read_home(example, environ={})
    variables = [
        f"{place}: environment variable {name} is not set"
        for place, name in (
            ("bundles/ims1.toml: callout.keystore.password", "IMSGW_KEYSTORE_PASSWORD"),
            ("bundles/ims1.toml: credentials.password", "IMS1_PASSWORD"),
            ("bundles/ims1-events.toml: callout.keystore.password", "IMSGW_KEYSTORE_PASSWORD"),
            ("bundles/ims1-events.toml: credentials.password", "IMS1_PASSWORD"),
            ("gateway.toml: server.keystore.password", "IMSGW_KEYSTORE_PASSWORD"),
        )
    ]
    files = [
        *CALLOUT_STORES,
        f"bundles/ims1.toml: passticket.key: file keystores/passticket.key {MADE}",
        f"gateway.toml: server.client_truststore.path: keystores/clients.pem {MADE}",
        f"gateway.toml: server.keystore.path: keystores/server.p12 {MADE}",
        *(
            f"wsdl/{service}/correlator.toml: security.basic.password: file keystores/partner.key {MADE}"
            for service in ("events-basic", "rating-basic")
        ),
        *(
            f"wsdl/{service}/correlator.toml: security.truststore.path: keystores/{store} {MADE}"
            for service, store in TRUSTSTORES.items()
        ),
    ]
    assert sorted(str(problem) for problem in caught.value.problems) == sorted([*variables, *files])


def test_the_example_home_is_right_once_it_has_them(example):
    testkeys.create(example / "keystores")
    environ = {"IMS1_PASSWORD": "GWPASS1", "IMSGW_KEYSTORE_PASSWORD": "x"}
    assert not [p for p in check_home(read_home(example, environ=environ)) if not p.warning]


def test_the_twelve_services_share_one_contract():
    schemas = {path.read_bytes() for path in ROOT.glob("wsdl/*/phonebook.xsd")}
    assert len(schemas) == 1
    services = {
        path.parent.name: path.read_text(encoding="utf-8") for path in ROOT.glob("wsdl/phonebook*/*.wsdl")
    }
    assert len(services) == 12
    ports = [re.findall(r'<wsdl:port name="(\w+)"', text) for text in services.values()]
    assert len({port for (port,) in ports}) == 12
    frames = {
        re.sub(r'\w*PhoneBook\w*(?:Port|Service)"|<wsdl:documentation>.*\n', "", t) for t in services.values()
    }
    assert len(frames) == 1


@pytest.mark.parametrize(("schema", "count"), [("rating.xsd", 4), ("events.xsd", 3)])
def test_services_that_differ_in_security_alone_share_one_schema(schema, count):
    files = list(ROOT.glob(f"wsdl/*/{schema}"))
    assert len(files) == count
    assert len({path.read_bytes() for path in files}) == 1
