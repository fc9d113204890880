"""The example for compose: what its containers may do, and that what it names is there."""

import re
import tomllib

import pytest
import yaml  # type: ignore[import-untyped]

from gateway.config.model import ServerSettings
from tests.fixtures.running_gateway import REPOSITORY

FOLDER = REPOSITORY / "deploy"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
SERVING = ("gateway", "callout")


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_no_more_than_it_needs(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "user"} & service.keys()
    assert all("noexec" in mount for mount in service["tmpfs"])


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_as_files_that_are_named_and_never_by_the_environment(name):
    assert "environment" not in SERVICES[name]
    assert set(SERVICES[name].get("secrets", ())) <= COMPOSE["secrets"].keys()


@pytest.mark.parametrize("name", SERVING)
def test_every_secret_of_the_settings_is_given_to_the_container(name):
    files = [FOLDER / "compose/gateway.toml", *(FOLDER / "compose/bundles").iterdir()]
    named = {one for file in files for one in re.findall(r"/run/secrets/(\w+)", file.read_text())}
    assert named == set(SERVICES[name]["secrets"])


def test_the_home_is_mounted_read_only_and_from_what_is_there():
    for volume in SERVICES["gateway"]["volumes"]:
        source, target, *mode = volume.split(":")
        if source.startswith("."):
            assert (FOLDER / source).resolve().exists(), source
        else:
            assert source in COMPOSE["volumes"]
        assert mode == ([] if target == "/var/lib/imsgw" else ["ro"])
    assert SERVICES["callout"]["volumes"] == SERVICES["gateway"]["volumes"], "same home, same state"


def test_what_is_for_operators_is_published_to_this_machine_alone():
    published = [port for name in SERVING for port in SERVICES[name]["ports"]]
    assert {port for port in published if not port.startswith("127.0.0.1:")} == {"8443:8443"}
    assert COMPOSE["networks"]["ims"]["internal"] is True


def test_a_stop_has_the_time_that_the_settings_give_it():
    told = tomllib.loads((FOLDER / "compose/gateway.toml").read_text())["server"]
    server = ServerSettings.model_validate(
        {key: told[key] for key in ("stop_seconds", "stop_delay_seconds") if key in told}
    )
    for name in SERVING:
        seconds = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
        assert seconds > server.stop_delay_seconds + server.stop_seconds + 5
