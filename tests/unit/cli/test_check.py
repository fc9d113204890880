import json

import pytest


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


def test_json_holds_file_key_text_and_whether_it_is_a_warning(imsgw, home):
    (home / "gateway.toml").unlink()
    result = imsgw("check", "--home", home, "--json")
    assert result.exit_code == 1
    (problem, *_) = json.loads(result.stdout)
    assert problem.keys() == {"file", "key", "text", "warning"}
    assert (problem["file"], problem["warning"]) == ("gateway.toml", False)


@pytest.mark.parametrize("folder", ["nowhere", "wsdl"])
def test_a_folder_that_is_no_home_is_told_with_the_way_to_name_one(imsgw, good_home, folder):
    result = imsgw("check", "--home", good_home / folder)
    assert result.exit_code == 1
    assert "--home DIR or IMSGW_HOME" in result.stdout
