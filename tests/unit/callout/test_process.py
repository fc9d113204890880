"""The callout process around its runtime: signals, drain, reload, probes, commands. It runs in this process."""

import os
import signal
import socket
import ssl
import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest

from gateway.callout import process
from gateway.callout.control_client import ask, living
from gateway.callout.control_words import Ask
from gateway.callout.journal.entries import JournalError
from gateway.callout.state import ListenerState
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from gateway.config.watched import fingerprint, named_files
from gateway.control.reload import ask_reload
from gateway.control.reloaded import Outcome
from gateway.errors import ConfigError, Problem
from gateway.preflight.snapshot import Snapshot
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.steered import ONE, Steered, picture
from tests.unit.callout.test_health import get

GATEWAY = """
[server]
https = ""
http = "127.0.0.1:1"
[callout]
listen = "{listen}"
watch_seconds = 0
drain_seconds = {drain}
"""


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    listen = f"127.0.0.1:{free_ports(1)[0]}"
    (folder / "gateway.toml").write_text(GATEWAY.format(listen=listen, drain=7))
    return read_home(folder, environ={})


class Runtime(Steered):
    """Begins a scenario in a thread once it is started; when that is over the process gets SIGTERM."""

    def __init__(self, scenario=lambda: None):
        super().__init__()
        self.failed = []
        self._thread = threading.Thread(target=self._play, args=(scenario,))

    def made(self, home, contracts, *, sink, clock, metrics, audit):
        self.given = home, contracts, sink, clock, metrics, audit
        return self

    def start(self):
        super().start()
        self._thread.start()

    def _play(self, scenario):
        try:
            scenario()
        except BaseException as error:
            self.failed.append(error)
            raise
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def close(self):
        super().close()
        if self._thread.ident is not None:
            self._thread.join()


def loaded(home, digest="d1", warnings=()):
    return Snapshot(1, digest, SYSTEM_CLOCK.now(), home, {}, {}, warnings)


def looks(home):
    return fingerprint(home.path, named_files(home))


def run(home, runtime, read=None, **how):
    """Run a home until the scenario is over; `read` returns the home that a reload finds."""

    def reading():
        return loaded(read() if read else home, "d2"), looks(home)

    code = process.run(loaded(home), looks(home), make=runtime.made, read=reading, **how)
    assert not runtime.failed
    return code


class Address:
    """Stands for a listener in `get`."""

    def __init__(self, home):
        host, port = home.gateway.callout.listen.rsplit(":", 1)
        self.address = host, int(port)


def test_it_listens_until_sigterm_then_drains_and_ends_with_0(home, caplog):
    caplog.set_level("INFO", "gateway.callout")
    runtime = Runtime()
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    assert run(home, runtime) == 0
    assert runtime.done == [("begin",), ("drain", 7.0), ("close",)]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before
    assert "all callouts in work are finished" in caplog.text
    assert living(home.state) == []


def test_what_could_not_be_finished_ends_it_with_1(home, caplog):
    runtime = Runtime()
    runtime.drains = False
    runtime.shown = [picture(ONE, in_work=3)]
    assert run(home, runtime) == 1
    assert "3 callouts are still in work after 7 s" in caplog.text


def test_a_drain_that_fails_counts_as_unfinished(home, monkeypatch):
    seen = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    runtime = Runtime()

    def drain(_seconds):
        raise RuntimeError("ours")

    runtime.drain = drain
    assert run(home, runtime) == 1
    assert seen[0].exc_type is RuntimeError


def test_ctrl_c_does_the_same_and_a_second_signal_ends_it_at_once(home, monkeypatch):
    runtime = Runtime(lambda: os.kill(os.getpid(), signal.SIGINT))
    left = []
    runtime.drain = lambda _seconds: wait_until(lambda: left, "the second signal") is None
    monkeypatch.setattr(process, "_leave", left.append)
    assert run(home, runtime) == 0
    # the SIGTERM at the end of the scenario was the second signal
    assert left == ["SIGTERM again: what is in work is cut off"]


