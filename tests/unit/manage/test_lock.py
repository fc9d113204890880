"""Two that change a home at once do it one after the other."""

import tomllib
from pathlib import Path

import pytest

from gateway.manage import bundles
from gateway.manage.installation import Installation
from gateway.manage.lock import changing
from gateway.manage.results import ManageError, Why
from tests.unit.manage import child

COUNT = """
for number in range(5):
    bundles.change(installed(lambda: (told,)), "ims1", {{"ims_connect.pool.{key}": number + 1}})
"""
TAKEN = """
from gateway.control.reloaded import Outcome, Reloaded
told = Reloaded("serve 1", Outcome.IN_FORCE, 2, "0" * 16)
"""


def test_no_change_of_two_writers_is_lost(home: Path) -> None:
    keys = ("min", "retry_seconds", "fast_retries")
    text = (home / "bundles/ims1.toml").read_text().replace("size = 4", "size = 99")
    (home / "bundles/ims1.toml").write_text(text)
    running = [child.start(home, TAKEN + COUNT.format(key=key)) for key in keys]
    for process in running:
        out, errors = process.communicate(timeout=100)
        assert process.returncode == 0, (out, errors)
    pool = tomllib.loads((home / "bundles/ims1.toml").read_text())["ims_connect"]["pool"]
    assert pool == {"size": 99, "wait_seconds": 5, **dict.fromkeys(keys, 5)}


def test_who_waits_too_long_is_told_and_changes_nothing(installation: Installation, home: Path) -> None:
    with (
        changing(installation),
        pytest.raises(ManageError, match="has gone on for 0 s") as told,
        changing(installation, seconds=0),
    ):
        bundles.change(installation, "ims1", {})
    assert told.value.why is Why.BUSY


def test_a_lock_goes_with_a_process_that_was_killed(home: Path, installation: Installation) -> None:
    code = "from gateway.manage.lock import changing\nwith changing(installed()):\n    die()\n"
    assert child.run(home, code).returncode == -9
    with changing(installation, seconds=0):
        pass


def test_a_lock_file_that_is_a_link_is_not_followed(home: Path, installation: Installation) -> None:
    (home / "var").mkdir()
    (home / "var/manage.lock").symlink_to(home / "gateway.toml")
    with pytest.raises(ManageError, match="cannot be opened"), changing(installation):
        pass
