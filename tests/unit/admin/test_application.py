"""What is judged before endpoints and pages: names, accounts, methods, bodies, headers."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest

from gateway.control.reloaded import Outcome, Reloaded
from gateway.errors import Problem
from tests.fixtures.admin import write_accounts


def test_status_is_shown_to_a_viewer(admin):
    answer = admin.ask("GET", "/api/status", "viewer")
    assert answer.status_code == 200
    assert answer.json["digest"] == "fedcba9876543210"


def test_a_viewer_may_not_reload(admin):
    answer = admin.ask("POST", "/api/reload", "viewer")
    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"
    assert admin.gateway.reloads == 0


def test_an_operator_reloads(admin):
    answer = admin.ask("POST", "/api/reload", "operator")
    assert (answer.status_code, answer.json["done"]) == (200, True)
    assert admin.gateway.reloads == 1


def test_a_refused_reload_tells_file_key_and_reason(admin):
    problem = Problem("bundles/ims1.toml", "ims_connect.port", "must be a port")
    admin.gateway.said = (Reloaded("serve 1", Outcome.REFUSED, 1, "0", (problem,)),)
    answer = admin.ask("POST", "/api/reload", "operator")
    assert answer.status_code == 422
    (told,) = answer.json["problems"]
    assert (told["file"], told["key"], told["text"]) == (
        "bundles/ims1.toml",
        "ims_connect.port",
        "must be a port",
    )


def test_without_accounts_nothing_is_answered_but_how_to_make_one(admin):
    write_accounts(admin.home, accounts={}, tokens={})
    for path in ("/", "/api/status"):
        answer = admin.ask("GET", path)
        assert answer.status_code == 403
        assert "imsgw admin account" in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:9443", "", "a@127.0.0.1", "127.0.0.1/x"]
)
def test_a_name_that_is_not_ours_is_refused(admin, host):
    assert admin.ask("GET", "/api/status", "viewer", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:9443", "localhost:9443", "[::1]:9443", "10.1.2.3"])
def test_addresses_and_localhost_are_ours(admin, host):
    assert admin.ask("GET", "/api/status", "viewer", headers={"Host": host}).status_code == 200


def test_who_may_look_cannot_have_all_threads_of_a_worker_wait(admin, monkeypatch):
    """SOAP requests need the same threads; what takes long here must not take all of them."""
    most = admin.application._room._value
    assert 0 < most < admin.gateway.snapshot().home.gateway.server.threads / 2
    here, leave = Semaphore(0), Event()

    def slow():
        here.release()
        leave.wait(30)

    monkeypatch.setattr(admin.gateway, "last_reload", slow)
    with ThreadPoolExecutor(most) as threads:
        looking = [threads.submit(admin.ask, "GET", "/api/status", "viewer") for _ in range(most)]
        try:
            assert all(here.acquire(timeout=30) for _ in range(most))
            answer = admin.ask("GET", "/api/whoami", "viewer")
        finally:
            leave.set()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert {one.result().status_code for one in looking} == {200}
    assert admin.ask("GET", "/api/whoami", "viewer").status_code == 200
