"""`imsgw callout`: what it is told and shows; the process itself is a stand-in here."""

import json
from contextlib import closing

import pytest

from gateway.callout import process
from gateway.callout.control_words import Ask, Told
from gateway.callout.runtime import CalloutRuntime
from gateway.callout.state import ListenerState
from gateway.clock import SYSTEM_CLOCK
from gateway.control.seat import Seat
from gateway.control.server import ControlServer
from gateway.control.words import ControlError, line_of, object_of
from gateway.errors import ConfigError, Problem
from gateway.observe import logs
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD
from tests.unit.callout.steered import ONE, TWO, picture

PICTURES = (
    picture(ONE, received=12, refused=1, in_work=2, waiting=3, dead=4),
    picture(TWO, ListenerState.TROUBLE, reason="connection refused\n\x1b[2J by IMS Connect"),
)


@pytest.fixture
def ran(monkeypatch):
    """What would run, with nothing running."""
    calls = []

    def run(loaded, look, *, make, read, listen):
        assert look
        calls.append((loaded, make, read, listen))
        return 0

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setattr(logs, "configure", lambda **how: calls.append(how))
    return calls


class Instance:
    """A process at a seat, which answers what the test says."""

    def __init__(self, state):
        self._seat = Seat.take(state / "callout")
        self.asked = []
        self.answer = Told(self._seat.number, 4711, True, "", PICTURES)
        self._server = ControlServer(self._seat.socket, self._do, SYSTEM_CLOCK)
        self._server.start()

    def close(self):
        self._server.close()
        self._seat.close()

    def _do(self, line):
        self.asked.append(Ask.of(object_of(line)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return line_of(self.answer.facts())


@pytest.fixture
def small(tmp_path):
    """A home of which the commands need no more than this."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "gateway.toml").write_text('[server]\nstate = "kept"\n')
    return tmp_path / "home"


@pytest.fixture
def instance(small):
    made = Instance(small / "kept")
    with closing(made):
        yield made


# -- running --------------------------------------------------------------------------------------------------


def test_a_good_home_is_listened_for_with_a_log_of_json(imsgw, good_home, ran):
    result = imsgw("callout", "--home", good_home)
    assert (result.exit_code, result.stdout) == (0, "")
    log, (loaded, make, _, listen) = ran
    assert log == {"level": "info", "json": True}
    assert (loaded.home.path, make, listen) == (good_home, CalloutRuntime, None)


def test_its_exit_code_is_that_of_the_process(imsgw, good_home, ran, monkeypatch):
    monkeypatch.setattr(process, "run", lambda *_, **__: 1)
    assert imsgw("callout", "--home", good_home).exit_code == 1


def test_log_and_address_are_options(imsgw, good_home, ran):
    options = ("--log-level", "debug", "--log-format", "text", "--listen", "127.0.0.1:1")
    imsgw("callout", "--home", good_home, *options)
    assert ran[0] == {"level": "debug", "json": False}
    assert ran[1][3] == "127.0.0.1:1"


@pytest.mark.parametrize(
    "wrong", [("--log-level", "loud"), ("--log-format", "xml"), ("surplus",), ("--instance", "1")]
)
def test_wrong_usage_ends_with_2_and_runs_nothing(imsgw, good_home, ran, wrong):
    assert imsgw("callout", "--home", good_home, *wrong).exit_code == 2
    assert not ran


@pytest.mark.parametrize("listen", ["9444", "host", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_wrong_usage(imsgw, good_home, ran, listen):
    result = imsgw("callout", "--home", good_home, "--listen", listen)
    assert (result.exit_code, "--listen" in result.stderr) == (2, True)
    assert not ran


def test_a_home_with_mistakes_runs_nothing_and_all_are_told(imsgw, home, ran):
    (home / "keystores/server.p12").unlink()
    result = imsgw("callout", "--home", home)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "keystores/server.p12 does not exist" in result.stderr
    assert len(ran) == 1


def test_warnings_are_told_of_what_callout_uses_at_the_start_and_when_the_home_changes(
    imsgw, home, ran, monkeypatch
):
    monkeypatch.setenv("IMSGW_KEYSTORE_PASSWORD", KEYSTORE_PASSWORD)
    monkeypatch.setenv("IMS1_PASSWORD", BUNDLE_PASSWORD)
    toml = home / "gateway.toml"
    text = toml.read_text()
    toml.write_text(
        text.replace("stop_seconds = 30", "stop_seconds = 1").replace("drain_seconds = 30", "drain_seconds = 1")
    )
    (home / "bundles" / "spare.toml").write_text(
        (home / "bundles" / "ims1.toml").read_text().partition("[callout]")[0]
    )
    everything = imsgw("check", "--home", home).output
    assert all(word in everything for word in ("server.stop_seconds", "spare.toml", "callout.drain_seconds"))
    result = imsgw("callout", "--home", home)
    assert result.exit_code == 0
    assert "callout.drain_seconds: warning:" in result.stderr
    assert "stop_seconds" not in result.stderr
    assert "spare" not in result.stderr
    _, (started, _, read, _) = ran
    assert started.warnings == read()[0].warnings
    assert {warning.key for warning in started.warnings} >= {"callout.drain_seconds"}
    assert not any(warning.key == "server.stop_seconds" for warning in started.warnings)
    quiet = imsgw("callout", "--no-warnings", "--home", home)
    assert (quiet.exit_code, quiet.stderr) == (0, ""), "serve beside it has printed them"
    assert ran[-1][0].warnings == started.warnings


def test_of_a_home_with_mistakes_the_warnings_are_those_of_what_callout_uses_too(imsgw, home, ran, monkeypatch):
    monkeypatch.setenv("IMSGW_KEYSTORE_PASSWORD", KEYSTORE_PASSWORD)
    monkeypatch.setenv("IMS1_PASSWORD", BUNDLE_PASSWORD)
    toml = home / "gateway.toml"
    toml.write_text(
        toml.read_text()
        .replace("stop_seconds = 30", "stop_seconds = 1")
        .replace("drain_seconds = 30", "drain_seconds = 1")
    )
    next((home / "wsdl").glob("*/*.wsdl")).write_text("<no-wsdl/>")
    result = imsgw("callout", "--home", home)
    assert result.exit_code == 1
    assert "callout.drain_seconds: warning:" in result.stderr
    assert "WSDL 1.1" in result.stderr
    assert "stop_seconds" not in result.stderr


def test_a_home_is_read_again_with_the_contracts_of_before_and_where_its_state_was(
    imsgw, good_home, ran, monkeypatch
):
    assert imsgw("callout", "--home", good_home).exit_code == 0
    started, _, read, _ = ran[1]
    monkeypatch.setenv("IMSGW_STATE", "/elsewhere")
    monkeypatch.setenv("IMSGW_KEYSTORE_PASSWORD", KEYSTORE_PASSWORD)
    monkeypatch.setenv("IMS1_PASSWORD", BUNDLE_PASSWORD)
    again, look = read()
    assert again.home.state == started.home.state
    assert look
    assert again.digest == started.digest
    assert all(again.consumers[name] is contract for name, contract in started.consumers.items())


def test_mistakes_beyond_values_are_told_too(imsgw, home, ran):
    result = imsgw("callout", "--home", home, IMSGW_KEYSTORE_PASSWORD="not-it")
    assert (result.exit_code, "server.keystore" in result.stderr) == (1, True)
    assert len(ran) == 1


def test_the_home_is_judged_again_in_the_same_way_when_it_changes(imsgw, home, ran):
    assert imsgw("callout", "--home", home).exit_code == 0
    read = ran[1][2]
    (home / "keystores/server.p12").unlink()
    with pytest.raises(ConfigError, match=r"keystores/server.p12 does not exist"):
        read()


def test_what_stands_in_the_way_later_is_told(imsgw, good_home, ran, monkeypatch):
    def run(*_args, **_how):
        raise ConfigError((Problem("gateway.toml", "callout.listen", "cannot listen"),))

    monkeypatch.setattr(process, "run", run)
    result = imsgw("callout", "--home", good_home)
    assert (result.exit_code, "callout.listen: cannot listen" in result.stderr) == (1, True)


@pytest.mark.parametrize("option", [("--home", "x"), ("--log-level", "info"), ("--listen", "")])
def test_options_in_front_of_a_command_are_refused_as_they_would_not_count(imsgw, option):
    result = imsgw("callout", *option, "list")
    assert result.exit_code == 2
    assert "goes behind the command" in " ".join(result.stderr.replace("│", " ").split())


# -- asking ---------------------------------------------------------------------------------------------------


def test_list_shows_a_line_a_listener(imsgw, small, instance):
    result = imsgw("callout", "list", "--home", small)
    refused = "connection refused  [2J by IMS Connect"
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "instance 1 (process 4711): ready",
        "  LISTENER    STATE      SINCE                 RECEIVED  REFUSED  IN WORK  WAITING  DEAD  REASON",
        "  ims1/CALL1  listening  2026-11-22 12:00:00Z        12        1        2        3     4",
        "  ims1/CALL2  trouble    2026-11-22 12:00:00Z         0        0        0        0     0  " + refused,
    ]


def test_list_says_why_it_is_not_ready(imsgw, small, instance):
    instance.answer = Told(1, 4711, False, "the process was drained", ())
    result = imsgw("callout", "list", "--home", small)
    assert result.stdout.splitlines()[0] == "instance 1 (process 4711): not ready: the process was drained"
    assert "no listeners" in result.stdout


def test_list_says_in_the_table_alone_which_listeners_are_in_trouble(imsgw, small, instance):
    reason = "ims1/CALL2 is in state trouble: connection refused"
    instance.answer = Told(1, 4711, False, reason, PICTURES)
    result = imsgw("callout", "list", "--home", small)
    assert result.stdout.splitlines()[0] == "instance 1 (process 4711): not ready"
    told = json.loads(imsgw("callout", "list", "--json", "--home", small).stdout)
    assert told["instances"][0]["reason"] == reason


def test_list_as_json(imsgw, small, instance):
    told = json.loads(imsgw("callout", "list", "--json", "--home", small).stdout)
    assert [each["pid"] for each in told["instances"]] == [4711]
    assert told["instances"][0]["listeners"][1]["reason"].startswith("connection refused\n")


def test_start_and_stop_name_listeners_bundles_or_all(imsgw, small, instance):
    for arguments in (("stop", "ims1/CALL1", "ims1/CALL2"), ("stop", "ims1"), ("start", "--all")):
        result = imsgw("callout", *arguments, "--home", small)
        assert (result.exit_code, "ims1/CALL1" in result.stdout) == (0, True)
    asked = [(each.do, each.listeners) for each in instance.asked]
    assert asked == [("stop", (ONE, TWO)), ("stop", ("ims1",)), ("start", None)]


@pytest.mark.parametrize("command", ["start", "stop"])
@pytest.mark.parametrize(
    "wrong", [(), ("ims1/CALL1", "--all"), ("ims1", "--all"), ("ims1/",), ("/CALL1",), ("ims1", "")]
)
def test_what_is_meant_must_be_said(imsgw, small, instance, command, wrong):
    assert imsgw("callout", command, *wrong, "--home", small).exit_code == 2
    assert not instance.asked


def test_what_the_process_refuses_ends_with_1_in_its_words(imsgw, small, instance):
    instance.answer = ControlError("there is no listener ims1/X; there are: ims1/CALL1")
    result = imsgw("callout", "stop", "ims1/X", "--home", small)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no listener ims1/X; there are: ims1/CALL1" in result.stderr


@pytest.mark.parametrize(
    ("drained", "code", "words"),
    [(True, 0, "nothing is in work any more"), (False, 1, "2 callouts are still in work")],
)
def test_drain_says_how_it_ended(imsgw, small, instance, drained, code, words):
    instance.answer = Told(1, 4711, False, "the process was drained", PICTURES, drained)
    result = imsgw("callout", "drain", "--seconds", "3", "--home", small)
    assert (result.exit_code, result.stdout) == (code, f"instance 1 (process 4711): {words}\n")
    assert [(each.do, each.seconds) for each in instance.asked] == [("drain", 3)]


def test_drain_waits_as_long_as_the_home_says_when_nobody_says(imsgw, small, instance):
    instance.answer = Told(1, 4711, False, "", (), True)
    imsgw("callout", "drain", "--home", small)
    assert instance.asked[0].seconds is None


@pytest.mark.parametrize("seconds", ["-1", "x", "86401"])
def test_a_drain_of_no_time_that_there_is_is_wrong_usage(imsgw, small, instance, seconds):
    assert imsgw("callout", "drain", "--seconds", seconds, "--home", small).exit_code == 2
    assert not instance.asked


# -- several, or none -----------------------------------------------------------------------------------------


def test_all_instances_are_asked_or_the_one_that_is_meant(imsgw, small, instance):
    second = Instance(small / "kept")
    with closing(second):
        result = imsgw("callout", "list", "--home", small)
        assert [line.partition(" (")[0] for line in result.stdout.splitlines() if "process" in line] == [
            "instance 1",
            "instance 2",
        ]
        result = imsgw("callout", "stop", "--all", "--instance", "2", "--home", small)
        assert result.exit_code == 0
    assert [len(instance.asked), len(second.asked)] == [1, 2]


def test_one_that_fails_does_not_hide_what_the_others_say(imsgw, small, instance):
    second = Instance(small / "kept")
    second.answer = ControlError("the journal cannot be used: disk full")
    with closing(second):
        result = imsgw("callout", "list", "--home", small)
        as_json = imsgw("callout", "list", "--json", "--home", small)
    assert result.exit_code == 1
    assert "instance 2: the journal cannot be used: disk full" in result.stderr
    assert "ims1/CALL1" in result.stdout
    assert as_json.exit_code == 1
    assert [each["instance"] for each in json.loads(as_json.stdout)["instances"]] == [1]


@pytest.mark.parametrize("command", [("list",), ("start", "--all"), ("stop", "--all"), ("drain",)])
def test_when_none_runs_it_says_how_to_start_one(imsgw, small, command):
    result = imsgw("callout", *command, "--home", small)
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"no process of callout runs on {small / 'kept'}; imsgw callout --home {small} starts one"
        in result.stderr
    )


def test_when_none_runs_the_json_has_none(imsgw, small):
    result = imsgw("callout", "list", "--json", "--home", small)
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"instances": []})
    assert "no process of callout runs" in result.stderr


def test_one_that_was_killed_is_none(imsgw, small):
    seat = Seat.take(small / "kept" / "callout")
    seat.socket.close()  # the file stays, as behind a kill
    result = imsgw("callout", "list", "--home", small)
    seat.close()
    assert (result.exit_code, "no process of callout runs" in result.stderr) == (1, True)


def test_an_instance_that_there_is_not_is_told(imsgw, small, instance):
    result = imsgw("callout", "list", "--instance", "7", "--home", small)
    assert (result.exit_code, "no instance 7 of callout runs" in result.stderr) == (1, True)
    assert not instance.asked


def test_a_home_that_is_wrong_elsewhere_can_be_asked_all_the_same(imsgw, small, instance):
    (small / "bundles").mkdir()
    (small / "bundles" / "ims1.toml").write_text("[")
    (small / "gateway.toml").write_text('[server]\nstate = "kept"\nhttps = "wrong"\n')
    assert imsgw("callout", "list", "--home", small).exit_code == 0


def test_the_state_of_the_environment_counts(imsgw, small, instance, tmp_path):
    (small / "gateway.toml").write_text("")
    assert imsgw("callout", "list", "--home", small, IMSGW_STATE=str(small / "kept")).exit_code == 0
    assert imsgw("callout", "list", "--home", small).exit_code == 1


@pytest.mark.parametrize("text", [None, "[", "\x00"])
def test_no_home_is_told_in_words(imsgw, tmp_path, text):
    if text is not None:
        (tmp_path / "gateway.toml").write_text(text)
    result = imsgw("callout", "list", "--home", tmp_path)
    assert (result.exit_code, "gateway.toml" in result.stderr) == (1, True)
    assert "Traceback" not in result.stderr
