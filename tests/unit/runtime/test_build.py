"""Where all parts meet: what is built of a home, what is let go, what stands in the way."""

import io
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway import runtime, testkeys
from gateway.config.read import read_home
from gateway.control.reloaded import Outcome, Reloaded
from gateway.errors import ConfigError
from gateway.exchange import Secret
from gateway.observe.metrics import Metrics
from gateway.runtime import services
from gateway.web import server
from tests.fixtures.in_process import snapshot_of
from tests.fixtures.running_gateway import REPOSITORY, change_correlator, deploy_lab

PASSWORD = "keys-for-tests"


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "home"
    for part in ("bundles", "wsdl"):
        shutil.copytree(REPOSITORY / part, home / part)
    shutil.copy(REPOSITORY / "gateway.toml", home)
    testkeys.create(home / "keystores", password=Secret(PASSWORD))
    return home


def read(folder):
    return read_home(folder, environ={"IMSGW_KEYSTORE_PASSWORD": PASSWORD, "IMS1_PASSWORD": "GWPASS1"})


def page(built, path="/imssoap/", told=lambda _status, _headers: None):
    """Return the list of services, or another page, as a browser gets it."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8443",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "gateway.example",
        "wsgi.input": io.BytesIO(),
        "imsgw.listener": "https",
        "imsgw.peer_certificate": None,
    }
    return b"".join(built(environ, told)).decode()


def test_every_port_of_every_service_is_served(folder):
    deploy_lab(folder, "lab", "LabPort")
    built = runtime.build(snapshot_of(read(folder)))
    try:
        shown = page(built)
    finally:
        built.close()
    for port in ("LabPort", "PhoneBookPort", "SecurePhoneBookPort"):
        assert port in shown


def test_what_is_written_goes_to_the_state_and_nothing_else_changes(folder):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    runtime.build(snapshot_of(read(folder))).close()
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.parent for path in after.keys() - before.keys()} <= {folder / "var"}
    assert {path: after[path] for path in before} == before


def test_closing_lets_go_of_threads_and_may_be_done_once_a_worker_ends(folder):
    before = threading.active_count()
    runtime.build(snapshot_of(read(folder))).close()
    assert threading.active_count() == before


def test_a_home_that_cannot_be_served_is_told_whole(folder):
    change_correlator(folder / "wsdl/phonebook/correlator.toml", {"operations.Nope.transaction": "X"})
    (folder / "wsdl/phonebook-secure/phonebook-secure.wsdl").write_text("<definitions")
    with pytest.raises(ConfigError) as caught:
        runtime.build(snapshot_of(read(folder)))
    assert {problem.file for problem in caught.value.problems} == {
        "wsdl/phonebook/correlator.toml",
        "wsdl/phonebook-secure/phonebook-secure.wsdl",
    }


def test_a_part_that_fails_lets_go_of_those_before_it(folder, monkeypatch):
    before = threading.active_count()

    def fails(*_args, **_how):
        raise RuntimeError("no front door")

    monkeypatch.setattr(services, "Route", fails)
    with pytest.raises(RuntimeError, match="no front door"):
        runtime.build(snapshot_of(read(folder)))
    assert threading.active_count() == before  # and an open database or socket would be a warning, so an error


def told_in_metrics(folder, **given):
    """Build a worker; return its snapshot, what it has of the last reload, and what its metrics say of that."""
    snapshot, metrics = snapshot_of(read(folder)), Metrics()
    built = runtime.build(snapshot, metrics=metrics, **given)
    try:
        names = ("imsgw_config_last_reload_timestamp_seconds", "imsgw_config_last_reload_successful")
        lines = metrics.page().decode().splitlines()
        values = [float(line.split()[1]) for name in names for line in lines if line.startswith(f"{name} ")]
        assert not [line for line in lines if line.startswith("imsgw_reloads_total{")], "it counts none"
        return snapshot, built.desk.last_reload, values
    finally:
        built.close()


def test_a_worker_that_comes_later_tells_of_the_reload_that_was_refused_before(folder):
    """What it tells of last is what the metrics of all workers say."""
    at = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
    refused = Reloaded("serve 1", Outcome.REFUSED, 1, "0" * 16), at
    _, last, values = told_in_metrics(folder, last=refused)
    assert (last, values) == (refused, [at.timestamp(), 0.0])


def test_a_worker_that_comes_before_any_reload_tells_of_the_start(folder):
    snapshot, last, values = told_in_metrics(folder)
    assert (last, values) == (None, [snapshot.loaded_at.timestamp(), 1.0])


# -- before serving


@pytest.mark.parametrize(("on_failure", "status"), [("refuse", "503"), ("accept", "200")])
def test_a_worker_without_its_replay_store_is_ready_only_if_it_may_do_without(folder, on_failure, status):
    home = read(folder)
    settings = home.gateway.replay.model_copy(update={"on_failure": on_failure})
    home = replace(home, gateway=home.gateway.model_copy(update={"replay": settings}))
    home.state.mkdir()
    (home.state / "replay.sqlite").write_bytes(b"this is no database at all" * 100)
    assert readiness(home) == status
    (home.state / "replay.sqlite").unlink()
    assert readiness(home) == "200"


def test_a_worker_that_has_nothing_to_remember_is_ready_without_the_store(folder):
    home = read(folder)
    plain = {name: one for name, one in home.services.items() if one.settings.security.token == "none"}
    home.state.mkdir()
    (home.state / "replay.sqlite").write_bytes(b"this is no database at all" * 100)
    assert readiness(replace(home, services=plain)) == "200"


def readiness(home):
    told = []
    built = runtime.build(snapshot_of(home))
    try:
        page(built, "/readyz", lambda status, _headers: told.append(status))
    finally:
        built.close()
    return told[0][:3]


def serve(home):
    runtime.serve(snapshot_of(home), frozenset())


@pytest.fixture
def served(monkeypatch):
    homes = []
    monkeypatch.setattr(server, "serve", lambda home, _master, **_hooks: homes.append(home))
    return homes


def test_a_state_that_can_be_written_is_made_ready_and_the_home_served(folder, served):
    home = read(folder)
    serve(home)
    assert served == [home]
    assert home.state.is_dir()


def test_earlier_metrics_go_once_the_addresses_are_ours_and_not_before(folder, monkeypatch):
    hooks = {}
    monkeypatch.setattr(server, "serve", lambda _home, _master, **given: hooks.update(given))
    home = read(folder)
    counted, of_another = (home.state / "metrics" / seat / "counter_1.db" for seat in "12")
    for file in (counted, of_another):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"")
    serve(home)
    assert counted.exists()
    hooks["announce"]({})
    assert not counted.exists()
    assert of_another.exists(), "a gateway that runs on the same state, at other addresses"


def test_a_folder_of_metrics_that_cannot_be_made_is_told_before_there_are_workers(folder, monkeypatch):
    monkeypatch.setattr(server, "serve", lambda _home, _master, **given: given["announce"]({}))
    home = read(folder)
    home.state.mkdir()
    (home.state / "metrics").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        serve(home)


@pytest.mark.parametrize("trouble", ["no folder can be made", "a file that is no database"])
def test_a_state_that_cannot_be_written_is_told_before_anything_runs(folder, served, tmp_path, trouble):
    home = read(folder)
    if trouble == "no folder can be made":
        (tmp_path / "file").touch()
        home = replace(home, state=tmp_path / "file" / "var")
    else:
        home.state.mkdir()
        (home.state / "sign_on.sqlite3").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(ConfigError) as caught:
        serve(home)
    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == ("gateway.toml", "server.state")
    assert str(home.state) in problem.text
    assert "IMSGW_STATE" in problem.text
    assert not served
