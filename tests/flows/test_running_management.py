"""The management API of a real gateway of two workers, over TLS: what it says and does holds for all of it."""

import json
import sqlite3

import pytest

from tests.fixtures.admin import TOKENS, write_accounts
from tests.fixtures.calling import Caller, text_of
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import REPOSITORY, wait_until

WSDL = (REPOSITORY / "tests/homes/lab/lab.wsdl").read_bytes()


@pytest.fixture(scope="module")
def gateway(module_gateway_factory, session_standin):
    return module_gateway_factory(session_standin, {"server.workers": 2}, prepare=write_accounts)


@pytest.fixture
def caller(gateway):
    with Caller(gateway.https_url, gateway.ca) as calling:
        yield calling


def ask(gateway, method, path, body=b"", role="operator", **headers):
    """Ask on a connection of its own, so that either worker may answer; return status, headers and JSON."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    kind = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
    shown = {"Authorization": f"Bearer {TOKENS[role]}", **kind, **headers}
    with Caller(gateway.admin_url, gateway.ca) as calling:
        reply = calling.request(method, path, data, shown)
    return reply.status, reply.headers, json.loads(reply.body) if reply.body else None


def echo(caller, port="LabPort"):
    return caller.post(port, work("echo", "hello"))


def test_status_is_that_of_the_whole_gateway(gateway):
    status, headers, told = ask(gateway, "GET", "/api/status", role="viewer")
    assert (status, told["services"] > 1) == (200, True)
    assert headers["strict-transport-security"].startswith("max-age=")
    _, _, workers = ask(gateway, "GET", "/api/workers", role="viewer")
    assert {one["pid"] for one in workers["workers"]} == gateway.workers
    assert {one["digest"] for one in workers["workers"]} == {told["digest"]}


def test_a_service_that_is_stopped_answers_a_fault_and_started_it_answers_again(gateway, caller):
    assert text_of(echo(caller)) == "hello"
    assert ask(gateway, "POST", "/api/services/lab/stop")[0] == 200
    assert echo(caller).status == 500
    assert ask(gateway, "POST", "/api/services/lab/start")[0] == 200
    assert text_of(echo(caller)) == "hello"


def test_a_wsdl_that_is_sent_is_served_and_gone_when_it_is_taken_out(gateway, caller):
    path = "/api/services/sent"
    question = f"{path}?bundles=ims1&transaction=ECHO"
    status, _, told = ask(
        gateway, "PUT", question, WSDL.replace(b"LabPort", b"SentPort"), **{"Content-Type": "text/xml"}
    )
    assert (status, told.get("change", told)["in_force"]) == (200, True)
    assert text_of(echo(caller, "SentPort")) == "hello"
    assert ask(gateway, "DELETE", path)[0] == 200
    assert echo(caller, "SentPort").status == 404


def test_a_bundle_is_changed_for_the_next_call_and_a_mistake_changes_nothing(gateway, caller):
    path = "/api/bundles/ims1"
    status, headers, _ = ask(gateway, "GET", path, role="viewer")
    for value, expected in ((11, 200), ("x", 422)):
        body = {"values": {"ims_connect.pool.size": value}}
        status, after, _ = ask(gateway, "PATCH", path, body, **{"If-Match": headers["etag"]})
        assert status == expected
        headers = after if status == 200 else headers
    assert text_of(echo(caller)) == "hello"
    _, _, told = ask(gateway, "GET", path)
    assert told["in_force"]["pool_size"] == 11


def test_requests_and_captured_messages_of_both_workers_are_shown_to_who_may_see_them(gateway, caller):
    path = "/api/services/lab/capture"
    assert ask(gateway, "PUT", path, {"minutes": 5})[0] == 200
    assert text_of(echo(caller)) == "hello"

    def seen():
        _, _, requests = ask(gateway, "GET", "/api/requests?service=lab&limit=1", role="viewer")
        _, _, messages = ask(gateway, "GET", path)
        return requests["requests"] and messages["messages"]

    wait_until(seen, "the call")
    assert ask(gateway, "GET", path, role="viewer")[0] == 403
    assert ask(gateway, "DELETE", path)[0] == 204
    wait_until(lambda: ask(gateway, "GET", path)[2]["messages"] == [], "forgetting")
    _, _, traffic = ask(gateway, "GET", "/api/traffic?service=lab", role="viewer")
    assert sum(one["answered"] for one in traffic["services"][0]["buckets"]) > 0


def test_who_changed_what_is_in_the_log_and_no_token(gateway):
    ask(gateway, "POST", "/api/reload")
    wait_until(
        lambda: [
            one for one in gateway.entries if one["event"] == "management" and one["path"] == "/api/reload"
        ],
        "the entry",
    )
    assert all(token not in gateway.log for token in TOKENS.values())


def test_what_is_kept_of_sessions_is_ours_alone(gateway):
    assert ask(gateway, "GET", "/api/status")[0] == 200
    with Caller(gateway.admin_url, gateway.ca) as calling:
        assert calling.get("/api/status", {"Cookie": "__Host-imsgw=guess"}).status == 401
    file = gateway.home / "var/admin.sqlite3"
    assert file.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        assert database.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
    database.close()
