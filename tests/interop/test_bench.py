"""Comparison and layers run from end to end, in moments: their figures say nothing, that they come does."""

import json
import signal
import subprocess
import sys

import psutil
import pytest

from bench.comparison.contestants import CONTESTANTS
from bench.comparison.place import ONE, PLAIN, SERVICES, USERNAME
from bench.comparison.table import SERVERS, markdown
from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY
from tests.interop.outside import lack, need

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("bench")]

TRANSPORTS = ("HTTP", "HTTPS")
SECONDS = 400


def command(*arguments):
    return [*ENDED_WITH_US, sys.executable, "-m", "bench", *map(str, arguments)]


def bench(*arguments):
    done = subprocess.run(
        command(*arguments), cwd=REPOSITORY, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A run with everybody who is here."""
    need("cc")
    results = tmp_path_factory.mktemp("bench") / "results.json"
    bench("comparison", "--quick", "--results", results)
    return json.loads(results.read_text())


def test_every_server_is_measured_over_http_and_https(record):
    for each in CONTESTANTS:
        if each.name in record["missing"] and each.missing():
            continue
        rows = [row for row in record["rows"] if row["server"] == each.name]
        assert {(row["transport"], row["service"]) for row in rows} == {
            (transport, service) for transport in TRANSPORTS for service in each.services
        }, record["missing"]
        assert all(row["cpu_microseconds"] > 0 and row["requests"] > 0 for row in rows)


def test_nobody_is_measured_who_was_not_seen_to_refuse(record):
    refused = {(row["server"], row["transport"], row["service"]): row["refused"] for row in record["refused"]}
    for row in record["rows"]:
        where = (row["server"], row["transport"], row["service"])
        if row["service"] == USERNAME:
            assert "wrong password" in refused[where]
        elif row["service"] != PLAIN:
            assert {"Body changed", "user changed", "Timestamp changed", "no signature"} <= set(refused[where])
    assert "the same once more" in refused["gateway", "HTTPS", ONE]


def test_what_may_grow_is_measured_too(record):
    for part in ("latency", "payload", "services", "waiting", "memory"):
        assert record[part], part
    assert "| aim |" in markdown(record)


def test_nobody_is_missing_where_all_tools_are(record):
    if record["missing"]:
        lack(str(record["missing"]))
    assert record["complete"]
    assert set(record["versions"]) == set(SERVERS)


def test_an_interrupted_run_leaves_what_it_has_and_no_server(tmp_path):
    need("cc")
    results = tmp_path / "results.json"
    arguments = ("comparison", "--quick", "--parts", "race", "--servers", "spyne", "--results", results)
    process = subprocess.Popen(command(*arguments), cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = next(each for each in process.stdout if each.startswith("rows: "))
    left = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    record = json.loads(results.read_text())
    assert "PlainPort" in line
    assert [row["service"] for row in record["rows"]][:1] == [PLAIN]
    assert not record["complete"]
    assert not psutil.wait_procs(left, timeout=30)[1]


def test_layers_are_measured_with_their_floors(tmp_path):
    need("cc")
    results = tmp_path / "layers.json"
    bench("layers", "--quick", "--results", results)
    figures = json.loads(results.read_text())["figures"]
    for service in SERVICES:
        layers = figures[service]["layers_microseconds"]
        assert layers["IMS Connect client: socket"] > 0
        assert layers["Spyne's dispatch"] > 0
    assert figures[ONE]["layers_microseconds"]["replay store"] > 0
    assert all(value > 0 for value in figures["floors"].values())
