"""Two processes under one: what it starts again, what it passes on, and that nothing is left behind.

The children are shell scripts that write what happens to them into files.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY, wait_until

RUN = """
import json, sys
from gateway import supervisor
from gateway.observe import logs

serve, callout, settings = json.loads(sys.argv[1])
for name, value in settings.items():
    assert hasattr(supervisor, name)
    setattr(supervisor, name, value)

class Spawner(supervisor._Spawner):
    def command(self, arguments):
        return ["/bin/sh", "-c", *arguments]

supervisor._Spawner = Spawner
logs.configure()
sys.exit(supervisor.run([serve], [callout]))
"""

WAITS = """
trap "{told}; exit {code}" TERM
trap "echo hup >> {name}.hup" HUP
echo $$ > {name}.new
mv {name}.new {name}
while :; do sleep 0.05; done
"""


class Supervised:
    def __init__(self, folder: Path, serve: str, callout: str, **settings):
        import json

        self.folder = folder
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*ENDED_WITH_US, sys.executable, "-c", RUN, json.dumps([serve, callout, settings])],
                cwd=folder,
                env=environment,
                stderr=log,
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def pid(self, name: str) -> int:
        wait_until((self.folder / name).exists, f"{name} runs")
        return int((self.folder / name).read_text())

    def end(self) -> int:
        code = self.process.wait(30)
        assert "Traceback" not in self.log, self.log
        return code


@pytest.fixture
def supervised(tmp_path):
    started = []

    def start(serve, callout, **settings):
        started.append(Supervised(tmp_path, serve, callout, **settings))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()
        for name in ("serve", "callout"):
            if (tmp_path / name).exists():
                try:
                    psutil.Process(int((tmp_path / name).read_text())).kill()
                except psutil.NoSuchProcess:
                    pass


def waits(name: str, *, code: int = 0, told: str = "true") -> str:
    """Return a script that runs until SIGTERM, then does `told`."""
    return WAITS.format(name=name, code=code, told=told)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_sigterm_stops_serve_first_and_callout_behind_it(supervised, tmp_path):
    pair = supervised(
        waits("serve", told="echo serve >> order"), waits("callout", told="echo callout >> order")
    )
    pids = [pair.pid("serve"), pair.pid("callout")]
    pair.process.terminate()
    assert pair.end() == 0
    assert (tmp_path / "order").read_text().split() == ["serve", "callout"]
    assert all(gone(pid) for pid in pids)


def test_ctrl_c_is_told_to_the_children_by_us_only(supervised, tmp_path):
    pair = supervised(
        waits("serve", told="echo serve >> order"), waits("callout", told="echo callout >> order")
    )
    ours = os.getsid(pair.process.pid)
    assert os.getsid(pair.pid("serve")) != ours
    assert os.getsid(pair.pid("callout")) != ours
    pair.process.send_signal(signal.SIGINT)
    assert pair.end() == 0
    assert (tmp_path / "order").read_text().split() == ["serve", "callout"]


def test_when_serve_ends_callout_is_stopped_and_the_exit_code_is_that_of_serve(supervised):
    pair = supervised("sleep 0.2; exit 3", waits("callout", code=9))
    pid = pair.pid("callout")
    assert pair.end() == 3
    assert gone(pid)


def test_a_killed_serve_is_told_as_shells_tell_it(supervised):
    pair = supervised(waits("serve"), waits("callout"))
    pair.pid("callout")
    os.kill(pair.pid("serve"), signal.SIGKILL)
    assert pair.end() == 128 + signal.SIGKILL


def test_callout_starts_again_when_it_ends(supervised, tmp_path):
    pair = supervised(waits("serve"), "echo x >> starts; exit 1", _FIRST_PAUSE=0.01, _LONGEST_PAUSE=0.02)
    wait_until(
        lambda: (tmp_path / "starts").exists() and len((tmp_path / "starts").read_text()) >= 8, "4 starts"
    )
    assert "callout has ended with 1: it starts again in 0.01 s" in pair.log
    assert "callout has ended with 1: it starts again in 0.02 s" in pair.log
    assert "0.04 s" not in pair.log
    pair.process.terminate()
    assert pair.end() == 0


def test_callout_that_has_just_been_killed_is_back_with_another_process(supervised):
    pair = supervised(waits("serve"), waits("callout"), _FIRST_PAUSE=0.01)
    first = pair.pid("callout")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pair.pid("callout") != first, "another one")
    assert "callout has ended with -9" in pair.log


def test_the_pause_grows_no_more_behind_one_that_lived_long(supervised, tmp_path):
    pair = supervised(waits("serve"), "echo x >> starts; exit 1", _FIRST_PAUSE=0.01, _STEADY_SECONDS=0.0)
    wait_until(
        lambda: (tmp_path / "starts").exists() and len((tmp_path / "starts").read_text()) >= 8, "4 starts"
    )
    assert "in 0.02 s" not in pair.log


def test_in_the_pause_a_stop_is_heard_and_callout_starts_no_more(supervised, tmp_path):
    pair = supervised(waits("serve"), "echo x >> starts; exit 1", _FIRST_PAUSE=3600.0)
    wait_until(lambda: "starts again in 3600 s" in pair.log, "the pause")
    pair.process.terminate()
    assert pair.end() == 0
    assert (tmp_path / "starts").read_text().split() == ["x"]


def test_sighup_goes_to_both_and_ends_nothing(supervised, tmp_path):
    pair = supervised(waits("serve"), waits("callout"))
    pair.pid("serve"), pair.pid("callout")
    pair.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: (tmp_path / "serve.hup").exists() and (tmp_path / "callout.hup").exists(), "both have heard"
    )
    assert pair.process.poll() is None


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_both_at_once(supervised, tmp_path, second):
    stubborn = 'trap "" TERM HUP; echo $$ > {0}.new; mv {0}.new {0}; while :; do sleep 0.05; done'
    pair = supervised(stubborn.format("serve"), stubborn.format("callout"))
    pids = [pair.pid("serve"), pair.pid("callout")]
    pair.process.terminate()
    wait_until(lambda: "SIGTERM: serve is stopped" in pair.log, "the first is heard")
    pair.process.send_signal(second)
    assert pair.end() == 128 + signal.SIGQUIT
    assert all(gone(pid) for pid in pids)


def test_a_killed_supervisor_leaves_no_orphans(supervised, tmp_path):
    pair = supervised(
        waits("serve", told="echo serve >> order"), waits("callout", told="echo callout >> order")
    )
    pids = [pair.pid("serve"), pair.pid("callout")]
    pair.process.kill()
    pair.end()
    wait_until(lambda: all(gone(pid) for pid in pids), "the children have ended")
    assert sorted((tmp_path / "order").read_text().split()) == ["callout", "serve"]


def test_the_children_begin_without_blocked_signals(supervised):
    pair = supervised(waits("serve"), waits("callout"))
    for name in ("serve", "callout"):
        # between fork and exec all are blocked (subprocess, since Python 3.12)
        wait_until(lambda name=name: not blocks_sigterm(pair.pid(name)), f"{name} without blocked signals")


def blocks_sigterm(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    (blocked,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:")]
    return bool(int(blocked, 16) & 1 << (signal.SIGTERM - 1))
