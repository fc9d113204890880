from dataclasses import replace

import pytest

from gateway.config.checks import telemetry
from gateway.config.model import TelemetrySettings
from gateway.config.read import read_home
from gateway.exchange import Secret
from tests.unit.config.homes import CORPUS, build


@pytest.fixture
def home_with(tmp_path):
    """A home whose traces go somewhere."""
    home = read_home(tmp_path, environ=build(CORPUS / "empty-gateway-toml", tmp_path))

    def make(traces, secret=""):
        settings = TelemetrySettings(traces=traces).model_copy(update={"secret": Secret(secret)})
        return replace(home, gateway=home.gateway.model_copy(update={"telemetry": settings}))

    return make


@pytest.mark.parametrize("missing", ["opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http"])
@pytest.mark.parametrize("found", [None, ModuleNotFoundError("no parent")])
def test_traces_need_the_extra(home_with, monkeypatch, missing, found):
    def find(name):
        if name == missing and found is not None:
            raise found
        return None if name == missing else object()

    monkeypatch.setattr(telemetry, "find_spec", find)
    (problem,) = telemetry.driver(home_with("http://127.0.0.1:4318/v1/traces"))
    text = 'needs the extra "telemetry": pip install "ims-gateway[telemetry]"'
    assert (str(problem), problem.warning) == (f"gateway.toml: telemetry.traces: {text}", False)
    assert list(telemetry.driver(home_with(""))) == []


def test_with_the_extra_there_is_nothing_to_say(home_with):
    assert list(telemetry.driver(home_with("http://127.0.0.1:4318/v1/traces"))) == []


@pytest.mark.parametrize(
    ("address", "secret", "told"),
    [
        ("http://collector.example.com:4318/v1/traces", "Bearer x", True),
        ("http://10.0.0.1/v1/traces", "Bearer x", True),
        ("https://collector.example.com:4318/v1/traces", "Bearer x", False),
        ("http://127.0.0.1:4318/v1/traces", "Bearer x", False),
        ("http://[::1]:4318/v1/traces", "Bearer x", False),
        ("http://localhost:4318/v1/traces", "Bearer x", False),
        ("http://collector.example.com:4318/v1/traces", "", False),
        ("", "Bearer x", False),
    ],
)
def test_a_secret_in_clear_on_a_network_is_told(home_with, address, secret, told):
    assert bool(list(telemetry.secrets(home_with(address, secret)))) is told
