"""The audit trail of a real gateway: one record of each decision, none of a secret, no success without one."""

import json
import shutil
import socketserver
import subprocess
import sys
import threading

import pytest

from gateway.audit.rotation import full_files
from tests.fixtures.admin import TOKENS, write_accounts
from tests.fixtures.calling import Caller, text_of
from tests.fixtures.in_process import username_token, work
from tests.fixtures.ports import free_ports
from tests.fixtures.reloading import imsgw
from tests.fixtures.running_gateway import REPOSITORY, wait_until
from tests.fixtures.siem import read_cef, read_leef

CANARY = "PAYL0AD-CANARY"
PASSWORDS = ("WONDER1", "WR0NGPW1", "GWPASS1", "keys-for-tests", *TOKENS.values())
CHAIN_KEY = "a key of the chain, 24+"
pytestmark = pytest.mark.xdist_group("running-audit")


@pytest.fixture(scope="module")
def gateway(module_gateway_factory, session_standin):
    settings = {
        "server.workers": 2,
        "server.max_request_bytes": 100_000,
        "audit.chain": True,
        "audit.chain_key": {"env": "AUDIT_KEY"},
    }
    slow = {"lab": {"operations.Sleep.execution_timeout_ms": 300}}
    return module_gateway_factory(
        session_standin, settings, services=slow, prepare=write_accounts, environment={"AUDIT_KEY": CHAIN_KEY}
    )


@pytest.fixture
def caller(gateway):
    with Caller(gateway.https_url, gateway.ca) as calling:
        yield calling


class News:
    """What is recorded from now on."""

    def __init__(self, gateway) -> None:
        self._gateway, self._before = gateway, len(gateway.audit)

    def records(self, wanted=1):
        """Return all new records, once there are as many as are wanted."""
        wait_until(lambda: len(self._gateway.audit) >= self._before + wanted, f"{wanted} audit records")
        return self._gateway.audit[self._before :]


def ask(gateway, method: str, path: str, role: str = "operator"):
    with Caller(gateway.admin_url, gateway.ca) as calling:
        return calling.request(method, path, headers={"Authorization": f"Bearer {TOKENS[role]}"})


def answered(caller):
    return caller.post("SecureLabPort", work("echo", CANARY), username_token("ALICE", "WONDER1"))


