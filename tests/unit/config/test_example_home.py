import re
import shutil
import tomllib
from pathlib import Path

import pytest

from gateway.config.check import check_home
from gateway.config.model import GatewaySettings
from gateway.config.read import read_home
from gateway.config.words import fields_of, table_of
from gateway.errors import ConfigError

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
            assert key == "keystore" or value == shown, key


def test_the_example_home_lacks_keys_and_passwords_only_and_says_how_to_make_them(example):
    with pytest.raises(ConfigError) as caught:
        read_home(example, environ={})
    assert [str(problem) for problem in caught.value.problems] == [
        "bundles/ims1.toml: credentials.password: environment variable IMS1_PASSWORD is not set",
        "gateway.toml: server.keystore.password: environment variable IMSGW_KEYSTORE_PASSWORD is not set",
        (
            "gateway.toml: server.keystore.path: keystores/server.p12 does not exist; "
            "imsgw keystore create-test makes one for tests"
        ),
    ]


def test_the_example_home_is_right_once_it_has_them(example):
    (example / "keystores").mkdir()
    (example / "keystores" / "server.p12").touch()
    environ = {"IMS1_PASSWORD": "GWPASS1", "IMSGW_KEYSTORE_PASSWORD": "x"}
    assert not [p for p in check_home(read_home(example, environ=environ)) if not p.warning]