@pytest.mark.parametrize(("left", "code"), [(False, 0), (True, 1)])
def test_what_does_not_close_is_left_behind_and_counts_where_a_program_waited(home, monkeypatch, left, code):
    """Answers that nobody waits for may be listened to for longer than an end may take."""
    monkeypatch.setattr(process, "_CLOSE_SECONDS", 0.01)
    codes, go = [], threading.Event()
    monkeypatch.setattr(process, "_leave", lambda _why, code=1: codes.append(code))

    class Lingering(Runtime):
        def close(self):
            assert go.wait(60)
            super().close()

    runtime = Lingering()
    runtime.drains = not left
    run(home, runtime)
    go.set()
    for thread in threading.enumerate():
        if thread.name == "callout-close":
            thread.join(30)
    assert runtime.done[-1] == ("close",)
    assert codes == [code]


def test_progress_is_told_while_it_drains(home, caplog, monkeypatch):
    caplog.set_level("INFO", "gateway.callout")
    monkeypatch.setattr(process, "_PROGRESS_SECONDS", 0.01)
    runtime = Runtime()
    runtime.shown = [picture(ONE, in_work=2)]
    runtime.drain = lambda _seconds: wait_until(lambda: "2 callouts are still in work" in caplog.text) is None
    assert run(home, runtime) == 0


def test_probes_see_it_ready_and_then_ending(home):
    seen = {}

    def scenario():
        seen["ready"] = get(Address(home), "/readyz")[::2]
        runtime.ready = False
        runtime.shown = [picture(ONE, ListenerState.TROUBLE, reason="connection refused")]
        seen["trouble"] = get(Address(home), "/readyz")[::2]
        runtime.ready = True
        seen["metrics"] = get(Address(home), "/metrics")[2]

    def drain(_seconds):
        seen["ending"] = get(Address(home), "/readyz")[::2]
        seen["alive"] = get(Address(home), "/healthz")[::2]
        return True

    runtime = Runtime(scenario)
    runtime.drain = drain
    assert run(home, runtime) == 0
    assert seen["ready"] == (200, "ready\n")
    assert seen["trouble"] == (503, "not ready: ims1/CALL1 is in state trouble: connection refused\n")
    assert seen["ending"] == (503, "not ready: the process is about to end\n")
    assert seen["alive"] == (200, "alive\n")
    assert 'imsgw_callout_listener_up{bundle="ims1",tpipe="CALL1"} 0.0' in seen["metrics"]
    assert "imsgw_replay_store_up" in seen["metrics"]


def test_commands_reach_it(home):
    told = []

    def scenario():
        (number,) = living(home.state)
        told.append(ask(home.state, number, Ask("stop", (ONE,)), SYSTEM_CLOCK))

    runtime = Runtime(scenario)
    assert run(home, runtime) == 0
    assert told[0].pid == os.getpid()
    assert runtime.done[1] == ("stop", (ONE,))


def test_a_second_one_gets_a_number_of_its_own_and_needs_another_address(home):
    other, stack = Runtime(), ExitStack()

    def scenario():
        with pytest.raises(ConfigError, match=r"callout.listen: cannot listen on .* in use.*--listen"):
            process._Process(loaded(home), looks(home), other.made, lambda: None, SYSTEM_CLOCK, stack).listen(
                home.gateway.callout.listen
            )
        assert living(home.state) == [1, 2]
        stack.close()
        assert living(home.state) == [1]

    assert run(home, Runtime(scenario)) == 0


@pytest.mark.parametrize("listen", ["", "127.0.0.1:0"])
def test_another_address_can_be_given_or_none(home, listen, caplog):
    caplog.set_level("INFO", "gateway.callout")

    def scenario():
        with pytest.raises(ConnectionRefusedError):
            get(Address(home), "/healthz")

    assert run(home, Runtime(scenario), listen=listen) == 0
    assert ("health and metrics on" in caplog.text) is bool(listen)


