"""What the disk, the mode of a folder or a kill do to a change: all of it, or nothing."""

import errno
import os
from pathlib import Path

import pytest

from gateway.manage import bundles, services, writing
from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why, errors_of
from tests.unit.manage import child
from tests.unit.manage.conftest import BUNDLE, files_of

LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
TOLD = """
try:
    {act}
except ManageError as error:
    print(error.why, "|", error.text)
"""


def test_a_file_that_finds_no_room_leaves_the_old_one(home: Path) -> None:
    before = files_of(home)
    act = 'bundles.change(installed(), "ims1", {"ims_connect.port": 9998})'
    done = child.run(home, LIMITED + TOLD.format(act=act))
    assert done.stdout.startswith("cannot write | bundles/ims1.toml cannot be written: File too large")
    assert "nothing was changed" in done.stdout
    assert files_of(home) == before


def test_a_folder_that_finds_no_room_leaves_nothing(home: Path) -> None:
    before = files_of(home)
    act = 'deploy.deploy(installed(), sources.from_path(home / "wsdl/lab"), Wanted(name="lab", replace=True))'
    # the WSDL is read into a folder for temporary files first: that has room
    code = "from gateway.manage import folders\nmake = folders._make\ndef full(*args):\n    "
    code += LIMITED.strip() + "\n    make(*args)\nfolders._make = full\n"
    done = child.run(home, child.DEPLOYING + code + TOLD.format(act=act))
    assert done.stdout.startswith("cannot write | wsdl/lab cannot be written: File too large"), done
    assert files_of(home) == before


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_home_that_may_not_be_written_explains_itself(
    installation: Installation, home: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = files_of(home)

    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(writing, "put_file", refuse)
    monkeypatch.setattr("gateway.manage.edits.put_file", refuse)
    with pytest.raises(
        ManageError, match="The home is read-only here: change the files where they come from"
    ) as told:
        services.stop(installation, "lab")
    assert told.value.why is Why.CANNOT_WRITE
    assert files_of(home) == before


CLOSED = """
services.stop(installed(), "lab"), services.start(installed(), "lab")  # what is imported late is imported now
for path in (home, *home.rglob("*")):
    path.chmod(0o777 if path.is_relative_to(home / "var") else 0o555 if path.is_dir() else 0o444)
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
"""


def test_a_real_folder_without_the_right_to_write_is_told(home: Path) -> None:
    for parent in [one for one in home.parents if one.stat().st_uid == os.geteuid()]:
        parent.chmod(parent.stat().st_mode | 0o011)
    done = child.run(home, CLOSED + TOLD.format(act='services.stop(installed(), "lab")'))
    assert "cannot write | wsdl/lab/correlator.toml cannot be written: Permission denied" in done.stdout, done


def test_a_kill_before_the_rename_leaves_the_old_file_and_the_next_change_sweeps(
    home: Path, installation: Installation
) -> None:
    before = files_of(home)
    done = child.run(home, 'Path.replace = die\nbundles.change(installed(), "ims1", {"ims_connect.port": 1})\n')
    assert done.returncode == -9
    left = [name for name in files_of(home) if name not in before]
    assert len(left) == 1
    assert {name: data for name, data in files_of(home).items() if name not in left} == before
    assert not errors_of(installation.judge()), "what is left is no part of the home"
    bundles.change(installation, "ims1", {"ims_connect.port": 9998})
    assert sorted(files_of(home)) == sorted(before)


def test_a_kill_while_processes_are_asked_leaves_a_whole_file(home: Path, installation: Installation) -> None:
    done = child.run(home, 'bundles.change(installed(die), "ims1", {"ims_connect.port": 9998})\n')
    assert done.returncode == -9
    assert (home / "bundles/ims1.toml").read_text() == BUNDLE.replace("9999", "9998")
    assert not errors_of(installation.judge())


def test_a_file_behind_a_link_is_changed_and_the_link_stays(installation: Installation, home: Path) -> None:
    real = home.parent / "real.toml"
    (home / "bundles/ims1.toml").rename(real)
    (home / "bundles/ims1.toml").symlink_to(real)
    bundles.change(installation, "ims1", {"ims_connect.port": 9998})
    assert (home / "bundles/ims1.toml").is_symlink()
    assert "9998" in real.read_text()


def test_the_mode_of_a_file_stays(installation: Installation, home: Path) -> None:
    (home / "bundles/ims1.toml").chmod(0o640)
    bundles.change(installation, "ims1", {"ims_connect.port": 9998})
    assert (home / "bundles/ims1.toml").stat().st_mode & 0o777 == 0o640


def test_a_state_folder_that_cannot_be_is_told(home: Path) -> None:
    (home / "var").write_text("a file")
    with pytest.raises(ManageError, match="IMSGW_STATE names another state folder") as told:
        services.stop(Installation(home, home / "var", {}), "lab")
    assert told.value.why is Why.CANNOT_WRITE
