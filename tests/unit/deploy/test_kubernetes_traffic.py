"""Who reaches whom, and how many pods there are: promises of the manifests."""

import re
import tomllib

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry, generate_latest

from gateway.observe.load_metrics import LoadMetrics
from tests.unit.deploy.manifests import DEPLOYMENTS, FOLDER, HOME_FILES, LABELS, PODS, of_kind

SETTINGS = tomllib.loads(HOME_FILES["gateway.toml"])
BUNDLE = tomllib.loads(HOME_FILES["ims1.toml"])
METRIC = "imsgw_requests_in_flight"
SERVICES, POLICIES = of_kind("Service"), of_kind("NetworkPolicy")


def selected(selector):
    """Return the names of the Deployments whose pods a selector takes."""
    wanted = selector.get("matchLabels", selector).items()
    return {name for name, labels in LABELS.items() if wanted <= labels.items()}


def container_ports(name):
    return {one["name"]: one["containerPort"] for one in PODS[name]["containers"][0]["ports"]}


def ports_of(policy, way):
    return {port["port"] for rule in POLICIES[policy]["spec"].get(way, ()) for port in rule["ports"]}


def test_a_deployment_selects_its_own_pods_alone():
    for name, one in DEPLOYMENTS.items():
        assert selected(one["spec"]["selector"]) == {name}


def test_services_select_pods_and_ports_that_are_there():
    for service in SERVICES.values():
        [name] = selected(service["spec"]["selector"])
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= container_ports(name).keys()
    assert {port["targetPort"] for port in SERVICES["imsgw"]["spec"]["ports"]} == {"soap"}


def test_what_is_not_allowed_is_denied_both_ways():
    spec = POLICIES["imsgw-nothing-else"]["spec"]
    assert (spec["podSelector"], set(spec["policyTypes"])) == ({}, {"Ingress", "Egress"})
    assert not {"ingress", "egress"} & spec.keys()


@pytest.mark.parametrize("name", ["imsgw-gateway", "imsgw-callout", "imsgw-valkey"])
def test_no_rule_is_open_to_everybody_and_each_names_its_ports(name):
    spec = POLICIES[name]["spec"]
    assert len(selected(spec["podSelector"])) == 1
    for way, who in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(way, ()):
            assert rule[who]
            assert rule["ports"]
            assert "0.0.0.0/0" not in str(rule)


def test_a_pod_is_entered_at_ports_that_it_opens_and_at_no_other():
    for policy, name in (("imsgw-gateway", "imsgw"), ("imsgw-callout", "imsgw-callout")):
        assert ports_of(policy, "ingress") == set(container_ports(name).values())


def test_operators_ports_are_open_to_prometheus_alone():
    for policy, port in (("imsgw-gateway", 9443), ("imsgw-callout", 9444)):
        [rule] = [one for one in POLICIES[policy]["spec"]["ingress"] if one["ports"][0]["port"] == port]
        assert [one["podSelector"]["matchLabels"] for one in rule["from"]] == [
            {"app.kubernetes.io/name": "prometheus"}
        ]


def test_the_ways_out_that_the_settings_need_are_open():
    ims = BUNDLE["ims_connect"]["port"]
    assert ims in ports_of("imsgw-gateway", "egress") & ports_of("imsgw-callout", "egress")
    host, port = re.fullmatch(r"valkeys://([\w-]+):(\d+)/0", SETTINGS["replay"]["store"]).groups()
    assert SERVICES[host]["spec"]["ports"][0]["port"] == int(port)
    [way_in] = POLICIES["imsgw-valkey"]["spec"]["ingress"]
    # callout too: what both make for the same user in the same second must differ (PassTickets)
    for policy, name in (("imsgw-gateway", "imsgw"), ("imsgw-callout", "imsgw-callout")):
        out = POLICIES[policy]["spec"]["egress"]
        [rule] = [one for one in out if one["ports"][0]["port"] == int(port)]
        assert selected(rule["to"][0]["podSelector"]) == selected(SERVICES[host]["spec"]["selector"])
        assert name in {pod for one in way_in["from"] for pod in selected(one["podSelector"])}
    assert ports_of("imsgw-valkey", "ingress") == {int(port)}
    assert 53 in ports_of("imsgw-names", "egress")


def test_the_gateway_calls_no_web_services():
    assert 443 not in ports_of("imsgw-gateway", "egress")


def test_all_pods_together_stay_below_maxsoc_also_while_they_are_rolled():
    scaling = of_kind("HorizontalPodAutoscaler")["imsgw"]["spec"]
    surge = DEPLOYMENTS["imsgw"]["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    each = SETTINGS["server"]["workers"] * BUNDLE["ims_connect"]["pool"]["size"]
    callout = len(BUNDLE["callout"]["tpipes"]) + BUNDLE["ims_connect"]["pool"]["size"]
    assert (scaling["maxReplicas"] + surge) * each + callout < BUNDLE["ims_connect"]["maxsoc"]


def test_pods_come_and_go_with_the_requests_in_work_and_there_are_always_two():
    scaling = of_kind("HorizontalPodAutoscaler")["imsgw"]["spec"]
    assert (scaling["scaleTargetRef"]["name"], scaling["minReplicas"]) == ("imsgw", 2)
    assert "replicas" not in DEPLOYMENTS["imsgw"]["spec"], "it would undo the scaling each time it is applied"
    [one] = scaling["metrics"]
    assert one["pods"]["metric"]["name"] == METRIC
    threads = SETTINGS["server"]["workers"] * SETTINGS["server"]["threads"]
    assert int(one["pods"]["target"]["averageValue"]) <= threads / 2


def test_the_gateway_has_the_metric():
    registry = CollectorRegistry()
    LoadMetrics(registry)
    assert f"# TYPE {METRIC} gauge" in generate_latest(registry).decode()


def test_a_disruption_leaves_one_of_the_least_number_of_pods():
    [budget] = of_kind("PodDisruptionBudget").values()
    assert selected(budget["spec"]["selector"]) == {"imsgw"}
    scaling = of_kind("HorizontalPodAutoscaler")["imsgw"]["spec"]
    assert budget["spec"]["maxUnavailable"] < scaling["minReplicas"]


def test_the_adapter_gives_the_scaler_the_metric_that_it_asks_for():
    values = yaml.safe_load((FOLDER / "prometheus-adapter/values.yaml").read_text())
    [rule] = values["rules"]["custom"]
    assert rule["seriesQuery"].startswith(METRIC + "{")
    assert rule["name"]["as"] == METRIC
    assert rule["resources"]["overrides"].keys() == {"namespace", "pod"}


def test_prometheus_is_sent_to_the_port_with_the_metrics():
    for name, port in (("imsgw", "admin"), ("imsgw-callout", "health")):
        annotations = DEPLOYMENTS[name]["spec"]["template"]["metadata"]["annotations"]
        assert annotations["prometheus.io/port"] == str(container_ports(name)[port])
        assert annotations["prometheus.io/scheme"] == "https"
