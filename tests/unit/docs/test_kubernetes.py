"""The example for Kubernetes: its parts fit each other, and what it mounts is a home that is right."""

import re
import shutil

import pytest
import yaml  # type: ignore[import-untyped]

from gateway.admin.account_file import AccountFile
from gateway.admin.passwords import hashed
from gateway.config.read import read_home
from gateway.config.watched import fingerprint, named_files
from gateway.exchange import Secret
from gateway.manage.installation import Installation
from gateway.preflight import check
from gateway.testkeys import create
from tests.fixtures.running_gateway import REPOSITORY

PAGE = (REPOSITORY / "docs/kubernetes.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
OBJECTS = [one for part in yaml.safe_load_all(EXAMPLE) for one in part.get("items", [part])]
PASSWORD = "FORATRY1"
HOST = "0.0.0.0"
"""What the image sets."""


def of_kind(kind):
    return {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] == kind}


PODS = {name: one["spec"]["template"]["spec"] for name, one in of_kind("Deployment").items()}


@pytest.fixture
def sources(tmp_path):
    """What the page makes: files by key, by the name of their ConfigMap or Secret."""
    names = re.findall(r'public_url = "https://([^"]+)"', PAGE)
    keys = create(tmp_path / "keys", names, Secret(PASSWORD))
    secret = {path.name: path.read_text() for path in (keys.ca, keys.partner_basic)} | {
        "server.p12": keys.server.read_bytes()
    }
    secret |= dict.fromkeys(re.findall(r"--from-literal=(\w+)=", PAGE), PASSWORD)
    made = {"imsgw-keys": secret | {"admin.toml": accounts(tmp_path / "accounts")}}
    for name, folder in re.findall(r"create configmap (\S+) --from-file=(\S+)/$", PAGE, re.MULTILINE):
        made[name] = {path.name: path.read_text() for path in (REPOSITORY / folder).iterdir()}
    return made | {name: one["data"] for name, one in of_kind("ConfigMap").items()}


def accounts(folder):
    """Return the text of a file of accounts, made as the page does."""
    folder.mkdir()
    (folder / "gateway.toml").touch()
    file = AccountFile(Installation(folder, folder / "var", {}), "identity/admin.toml")
    file.put_account("anna", "operator", hashed(Secret("a password for a try")))
    return (folder / file.file).read_text()


def write(folder, volume, sources):
    """Write the files of a projected volume, with its mode."""
    for source in volume["projected"]["sources"]:
        [said] = source.values()
        for item in said["items"]:
            path = folder / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            content = sources[said["name"]][item["key"]]
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            path.chmod(volume["projected"]["defaultMode"])


def mounted(folder, volume, sources):
    """Lay a projected volume out as the kubelet does: links at the top, through ..data, to a folder."""
    write(folder / "..2026_01_01", volume, sources)
    (folder / "..data").symlink_to("..2026_01_01")
    for entry in sorted((folder / "..data").iterdir()):
        (folder / entry.name).symlink_to(f"..data/{entry.name}")
    return folder


@pytest.fixture(params=sorted(PODS))
def volume(request):
    """The home of each pod."""
    [found] = [one for one in PODS[request.param]["volumes"] if one["name"] == "home"]
    return found


def test_the_home_has_no_mistakes_and_no_warnings(tmp_path, volume, sources):
    home = read_home(mounted(tmp_path / "home", volume, sources), environ={"IMSGW_LISTEN_HOST": HOST})
    assert home.services.keys() == {"phonebook"}
    assert home.consumers.keys() == {"rating-basic"}
    assert [str(problem) for problem in check(home)] == []


def test_an_exchange_of_the_volume_is_a_change_of_the_home(tmp_path, volume, sources):
    folder = mounted(tmp_path / "home", volume, sources)
    named = named_files(read_home(folder, environ={}))
    before = fingerprint(folder, named)
    assert fingerprint(folder, named) == before
    shutil.copytree(folder / "..data", folder / "..2026_01_02")
    (folder / "..tmp").symlink_to("..2026_01_02")
    (folder / "..tmp").rename(folder / "..data")
    changed = {path for path, *_ in fingerprint(folder, named) - before}
    assert {"gateway.toml", "server.p12", "ims1_password", "phonebook.wsdl"} <= {
        path.rpartition("/")[2] for path in changed
    }


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_has_what_it_mounts_and_probes_what_it_opens(name):
    pod, [container] = PODS[name], PODS[name]["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
    assert not [mount for mount in container["volumeMounts"] if "subPath" in mount]
    ports = {one["name"] for one in container["ports"]}
    probes = [container[key]["httpGet"] for key in container if key.endswith("Probe")]
    assert len(probes) >= 2
    assert {probe["port"] for probe in probes} <= ports
    claims = [
        one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"] if "persistentVolumeClaim" in one
    ]
    assert set(claims) <= of_kind("PersistentVolumeClaim").keys()


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_may_do_no_more_than_it_needs(name):
    pod, [container] = PODS[name], PODS[name]["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_stop_has_the_time_that_the_settings_give_it():
    settings = of_kind("ConfigMap")["imsgw-home"]["data"]["gateway.toml"]
    for pod in PODS.values():
        for seconds in re.findall(r"(?:stop|drain)_seconds = (\d+)", settings):
            assert pod["terminationGracePeriodSeconds"] > int(seconds) + 5


def test_two_pods_share_no_state():
    claims = [one for pod in PODS.values() for one in pod["volumes"] if "persistentVolumeClaim" in one]
    names = [one["persistentVolumeClaim"]["claimName"] for one in claims]
    assert len(set(names)) == len(names)
    assert {one["spec"]["replicas"] for one in of_kind("Deployment").values()} == {1}


def test_services_select_pods_and_ports_that_are_there():
    for service in of_kind("Service").values():
        selector = service["spec"]["selector"]
        [found] = [
            one
            for one in of_kind("Deployment").values()
            if one["spec"]["template"]["metadata"]["labels"] == selector
        ]
        ports = {port["name"] for port in found["spec"]["template"]["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert "admin" not in {port["targetPort"] for port in of_kind("Service")["imsgw"]["spec"]["ports"]}


def test_no_secret_stands_in_the_example():
    assert of_kind("Secret") == {}
