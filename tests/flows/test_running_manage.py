"""Services and bundles managed while a real gateway runs: each command is in force when it has ended."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from gateway.standin import RunningStandin
from tests.fixtures.calling import Caller
from tests.fixtures.in_process import LAB, WHO, SoapReply
from tests.fixtures.reloading import imsgw
from tests.fixtures.running_gateway import (
    BUNDLE_PASSWORD,
    KEYSTORE_PASSWORD,
    REPOSITORY,
    GatewayFactory,
    RunningGateway,
)
from tests.fixtures.standin import USERS, standin_config

WHOAMI = f'<whoAmI xmlns="{LAB}"/>'
PHONEBOOK_WHOAMI = '<whoAmI xmlns="urn:ims-gateway:example:phonebook"/>'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set where the gateway runs is set for the commands too."""
    monkeypatch.setenv("IMSGW_KEYSTORE_PASSWORD", KEYSTORE_PASSWORD)
    monkeypatch.setenv("IMS1_PASSWORD", BUNDLE_PASSWORD)


@pytest.fixture(scope="module")
def gateway(module_gateway_factory: GatewayFactory, session_standin: RunningStandin) -> RunningGateway:
    return module_gateway_factory(session_standin, {"server.workers": 2})


def run(gateway: RunningGateway, *arguments: object) -> subprocess.CompletedProcess[str]:
    return imsgw(*arguments, "--home", gateway.home)


def done(gateway: RunningGateway, *arguments: object) -> dict[str, Any]:
    """Run a command that has to succeed; return what it says."""
    ended = run(gateway, *arguments, "--json")
    assert ended.returncode == 0, ended
    said: dict[str, Any] = json.loads(ended.stdout)
    assert said["in_force"], said
    return said


def called(gateway: RunningGateway, port: str = "LabPort", body: str = WHOAMI) -> SoapReply:
    with Caller(gateway.https_url, gateway.ca) as caller:
        return caller.post(port, body)


def test_a_stopped_service_answers_a_fault_in_every_worker_and_its_contract_can_be_read(
    gateway: RunningGateway,
) -> None:
    assert called(gateway).status == 200
    done(gateway, "service", "stop", "lab")
    for _ in range(8):
        reply = called(gateway)
        assert reply.status == 500
        assert reply.message_id == "IGW1206E"
        assert reply.fault_code == "Server"
    assert b"LabPort" in gateway.fetch(f"{gateway.https_url}/imssoap/services/LabPort?wsdl")
    shown = run(gateway, "service", "list")
    assert "lab               stopped" in shown.stdout
    done(gateway, "service", "start", "lab")
    assert all(called(gateway).status == 200 for _ in range(8))


def test_a_deployed_service_answers_and_an_undeployed_one_is_gone(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    source = tmp_path / "book"
    source.mkdir()
    for file in ("phonebook.wsdl", "phonebook.xsd"):
        text = (REPOSITORY / "wsdl/phonebook" / file).read_text()
        (source / file).write_text(text.replace("PhoneBookPort", "BookPort"))
    said = done(
        gateway,
        "service",
        "deploy",
        source,
        "--name",
        "book",
        "--bundle",
        "ims1",
        "--transaction",
        "IVTNO",
        "--transaction",
        "WhoAmI=WHOAMI",
    )
    assert said["addresses"] == ["/imssoap/services/BookPort"]
    reply = called(gateway, "BookPort", PHONEBOOK_WHOAMI)
    assert reply.payload.findtext(f"{{{WHO}}}user") == "GWUSER"
    again = run(
        gateway, "service", "deploy", source, "--name", "book", "--transaction", "X", "--bundle", "ims1"
    )
    assert again.returncode == 1
    assert "--replace" in again.stderr
    said = done(gateway, "service", "undeploy", "book")
    assert Path(said["kept"]).parent == gateway.home / "var/undeployed"
    with pytest.raises(HTTPError, match="404"):
        gateway.fetch(f"{gateway.https_url}/imssoap/services/BookPort?wsdl")


def test_the_next_call_goes_to_the_new_port_of_a_bundle_and_back(gateway: RunningGateway) -> None:
    before = (gateway.home / "bundles/ims1.toml").read_text()
    with RunningStandin(standin_config(ims_connect={"datastore": "IMS1"}, users=USERS)) as other:
        done(gateway, "bundle", "change", "ims1", f"ims_connect.port={other.port}")
        assert called(gateway).status == 200
        assert other.seen
    done(gateway, "bundle", "change", "ims1", f"ims_connect.port={gateway.standin.port}")
    assert called(gateway).status == 200
    assert (gateway.home / "bundles/ims1.toml").read_text() == before


def test_what_is_refused_changes_nothing_and_names_file_and_key(gateway: RunningGateway) -> None:
    before = (gateway.home / "bundles/ims1.toml").read_text()
    refused = run(gateway, "bundle", "change", "ims1", "ims_connect.maxsoc=4")
    assert refused.returncode == 1
    assert "bundles/ims1.toml: ims_connect.maxsoc: 2 workers" in refused.stderr
    assert (gateway.home / "bundles/ims1.toml").read_text() == before
    assert called(gateway).status == 200


def test_recycling_closes_the_sockets_of_a_bundle_and_calls_go_on(gateway: RunningGateway) -> None:
    assert called(gateway).status == 200
    ended = run(gateway, "bundle", "recycle", "ims1")
    assert ended.returncode == 0, ended
    assert "the pools of ims1 are new" in ended.stdout
    assert called(gateway).status == 200


def test_a_bundle_is_tried_step_by_step(gateway: RunningGateway) -> None:
    ended = imsgw("bundle", "test", "ims1", "--home", gateway.home, "--json")
    (address,) = json.loads(ended.stdout)["addresses"]
    assert [step["name"] for step in address["steps"]] == ["connect", "ping", "sign on"]