def test_with_a_keystore_probes_are_answered_over_https(home, pki):
    server = home.gateway.server.model_copy(update={"keystore": pki.server_keystore()})
    secured = replace(home, gateway=home.gateway.model_copy(update={"server": server}))
    context = ssl.create_default_context(cafile=str(pki.keys.ca))
    seen = []
    assert run(secured, Runtime(lambda: seen.append(get(Address(home), "/readyz", context=context)[0]))) == 0
    assert seen == [200]


def changed_by(home, **callout):
    """Return the same home with other settings of callout."""
    settings = home.gateway.callout.model_copy(update=callout)
    return replace(home, gateway=home.gateway.model_copy(update={"callout": settings}))


def reloaded(home):
    """Have the running process read its home anew, as a command does."""
    (told,) = ask_reload(home.state, SYSTEM_CLOCK)
    return told


def metrics(home):
    return get(Address(home), "/metrics")[2].splitlines()


def test_sighup_reads_the_home_anew(home):
    changed = changed_by(home, drain_seconds=8.0)
    told = []

    def scenario():
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: any(each[0] == "reload" for each in runtime.done), "the reload")
        wait_until(lambda: 'imsgw_callout_reloads_total{outcome="done"} 1.0' in metrics(home), "its count")

    runtime = Runtime(scenario)
    assert run(home, runtime, read=lambda: told.append(1) or changed) == 0
    assert runtime.done[1] == ("reload", changed, {})
    assert told == [1]


def test_a_reload_by_command_is_waited_for_and_told_with_number_and_digest(home, caplog):
    caplog.set_level("INFO", "gateway.callout")
    changed = changed_by(home, drain_seconds=8.0)
    told = []

    def scenario():
        assert "imsgw_config_version 1.0" in metrics(home)
        told.append(reloaded(home))
        assert ("reload", changed, {}) in runtime.done, "it was waited for"
        seen = metrics(home)
        assert "imsgw_config_version 2.0" in seen
        assert "imsgw_config_last_reload_successful 1.0" in seen
        assert 'imsgw_reloads_total{outcome="in force"} 1.0' in seen
        told.append(reloaded(home))

    runtime = Runtime(scenario)
    assert run(home, runtime, read=lambda: changed) == 0
    assert [(one.process, one.outcome, one.number, one.digest) for one in told] == [
        ("callout 1", Outcome.IN_FORCE, 2, "d2"),
        ("callout 1", Outcome.IN_FORCE, 3, "d2"),
    ]
    assert "configuration 3 (d2) is in force (by command), no file has changed" in caplog.messages


def test_a_home_with_a_mistake_is_told_counted_and_changes_nothing(home, caplog):
    problem = Problem("gateway.toml", "callout", "wrong")
    told = []

    def read():
        raise ConfigError((problem,))

    def scenario():
        told.append(reloaded(home))
        seen = metrics(home)
        assert "imsgw_config_version 1.0" in seen
        assert "imsgw_config_last_reload_successful 0.0" in seen
        assert 'imsgw_reloads_total{outcome="refused"} 1.0' in seen
        assert 'imsgw_callout_reloads_total{outcome="refused"} 1.0' in seen

    runtime = Runtime(scenario)
    assert run(home, runtime, read=read) == 0
    assert [each[0] for each in runtime.done] == ["begin", "drain", "close"]
    assert [(one.outcome, one.number, one.digest, one.problems) for one in told] == [
        (Outcome.REFUSED, 1, "d1", (problem,))
    ]
    wrong = "the changed home does not come into force (by command), configuration 1 stays"
    assert f"{wrong}: gateway.toml: callout: wrong" in caplog.messages


