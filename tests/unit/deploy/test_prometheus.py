"""Alerts and dashboard: Prometheus' own tool takes them, each alert is tested, each name is one of ours."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.interop.outside import need, plain_environment
from tools.dashboard import FILE, dashboard
from tools.metrics_table import PAGE, WORDS, catalogue, page

FOLDER = Path(__file__).parents[3] / "deploy" / "prometheus"
RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
PANELS = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
QUERIES = [
    *(rule["expr"] for rule in RULES.values()),
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
    *(one["definition"] for one in dashboard()["templating"]["list"] if one["type"] == "query"),
]
KNOWN = catalogue()
OF_PROMETHEUS = {"job", "instance", "le"}
"""Labels that Prometheus adds, and those of buckets."""


def promtool(*arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    need("promtool")
    return subprocess.run(
        ["promtool", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=plain_environment(),
        timeout=120,
        check=False,
    )


@pytest.fixture
def copy(tmp_path):
    """A copy of the folder, for alerts that are changed."""
    return Path(shutil.copytree(FOLDER, tmp_path / "prometheus"))


class TestAlerts:
    def test_prometheus_takes_configuration_and_rules(self, copy):
        (copy / "gateway-ca.pem").touch()
        for command in (("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml")):
            done = promtool(*command, folder=copy)
            assert done.returncode == 0, done.stdout + done.stderr

    def test_each_fires_for_what_is_bad_and_for_nothing_else(self):
        done = promtool("test", "rules", "alerts_test.yml")
        assert done.returncode == 0, done.stdout + done.stderr

    def test_each_has_a_test_that_fails_where_it_never_fires(self, copy):
        silent = re.sub(
            r"( +)expr: (\|-\n(?:\1  .*\n)+|.*\n)",
            r"\1expr: vector(0) > 1\n",
            (FOLDER / "alerts.yml").read_text(),
        )
        (copy / "alerts.yml").write_text(silent)
        done = promtool("test", "rules", "alerts_test.yml", folder=copy)
        said = done.stdout + done.stderr
        assert {name for name in RULES if f'alertname="{name}"' in said} == RULES.keys()

    @pytest.mark.parametrize(
        ("of", "written", "changed"),
        [
            ("ImsgwErrors", "> 0.05", "> 0.01"),
            ("ImsgwRefusalsBurst", "> 100", "> 50"),
            ("ImsgwCertificateExpiresSoon", ">= 7", ">= 5"),
            ("ImsgwCalloutBacklog", '{state="waiting"}', ""),
            ("ImsgwPoolExhausted", '{event="wait_timeouts"}', ""),
        ],
    )
    def test_one_that_fires_for_more_is_noticed(self, copy, of, written, changed):
        text = (FOLDER / "alerts.yml").read_text()
        start = text.index(f"alert: {of}\n")
        assert written in text[start : start + 500]
        (copy / "alerts.yml").write_text(text[:start] + text[start:].replace(written, changed, 1))
        done = promtool("test", "rules", "alerts_test.yml", folder=copy)
        assert done.returncode != 0
        assert of in done.stdout + done.stderr

    @pytest.mark.parametrize("name", RULES)
    def test_each_says_how_bad_it_is_what_it_is_and_what_to_do(self, name):
        rule = RULES[name]
        assert rule["labels"] == {"severity": rule["labels"]["severity"]}
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description", "action", "runbook"}
        where, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (where, anchor) == ("docs/metrics.md", name.lower())
        assert f"\n### {name}\n" in PAGE.read_text()


class TestNames:
    def test_every_metric_and_label_that_is_asked_for_is_one_of_ours(self):
        for query in QUERIES:
            names = set(re.findall(r"\b(?:imsgw_\w+|up)\b", query))
            assert names, query
            described = [KNOWN[re.sub(r"_(bucket|count|sum)$", "", name)] for name in names - {"up"}]
            labels = {label for one in described for label in one.labels} | OF_PROMETHEUS
            groups = re.findall(r"by \(([^)]*)\)", query)
            asked = {label for group in groups for label in group.replace(" ", "").split(",")}
            asked |= set(re.findall(r"(\w+)(?:=~|!=|=)\"", query))
            asked |= set(re.findall(r"label_values\(.*, (\w+)\)$", query))
            assert asked <= labels, query

    def test_buckets_are_those_of_histograms_and_rates_those_of_counters(self):
        for query in QUERIES:
            for name in re.findall(r"(\w+)_bucket\b", query):
                assert KNOWN[name].kind == "histogram", query
            for name in re.findall(r"(?:rate|increase)\((\w+)", query):
                kind = KNOWN[re.sub(r"_(bucket|count|sum)$", "", name)].kind
                assert kind in {"counter", "histogram"}, query

    def test_every_metric_is_shown_or_alarmed_or_has_a_reason_not_to_be(self):
        asked = " ".join(QUERIES)
        left = {name for name in KNOWN if name not in asked}
        assert left == {
            "imsgw_callout_listener_state",  # listener_up tells what matters
            "imsgw_callout_messages_total",  # the same as callouts
            "imsgw_callout_reloads_total",  # as imsgw_reloads_total
            "imsgw_certificate_not_after_seconds",  # as days
            "imsgw_ims_connect_certificate_not_after_seconds",
            "imsgw_config_last_reload_timestamp_seconds",
            "imsgw_limits_store_failures_total",  # limits_store_up tells
            "imsgw_limits_store_uncounted_total",
            "imsgw_reloads_total",
            "imsgw_requests_waiting_limit",
            "imsgw_start_time_seconds",
            "imsgw_traces_total",
        }


class TestDashboard:
    def test_it_is_the_one_of_the_panels(self):
        assert json.loads(FILE.read_text()) == dashboard()

    def test_every_panel_has_a_place_of_its_own_and_a_number(self):
        numbers, cells = set(), set()
        for panel in dashboard()["panels"]:
            numbers.add(panel["id"])
            at = panel["gridPos"]
            assert 0 <= at["x"] < at["x"] + at["w"] <= 24
            taken = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert cells.isdisjoint(taken), panel["title"]
            cells |= taken
        assert len(numbers) == len(dashboard()["panels"])

    def test_everything_is_asked_of_the_source_that_was_chosen(self):
        for panel in PANELS:
            assert panel["datasource"]["uid"] == "${datasource}"
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])

    def test_rows_and_variables(self):
        rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
        assert rows == ["Traffic", "Security", "IMS Connect", "Callout", "Resources"]
        assert [one["name"] for one in dashboard()["templating"]["list"]] == [
            "datasource",
            "job",
            "instance",
            "service",
            "callout",
        ]


def test_the_page_is_that_of_the_code():
    assert PAGE.read_text(encoding="utf-8") == page(WORDS.read_text(encoding="utf-8"), catalogue())


@pytest.mark.parametrize(
    ("words", "told"),
    [("= imsgw_gone_", "no metric"), ("# Metrics\n\n= imsgw_ims_\n", "in no table: ")],
)
def test_a_metric_without_a_table_or_a_table_without_one_is_an_error(words, told):
    with pytest.raises(LookupError, match=told):
        page(words, catalogue())