DECISIONS = {
    "answered": (answered, 200, "invoke", "success", ""),
    "refused by a rule": (
        lambda caller: caller.post("LabPort", work("echo", CANARY), username_token("ALICE", "WONDER1")),
        500,
        "auth-failure",
        "failure",
        "header.none",
    ),
    "refused by RACF": (
        # another user than the one who is served: two failures hold a user back
        lambda caller: caller.post("SecureLabPort", work("echo", CANARY), username_token("BOB", "WR0NGPW1")),
        500,
        "auth-failure",
        "failure",
        "IGW1304E",
    ),
    "not by the contract": (
        lambda caller: caller.post("LabPort", f'<echo xmlns="urn:nowhere"><text>{CANARY}</text></echo>'),
        500,
        "request-refused",
        "failure",
        "IGW1201E",
    ),
    "not valid": (
        lambda caller: caller.post("LabPort", work("sleep", CANARY).replace("<text>", f"<{CANARY}/><text>")),
        500,
        "request-refused",
        "failure",
        "IGW1204E",
    ),
    "no answer in time": (
        lambda caller: caller.post("LabPort", work("sleep", CANARY, 3000)),
        500,
        "backend-error",
        "unknown",
        "IGW2006E",
    ),
    "no such address": (
        lambda caller: caller.post("NoPort", CANARY),
        404,
        "request-refused",
        "failure",
        "IGW1001E",
    ),
    "too large": (
        lambda caller: caller.post("LabPort", work("echo", CANARY * 10_000)),
        413,
        "threat-blocked",
        "failure",
        "IGW1003E",
    ),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_each_decision_leaves_exactly_one_record_that_is_there_when_the_answer_is(gateway, caller, name):
    call, status, action, outcome, rule = DECISIONS[name]
    news = News(gateway)

    reply = call(caller)

    assert reply.status == status
    (record,) = news.records()
    assert (record["event"]["action"], record["event"]["outcome"]) == (action, outcome)
    assert record.get("rule", {}).get("id", "") == rule
    assert record["imsgw"]["tracking_id"] == reply.headers["x-tracking-id"]
    assert record["http"]["response"]["status_code"] == status
    assert record["source"]["ip"] == "127.0.0.1"


def test_a_record_of_a_request_says_who_asked_for_what_and_what_ims_was_told(gateway, caller):
    news = News(gateway)

    assert text_of(answered(caller)) == CANARY

    (record,) = news.records()
    assert record["user"]["name"] == record["imsgw"]["claimed"] == "ALICE"
    assert record["service"]["name"] == "lab-secure"
    assert (record["imsgw"]["transaction"], record["imsgw"]["bundle"]) == ("ECHO", "ims1")
    assert record["imsgw"]["reached"] is True
    assert record["imsgw"]["endpoint"] == f"{gateway.standin.host}:{gateway.standin.port}"


def test_what_people_do_is_recorded_whether_it_was_done_or_not(gateway):
    news = News(gateway)

    assert ask(gateway, "POST", "/api/services/lab/stop").status == 200
    assert ask(gateway, "POST", "/api/services/lab/start", "viewer").status == 403
    assert ask(gateway, "POST", "/api/services/lab/start").status == 200

    wanted = [("config-change", "success"), ("authz-denied", "failure"), ("config-change", "success")]
    told = [one for one in news.records(5) if one["imsgw"]["category"] == "Management"]
    assert [(one["event"]["action"], one["event"]["outcome"]) for one in told] == wanted
    assert [one["user"]["name"].partition("-")[0] for one in told] == ["operator", "viewer", "operator"]
    assert len([one for one in news.records(5) if one["imsgw"]["category"] == "Reload"]) == 2


def test_a_reload_is_recorded_once_for_all_workers_and_a_refused_one_with_where_its_mistake_is(gateway):
    file = gateway.home / "bundles/ims1.toml"
    right = file.read_text()
    news = News(gateway)

    file.write_text(right.replace("[ims_connect]", "[ims_connect]\nprot = 1"))
    assert imsgw("reload", "--home", gateway.home).returncode == 1
    file.write_text(right)
    assert imsgw("reload", "--home", gateway.home).returncode == 0

    refused, done = news.records(2)
    assert (refused["event"]["outcome"], done["event"]["outcome"]) == ("failure", "success")
    assert "bundles/ims1.toml: ims_connect.prot" in refused["event"]["reason"]
    assert done["imsgw"]["configuration"] > refused["imsgw"]["configuration"]


def test_a_sign_in_that_fails_is_recorded_with_the_name_and_without_the_password(gateway):
    with Caller(gateway.admin_url, gateway.ca) as calling:
        host = gateway.admin_url.removeprefix("https://")
        page = calling.get("/", {"Host": host})
        cookie = page.headers.get("set-cookie", "").partition(";")[0]
        news = News(gateway)
        form = b"name=otto&password=WR0NGPW1"
        kind = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": gateway.admin_url,
            "Cookie": cookie,
        }
        calling.request("POST", "/signin", form, {"Host": host, **kind})

    (record,) = news.records()
    assert (record["event"]["action"], record["event"]["outcome"]) == ("admin-login", "failure")
    assert record["imsgw"]["claimed"] == "otto"
    assert "user" not in record


def test_status_and_metrics_tell_of_the_trail(gateway):
    told = imsgw("status", "--home", gateway.home).stdout

    assert "records as json to file:audit/audit.json" in told
    metrics = gateway.fetch(f"{gateway.admin_url}/metrics").decode()
    assert "imsgw_audit_up 1.0" in metrics
    assert "imsgw_audit_lost_total 0.0" in metrics
    workers = json.loads(ask(gateway, "GET", "/api/workers", "viewer").body)["workers"]
    assert all(one["audit"]["up"] for one in workers)


@pytest.fixture
def disturbed(gateway):
    """The gateway, for a test that leaves losses behind; for the other tests it is started again."""
    yield gateway
    gateway.stop()
    gateway.start_again()
    gateway.wait_ready()


def test_while_the_trail_cannot_be_written_nothing_is_done_and_it_goes_on_by_itself(disturbed, caller):
    gateway = disturbed
    folder, away = gateway.home / "var/audit", gateway.home / "var/audit.away"
    assert answered(caller).status == 200
    before = len(gateway.standin.seen)
    folder.rename(away)
    folder.touch()  # no file can be opened in what is no folder
    try:
        replies = [answered(caller) for _ in range(6)]
        done = len(gateway.standin.seen) - before
        assert all(reply.status in {500, 503} for reply in replies)
        assert not any(CANARY.encode() in reply.body for reply in replies)
        assert done == sum(b"IGW3003E" in reply.body for reply in replies) <= 2  # of each worker the first
        assert replies[-1].status == 503
        assert b"IGW3002E" in replies[-1].body
        assert len(gateway.standin.seen) - before == done
        assert answered_refusal(caller) == 500  # what is refused anyway is answered as that
        reload = imsgw("reload", "--home", gateway.home)
        assert (reload.returncode, "audit.to" in reload.stdout + reload.stderr) == (1, True)
        assert ask(gateway, "POST", "/api/services/lab/stop").status in {422, 503}
        assert "cannot be written since" in imsgw("status", "--home", gateway.home).stdout
    finally:
        folder.unlink()
        away.rename(folder)

    wait_until(lambda: answered(caller).status == 200, "a success", 20)
    resumed = [one for one in gateway.audit if one["event"]["action"] == "audit-resumed"]
    assert sum(one["imsgw"].get("lost", 0) for one in resumed) >= done


