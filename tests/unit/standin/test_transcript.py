"""The transcript: the trace in a file, whole lines, behind what was there; the console stays quiet."""

from pathlib import Path

import pytest

from gateway.standin.transcript import Transcript
from tests.unit.standin.as_process import start
from tests.unit.standin.by_hand import SECONDS, Client, reply, text, until

REPOSITORY = Path(__file__).parents[3]


def test_lines_are_appended_and_on_their_way_at_once(tmp_path):
    path = tmp_path / "log"
    path.write_text("before\n")
    with Transcript(path) as transcript:
        transcript.write("one")
        transcript.write("zwei ä")
        assert path.read_text(encoding="utf-8") == "before\none\nzwei ä\n"


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        Transcript(tmp_path / "nowhere" / "log")


def test_a_full_disk_is_told_once_and_stops_nobody(capsys):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    transcript = Transcript(full)
    transcript.write("one")
    transcript.write("two")
    transcript.close()
    assert capsys.readouterr().err.count("no more transcript, /dev/full: ") == 1


@pytest.mark.parametrize(("trace", "dumps"), [(0, False), (1, False), (2, True)])
def test_messages_go_to_the_file_and_not_to_the_console(config, tmp_path, trace, dumps):
    path = tmp_path / "standin.log"
    with start(config, trace, path) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        with Client(int(line.split(":")[1].split(" ")[0])) as client:
            assert client.ask(text("ECHO 1", password="GEHEIM1")) == reply("1")
        until(lambda: path.read_text().endswith(" #1 closed\n"))
        process.terminate()
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (0, "stopping\n", "")
    written = path.read_text()
    assert "#1 > SEND_RECEIVE" in written
    assert "IRM_CLIENTID" in written
    assert "GEHEIM1" not in written
    assert ("    000000  " in written) == dumps


def test_a_second_run_goes_on_behind_the_first(config, tmp_path):
    path = tmp_path / "standin.log"
    for runs in (1, 2):
        with start(config, transcript=path) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().split(":")[1].split(" ")[0])
            with Client(port) as client:
                client.ask(text("ECHO 1"))
            until(lambda: path.read_text().count(" closed\n") == runs)  # noqa: B023 - called here
            process.terminate()
            process.communicate(timeout=SECONDS)


def test_a_file_that_cannot_be_written_is_told_before_anybody_is_served(config, tmp_path):
    with start(config, transcript=tmp_path / "nowhere" / "log") as process:
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (1, "")
    assert "cannot write " in err
    assert "No such file or directory" in err
