"""A home that changes while it is served: good changes, bad ones, files swapped under it, under load."""

import os
import shutil
import signal
import ssl
from pathlib import Path

import psutil
import pytest

from gateway import testkeys
from gateway.clock import SYSTEM_CLOCK
from gateway.control import client
from gateway.control.words import ControlError
from gateway.exchange import Secret
from tests.fixtures.calling import Background, Caller, once, text_of
from tests.fixtures.holding import HOLD
from tests.fixtures.in_process import work
from tests.fixtures.reloading import (
    BUNDLE,
    CORRELATOR,
    MISTAKES,
    OPEN_STANDIN,
    Churn,
    imsgw,
    make_mistake,
    reload,
    seen_version,
    write_version,
)
from tests.fixtures.running_gateway import (
    KEYSTORE_PASSWORD,
    change_correlator,
    deploy_lab,
    wait_until,
)


@pytest.fixture
def standin(standin_factory, hold):
    return standin_factory(ims_connect=OPEN_STANDIN, transactions={"HOLD": HOLD})


@pytest.fixture
def gateway(gateway_factory, standin):
    return gateway_factory(standin)


@pytest.fixture
def caller(gateway):
    with Caller(gateway.https_url, gateway.ca) as caller:
        yield caller


def test_a_changed_home_counts_from_the_next_call_and_no_worker_is_replaced(gateway, caller):
    write_version(gateway.home, 1)
    workers = gateway.workers
    told = reload(gateway)
    assert (told["outcome"], told["number"], told["problems"]) == ("in force", 2, told["problems"])
    assert seen_version(caller) == (1, 1)
    write_version(gateway.home, 2)
    assert seen_version(caller) == (1, 1), "nothing changes before somebody says so"
    assert reload(gateway)["number"] == 3
    assert {seen_version(caller) for _ in range(8)} == {(2, 2)}
    assert gateway.workers == workers


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_a_mistake_is_told_with_its_file_and_changes_nothing(module_gateway, mistake):
    gateway = module_gateway
    files = {file: (gateway.home / file).read_text() for file in (BUNDLE, CORRELATOR, "wsdl/lab/lab.wsdl")}
    file = make_mistake(gateway.home, mistake)
    done = imsgw("reload", "--home", gateway.home)
    assert done.returncode == 1
    assert f"{file}: " in done.stderr
    assert "stays in force" in done.stderr
    with Caller(gateway.https_url, gateway.ca) as caller:
        assert text_of(caller.post("LabPort", work("echo", "still"))) == "still"
    assert gateway.told("does not come into force")
    for name, text in files.items():
        (gateway.home / name).write_text(text)
    assert reload(gateway)["outcome"] == "in force"


@pytest.fixture(scope="module")
def module_gateway(module_gateway_factory, session_standin):
    return module_gateway_factory(session_standin)


def test_a_new_service_answers_and_one_that_has_gone_does_not(gateway, caller):
    deploy_lab(gateway.home, "another", "AnotherPort")
    assert caller.post("AnotherPort", work("echo", "x")).status == 404
    assert reload(gateway)["outcome"] == "in force"
    assert text_of(caller.post("AnotherPort", work("echo", "x"))) == "x"
    shutil.rmtree(gateway.home / "wsdl/another")
    assert reload(gateway)["outcome"] == "in force"
    assert caller.post("AnotherPort", work("echo", "x")).status == 404


def test_a_call_in_flight_finishes_on_the_configuration_it_began_with(gateway_factory, standin, hold):
    gateway = gateway_factory(standin, services={"lab": {"operations.Sleep.transaction": "HOLD"}})
    caller = Caller(gateway.https_url, gateway.ca)
    calls = Background([once(caller, lambda caller: caller.post("LabPort", work("sleep", "old")))])
    wait_until(lambda: hold.running, "the call at IMS")
    # its bundle now leads nowhere, its service has gone
    gateway.change(BUNDLE, {"ims_connect.port": 1})
    shutil.rmtree(gateway.home / "wsdl/lab")
    assert reload(gateway)["outcome"] == "in force"
    hold.go.set()
    (reply,) = calls.results()
    assert text_of(reply) == "old"


