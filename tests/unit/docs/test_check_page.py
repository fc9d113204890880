"""What the page on `imsgw check` shows is what the command prints of a home with those mistakes."""

import json
import re
import shutil
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.exchange import Secret
from gateway.testkeys import TestAuthority, create
from tests.fixtures.running_gateway import REPOSITORY
from tests.fixtures.shell import commands_of

PAGE = (REPOSITORY / "docs/check.md").read_text(encoding="utf-8")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
PASSWORD = "for a try"
GATEWAY = """\
[server]
https = "127.0.0.1:8443"
keystore = { path = "keystores/server.p12", password = { env = "KEYS" } }
public_url = "https://soap.example.com"
"""
BUNDLE = """\
[ims_connect]
host = "127.0.0.1"
port = 9999
datastore = "IMS1"
maxsoc = 512
[credentials]
user = "GWUSER"
password = "GWPASS1"
"""
PASSTICKET = '[passticket]\napplication = "IMSAPPL"\nkey = { env = "TICKET" }\n'


@pytest.fixture
def home(tmp_path):
    """A literal password, a certificate near its end, and senders of whom nobody is trusted."""
    folder = tmp_path / "home"
    service = folder / "wsdl/rates"
    shutil.copytree(REPOSITORY / "wsdl/phonebook-saml11-one", service)
    correlator = service / "correlator.toml"
    correlator.write_text(
        correlator.read_text().replace("signed = true", 'signed = true\nsenders = ["CN=nobody"]')
    )
    made = create(tmp_path / "keys", password=Secret(PASSWORD))
    (folder / "keystores").mkdir()
    shutil.copy(made.senders, folder / "keystores")
    server = TestAuthority().issue(
        "soap.example.com", ["soap.example.com"], Secret(PASSWORD), timedelta(days=12, hours=1)
    )
    (folder / "keystores/server.p12").write_bytes(server)
    (folder / "keystores/server.p12").chmod(0o600)
    (folder / "bundles").mkdir()
    (folder / "bundles/ims1.toml").write_text(BUNDLE + PASSTICKET)
    (folder / "gateway.toml").write_text(GATEWAY)
    return folder


def checked(home, *options):
    environ = {"KEYS": PASSWORD, "TICKET": "0123456789ABCDEF"}
    return CliRunner().invoke(app, ["check", "--home", str(home), *options], env=environ)


def test_the_command_prints_what_the_page_shows(home):
    [(command, shown)] = commands_of(PAGE)
    done = checked(home, *command.split()[2:])
    assert done.exit_code == 1
    printed = done.output.replace(",O=IMS Gateway test keys", "")
    assert DATE.sub("~", printed).splitlines() == DATE.sub("~", shown).splitlines()


def test_the_json_is_of_the_shape_that_the_page_shows(home):
    [shown] = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    expected, found = json.loads(shown), json.loads(checked(home, "--json").stdout)
    assert found.keys() == expected.keys()
    assert expected["problems"][0] in found["problems"]
