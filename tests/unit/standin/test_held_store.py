"""Hold queues in a file: what is on disk and when, what a dead process leaves, and who may have the file."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from gateway.errors import ConfigError
from gateway.exchange import Undeliverable
from gateway.standin.demands import Fallback
from gateway.standin.held import HeldOutput, HoldQueueError
from gateway.standin.held_store import QueueFile
from gateway.standin.tpipes import Tpipes
from tests.unit.standin.by_hand import CM0, CONFIRM, refusal, reply, text, until

OUTPUT = HeldOutput((b"first", b"", b"\x00\xff"), "DFSMO1", "ECHO", "uid", "sid")
OTHER = HeldOutput((b"other",))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "queues.sqlite"


class Life:
    """One life of a stand-in with queues in a file."""

    def __init__(self, path) -> None:
        self.file = QueueFile(path)
        self.tpipes = Tpipes(self.file.of("IMS1"))

    def __enter__(self) -> Tpipes:
        return self.tpipes

    def __exit__(self, *_: object) -> None:
        self.file.close()


class TestNextLife:
    def test_output_is_there_again_as_it_was(self, path):
        with Life(path) as tpipes:
            tpipes.hold("A", OUTPUT)
            tpipes.hold("A", OTHER)
        with Life(path) as tpipes:
            assert tpipes.held("A") == (OUTPUT, OTHER)
            assert tpipes.exists("A")

    def test_what_was_not_acknowledged_is_there_again_where_it_stood(self, path):
        with Life(path) as tpipes:
            tpipes.hold("A", OUTPUT)
            tpipes.hold("A", OTHER)
            assert tpipes.take("A") is not None
        with Life(path) as tpipes:
            assert tpipes.held("A") == (OUTPUT, OTHER)

    def test_what_was_acknowledged_is_not(self, path):
        with Life(path) as tpipes:
            tpipes.hold("A", OUTPUT)
            delivery = tpipes.take("A")
            assert delivery is not None
            delivery.acknowledge()
        with Life(path) as tpipes:
            assert tpipes.depths == {}

    def test_what_was_sent_from_the_program_is_held(self, path):
        with Life(path) as tpipes:
            tpipes.send("A", OUTPUT)
        with Life(path) as tpipes:
            assert tpipes.held("A") == (OUTPUT,)

    def test_what_would_be_purged_is_not(self, path):
        with Life(path) as tpipes:
            tpipes.send("A", OUTPUT, kept=False)
        with Life(path) as tpipes:
            assert tpipes.depths == {}

    def test_but_it_is_when_it_was_put_on_the_queue_all_the_same(self, path):
        with Life(path) as tpipes:
            tpipes.send("A", OUTPUT, kept=False).put_back()
        with Life(path) as tpipes:
            assert tpipes.depths == {"A": 1}

    def test_rerouted_output_is_there_once(self, path):
        with Life(path) as tpipes:
            tpipes.hold("A", OUTPUT)
            tpipes.hold("B", OTHER)
            delivery = tpipes.take("A")
            assert delivery is not None
            delivery.put_away(Fallback(Undeliverable.REROUTE, "B"))
        with Life(path) as tpipes:
            assert tpipes.depths == {"B": 2}
            assert tpipes.held("B") == (OTHER, OUTPUT)

    def test_new_output_comes_behind_the_old(self, path):
        with Life(path) as tpipes:
            tpipes.hold("A", OUTPUT)
        with Life(path) as tpipes:
            tpipes.hold("A", OTHER)
            assert tpipes.held("A") == (OUTPUT, OTHER)

    def test_clear_empties_the_file(self, path):
        with Life(path) as tpipes:
            tpipes.hold("A", OUTPUT)
            tpipes.clear()
        with Life(path) as tpipes:
            assert tpipes.depths == {}

    def test_each_ims_has_its_own(self, path):
        with Life(path) as tpipes:
            tpipes.hold("A", OUTPUT)
        file = QueueFile(path)
        assert Tpipes(file.of("IMS2")).depths == {}
        assert Tpipes(file.of("IMS1")).depths == {"A": 1}
        file.close()


class TestKilled:
    PROGRAM = """
