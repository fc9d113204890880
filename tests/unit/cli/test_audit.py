"""`imsgw audit verify`: what it says, and how it ends."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.exchange import Secret
from tests.unit.audit.test_verify import KEY, drop, rewrite, written

VARIABLE = "AUDIT_KEY_OF_TESTS"


def verify(*arguments: object, key: str = KEY.reveal()):
    return CliRunner(env={VARIABLE: key}).invoke(app, ["audit", "verify", *map(str, arguments)])


@pytest.fixture
def trail(tmp_path) -> Path:
    return written(tmp_path)


def test_a_trail_that_is_right_ends_with_0_and_says_where_its_chain_ends(trail):
    done = verify(trail, "--key-env", VARIABLE)

    assert done.exit_code == 0
    assert f"8 lines are right, sequences 1 to 8, in {trail}\n" in done.output
    end = done.output.partition("end of the chain: ")[2].split()[0]
    assert verify(trail, "--key-env", VARIABLE, "--at", end).exit_code == 0
    assert verify(trail, "--key-env", VARIABLE, "--at", end.replace("8:", "9:", 1)).exit_code == 1


def test_of_several_files_it_names_how_many_and_the_last(trail):
    lines = trail.read_bytes().splitlines(keepends=True)
    trail.with_name("first").write_bytes(b"".join(lines[:3]))
    trail.with_name("second").write_bytes(b"".join(lines[3:]))

    done = verify(trail.with_name("first"), trail.with_name("second"), "--archive", "--key-env", VARIABLE)

    assert f"in 2 files, the last of them {trail.with_name('second')}\n" in done.output


def test_a_trail_that_was_changed_ends_with_1_and_says_where(trail):
    rewrite(trail, drop(4))

    done = verify(trail, "--key-env", VARIABLE)

    assert done.exit_code == 1
    assert f"BROKEN: {trail} line 4: sequence 4 missing before it" in done.output
    assert "3 lines before it are right, up to sequence 3" in done.output


def test_as_json_it_has_all_that_was_found(trail):
    rewrite(trail, drop(4))

    said = json.loads(verify(trail, "--key-env", VARIABLE, "--json").output)

    assert said["broken"] == {
        "file": str(trail),
        "line": 4,
        "text": "sequence 4 missing before it: removed, moved, or in a file that is missing",
    }
    assert (said["lines"], said["keyed"], said["anchored"]) == (3, True, True)


def test_the_key_may_stand_in_a_file_with_a_line_end(trail, tmp_path):
    (tmp_path / "key").write_text(f"{KEY.reveal()}\n")

    assert verify(trail, "--key-file", tmp_path / "key").exit_code == 0


def test_without_a_key_it_says_what_that_is_worth(tmp_path):
    done = verify(written(tmp_path, Secret("")))

    assert done.exit_code == 0
    assert "the chain has no key: whoever can write the files can make all of it anew" in done.output


WRONG = {
    "no key": (),
    "another key": ("--key-env", "OTHER"),
    "a key that is not there": ("--key-env", "NOT_SET"),
    "a key that is too short": ("--key-env", "SHORT"),
    "both ways": ("--key-env", VARIABLE, "--key-file", "x"),
    "no file with a key": ("--key-file", "nowhere"),
    "a witness that is none": ("--key-env", VARIABLE, "--at", "8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_where_nothing_can_be_said_it_ends_with_2(trail, monkeypatch, name):
    monkeypatch.setenv("OTHER", "another key of the chain")
    monkeypatch.setenv("SHORT", "short")

    done = verify(trail, *WRONG[name])

    assert done.exit_code == 2
    assert KEY.reveal() not in done.output


def test_a_file_that_is_not_there_or_has_no_chain_ends_with_2(tmp_path):
    (tmp_path / "plain").write_text("x\n")

    assert verify(tmp_path / "plain").exit_code == 2
    assert verify(tmp_path / "nowhere").exit_code == 2


def test_without_files_it_is_the_trail_of_the_home_with_its_key(tmp_path, monkeypatch):
    monkeypatch.delenv("IMSGW_STATE", raising=False)
    home = tmp_path / "home"
    (home / "var/audit").mkdir(parents=True)
    written(home / "var/audit")
    settings = '[server]\nhttps = ""\nhttp = "127.0.0.1:0"\n[admin]\nlisten = ""\n[audit]\n'
    chained = f'to = "file:audit/audit.log"\nchain = true\nchain_key = {{ env = "{VARIABLE}" }}\n'
    (home / "gateway.toml").write_text(settings + chained)

    assert verify("--home", home).exit_code == 0
    (home / "gateway.toml").write_text(settings)
    done = verify("--home", home)
    assert (done.exit_code, "name a file" in done.output) == (2, True)
    (home / "gateway.toml").write_text("[audi]\n")
    assert verify("--home", home).exit_code == 1
    assert VARIABLE not in os.environ
    assert verify("--home", home, "--archive").exit_code == 2


def test_without_its_anchor_a_trail_ends_with_1_unless_it_is_a_copy(trail):
    trail.with_name(f"{trail.name}.chain").unlink()
    rewrite(trail, drop(8))

    done = verify(trail, "--key-env", VARIABLE)
    copy = verify(trail, "--key-env", VARIABLE, "--archive")

    assert (done.exit_code, "audit.log.chain is missing" in done.output) == (1, True)
    assert (copy.exit_code, "no anchor was found" in copy.output) == (0, True)
