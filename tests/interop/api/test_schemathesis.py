"""The management API of a running gateway, over TLS, by tools that know nothing of us but its description."""

import json
from pathlib import Path

import pytest

from tests.fixtures.admin import TOKENS, write_accounts
from tests.interop.api.tools import run_tool

CONFIG = Path(__file__).with_name("schemathesis.toml")
pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture(scope="module")
def gateway(module_gateway_factory, session_standin):
    """A gateway of this module's own: what is tried changes it."""
    return module_gateway_factory(session_standin, prepare=write_accounts)


@pytest.fixture(scope="module")
def description(gateway, tmp_path_factory):
    """What the API says of itself."""
    import ssl
    from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

    context = ssl.create_default_context(cafile=str(gateway.ca))
    request = Request(
        f"{gateway.admin_url}/api/openapi.json", headers={"Authorization": f"Bearer {TOKENS['viewer']}"}
    )
    with build_opener(ProxyHandler({}), HTTPSHandler(context=context)).open(request, timeout=10) as answer:
        told = json.load(answer)
    file = tmp_path_factory.mktemp("api") / "openapi.json"
    file.write_text(json.dumps(told))
    return file


def test_the_description_is_openapi_3_1(description):
    assert json.loads(description.read_text())["openapi"].startswith("3.1")
    run_tool("openapi-spec-validator", str(description), folder=description.parent)


def test_what_is_shown_is_as_described_whatever_is_asked(gateway, description, tmp_path):
    _try(gateway, description, tmp_path, "viewer", "--include-method", "GET", "--max-examples", "8")


def test_what_is_changed_is_as_described_whatever_is_sent(gateway, description, tmp_path):
    _try(gateway, description, tmp_path, "operator", "--exclude-method", "GET", "--max-examples", "4")


def _try(gateway, description, folder, role, *which):
    """Have all checks made, but for what CONFIG says: statuses, schemas, methods, authentication, data."""
    run_tool(
        "schemathesis",
        *("--config-file", str(CONFIG)),
        "run",
        str(description),
        *("--url", gateway.admin_url, "--tls-verify", str(gateway.ca)),
        *("--header", f"Authorization: Bearer {TOKENS[role]}"),
        *("--seed", "1", "--no-color", "--request-timeout", "30"),
        *which,
        folder=folder,
    )
