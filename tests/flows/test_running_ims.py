"""`imsgw ims` as people start it: processes, pipes, signals, a terminal."""

import json
import os
import pty
import resource
import signal
import subprocess
import sys

import pytest

from gateway.imsconnect import Connection, ConnectionSettings, Interaction, InteractionVerb, transaction_input
from tests.fixtures.calling import PATIENCE
from tests.fixtures.running_gateway import ENDED_WITH_US, wait_until
from tests.fixtures.standin import USERS
from tests.flows.test_running_commands import environment, imsgw

PASSWORD = {"IMSGW_IMS_PASSWORD": "GWPASS1"}


@pytest.fixture
def lab(standin_factory):
    return standin_factory(ims_connect={"racf": True, "otma_security": "check"}, users=USERS)


@pytest.fixture
def options(lab):
    return ("--port", str(lab.port), "--user", "GWUSER")


@pytest.fixture
def hold(lab):
    """Put messages on the hold queue of LATE01."""

    def put(*texts):
        settings = ConnectionSettings.to(lab.host, lab.port, "IMS1", "GWUSER", "GWPASS1")
        with Connection(settings, "LATE01") as connection:
            for text in texts:
                interaction = Interaction(
                    verb=InteractionVerb.SEND_ACKNOWLEDGED,
                    transaction="ECHO",
                    segments=transaction_input("ECHO", text, longest=20_000),
                )
                connection.run(interaction)

    return put


def start(*arguments, **more):
    command = [*ENDED_WITH_US, sys.executable, "-m", "gateway", "ims", *map(str, arguments)]
    return subprocess.Popen(command, env=environment(**PASSWORD), stderr=subprocess.PIPE, text=True, **more)


def test_a_ping_and_a_transaction(options):
    done = imsgw("ims", "ping", *options)
    assert (done.returncode, "HWSC0030I *PING RESPONSE*" in done.stdout) == (0, True)
    done = imsgw("ims", "send", "IVTNO", "DISPLAY LAST1", *options, **PASSWORD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ENTRY WAS DISPLAYED")


def test_without_a_terminal_no_password_is_asked_for(options):
    done = imsgw("ims", "send", "ECHO", "x", *options)
    assert done.returncode == 2
    assert "no terminal to ask at for a password" in done.stderr
    assert "--no-password" in done.stderr
    assert "Warning" not in done.stderr


def test_the_password_is_in_no_argument_and_in_no_output(options):
    done = imsgw("ims", "send", "WHOAMI", "x", "--json", *options, **PASSWORD)
    assert done.returncode == 0
    assert "GWPASS1" not in done.stdout + done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_following_a_tpipe_takes_what_comes_until_it_is_interrupted(options, hold, lab, tmp_path, how):
    hold("one")
    box = tmp_path / "box"
    with start("drain", "LATE01", "--follow", "--into", box, *options) as process:
        wait_until(lambda: box.exists() and box.read_text() == "one\n", "the first message")
        hold("two", "three")
        wait_until(lambda: box.read_text() == "one\ntwo\nthree\n", "the messages that came later")
        process.send_signal(how)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "3 messages taken from LATE01\n")
    wait_until(lambda: lab.connections == 0, "the connection's end")
    assert lab.tpipes.depths == {}


def test_interrupted_while_it_writes_it_hands_the_message_back(options, hold, lab, tmp_path):
    hold("x" * 200_000)
    with start("drain", "LATE01", *options, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)  # the pipe takes 64 KiB: the rest waits for somebody who reads
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert process.stderr.read() == "0 messages taken from LATE01\ninterrupted\n"
    wait_until(lambda: lab.tpipes.depths == {"LATE01": 1}, "the message is back")


def test_a_reader_who_goes_away_loses_nothing(options, hold, lab):
    hold("x" * 200_000)
    with start("drain", "LATE01", *options, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert "standard output: Broken pipe; what was not written is still IMS's" in process.stderr.read()
    wait_until(lambda: lab.tpipes.depths == {"LATE01": 1}, "the message is back")


@pytest.mark.parametrize("into", [True, False])
def test_a_file_that_may_not_grow_keeps_whole_messages_only(options, hold, lab, tmp_path, into):
    hold("one", "x" * 20_000, "three")
    box = tmp_path / "box"

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    with box.open("wb") as output:
        place = ("--into", box) if into else ()
        with start("drain", "LATE01", *place, *options, stdout=output, preexec_fn=small_files) as process:
            _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "File too large; what was not written is still IMS's" in errors
    assert "1 message taken from LATE01" in errors
    assert box.read_text() == "one\n"
    wait_until(lambda: lab.tpipes.depths == {"LATE01": 2}, "the messages are back")


def test_killed_it_loses_nothing(options, hold, lab):
    hold("one", "two", "x" * 200_000)
    with start("drain", "LATE01", *options, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(8) == "one\ntwo\n"
        process.kill()
        process.wait(PATIENCE)
    # the second was written; whether it was acknowledged too, the kill decided
    wait_until(lambda: lab.connections == 0 and lab.tpipes.in_delivery == 0, "the end of the connection")
    assert lab.tpipes.depths["LATE01"] in {1, 2}


def test_a_conversation_at_a_terminal_ends_with_ctrl_c(options, lab):
    parent, child = pty.openpty()
    with start("converse", "CONVERSE", "one", *options, stdin=child, stdout=subprocess.PIPE) as process:
        os.close(child)
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["SAID 1\n", "one\n"]
        os.write(parent, b"two\n")
        assert [process.stdout.readline() for _ in range(3)] == ["SAID 2\n", "one\n", "two\n"]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert (
            process.stderr.read().removeprefix("> ").removeprefix("> ") == "conversation ended\ninterrupted\n"
        )
    os.close(parent)
    assert lab.seen[-1].verb.value == "D"


def test_interrupted_while_ims_works_it_ends_at_once_and_tidily(options, lab):
    with start("send", "SLEEP", "60000", "--timeout", "forever", *options) as process:
        wait_until(lambda: any(one.transaction == "SLEEP" for one in lab.seen), "the transaction")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (130, "interrupted\n")


def test_json_of_a_drain_may_be_read_by_line(options, hold):
    hold("one", "two")
    done = imsgw("ims", "drain", "LATE01", "--json", *options, **PASSWORD)
    assert [json.loads(line)["segments"][0]["text"] for line in done.stdout.splitlines()] == ["one", "two"]