import os, sys
from pathlib import Path
from gateway.standin.held import HeldOutput
from gateway.standin.held_store import QueueFile
from gateway.standin.tpipes import Tpipes

tpipes = Tpipes(QueueFile(Path(sys.argv[1])).of("IMS1"))
for number in range(20):
    tpipes.hold("A", HeldOutput((str(number).encode(),)))
for number in range(5):
    tpipes.take("A").acknowledge()
tpipes.take("A")
print("done", flush=True)
sys.stdin.read()
"""

    def test_a_process_that_is_killed_loses_and_doubles_nothing(self, path):
        command = [sys.executable, "-c", self.PROGRAM, str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"done\n"
            os.kill(process.pid, signal.SIGKILL)
        with Life(path) as tpipes:
            assert [output.segments[0] for output in tpipes.held("A")] == [
                str(number).encode() for number in range(5, 20)
            ]


class TestBadFiles:
    def test_one_stand_in_at_a_time(self, path):
        with (
            Life(path),
            pytest.raises(ConfigError, match=r"state\.path: queues.sqlite: another process has it"),
        ):
            QueueFile(path)

    def test_something_else_is_left_alone(self, path):
        path.write_bytes(b"no database " * 100)
        with pytest.raises(ConfigError, match="file is not a database"):
            QueueFile(path)
        assert path.read_bytes() == b"no database " * 100

    def test_a_database_of_something_else_is_left_alone(self, path):
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE mine (text)")
        database.commit()
        database.close()
        with pytest.raises(ConfigError, match="a database of something else"):
            QueueFile(path)

    def test_what_cannot_be_written_is_no_output(self, path):
        life = Life(path)
        life.file.close()
        with pytest.raises(HoldQueueError, match=r"queues\.sqlite: the hold queues are closed"):
            life.tpipes.hold("A", OUTPUT)
        assert life.tpipes.depths == {}

    def test_what_cannot_be_deleted_is_not_acknowledged(self, path):
        life = Life(path)
        life.tpipes.hold("A", OUTPUT)
        delivery = life.tpipes.take("A")
        assert delivery is not None
        life.file.close()
        with pytest.raises(HoldQueueError, match=r"queues\.sqlite: the hold queues are closed"):
            delivery.acknowledge()
        delivery.put_back()
        assert life.tpipes.depths == {"A": 1}


class TestFullDisk:
    """The file takes no more bytes while the stand-in runs."""

    @pytest.fixture
    def full(self, standin_factory, tmp_path):
        tables = {"state": {"path": str(tmp_path / "queues.sqlite")}}
        lines: list[str] = []
        standin = standin_factory(trace=1, write=lines.append, **tables)
        standin.standin._state.execute("PRAGMA max_page_count = 1")
        return standin, lines

    def test_commit_mode_0_is_backed_out_and_says_so(self, full, connect):
        standin, lines = full
        client = connect(standin)
        data = text("ECHO " + "X" * 30_000, f2=CM0, f3=CONFIRM)
        assert client.ask(data) == refusal(8, 75)
        client.assert_closed()
        assert standin.seen[0].outcome == "backed out, the hold queues cannot be written"
        assert any("queues.sqlite: database or disk is full" in line for line in lines)
        assert standin.tpipes.depths == {}
        assert standin.tpipes.in_delivery == 0
        assert standin.datastore("IMS1").ims.regions.active == ()

    def test_commit_mode_1_goes_on(self, full, connect):
        standin, _ = full
        client = connect(standin)
        assert client.ask(text("ECHO 1")) == reply("1")

    def test_send_only_says_in_the_record_that_its_output_is_lost(self, full, connect):
        standin, _ = full
        client = connect(standin)
        client.send(text("ECHO " + "X" * 30_000, verb="S", f2=CM0))
        until(lambda: standin.seen and standin.seen[0].outcome == "lost")
        client.assert_open()

    def test_output_from_outside_is_refused(self, full):
        standin, _ = full
        with pytest.raises(HoldQueueError, match=r"queues\.sqlite: database or disk is full"):
            standin.queue_output("A", b"X" * 30_000)
        assert standin.tpipes.depths == {}
