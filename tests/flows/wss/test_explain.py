"""`imsgw explain`, the command itself, on messages that were stored as files: it names what refuses them."""

import json
import subprocess
import sys
import tomllib

import pytest

from tests.attacks.wss.stored import stored, write
from tests.fixtures.calling import PATIENCE
from tests.flows.test_running_commands import SECRETS, environment, imsgw
from tests.forge.keys import Pki

pytestmark = pytest.mark.xdist_group("running wss")

NAMES = ("w1-header-no-id-saml20-soap11", "channel-mtls-none-saml20", "doctype-empty")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("stored") / "attacks"
    found.mkdir()
    pki = Pki()
    write(found, pki, stored(pki, NAMES.__contains__))
    return found


@pytest.fixture(scope="module")
def index(folder):
    return tomllib.loads((folder / "index.toml").read_text())


def explained(folder, index, name, *options, **variables):
    command = ("explain", folder / f"messages/{name}.xml", "--home", folder / "home", "--at", index["at"])
    return imsgw(*command, "--service", index[name]["service"], *options, **variables, **SECRETS)


@pytest.mark.parametrize("name", NAMES)
def test_the_rule_that_refuses_is_named(folder, index, name):
    done = explained(folder, index, name, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    (broken,) = [rule["rule"] for rule in told["rules"] if not rule["met"]]
    assert broken in {*index[name]["refused_by"], "message.xml"}
    assert told["refusal"]["message"].startswith("IGW")


def test_people_get_a_table_that_fits_their_terminal(folder, index):
    done = explained(folder, index, NAMES[0], COLUMNS="80")
    assert done.returncode == 1
    assert max(map(len, done.stdout.partition("refused\n")[0].splitlines())) <= 80
    words = " ".join(done.stdout.split())
    assert "broken" in words
    assert "refused" in words


def test_a_message_may_come_from_a_pipe(folder, index):
    name = NAMES[1]
    command = ["explain", "-", "--home", str(folder / "home"), "--at", index["at"], "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *command, "--service", index[name]["service"]],
        input=(folder / f"messages/{name}.xml").read_bytes(),
        env=environment(**SECRETS),
        capture_output=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["refusal"]["fault"] == "wsse:FailedAuthentication"
