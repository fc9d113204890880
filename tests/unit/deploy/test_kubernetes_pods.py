"""What a pod may do, what it has, and how it ends: promises of the manifests."""

import tomllib

import pytest

from tests.unit.deploy.manifests import DEPLOYMENTS, HOME_FILES, LABELS, OURS, PODS, of_kind

SETTINGS = tomllib.loads(HOME_FILES["gateway.toml"])
GRACE_SECONDS = 5
"""What workers get beyond their time to close their pools (gateway.web.application)."""
EVERY = sorted(PODS)


def container(name):
    [found] = PODS[name]["containers"]
    return found


@pytest.mark.parametrize("name", EVERY)
def test_a_pod_may_do_no_more_than_the_restricted_standard_allows(name):
    pod = PODS[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(name)["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
    assert not [one for one in pod["volumes"] if "hostPath" in one]
    assert not [port for port in container(name)["ports"] if "hostPort" in port]


@pytest.mark.parametrize("name", EVERY)
def test_a_pod_gets_no_token_of_the_cluster_and_no_environment_of_other_services(name):
    assert PODS[name]["automountServiceAccountToken"] is False
    assert PODS[name]["enableServiceLinks"] is False
    assert not {"env", "envFrom"} & container(name).keys(), "secrets come as files"


def test_the_api_server_holds_every_pod_of_the_namespace_against_that_standard():
    labels = of_kind("Namespace")["imsgw"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", EVERY)
def test_a_pod_has_what_it_mounts_and_probes_what_it_opens(name):
    mounts = container(name)["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {one["name"] for one in PODS[name]["volumes"]}
    assert not [mount for mount in mounts if "subPath" in mount], "such a mount never changes"
    ports = {one["name"] for one in container(name)["ports"]}
    probes = [value for key, value in container(name).items() if key.endswith("Probe")]
    assert len(probes) >= 2
    assert {(one.get("httpGet") or one["tcpSocket"])["port"] for one in probes} <= ports


@pytest.mark.parametrize("name", OURS)
def test_health_and_readiness_are_asked_where_no_client_certificate_is_wanted(name):
    asked = {key: one["httpGet"] for key, one in container(name).items() if key.endswith("Probe")}
    assert {key: one["path"] for key, one in asked.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {one["scheme"] for one in asked.values()} == {"HTTPS"}
    assert "soap" not in {one["port"] for one in asked.values()}


@pytest.mark.parametrize("name", EVERY)
def test_a_pod_has_bounds_of_memory_and_of_what_it_writes(name):
    assert container(name)["resources"]["limits"]["memory"]
    assert container(name)["resources"]["requests"].keys() == {"cpu", "memory"}
    assert all(one["emptyDir"]["sizeLimit"] for one in PODS[name]["volumes"] if "emptyDir" in one)


def test_the_gateway_is_not_ready_long_enough_for_it_to_be_noticed_and_has_the_time_to_end():
    server = SETTINGS["server"]
    probe = container("imsgw")["readinessProbe"]
    assert server["stop_delay_seconds"] >= probe["periodSeconds"] * probe["failureThreshold"]
    needed = server["stop_delay_seconds"] + server["stop_seconds"] + GRACE_SECONDS
    assert PODS["imsgw"]["terminationGracePeriodSeconds"] >= needed


def test_the_callout_process_has_the_time_to_end():
    needed = SETTINGS["callout"]["drain_seconds"] + GRACE_SECONDS
    assert PODS["imsgw-callout"]["terminationGracePeriodSeconds"] > needed


def test_an_update_takes_no_pod_away_before_another_is_ready():
    strategy = DEPLOYMENTS["imsgw"]["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_pods_are_spread_and_the_spread_is_of_their_own_kind():
    found = PODS["imsgw"]["topologySpreadConstraints"]
    assert {one["topologyKey"] for one in found} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    assert all(one["labelSelector"]["matchLabels"] == LABELS["imsgw"] for one in found)


def test_two_pods_share_no_state():
    state = {name: next(one for one in PODS[name]["volumes"] if one["name"] == "state") for name in OURS}
    assert "emptyDir" in state["imsgw"], "there are several of them"
    assert DEPLOYMENTS["imsgw-callout"]["spec"]["replicas"] == 1
    assert DEPLOYMENTS["imsgw-callout"]["spec"]["strategy"] == {"type": "Recreate"}
    [claim] = of_kind("PersistentVolumeClaim").values()
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
