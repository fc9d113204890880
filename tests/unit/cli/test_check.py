import json
import re
import shutil

import pytest

from gateway.config.catalogue import KINDS
from tests.fixtures.scripted_server import Stall


def test_a_good_home_is_told_so_and_ends_with_0(imsgw, good_home):
    result = imsgw("check", "--home", good_home)
    assert result.exit_code == 0, result.stdout
    assert result.stderr.startswith("0 error(s), ")


def test_the_home_may_be_named_by_the_environment(imsgw, good_home):
    assert imsgw("check", IMSGW_HOME=str(good_home)).exit_code == 0
    assert imsgw("check").exit_code == 1, "the current folder is no home"


def test_every_problem_of_values_is_a_line_and_ends_with_1(imsgw, home):
    (home / "gateway.toml").write_text("[server]\nworker = 2\nthreads = 0\n")
    result = imsgw("check", "--home", home)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["gateway.toml"] * len(lines)
    assert any(line.startswith("gateway.toml: server.worker: ") and "workers" in line for line in lines)
    assert any(line.startswith("gateway.toml: server.threads: ") for line in lines)
    assert result.stderr.startswith(f"{len(lines)} error(s)")


def test_every_problem_of_contracts_and_stores_is_a_line(imsgw, home):
    correlator = home / "wsdl/phonebook/correlator.toml"
    correlator.write_text(correlator.read_text() + '[operations.PhoneBok]\ntransaction = "IVTNO"\n')
    result = imsgw("check", "--home", home, IMSGW_KEYSTORE_PASSWORD="not-it")
    assert result.exit_code == 1
    starts = sorted(line.split(": ", 2)[:2] for line in result.stdout.splitlines())
    assert ["gateway.toml", "server.keystore"] in starts
    assert ["wsdl/phonebook/correlator.toml", "operations.PhoneBok"] in starts
    assert "not-it" not in result.output


def test_warnings_alone_end_with_0(imsgw, home):
    bundle = home / "bundles/ims1.toml"
    bundle.write_text(bundle.read_text().replace('{ env = "IMS1_PASSWORD" }', '"GWPASS1"'))
    result = imsgw("check", "--home", home)
    assert result.exit_code == 0
    assert "bundles/ims1.toml: credentials.password: warning: " in result.stdout
    assert "GWPASS1" not in result.output
    assert result.stderr.startswith("0 error(s), ")


def test_a_line_ends_with_the_id_of_what_was_found(imsgw, home):
    bundle = home / "bundles/ims1.toml"
    bundle.write_text(bundle.read_text().replace('{ env = "IMS1_PASSWORD" }', '"GWPASS1"'))
    lines = imsgw("check", "--home", home).stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("bundles/ims1.toml: credentials.password: ")]
    assert line.endswith(" [secrets.literal]")
    assert {re.search(r" \[([^\] ]+)\]$", line)[1] for line in lines} <= KINDS.keys()


def test_json_holds_id_severity_file_key_text_and_what_to_do(imsgw, home):
    (home / "gateway.toml").unlink()
    result = imsgw("check", "--home", home, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told.keys() == {"errors", "warnings", "problems", "online"}
    (problem,) = told["problems"]
    assert problem.keys() == {"check", "severity", "file", "key", "text", "action"}
    assert (problem["file"], problem["severity"], problem["check"]) == ("gateway.toml", "error", "config.home")
    assert problem["action"] == KINDS["config.home"].action
    assert (told["errors"], told["warnings"], told["online"]) == (1, 0, [])


def test_json_shows_no_secret(imsgw, home):
    bundle = home / "bundles/ims1.toml"
    bundle.write_text(bundle.read_text().replace('{ env = "IMS1_PASSWORD" }', '"GWPASS1"'))
    result = imsgw("check", "--home", home, "--json", IMSGW_KEYSTORE_PASSWORD="not-it")
    told = json.loads(result.stdout)
    assert told["errors"] == sum(one["severity"] == "error" for one in told["problems"]) > 0
    assert told["warnings"] == sum(one["severity"] == "warning" for one in told["problems"]) > 0
    assert "GWPASS1" not in result.output
    assert "not-it" not in result.output


# -- online


@pytest.fixture
def online(home, lab):
    """The home with providers only, and the lab behind its bundle."""
    for folder in (home / "wsdl").iterdir():
        if 'role = "consumer"' in (folder / "correlator.toml").read_text():
            shutil.rmtree(folder)
    (home / "bundles/ims1-events.toml").unlink(missing_ok=True)
    bundle = home / "bundles/ims1.toml"
    text = bundle.read_text()
    bundle.write_text(re.sub(r"^port = .*$", f"port = {lab.port}", text, flags=re.MULTILINE))
    return home


def test_online_tells_of_each_address_on_the_way_and_ends_with_0(imsgw, online, lab):
    result = imsgw("check", "--home", online, "--online")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("ok ")]
    assert f"ims-connect ims1 127.0.0.1:{lab.port} " in line
    assert "GWUSER was accepted" in line
    assert "online." not in result.stdout


def test_what_is_wrong_online_is_a_line_like_any_other_and_ends_with_1(imsgw, online, lab):
    result = imsgw("check", "--home", online, "--online", IMS1_PASSWORD="WRONG1")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if "online." in line]
    assert line.startswith(f"bundles/ims1.toml: ims_connect: 127.0.0.1:{lab.port}: GWUSER is refused: ")
    assert line.endswith(" [online.sign-on]")
    assert result.stderr.splitlines()[-1].startswith("1 error(s), ")
    assert "WRONG1" not in result.output


def test_online_as_json(imsgw, online, lab):
    result = imsgw("check", "--home", online, "--online", "--json")
    (tried,) = json.loads(result.stdout)["online"]
    assert (tried["kind"], tried["name"], tried["done"]) == ("ims-connect", "ims1", True)
    assert tried["address"] == f"127.0.0.1:{lab.port}"


def test_without_online_nothing_is_connected_to(imsgw, online, lab):
    imsgw("check", "--home", online)
    assert lab.seen == ()
    assert lab.connections == 0


def test_a_home_that_cannot_be_read_is_not_tried(imsgw, online, lab):
    (online / "gateway.toml").write_text("[server]\nnonsense = 1\n")
    result = imsgw("check", "--home", online, "--online")
    assert result.exit_code == 1
    assert lab.seen == ()


def test_an_address_that_hangs_costs_its_seconds(imsgw, online, scripted_server):
    running = scripted_server((Stall(),))
    bundle = online / "bundles/ims1.toml"
    text = bundle.read_text()
    bundle.write_text(re.sub(r"^port = .*$", f"port = {running.port}", text, flags=re.MULTILINE))
    result = imsgw("check", "--home", online, "--online", "--seconds", "0.3")
    assert result.exit_code == 1
    assert "[online.time]" in result.stdout


@pytest.mark.parametrize("folder", ["nowhere", "wsdl"])
def test_a_folder_that_is_no_home_is_told_with_the_way_to_name_one(imsgw, good_home, folder):
    result = imsgw("check", "--home", good_home / folder)
    assert result.exit_code == 1
    assert "--home DIR or IMSGW_HOME" in result.stdout
