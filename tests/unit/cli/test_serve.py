import shutil

import pytest

from gateway import runtime, supervisor
from gateway.errors import ConfigError, Problem
from gateway.observe import logs


@pytest.fixture
def served(monkeypatch):
    """What would be served, and how the log was set, with nothing running."""
    calls = []
    monkeypatch.setattr(runtime, "serve", lambda snapshot, _look: calls.append(("serve", snapshot.home.path)))
    monkeypatch.setattr(logs, "configure", lambda **how: calls.append(("log", how)))
    return calls


def test_a_good_home_is_served_with_a_log_of_json(imsgw, good_home, served):
    result = imsgw("serve", "--home", good_home)
    assert (result.exit_code, result.stdout) == (0, "")
    assert served == [("log", {"level": "info", "json": True}), ("serve", good_home)]


def test_log_level_and_format_are_options(imsgw, good_home, served):
    imsgw("serve", "--home", good_home, "--log-level", "debug", "--log-format", "text")
    assert served[0] == ("log", {"level": "debug", "json": False})


@pytest.mark.parametrize("wrong", [("--log-level", "loud"), ("--log-format", "xml"), ("surplus",)])
def test_wrong_usage_ends_with_2_and_serves_nothing(imsgw, good_home, served, wrong):
    assert imsgw("serve", "--home", good_home, *wrong).exit_code == 2
    assert not served


def test_a_mistake_in_the_home_is_told_on_standard_error_and_nothing_is_served(imsgw, home, served):
    (home / "keystores/server.p12").unlink()
    result = imsgw("serve", "--home", home)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "keystores/server.p12 does not exist; imsgw keystore create-test makes one" in result.stderr
    assert [kind for kind, _ in served] == ["log"]


def test_all_errors_and_only_errors_stop_it(imsgw, home, served):
    correlator = home / "wsdl/phonebook/correlator.toml"
    correlator.write_text(correlator.read_text() + '[operations.PhoneBok]\ntransaction = "IVTNO"\n')
    result = imsgw("serve", "--home", home, IMSGW_KEYSTORE_PASSWORD="not-it")
    assert result.exit_code == 1
    assert "server.keystore" in result.stderr
    assert "operations.PhoneBok" in result.stderr
    assert [kind for kind, _ in served] == ["log"]


def test_warnings_are_told_and_the_home_is_served(imsgw, home, served):
    bundle = home / "bundles/ims1.toml"
    bundle.write_text(bundle.read_text().replace('{ env = "IMS1_PASSWORD" }', '"GWPASS1"'))
    result = imsgw("serve", "--home", home)
    assert result.exit_code == 0
    assert "bundles/ims1.toml: credentials.password: warning: " in result.stderr
    assert [kind for kind, _ in served] == ["log", "serve"]


def test_an_address_that_cannot_be_listened_on_is_told_and_ends_with_1(imsgw, good_home, served, monkeypatch):
    problem = Problem("gateway.toml", "server.https", "cannot listen on 127.0.0.1:8443: Address already in use")

    def serve(_snapshot, _look):
        raise ConfigError((problem,))

    monkeypatch.setattr(runtime, "serve", serve)
    result = imsgw("serve", "--home", good_home)
    assert result.exit_code == 1
    assert str(problem) in result.stderr.splitlines()


@pytest.fixture
def supervised(monkeypatch):
    """What would run beside each other, with nothing running."""
    calls = []

    def run(serve, callout):
        calls.append((serve, callout))
        return 3

    monkeypatch.setattr(supervisor, "run", run)
    return calls


def test_with_callout_both_run_with_the_same_options_and_the_exit_code_is_passed_on(
    imsgw, good_home, served, supervised
):
    options = ("--home", str(good_home), "--log-level", "debug", "--log-format", "text")
    result = imsgw("serve", "--with-callout", *options)
    assert supervised == [(("serve", *options), ("callout", "--no-warnings", *options))]
    assert (result.exit_code, served) == (3, [("log", {"level": "debug", "json": False})])


def test_with_callout_a_mistake_in_the_home_is_told_once_and_nothing_runs(imsgw, home, served, supervised):
    (home / "keystores/server.p12").unlink()
    result = imsgw("serve", "--home", home, "--with-callout")
    assert (result.exit_code, supervised) == (1, [])
    assert result.stderr.count("keystores/server.p12 does not exist") == 1


def test_that_programs_call_services_too_is_said(imsgw, good_home, served, caplog):
    caplog.set_level("INFO", "gateway.web")
    assert imsgw("serve", "--home", good_home).exit_code == 0
    assert "imsgw callout serves the " in caplog.text
    assert "serve --with-callout runs it" in caplog.text


def test_a_home_whose_services_no_program_calls_says_nothing_of_it(imsgw, home, served, caplog):
    caplog.set_level("INFO", "gateway.web")
    for correlator in home.glob("wsdl/*/correlator.toml"):
        if 'role = "consumer"' in correlator.read_text():
            shutil.rmtree(correlator.parent)
    assert imsgw("serve", "--home", home).exit_code == 0
    assert "callout" not in caplog.text
