"""A real Prometheus reads gateway and callout as deploy/prometheus says, and answers what the panels ask."""

import json
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.fixtures.calling import Caller, text_of
from tests.fixtures.in_process import work
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import ENDED_WITH_US, deploy_lab, wait_until
from tests.interop.outside import need, plain_environment
from tests.unit.deploy.test_prometheus import FOLDER, PANELS, QUERIES, RULES
from tools.metrics_table import catalogue

pytestmark = pytest.mark.xdist_group("running prometheus")

QUIET = {
    "imsgw_limited_total",
    "imsgw_callouts_total",
    "imsgw_callout_duration_seconds_bucket",
    "imsgw_callout_failures_total",
    "imsgw_callout_retries_total",
    "imsgw_callout_late_answers_total",
    "imsgw_callout_circuit_open",
    "imsgw_ims_connect_certificate_days_left",
}
"""What has no value here: nothing was refused by a limit or called out, and IMS Connect is without TLS."""

GONE = {"operations.Echo.transaction": "NOSUCH"}


class Prometheus:
    """One that runs, asked over its API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"
        self._opener = build_opener(ProxyHandler({}))

    def ask(self, what: str, **arguments: str) -> Any:
        with self._opener.open(f"{self._url}/{what}?{urlencode(arguments)}", timeout=10) as answer:
            said = json.load(answer)
        assert said["status"] == "success"
        return said["data"]

    def values(self, query: str) -> list[Any]:
        return list(self.ask("query", query=query)["result"])

    @property
    def reads_both(self) -> bool:
        with suppress(OSError):
            return len(self.values('up{job=~"imsgw.*"} == 1')) == 2
        return False


@contextmanager
def prometheus(folder: Path, gateway: Any) -> Iterator[Prometheus]:
    """Run it with the files of deploy/prometheus, but for addresses, authority and pace."""
    need("prometheus")
    (port,) = free_ports(1)
    shutil.copytree(FOLDER, folder / "deploy")
    file = folder / "deploy" / "prometheus.yml"
    text = file.read_text().replace("_interval: 15s", "_interval: 1s")
    text = text.replace("gateway-ca.pem", str(gateway.ca))
    for ours, theirs in (("9443", gateway.admin_port), ("9444", gateway.callout_port)):
        assert f"gateway.example.com:{ours}" in text
        text = text.replace(f"gateway.example.com:{ours}", f"127.0.0.1:{theirs}")
    file.write_text(text)
    command = [
        *ENDED_WITH_US,
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=plain_environment())
    try:
        asked = Prometheus(port)
        wait_until(lambda: asked.reads_both, "values of both")
        yield asked
    finally:
        process.terminate()
        process.wait(20)


def make_traffic(gateway: Any) -> None:
    """Have requests answered, refused by a rule, failed in IMS, turned away; and a handshake fail."""
    with Caller(gateway.https_url, gateway.ca) as caller:
        assert text_of(caller.post("LabPort", work("echo", "hello"))) == "hello"
        assert caller.post("SecureLabPort", work("echo", "no header")).status == 500
        assert caller.post("GoneLabPort", work("echo", "no such transaction")).status == 500
        assert caller.get("/nowhere").status == 404
    nobody = ssl.create_default_context(cafile=None)
    with pytest.raises(ssl.SSLCertVerificationError), Caller(gateway.https_url, nobody) as distrustful:
        distrustful.connect()


@pytest.fixture(scope="module")
def scene(module_gateway_factory, session_standin, tmp_path_factory):
    (port,) = free_ports(1)
    gateway = module_gateway_factory(
        session_standin,
        {"callout.listen": f"127.0.0.1:{port}", "callout.watch_seconds": 0, "server.workers": 2},
        prepare=lambda home: deploy_lab(home, "lab-gone", "GoneLabPort", GONE),
        arguments=("--with-callout",),
    )
    gateway.callout_port = port
    with prometheus(tmp_path_factory.mktemp("prometheus"), gateway) as asked:
        make_traffic(gateway)
        last = "rate(imsgw_tls_handshake_failures_total[5m])"
        wait_until(lambda: asked.values(last), "two values of what happened last")
        yield SimpleNamespace(gateway=gateway, prometheus=asked)


def filled_in(query: str) -> str:
    """Return a query of the dashboard as Grafana asks it."""
    chosen = {"$job": "imsgw", "$callout": "imsgw-callout", "$instance": ".*", "$service": ".*"}
    for variable, value in chosen.items():
        query = query.replace(variable, value)
    return query.replace("$__rate_interval", "5m")


def names_in(query: str) -> set[str]:
    return set(re.findall(r"\b(?:imsgw_\w+|up)\b", query))


def test_both_processes_are_read_and_all_of_the_gateways_workers_count(scene):
    assert {one["metric"]["job"] for one in scene.prometheus.values("up == 1")} == {"imsgw", "imsgw-callout"}
    workers = scene.prometheus.values("imsgw_workers")
    assert {one["metric"]["job"]: one["value"][1] for one in workers} == {"imsgw": "2", "imsgw-callout": "1"}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_each_panel_is_answered(scene, panel):
    for target in panel["targets"]:
        answer = scene.prometheus.values(filled_in(target["expr"]))
        if names_in(target["expr"]).isdisjoint(QUIET):
            assert answer, target["expr"]
            told = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert told <= answer[0]["metric"].keys(), "the legend names what the answer has"


def test_each_choice_of_the_dashboard_has_something_to_choose(scene):
    for query in QUERIES:
        if found := re.fullmatch(r"label_values\((.*), (\w+)\)", query):
            metric, label = found.groups()
            assert any(label in one["metric"] for one in scene.prometheus.values(filled_in(metric))), query


def test_alerts_are_worked_out_and_none_fires_for_a_gateway_that_is_well(scene):
    def worked_out() -> dict[str, str]:
        groups = scene.prometheus.ask("rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    wait_until(lambda: "unknown" not in worked_out().values(), "every rule")
    assert worked_out() == dict.fromkeys(RULES, "ok")
    assert scene.prometheus.ask("alerts")["alerts"] == [], "not even one that is about to"


def test_every_metric_has_the_labels_that_the_page_tells_and_those_asked_for_exist(scene):
    known, seen = catalogue(), {}
    for series in scene.prometheus.ask("series", **{"match[]": '{__name__=~"imsgw_.*"}'}):
        name = series.pop("__name__")
        labels = series.keys() - {"job", "instance"}
        of_histogram = re.sub(r"_(bucket|count|sum)$", "", name)
        if of_histogram in known:
            name, labels = of_histogram, labels - {"le"}
        if not name.endswith("_created"):
            seen.setdefault(name, set()).add(frozenset(labels))
    assert seen.keys() <= known.keys()
    assert seen == {name: {frozenset(known[name].labels)} for name in seen}
    asked = {re.sub(r"_(bucket|count|sum)$", "", name) for query in QUERIES for name in names_in(query)}
    quiet = {re.sub(r"_(bucket|count|sum)$", "", name) for name in QUIET}
    assert asked - quiet - {"up"} <= seen.keys()


def test_a_damaged_file_of_a_worker_that_ended_costs_no_page(scene):
    [folder] = (scene.gateway.home / "var/metrics").iterdir()
    damaged = folder / "counter_1.db"
    damaged.write_bytes(b"\x40\0\0\0\0\0\0\0\xff\xff\xff\xff" + bytes(64))
    try:
        page = scene.gateway.fetch(f"{scene.gateway.admin_url}/metrics").decode()
    finally:
        damaged.unlink()
    assert "imsgw_metrics_files_damaged 1.0" in page
    assert 'imsgw_request_seconds_count{outcome="answered",service="lab"} 1.0' in page