def test_what_the_runtime_refuses_changes_nothing(home):
    problem = Problem("bundles", "", "the trust store cannot be read")

    def refuse(_home, _contracts):
        raise ConfigError((problem,))

    told = []
    runtime = Runtime(lambda: told.append(reloaded(home)))
    runtime.reload = refuse
    assert run(home, runtime, read=lambda: changed_by(home, drain_seconds=3.0)) == 0
    assert [(one.outcome, one.problems) for one in told] == [(Outcome.REFUSED, (problem,))]
    assert ("drain", 7.0) in runtime.done, "the settings of before count"


def test_the_drain_of_a_changed_home_counts_and_what_waits_for_the_next_start_is_said(home, caplog):
    changed = changed_by(home, drain_seconds=3.0, listen="127.0.0.1:2")
    told = []

    def scenario():
        told.extend(reloaded(home) for _ in range(2))

    runtime = Runtime(scenario)
    assert run(home, runtime, read=lambda: changed) == 0
    assert ("drain", 3.0) in runtime.done
    assert [one.restart for one in told] == [("callout.listen",)] * 2
    assert "gateway.toml: callout.listen: counts from the next start" in caplog.messages
    given = [each[1].gateway.callout for each in runtime.done if each[0] == "reload"]
    assert {(one.listen, one.drain_seconds) for one in given} == {(home.gateway.callout.listen, 3.0)}


def test_keys_of_serve_are_none_that_this_process_would_be_restarted_for(home):
    server = home.gateway.server.model_copy(update={"workers": 7})
    told = []
    runtime = Runtime(lambda: told.append(reloaded(home)))
    changed = replace(home, gateway=home.gateway.model_copy(update={"server": server}))
    assert run(home, runtime, read=lambda: changed) == 0
    assert [(one.outcome, one.restart) for one in told] == [(Outcome.IN_FORCE, ())]


def test_a_keystore_that_comes_makes_no_https_of_http_before_the_next_start(home, pki):
    server = home.gateway.server.model_copy(update={"keystore": pki.server_keystore()})
    secured = replace(home, gateway=home.gateway.model_copy(update={"server": server}))
    told = []

    def scenario():
        told.append(reloaded(home).restart)
        assert get(Address(home), "/readyz")[0] == 200

    assert run(home, Runtime(scenario), read=lambda: secured) == 0
    assert told == [("server.keystore",)]


def test_behind_a_drain_a_changed_home_starts_nothing(home):
    told = []

    def scenario():
        ask(home.state, 1, Ask("drain", seconds=0), SYSTEM_CLOCK)
        told.append(reloaded(home))
        os.kill(os.getpid(), signal.SIGHUP)

    runtime = Runtime(scenario)
    assert run(home, runtime) == 0
    assert [each[0] for each in runtime.done] == ["begin", "drain", "drain", "close"]
    assert [(one.outcome, one.reason) for one in told] == [
        (Outcome.FAILED, "the process was drained or is about to end")
    ]


# -- what keeps it from running -------------------------------------------------------------------------------


def test_a_state_folder_that_cannot_be_used_is_told(home):
    home.state.parent.mkdir(exist_ok=True)
    home.state.write_text("no folder")
    with pytest.raises(ConfigError, match=r"server.state: .*IMSGW_STATE names another folder"):
        run(home, Runtime())


def test_a_journal_that_cannot_be_opened_is_told_and_gives_the_seat_back(home):
    def make(_home, _contracts, **_how):
        raise JournalError("the disk is full")

    with pytest.raises(ConfigError, match="journal: cannot be opened: the disk is full"):
        process.run(loaded(home), looks(home), make=make, read=lambda: None)
    assert living(home.state) == []


def test_an_address_that_is_taken_is_told_and_everything_is_given_back(home):
    runtime = Runtime()
    with socket.create_server(Address(home).address), pytest.raises(ConfigError, match="--listen"):
        run(home, runtime)
    assert living(home.state) == []
    assert not any(each[0] == "begin" for each in runtime.done)