def test_the_pool_of_an_unchanged_bundle_is_kept_and_that_of_a_changed_one_is_drained(gateway, caller):
    assert text_of(caller.post("LabPort", work("echo", "x"))) == "x"
    before = sockets_to_ims(gateway)
    assert len(before) == 1
    write_version(gateway.home, 5)
    assert reload(gateway)["outcome"] == "in force"
    assert seen_version(caller) == (5, 5)
    assert sockets_to_ims(gateway) == before, "credentials are no matter of the sockets"
    gateway.change(BUNDLE, {"ims_connect.max_message_bytes": 1_000_000})
    assert reload(gateway)["outcome"] == "in force"
    wait_until(lambda: not sockets_to_ims(gateway), "the end of the pool before")
    assert seen_version(caller) == (5, 5)
    assert len(sockets_to_ims(gateway) - before) == 1


def test_a_bundle_that_is_recycled_gets_new_sockets_though_nothing_has_changed(gateway, caller):
    assert text_of(caller.post("LabPort", work("echo", "x"))) == "x"
    before = sockets_to_ims(gateway)
    told = client.ask(gateway.home / "var/serve", "1.sock", {"do": "recycle", "bundle": "ims1"}, SYSTEM_CLOCK)
    assert told is not None
    assert told["outcome"] == "in force"
    assert text_of(caller.post("LabPort", work("echo", "x"))) == "x"
    wait_until(lambda: not sockets_to_ims(gateway) & before, "the end of the pool before")
    with pytest.raises(ControlError, match="there is no bundle nope"):
        client.ask(gateway.home / "var/serve", "1.sock", {"do": "recycle", "bundle": "nope"}, SYSTEM_CLOCK)


def sockets_to_ims(gateway):
    found = [one for pid in gateway.workers for one in psutil.Process(pid).net_connections("tcp4")]
    return {one.laddr.port for one in found if one.raddr and one.raddr.port == gateway.standin.port}


def test_sighup_reads_the_home_anew(gateway, caller):
    write_version(gateway.home, 7)
    gateway.send(signal.SIGHUP)
    gateway.told("configuration 2 ")
    assert seen_version(caller) == (7, 7)


def test_a_watched_home_comes_into_force_by_itself(gateway_factory, standin):
    gateway = gateway_factory(standin, {"server.watch_seconds": 0.2})
    write_version(gateway.home, 3)
    gateway.told("its files have changed")
    with Caller(gateway.https_url, gateway.ca) as caller:
        wait_until(lambda: seen_version(caller) == (3, 3), "the new version")


def test_the_swap_of_a_mounted_volumes_link_is_a_change(gateway_factory, standin):
    """As Kubernetes mounts a ConfigMap: files are links through ..data, which is swapped by a rename."""
    gateway = gateway_factory(standin, {"server.watch_seconds": 0.2}, prepare=mount_lab)
    folder = gateway.home / "wsdl/lab"
    shutil.copytree(folder / "..1", folder / "..2")
    change_correlator(folder / "..2/correlator.toml", {"operations.WhoAmI.lterm": "LT00009"})
    (folder / "..data_tmp").symlink_to("..2")
    (folder / "..data_tmp").rename(folder / "..data")
    gateway.told("its files have changed")
    with Caller(gateway.https_url, gateway.ca) as caller:
        reply = caller.post("LabPort", '<whoAmI xmlns="urn:ims-gateway:lab"/>')
    assert b"LT00009" in reply.body


def mount_lab(home: Path) -> None:
    folder = home / "wsdl/lab"
    files = sorted(folder.iterdir())
    (folder / "..1").mkdir()
    (folder / "..data").symlink_to("..1")
    for file in files:
        file.rename(folder / "..1" / file.name)
        file.symlink_to(f"..data/{file.name}")


