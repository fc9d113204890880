"""What commands change, in the audit trail of the home they change it in."""

import json
import os
import pwd

import pytest
from typer.testing import CliRunner

from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import NewEntry
from gateway.callout.values import Source
from gateway.cli import admin, bundle, callout, callout_letters, recorded, service
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import JournalSettings
from tests.unit.audit.events import MOMENT

FILE = '[audit]\nto = "file:audit/audit.json"\n'
SYSLOG = '[audit]\nto = "syslog+tcp://127.0.0.1:1"\n'
STDOUT = '[audit]\nto = "stdout"\n'


class Place:
    """A home that holds nothing but gateway.toml, and its journal."""

    def __init__(self, folder, toml):
        self.home, self.state = folder, folder / "var"
        (folder / "gateway.toml").write_text(toml)

    def bury(self):
        journal = open_journal(JournalSettings(), self.state, SYSTEM_CLOCK)
        id_ = journal.bury(
            NewEntry(Source("ims1", "HWSPIPE1"), b"<a/>", MOMENT, "RATING", "getRate"), 1001, "no"
        )
        journal.close()
        return id_

    def dead(self):
        journal = open_journal(JournalSettings(), self.state, SYSTEM_CLOCK)
        found = [letter.id for letter in journal.letters(limit=100)]
        journal.close()
        return found

    def run(self, app, *arguments):
        return CliRunner().invoke(app, [*arguments, "--home", str(self.home)])

    def records(self):
        lines = (self.state / "audit/audit.json").read_text().splitlines()
        return [json.loads(line) for line in lines]


def told(records):
    return [(one["imsgw"]["operation"], one["imsgw"]["done"], one["event"]["outcome"]) for one in records]


@pytest.mark.parametrize("command", ["discard", "replay"])
def test_what_is_done_to_dead_letters_is_recorded_before_and_behind_it(tmp_path, command):
    place = Place(tmp_path, FILE)
    ids = [place.bury(), place.bury()]
    yes = ["--yes"] if command == "discard" else []
    assert place.run(callout_letters.app, command, "--all", *yes).exit_code == 0

    records = place.records()
    what = f"dead-letters {command}"
    assert told(records) == [(what, "begun", "unknown"), (what, "done", "success")]
    assert set(records[0]["event"]["reason"].split()) == set(ids)
    assert records[1]["event"]["reason"] == "2 dead letters of 2"
    for one in records:
        assert one["user"]["name"] == pwd.getpwuid(os.getuid()).pw_name
        assert (one["imsgw"]["category"], one["imsgw"]["origin"]) == ("Command", "shell")
        assert one["event"]["action"] == "config-change"


@pytest.mark.parametrize("command", ["discard", "replay"])
def test_nothing_is_done_to_dead_letters_where_it_cannot_be_recorded(tmp_path, command):
    place = Place(tmp_path, FILE)
    ids = [place.bury()]
    (place.state / "audit").write_text("where the folder should be")
    result = place.run(callout_letters.app, command, *ids, *(["--yes"] if command == "discard" else []))

    assert result.exit_code == 1
    assert "nothing was changed, as it cannot be recorded" in result.stderr
    assert place.dead() == ids


def test_where_losses_are_counted_it_is_done_all_the_same(tmp_path):
    place = Place(tmp_path, FILE + 'on_failure = "count"\n')
    place.bury()
    (place.state / "audit").write_text("where the folder should be")
    assert place.run(callout_letters.app, "discard", "--all", "--yes").exit_code == 0
    assert place.dead() == []


def test_records_for_a_receiver_wait_in_the_spool_for_a_process_that_sends(tmp_path):
    place = Place(tmp_path, SYSLOG)
    place.bury()
    assert place.run(callout_letters.app, "discard", "--all", "--yes").exit_code == 0
    spooled = b"".join(path.read_bytes() for path in (place.state / "audit/spool").rglob("*.spool"))
    assert spooled.count(b'"operation":"dead-letters discard"') == 2


@pytest.mark.parametrize("toml", ["", STDOUT], ids=["none named", "standard output"])
def test_nothing_is_added_to_standard_output(tmp_path, toml):
    place = Place(tmp_path, toml)
    place.bury()
    result = place.run(callout_letters.app, "discard", "--all", "--yes", "--json")
    assert json.loads(result.stdout)["discarded"] == 1
    assert not (place.state / "audit").exists()


def test_where_nothing_is_changed_nothing_is_recorded(tmp_path):
    place = Place(tmp_path, FILE)
    assert place.run(callout_letters.app, "discard", "--all", "--yes").exit_code == 0
    assert not (place.state / "audit").exists()


def test_a_mistake_in_audit_keeps_the_letters(tmp_path):
    place = Place(tmp_path, '[audit]\nto = "nowhere"\n')
    ids = [place.bury()]
    result = place.run(callout_letters.app, "discard", "--all", "--yes")
    assert (result.exit_code, place.dead()) == (1, ids)
    assert "audit.to" in result.stderr


