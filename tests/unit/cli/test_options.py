import pytest
import typer

from gateway.cli.options import load, problems_shown, show
from gateway.errors import ConfigError, Problem

PROBLEMS = (Problem("a.toml", "b.c", "is wrong"), Problem("d.toml", "", "is odd", warning=True))


def test_problems_are_lines_on_standard_error(capsys):
    show(PROBLEMS)
    assert capsys.readouterr() == ("", "a.toml: b.c: is wrong\nd.toml: warning: is odd\n")


def test_a_configuration_error_becomes_its_lines_and_exit_code_1(capsys):
    with pytest.raises(typer.Exit) as left, problems_shown():
        raise ConfigError(PROBLEMS)
    assert left.value.exit_code == 1
    assert "a.toml: b.c: is wrong" in capsys.readouterr().err


def test_any_other_error_is_left_alone():
    with pytest.raises(ZeroDivisionError), problems_shown():
        raise ZeroDivisionError


def test_secrets_come_from_the_environment(good_home, monkeypatch):
    monkeypatch.setenv("IMSGW_KEYSTORE_PASSWORD", "one")
    monkeypatch.setenv("IMS1_PASSWORD", "two")
    home = load(good_home)
    assert home.bundles["ims1"].credentials.password.reveal() == "two"


@pytest.mark.parametrize("command", [("callout", "list"), ("callout", "dead-letters", "list"), ("status",)])
def test_a_command_that_asks_processes_names_the_home_that_is_none(imsgw, tmp_path, command):
    result = imsgw(*command, "--home", tmp_path / "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"there is no folder {tmp_path / 'nowhere'}" in result.stderr
    assert "name the home with --home DIR or IMSGW_HOME" in result.stderr