def test_the_servers_certificate_is_renewed_for_new_connections(gateway, tmp_path):
    new = testkeys.create(tmp_path / "new", password=Secret(KEYSTORE_PASSWORD))
    with Caller(gateway.https_url, gateway.ca) as standing:
        assert standing.get("/healthz").status == 200
        shutil.copy(new.server, gateway.home / "keystores/server.p12")
        assert reload(gateway)["outcome"] == "in force"
        assert standing.get("/healthz").status == 200, "connections that stand are left alone"
    with Caller(gateway.https_url, new.ca) as caller:
        assert caller.get("/healthz").status == 200
    with Caller(gateway.https_url, gateway.ca) as caller, pytest.raises(ssl.SSLCertVerificationError):
        caller.get("/healthz")


def test_a_worker_that_dies_comes_back_with_what_is_in_force_though_the_files_are_broken(gateway, caller):
    write_version(gateway.home, 4)
    assert reload(gateway)["outcome"] == "in force"
    make_mistake(gateway.home, "no TOML")
    assert reload(gateway)["outcome"] == "refused"
    for pid in gateway.workers:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: answers(gateway), "new workers")
    assert seen_version(caller) == (4, 4)
    page = gateway.fetch(f"{gateway.admin_url}/metrics").decode()
    assert "imsgw_config_last_reload_successful 0.0" in page


def answers(gateway):
    try:
        return b"ready" in gateway.fetch(f"{gateway.admin_url}/readyz")
    except OSError:
        return False


def test_keys_that_count_from_the_next_start_are_named_and_the_rest_is_taken(gateway, caller):
    gateway.change("gateway.toml", {"server.workers": 5, "server.threads": 7, "server.faults": "unified"})
    told = reload(gateway)
    assert (told["outcome"], told["restart"]) == ("in force", ["server.workers", "server.threads"])
    assert len(gateway.workers) == 2
    assert caller.post("SecureLabPort", work("echo", "x")).fault_code == "FailedAuthentication"
    gateway.told("server.workers: counts from the next start")


def test_metrics_tell_of_the_configuration_and_of_reloads(gateway):
    reload(gateway)
    make_mistake(gateway.home, "no TOML")
    reload(gateway)
    page = gateway.fetch(f"{gateway.admin_url}/metrics").decode()
    assert "imsgw_config_version 2.0" in page
    assert "imsgw_config_last_reload_successful 0.0" in page
    assert 'imsgw_reloads_total{outcome="in force"} 1.0' in page
    assert 'imsgw_reloads_total{outcome="refused"} 1.0' in page


def test_status_names_the_process_its_configuration_and_a_reload_that_was_refused(gateway):
    told = imsgw("status", "--home", gateway.home)
    assert "serve 1: configuration 1 (" in told.stdout
    make_mistake(gateway.home, "no TOML")
    reload(gateway)
    assert "was refused" in imsgw("status", "--home", gateway.home).stdout
    assert "callout: none runs" in imsgw("status", "--home", gateway.home).stdout
    gateway.stop()
    nothing = imsgw("status", "--home", gateway.home)
    assert (nothing.returncode, nothing.stdout) == (1, "serve: none runs\ncallout: none runs\n")
    assert "imsgw serve starts it" in imsgw("reload", "--home", gateway.home).stderr


@pytest.mark.slow
def test_under_load_no_call_fails_and_none_is_served_by_a_mixture(gateway):
    ledger = Churn(gateway, callers=4).run(reloads=12, seed=1)
    assert ledger.good + ledger.refused == 12
    assert min(ledger.good, ledger.refused) > 0
    assert ledger.calls > 100
    assert (ledger.failed, ledger.mixed, ledger.stale) == ([], [], [])
    assert len(ledger.versions) > 2
