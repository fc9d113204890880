"""The whole server as it runs: gunicorn's master, forked workers, signals."""

import os
import signal
import socket
import ssl
from pathlib import Path
from typing import cast

import psutil
import pytest

from gateway.config.model import AdminSettings, GatewaySettings, Home, ServerSettings
from gateway.errors import ConfigError
from gateway.web import server
from gateway.web.ports import Master
from gateway.web.worker import STOP_ALONE
from tests.fixtures.pki import Pki
from tests.fixtures.web import PATIENCE, post, read_answer, read_to_end
from tests.fixtures.web_server import Served, serves


def test_https_http_and_admin_are_served_by_forked_workers(serving, pki: Pki) -> None:
    served = serving(keystore=str(pki.keys.server)).ready()
    context = ssl.create_default_context(cafile=pki.keys.ca)
    for name, status in (("https", 200), ("admin", 404)):
        with (
            socket.create_connection(served.address(name), timeout=PATIENCE) as sock,
            context.wrap_socket(sock, server_hostname="localhost") as tls,
        ):
            tls.sendall(post("Who", b"", "Connection: close"))
            assert read_answer(tls).status == status
    assert served.who() in served.workers()
    assert len(served.workers()) == 2


def test_a_busy_worker_leaves_new_connections_to_the_other(serving) -> None:
    served = serving(server={"threads": 1, "waiting": 0}, yield_seconds=PATIENCE).ready()
    with served.connect() as busy:
        busy.sendall(post("Wait"))
        served.wait_until(served.entered)
        assert [served.ask(post("Who", b"", "Connection: close")).status for _ in range(20)] == [200] * 20
        served.let_go()
        assert read_answer(busy).body == b"waited"


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_gracefully_and_finishes_what_is_in_flight(serving, sent: signal.Signals) -> None:
    served = serving().ready()
    workers = served.workers()
    with served.connect() as idle, served.connect() as working:
        idle.sendall(post("Who"))
        assert read_answer(idle).status == 200
        working.sendall(post("Wait"))
        served.wait_until(served.entered)
        served.process.send_signal(sent)
        assert read_to_end(idle) == b""
        served.let_go()
        assert read_answer(working).body == b"waited"
    assert served.process.wait(PATIENCE) == 0
    assert {int(path.name.partition("-")[2]) for path in served.folder.glob("closed-*")} == workers
    assert "Traceback" not in served.log


READY = b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def test_told_to_stop_it_is_not_ready_first_and_goes_on_serving_for_the_delay(serving) -> None:
    served = serving(server={"stop_delay_seconds": 1.5}).ready()
    with served.connect() as idle:
        idle.sendall(post("Who"))
        assert read_answer(idle).status == 200
        served.process.send_signal(signal.SIGTERM)
        served.wait_until(lambda: served.ask(READY).status == 503)
        answered = served.ask(post("Who"))
        assert (answered.status, answered.headers["connection"]) == (200, "close"), (
            "the next one goes elsewhere"
        )
        idle.sendall(post("Who"))
        assert read_answer(idle).status == 200, (
            "a request that was on its way on an idle connection is not lost"
        )
    served.wait_until(lambda: refused(served))
    assert served.process.wait(PATIENCE) == 0


def test_a_worker_that_hears_of_a_ctrl_c_from_the_master_first_waits_for_nobody_either(serving) -> None:
    served = serving(server={"stop_delay_seconds": 600}).ready()
    workers = served.workers()
    served.process.send_signal(signal.SIGTERM)
    served.wait_until(lambda: served.ask(READY).status == 503)
    for worker in workers:
        os.kill(worker, STOP_ALONE)
    assert served.process.wait(PATIENCE) == 0


def test_ctrl_c_in_a_terminal_waits_for_no_load_balancer(serving) -> None:
    served = serving(server={"stop_delay_seconds": 600}).ready()
    os.killpg(served.process.pid, signal.SIGINT)
    assert served.process.wait(PATIENCE) == 0