def answered_refusal(caller):
    return caller.post("LabPort", work("echo", "x"), username_token("ALICE", "WONDER1")).status


@pytest.fixture
def stopped(gateway, caller):
    """The gateway, at rest after each kind of decision; for the other tests it is started again."""
    for call, *_ in DECISIONS.values():
        call(caller)
    path = gateway.home / "var/audit/audit.json"
    gateway.stop()
    own = path.read_bytes()
    yield gateway
    path.write_bytes(own)
    gateway.start_again()
    gateway.wait_ready()


def test_no_record_holds_a_secret_or_a_payload_and_the_chain_holds(stopped):
    gateway, path = stopped, stopped.home / "var/audit/audit.json"
    text = "".join(file.read_text() for file in [*full_files(path), path])

    assert not [secret for secret in (*PASSWORDS, CANARY, CHAIN_KEY) if secret in text]
    key = gateway.home.parent / "key"
    key.write_text(CHAIN_KEY)
    verified = imsgw("audit", "verify", path, "--key-file", key)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    records = gateway.audit
    assert (records[0]["event"]["action"], records[-1]["event"]["action"]) == (
        "gateway-started",
        "gateway-stopped",
    )
    path.write_text(text.replace("ALICE", "MALLORY", 1))
    assert "BROKEN" in imsgw("audit", "verify", path, "--key-file", key).stdout


@pytest.mark.parametrize(("format_", "read"), [("leef", read_leef), ("cef", read_cef)])
def test_a_gateway_prints_its_trail_for_a_container_s_runtime_in_lines_of_their_grammar(
    gateway_factory, session_standin, format_, read
):
    other = gateway_factory(
        session_standin, {"server.workers": 1, "audit.to": "stdout", "audit.format": format_}
    )
    with Caller(other.https_url, other.ca) as calling:
        calling.post("LabPort", work("echo", "hello\tLEEF:2.0|x\nsev=9"))
        calling.post("Nothing", "x")
    other.stop()

    events = [read(line) for line in other.log.splitlines() if line.startswith(("LEEF:", "CEF:"))]
    ids = [getattr(event, "event_id", "") or event.class_id for event in events]
    assert (ids[0], ids[-1]) == ("GatewayStarted", "GatewayStopped")
    assert sorted(ids[1:-1]) == ["Invoke", "RequestRefused"]


class Receiver(socketserver.StreamRequestHandler):
    """Reads messages by their octet count (RFC 6587, section 3.4.1), and keeps what is behind their headers."""

    def handle(self) -> None:
        while count := b"".join(iter(lambda: self.rfile.read(1).strip(), b"")):
            message = self.rfile.read(int(count))
            self.server.lines.append(message.split(b" ", 7)[7].decode())  # type: ignore[attr-defined]


def test_a_gateway_sends_its_trail_to_a_receiver_that_comes_later(gateway_factory, session_standin):
    (port,) = free_ports(1)
    other = gateway_factory(
        session_standin,
        {"server.workers": 1, "audit.format": "leef", "audit.to": f"syslog+tcp://127.0.0.1:{port}"},
    )
    with Caller(other.https_url, other.ca) as calling:
        assert calling.post("LabPort", work("echo", CANARY)).status == 200
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Receiver) as server:
        server.daemon_threads = True
        server.lines = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wait_until(lambda: len(server.lines) >= 2, "the records of before", 40)  # type: ignore[attr-defined]
        other.stop()
        events = {read_leef(line).event_id for line in server.lines}  # type: ignore[attr-defined]
        server.shutdown()

    assert {"GatewayStarted", "Invoke"} <= events


def test_a_gateway_whose_trail_cannot_be_written_does_not_start(tmp_path):
    home = tmp_path / "home"
    shutil.copytree(REPOSITORY / "tests/homes/lab", home / "wsdl/lab")
    (home / "bundles").mkdir()
    (home / "bundles/ims1.toml").write_text('[ims_connect]\nhost = "127.0.0.1"\nport = 1\ndatastore = "IMS1"\n')
    (home / "gateway.toml").write_text(
        '[server]\nhttps = ""\nhttp = "127.0.0.1:0"\n[admin]\nlisten = ""\n[audit]\nto = "file:a/b"\n'
    )
    (home / "var").mkdir()
    (home / "var/a").touch()

    done = subprocess.run(
        [sys.executable, "-m", "gateway", "serve", "--home", str(home)],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "gateway.toml: audit.to: " in done.stderr
