"""The harness itself: settings put into a home, and what a missing tool does."""

import tomllib
from urllib.error import URLError

import pytest

from tests.fixtures.running_gateway import GatewayFactory, with_settings
from tests.fixtures.standin import USERS, StandinFactory
from tests.interop.outside import need

TOML = 'top = 1\n[server]  # listeners\nhttps = "a"  # was\nworkers = 2\n[admin]\nlisten = "b"'


def test_a_setting_replaces_the_one_in_its_table_only() -> None:
    changed = tomllib.loads(
        with_settings(TOML, {"server.https": "c", "admin.listen": "d", "server.workers": 1})
    )
    assert changed == {"top": 1, "server": {"https": "c", "workers": 1}, "admin": {"listen": "d"}}


def test_a_setting_of_a_table_that_is_not_there_makes_the_table() -> None:
    changed = tomllib.loads(with_settings(TOML, {"sign_on.failures_per_user": 5, "server.http": ""}))
    assert changed["sign_on"] == {"failures_per_user": 5}
    assert changed["server"] == {"https": "a", "workers": 2, "http": ""}


def test_a_missing_tool_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMSGW_REQUIRE_TOOLS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-tool"):
        need("no-such-tool")


def test_a_missing_tool_fails_where_all_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMSGW_REQUIRE_TOOLS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool"):
        need("no-such-tool")


def test_a_gateway_of_one_s_own_takes_settings_and_stops_on_request(
    gateway_factory: GatewayFactory, standin_factory: StandinFactory
) -> None:
    gateway = gateway_factory(standin_factory(users=USERS), {"server.workers": 1})
    assert gateway.fetch(f"{gateway.http_url}/readyz") == b"ready\n"
    assert gateway.stop() == 0
    with pytest.raises(URLError, match="refused"):
        gateway.fetch(f"{gateway.http_url}/readyz")
