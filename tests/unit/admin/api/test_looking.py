"""What is looked at: requests, traffic, captured messages, certificates, files, what check says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from gateway.admin.ports import Worker
from gateway.admin.roles import How, Person, Role
from gateway.config.model import KeyStore, TrustStore
from gateway.exchange import Secret
from gateway.observe.events import RequestEnded
from gateway.observe.traffic import Bucket, Captured, Ended
from tests.fixtures.admin import let_nobody_answer, plain_home, snapshot_of
from tests.fixtures.certificates import DAY, NOW, issue

ANSWERED = RequestEnded(
    tracking_id="t1", service="phonebook", operation="Show", transaction="IVTNO", peer="192.0.2.1", tls=True,
    user="ANNA", origin="username", outcome="answered", message_id="", reason="", return_code=None,
    reason_code=None, racf_code=None, reached_ims_connect=True, milliseconds=12, rules=("token",),
)  # fmt: skip


def worker(pid, **traffic):
    started = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    return Worker(
        pid, 1, "0" * 16, started, 0, 0, (), {name: tuple(buckets) for name, buckets in traffic.items()}
    )


def test_requests_are_shown_newest_first_and_chosen(admin, clock):
    refused = replace(ANSWERED, tracking_id="t2", outcome="refused", service="lab")
    admin.gateway.ended = (Ended(clock.now(), refused), Ended(clock.now(), ANSWERED))

    def ids(query=""):
        return [
            one["tracking_id"] for one in admin.ask("GET", f"/api/requests{query}", "viewer").json["requests"]
        ]

    assert ids() == ["t2", "t1"]
    assert ids("?service=lab") == ids("?outcome=refused") == ids("?limit=1") == ["t2"]
    assert ids("?service=lab&outcome=answered") == []


def test_traffic_of_all_workers_is_one(admin, clock):
    now = int(clock.now().timestamp()) // 10 * 10
    one = worker(1, lab=[Bucket(now - 20, 3, 1, 40, 20), Bucket(now, 1, 0, 5, 5)])
    other = worker(2, lab=[Bucket(now - 20, 1, 0, 30, 30)], quote=[Bucket(now - 7200, 1, 0, 1, 1)])
    admin.gateway.workers_ = (one, other)
    told = admin.ask("GET", "/api/traffic", "viewer").json
    (lab,) = told["services"]
    assert lab["service"] == "lab"
    assert lab["buckets"] == [
        {"start": now - 20, "answered": 4, "refused": 1, "milliseconds": 70, "longest": 30},
        {"start": now, "answered": 1, "refused": 0, "milliseconds": 5, "longest": 5},
    ]


def test_workers_are_shown(admin):
    admin.gateway.workers_ = (worker(12), worker(11))
    assert [one["pid"] for one in admin.ask("GET", "/api/workers", "viewer").json["workers"]] == [11, 12]


def test_messages_are_kept_for_minutes_and_forgotten(managed, clock):
    path = "/api/services/lab/capture"
    answer = managed.ask("PUT", path, "operator", json={"minutes": 5})
    assert datetime.fromisoformat(answer.json["until"]) == clock.now() + timedelta(minutes=5)
    assert managed.gateway.capturing["lab"] == clock.now() + timedelta(minutes=5)
    managed.gateway.kept["lab"] = (Captured(clock.now(), "t1", "lab", 200, "<a/>", "<b/>"),)
    (kept,) = managed.ask("GET", path, "operator").json["messages"]
    assert (kept["request"], kept["answer"]) == ("<a/>", "<b/>")
    assert managed.ask("GET", path, "operator").json["left_out"] == 0
    answer = managed.ask("DELETE", path, "operator")
    assert (answer.status_code, answer.data, managed.gateway.capturing["lab"]) == (204, b"", None)


def test_of_messages_that_workers_had_no_room_to_tell_the_sum_is_told(managed, clock):
    managed.gateway.kept["lab"] = tuple(
        Captured(clock.now(), name, "lab", 200, "<a/>", "<b/>", left)
        for name, left in (("t1", 0), ("t2", 3), ("t3", 2))
    )
    assert managed.ask("GET", "/api/services/lab/capture", "operator").json["left_out"] == 5


def test_messages_are_for_operators_and_of_services_that_there_are(managed):
    assert managed.ask("GET", "/api/services/lab/capture", "viewer").status_code == 403
    for method, body in (("GET", {}), ("PUT", {"json": {"minutes": 5}}), ("DELETE", {})):
        assert managed.ask(method, "/api/services/other/capture", "operator", **body).status_code == 404
    assert managed.ask("PUT", "/api/services/lab/capture", "operator", json={"minutes": 61}).status_code == 422


def test_who_looked_at_messages_is_logged(managed, monkeypatch):
    told = []
    monkeypatch.setattr(managed.application.api._log, "called", told.append)
    managed.ask("GET", "/api/services/lab", "viewer")
    managed.ask("GET", "/api/services/lab/capture", "operator")
    managed.ask("GET", "/api/services/lab/capture", "viewer")
    assert [(one.person, one.path, one.status) for one in told] == [
        ("operator-program", "/api/services/lab/capture", 200),
        ("viewer-program", "/api/services/lab/capture", 403),
    ]


def test_every_change_is_logged_with_who_what_and_what_came_of_it(managed, monkeypatch):
    told = []
    monkeypatch.setattr(managed.application.api._log, "called", told.append)
    managed.ask("POST", "/api/services/lab/stop", "operator")
    managed.ask("POST", "/api/services/other/stop", "operator")
    anna = Person("anna", Role.OPERATOR, How.SSO)
    managed.application.api.call(anna, "POST", "/api/services/lab/start", peer="192.0.2.9", tracking_id="t9")
    assert [(one.person, one.how, one.path, one.status) for one in told] == [
        ("operator-program", "token", "/api/services/lab/stop", 200),
        ("operator-program", "token", "/api/services/other/stop", 404),
        ("anna", "sso", "/api/services/lab/start", 200),
    ]
    assert (told[-1].peer, told[-1].tracking_id, told[1].reason != "") == ("192.0.2.9", "t9", True)


@pytest.fixture
def with_stores(admin, clock):
    """A home whose listener has a key that ends in 10 days, and trusts an authority that has expired."""
    own = issue("gateway.example", end=NOW + 10 * DAY)
    old = issue("Old CA", start=NOW - 20 * DAY, end=NOW - DAY)
    encrypted = pkcs12.serialize_key_and_certificates(
        b"own", own.key, own.certificate, None, BestAvailableEncryption(b"secret-of-store")
    )
    (admin.home / "own.p12").write_bytes(encrypted)
    (admin.home / "old.pem").write_bytes(old.pem)
    home = plain_home(admin.home)
    server = home.gateway.server.model_copy(
        update={
            "keystore": KeyStore(path=admin.home / "own.p12", password=Secret("secret-of-store")),
            "client_truststore": TrustStore(path=admin.home / "old.pem"),
        }
    )
    home = replace(home, gateway=home.gateway.model_copy(update={"server": server}))
    admin.gateway.snapshot_ = snapshot_of(home, clock)
    return admin


def test_certificates_are_shown_by_expiry_with_what_rests_on_them(with_stores):
    answer = with_stores.ask("GET", "/api/certificates", "viewer")
    old, own = answer.json["certificates"]
    assert (old["subject"], old["valid"], old["days_left"]) == ("CN=Old CA", False, -1)
    assert (own["subject"], own["valid"], own["days_left"]) == ("CN=gateway.example", True, 10)
    assert own["places"] == [
        {"file": "gateway.toml", "key": "server.keystore", "store": "own.p12", "own": True}
    ]
    assert "secret-of-store" not in answer.text


def test_a_store_that_cannot_be_read_does_not_hide_the_others(with_stores):
    (with_stores.home / "own.p12").write_bytes(b"damaged")
    told = with_stores.ask("GET", "/api/certificates", "viewer").json
    assert [one["subject"] for one in told["certificates"]] == ["CN=Old CA"]
    assert [(one["file"], one["key"]) for one in told["unread"]] == [("gateway.toml", "server.keystore")]


def test_files_in_force_are_named_with_what_tells_versions_apart(managed):
    told = managed.ask("GET", "/api/files", "viewer").json
    assert {one["file"] for one in told["files"]} == {
        "gateway.toml", "bundles/ims1.toml", "wsdl/lab/correlator.toml",
    }  # fmt: skip
    assert told["digest"] == managed.gateway.snapshot().digest


def test_check_judges_the_files_as_they_are_now(managed):
    told = managed.ask("GET", "/api/check", "viewer").json
    assert (told["right"], told["in_force"]) == (True, True)
    file = managed.home / "bundles/ims1.toml"
    good = file.read_text()
    file.write_text(good.replace("port = 9999", "port = 9998"))
    told = managed.ask("GET", "/api/check", "viewer").json
    assert (told["right"], told["in_force"]) == (True, False)
    file.write_text(good.replace("port = 9999", 'port = "x"'))
    told = managed.ask("GET", "/api/check", "viewer").json
    assert (told["right"], told["in_force"]) == (False, False)
    assert "ims_connect.port" in {one["key"] for one in told["problems"] if not one["warning"]}


def test_one_worker_judges_one_home_at_a_time(managed, monkeypatch):
    monkeypatch.setattr("gateway.admin.api.configuration._WAIT_SECONDS", 0.0)
    with managed.application.api.desk.judging:
        assert managed.ask("GET", "/api/check", "viewer").status_code == 503
    assert managed.ask("GET", "/api/check", "viewer").status_code == 200


def test_every_address_is_tried_and_what_is_wrong_told(managed):
    port = let_nobody_answer(managed)
    answer = managed.ask("POST", "/api/check/online", "operator", json={"seconds": 5})
    assert answer.status_code == 200, answer.text
    (tried,) = answer.json["tried"]
    assert (tried["kind"], tried["name"], tried["address"]) == ("ims-connect", "ims1", f"127.0.0.1:{port}")
    assert (tried["done"], answer.json["done"], bool(tried["problems"])) == (False, False, True)
    assert "SECRET99" not in answer.text