def test_a_worker_that_is_to_be_replaced_does_not_say_that_the_server_is_not_ready(serving) -> None:
    served = serving(server={"stop_delay_seconds": 600}).ready()
    before = served.workers()
    os.kill(min(before), STOP_ALONE)
    served.wait_until(lambda: not psutil.pid_exists(min(before)))
    assert served.ask(READY).status == 200
    served.wait_until(lambda: len(served.workers()) == 2)


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_is_as_graceful(serving) -> None:
    served = serving().ready()
    with served.connect() as working:
        working.sendall(post("Wait"))
        served.wait_until(served.entered)
        os.killpg(served.process.pid, signal.SIGINT)
        served.let_go()
        assert read_answer(working).body == b"waited"
    assert served.process.wait(PATIENCE) == 0


def test_a_request_longer_than_stop_seconds_does_not_keep_the_server_alive(serving) -> None:
    served = serving(server={"stop_seconds": 0.2}).ready()
    with served.connect() as working:
        working.sendall(post("Wait"))
        served.wait_until(served.entered)
        served.process.send_signal(signal.SIGTERM)
        assert read_to_end(working) == b""
        assert served.process.wait(PATIENCE) == 0
    assert "1 requests were cut off" in served.log


def test_a_second_ctrl_c_stops_at_once(serving) -> None:
    served = serving().ready()
    with served.connect() as working:
        working.sendall(post("Wait"))
        served.wait_until(served.entered)
        served.process.send_signal(signal.SIGINT)
        served.wait_until(lambda: refused(served))
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(PATIENCE) == 0
        assert read_to_end(working) == b""


def refused(served: Served) -> bool:
    try:
        served.connect().close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize(
    "sent", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU]
)
def test_other_signals_leave_the_workers_as_they_are(serving, sent: signal.Signals) -> None:
    served = serving().ready()
    before = served.workers()
    os.killpg(served.process.pid, signal.SIGWINCH)
    served.process.send_signal(sent)
    if sent is signal.SIGUSR2:
        served.wait_until(lambda: sent.name in served.log)
    served.process.send_signal(signal.SIGHUP)
    served.wait_until(lambda: "told to reload" in served.log)
    assert served.workers() == before
    assert served.who() in before


def test_a_build_that_fails_ends_the_server_with_a_status(serving) -> None:
    served = serving(fails=True)
    assert served.process.wait(PATIENCE) == 3
    assert "this build fails" in served.log


def test_a_worker_that_cannot_take_the_place_of_another_does_not_end_the_server(serving) -> None:
    """Its disk may be full for a while; the others serve."""
    served = serving().ready()
    (served.folder / "broken").touch()
    first, other = sorted(served.workers())
    os.kill(first, signal.SIGKILL)
    served.wait_until(lambda: served.log.count("this build fails") > 1)
    assert served.who() == other
    (served.folder / "broken").unlink()
    served.wait_until(lambda: len(served.workers()) == 2 and all(map(serves, served.workers())))
    assert served.process.poll() is None


def test_nobody_hangs_at_the_commands_of_a_worker_that_has_died(serving) -> None:
    """Though the master has not seen yet that it is dead."""
    served = serving(server={"workers": 1}).ready()
    port = int((served.folder / "commands-1").read_text())
    socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    (worker,) = served.workers()
    served.process.send_signal(signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)
    served.wait_until(lambda: psutil.Process(worker).status() == psutil.STATUS_ZOMBIE)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    served.process.send_signal(signal.SIGCONT)


def home(tmp_path: Path, **settings) -> Home:
    admin = AdminSettings(listen=settings.pop("admin", ""))
    return Home(tmp_path, tmp_path, GatewaySettings(server=ServerSettings(**settings), admin=admin), {}, {})


def unused() -> Master:
    """Return a master that nobody may ask for anything."""
    return cast("Master", object())


@pytest.mark.parametrize(
    "listeners", [{"https": "127.0.0.1:0"}, {"https": "", "http": "127.0.0.1:0", "admin": "127.0.0.1:0"}]
)
def test_https_and_admin_without_a_keystore_are_refused_before_anything_runs(tmp_path: Path, listeners) -> None:
    with pytest.raises(ConfigError, match=r"server\.keystore.*imsgw keystore create-test"):
        server.serve(home(tmp_path, **listeners), unused())


def test_an_address_in_use_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match="Address already in use"):
            server.serve(home(tmp_path, https="", http=taken), unused())
