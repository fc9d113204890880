"""`imsgw standin` as a process."""

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.unit.standin.as_process import start
from tests.unit.standin.by_hand import FOREVER, SECONDS, TEN_MS, Client, refusal, reply, text
from tests.unit.standin.output_by_hand import AUTO, MORE, NOAUTO, WANTS_ACK, answer, resume

REPOSITORY = Path(__file__).parents[3]
PLUGIN = """
from gateway.standin import Reply


class Hello:
    async def run(self, context):
        return context.text_reply("HELLO")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_on_a_signal(config, number):
    with start(config, trace=1) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.endswith("(data store IMS1, RACF=N, OTMA security none, plain TCP)\n")
        port = int(line.split(":")[1].split(" ")[0])
        with Client(port) as client:
            assert client.ask(text("ECHO 1")) == reply("1")
            process.send_signal(number)
            out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "> SEND_RECEIVE" in out
    assert "stopping\n" in out
    assert err == ""


def test_plug_ins_are_found_beside_the_file(config, tmp_path):
    (tmp_path / "my_programs.py").write_text(PLUGIN)
    config.write_text(config.read_text() + '[transactions.HELLO]\nprogram = "my_programs:Hello"\n')
    with start(config) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(":")[1].split(" ")[0])
        with Client(port) as client:
            assert client.ask(text("HELLO")) == reply("HELLO")
        process.terminate()
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0


def refused(config: Path) -> str:
    with start(config) as process:
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (1, "")
    return err


def test_a_port_in_use_is_said_clearly(config):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        config.write_text(f'[ims_connect]\nlisten = "{place}"\n')
        err = refused(config)
    assert err == f"{config.name}: ims_connect.listen: cannot listen on {place}: Address already in use\n"
    assert "Traceback" not in err


def test_mistakes_in_the_file_are_listed(config):
    config.write_text('[ims_connect]\nlisten = "x"\nracf = 1\n')
    lines = refused(config).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["standin.toml", "ims_connect.listen"],
        ["standin.toml", "ims_connect.racf"],
    ]


def test_a_plug_in_that_cannot_be_loaded_is_named(config):
    config.write_text(config.read_text() + '[transactions.HELLO]\nprogram = "nowhere:Hello"\n')
    assert refused(config).startswith(
        "standin.toml: transactions.HELLO.program: nowhere:Hello cannot be loaded"
    )


def test_a_key_that_cannot_be_read_is_named(config, tmp_path):
    (tmp_path / "ims.pem").write_text("no key")
    config.write_text(config.read_text() + 'tls = { keystore = { path = "ims.pem" } }\n')
    assert refused(config).startswith("standin.toml: ims_connect.tls: ")


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline().split(":")[1].split(" ")[0])


STATE = '[state]\npath = "standin.sqlite"\n[descriptors.OUT]\ntpipe = "CALLOUT1"\n'


def test_a_stand_in_that_is_killed_loses_and_doubles_no_output(config):
    config.write_text(config.read_text() + STATE)
    with start(config) as process:
        with Client(port_of(process)) as client:
            for number in range(8):
                assert client.ask(text(f"CALLASYN  {number}")) == reply("CALLASYN OUT QUEUED")
            got = [client.ask(resume(AUTO, arch=1, reroute="CALLOUT1", timer=FOREVER))]
            got += [client.ask(answer(timer=FOREVER)) for _ in range(3)]
            assert got == [reply(str(number), flags=WANTS_ACK | MORE) for number in range(4)]
            process.kill()
        process.communicate(timeout=SECONDS)
    with start(config) as process:
        with Client(port_of(process)) as client:
            # the client has seen 3 and not acknowledged it
            got = [client.ask(resume(NOAUTO, arch=1, reroute="CALLOUT1"))]
            got += [client.ask(answer()) for _ in range(5)]
            assert got == [
                *(reply(str(number), flags=WANTS_ACK | MORE) for number in range(3, 7)),
                reply("7", flags=WANTS_ACK),
                refusal(40, TEN_MS),
            ]
        process.terminate()
        process.communicate(timeout=SECONDS)


def test_a_file_of_queues_that_another_stand_in_has_is_named(config):
    config.write_text(config.read_text() + STATE)
    with start(config) as process:
        port_of(process)
        assert refused(config) == "standin.toml: state.path: standin.sqlite: another process has it\n"
        process.terminate()
        process.communicate(timeout=SECONDS)