def test_accounts_and_tokens_are_recorded_by_name_and_role_without_their_secrets(tmp_path):
    place = Place(tmp_path, FILE)
    password = tmp_path / "password"
    password.write_text("correct horse battery staple\n")
    made = place.run(admin.app, "token", "monitoring", "--role", "viewer")
    for arguments in (
        ("account", "anna", "--role", "operator", "--password-file", str(password)),
        ("remove", "anna"),
        ("remove", "monitoring", "--token"),
    ):
        assert place.run(admin.app, *arguments).exit_code == 0, arguments
    begun = [one["event"]["reason"] for one in place.records() if one["imsgw"]["done"] == "begun"]
    assert begun == ["monitoring, viewer", "anna, operator", "account anna", "token monitoring"]
    text = (place.state / "audit/audit.json").read_text()
    assert "correct horse" not in text
    assert made.stdout.strip() not in text


def test_a_change_that_failed_is_told_as_failed(tmp_path):
    place = Place(tmp_path, FILE)
    assert place.run(admin.app, "remove", "nobody").exit_code == 1
    assert told(place.records()) == [
        ("admin remove", "begun", "unknown"),
        ("admin remove", "failed", "failure"),
    ]


def test_no_account_is_made_where_it_cannot_be_recorded(tmp_path):
    place = Place(tmp_path, FILE)
    place.state.mkdir()
    (place.state / "audit").write_text("where the folder should be")
    result = place.run(admin.app, "token", "monitoring", "--role", "viewer")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing was changed" in result.stderr


def test_services_bundles_and_listeners_are_recorded_too_as_done_or_failed(tmp_path):
    place = Place(tmp_path, FILE)
    (tmp_path / "password").write_text("M4RK3R\n")
    keys = ("ims_connect.host=h", "ims_connect.port=9999", "ims_connect.datastore=IMS1")
    secret = ("credentials.user=U", f"credentials.password=file:{tmp_path}/password")
    for arguments in (
        ("create", "ims9", *keys, *secret),
        ("change", "ims9", "ims_connect.port=9998"),
        ("delete", "ims9"),
    ):
        place.run(bundle.app, *arguments)  # done, though the home has other mistakes
    assert place.run(service.app, "stop", "nobody").exit_code == 1
    assert place.run(service.app, "undeploy", "nobody").exit_code == 1
    assert place.run(callout.app, "stop", "ims9/PIPE").exit_code == 1
    assert place.run(callout.app, "drain").exit_code == 1

    ends = [(command, done) for command, done, _ in told(place.records()) if done != "begun"]
    assert ends == [
        ("bundle create", "done"),
        ("bundle change", "done"),
        ("bundle delete", "done"),
        ("service stop", "failed"),
        ("service undeploy", "failed"),
        ("callout stop", "failed"),
        ("callout drain", "failed"),
    ]
    begun = [one["event"]["reason"] for one in place.records() if one["imsgw"]["done"] == "begun"]
    assert begun == ["ims9"] * 3 + ["nobody"] * 2 + ["ims9/PIPE", "all listeners"]
    assert "M4RK3R" not in (place.state / "audit/audit.json").read_text()


def test_no_bundle_is_made_where_it_cannot_be_recorded(tmp_path):
    place = Place(tmp_path, FILE)
    place.state.mkdir()
    (place.state / "audit").write_text("where the folder should be")
    result = place.run(bundle.app, "create", "ims9", "ims_connect.host=h", "ims_connect.port=9999")
    assert result.exit_code == 1
    assert "nothing was changed" in result.stderr
    assert not (tmp_path / "bundles").exists()


def test_a_dry_run_changes_nothing_and_is_not_recorded(tmp_path):
    place = Place(tmp_path, FILE)
    place.run(service.app, "deploy", str(tmp_path / "none.wsdl"), "--dry-run")
    assert not (place.state / "audit").exists()


def test_many_ids_are_told_in_several_records(tmp_path):
    (tmp_path / "gateway.toml").write_text(FILE)
    ids = [f"{number:032x}" for number in range(100)]
    with recorded.recorded(tmp_path, tmp_path / "var", "dead-letters discard", ids):
        pass
    begun = [one["event"]["reason"] for one in Place(tmp_path, FILE).records()[:-1]]
    assert " ".join(begun).split() == ids
    assert len(begun) > 1


def test_root_writes_as_the_owner_of_the_state_folder_and_names_who_became_root(tmp_path, monkeypatch):
    place = Place(tmp_path, FILE)
    place.state.mkdir()
    now = {"user": 0, "group": 0}
    been = []
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(os, "geteuid", lambda: now["user"])
    monkeypatch.setattr(os, "getegid", lambda: now["group"])
    monkeypatch.setattr(os, "seteuid", lambda number: now.update(user=number) or been.append(number))
    monkeypatch.setattr(os, "setegid", lambda number: now.update(group=number))
    monkeypatch.setattr(recorded, "_owner", lambda _state: (4711, 4712))
    monkeypatch.setenv("SUDO_USER", "anna")
    with recorded.recorded(tmp_path, place.state, "admin remove", ["account bob"]):
        assert now == {"user": 0, "group": 0}
    assert been == [4711, 0, 4711, 0]
    assert [(one["user"]["name"], one["imsgw"]["claimed"]) for one in place.records()] == [("root", "anna")] * 2
