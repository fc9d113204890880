"""What somebody without the key does to a trail that goes on being written: `verify` tells each."""

import dataclasses
import json
from pathlib import Path

import pytest

from gateway.audit.anchor import BYTES, Anchor, AnchorError, anchor_path
from gateway.audit.chain import Hasher
from gateway.audit.file_target import FileSettings, FileTarget
from gateway.audit.formats import FORMATS
from gateway.audit.rotation import full_files
from gateway.audit.verify import Verified, trail_of, verify
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret

KEY = Secret("a key of the chain for tests")


def target_at(path: Path, **settings) -> FileTarget:
    chained = FileSettings(path, chain=True, chain_key=KEY, **settings)
    return FileTarget(chained, FORMATS["json"].chained, SYSTEM_CLOCK)


def write(target: FileTarget, count: int) -> None:
    for number in range(count):
        target.write(json.dumps({"number": number, "text": "x" * 40}))


def found(path: Path, **how) -> Verified:
    return verify(trail_of([path]), Hasher(KEY), **how)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def full_trail(path: Path) -> FileTarget:
    """Return the target of a trail with five full files of two lines each."""
    target = target_at(path, max_bytes=400, keep_files=5)
    while len(full_files(path)) < 5:
        write(target, 1)
    return target


def test_a_rotation_does_not_seal_the_deletion_of_lines_that_somebody_else_removed(path):
    target = full_trail(path)
    first, *between = full_files(path)[:4]
    first.write_bytes(between[-1].read_bytes().splitlines(keepends=True)[-1])
    for file in between:
        file.write_bytes(b"")
    newest = full_files(path)[-1]

    assert found(path).broken is not None
    while full_files(path)[-1] == newest:
        write(target, 1)
    assert not first.exists()
    assert found(path).broken is not None


def test_a_full_file_that_is_empty_or_that_no_gateway_put_aside_is_told(path):
    full_trail(path)
    planted = path.with_name("audit.log.000009")
    planted.write_bytes(b"")

    assert "no gateway has put this file aside" in found(path).broken.text
    planted.unlink()
    assert found(path).broken is None
    full_files(path)[-1].write_bytes(b"")
    assert "its end is missing" in found(path).broken.text


def test_planted_files_drive_no_others_out(path):
    target = full_trail(path)
    mine = full_files(path)
    for number in range(50, 60):
        path.with_name(f"audit.log.{number:06}").write_bytes(b"x\n")

    while not path.with_name("audit.log.000060").exists():
        write(target, 1)

    assert [file.exists() for file in mine] == [False, True, True, True, True]


def test_a_process_that_was_ended_before_it_deleted_what_it_noted_leaves_a_trail_that_is_right(
    path, monkeypatch
):
    target = full_trail(path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda _self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write(target, 5)

    assert len(full_files(path)) == 6
    assert found(path).broken is None
    write(target, 5)
    assert (found(path).broken, len(full_files(path))) == (None, 5)


def test_a_trail_and_anchor_that_were_wiped_under_a_running_gateway_are_missed(path, caplog):
    target = target_at(path)
    write(target, 5)
    for file in path.parent.iterdir():
        file.unlink()
    write(target, 3)

    assert "sequences 1 to 5 missing" in found(path).broken.text
    assert "was taken away" in caplog.text


@pytest.mark.parametrize("again", [0, 5], ids=["lower", "the same number"])
def test_a_trail_and_anchor_that_were_put_back_under_a_running_gateway_are_missed(path, caplog, again):
    target = target_at(path)
    write(target, 5)
    trail, anchor = path.read_bytes(), anchor_path(path).read_bytes()
    write(target, 5)
    path.write_bytes(trail)
    anchor_path(path).write_bytes(anchor)
    for _ in range(again):
        target_at(path).write('{"another": 1}')
    write(target, 1)

    assert found(path).broken is not None
    assert "was put back to an earlier one" in caplog.text


def test_a_record_without_a_line_end_that_somebody_appended_is_removed_and_was_told(path, caplog):
    target = target_at(path)
    write(target, 1)
    with path.open("ab") as file:
        file.write(b'{"user":"VICTIM"}')

    assert "it was inserted" in found(path).broken.text
    write(target, 1)
    assert b"VICTIM" not in path.read_bytes()
    assert found(path).broken is None
    assert "17 bytes behind line 1 of the chain were removed" in caplog.text


def test_a_whole_line_that_somebody_appended_stays_as_evidence_and_is_told(path):
    target = target_at(path)
    write(target, 1)
    with path.open("ab") as file:
        file.write(b'{"user":"VICTIM"}\n{"us')
    write(target, 1)

    assert b"VICTIM" in path.read_bytes()
    assert found(path).broken is not None


def test_without_its_anchor_a_trail_is_broken_unless_it_is_said_to_be_a_copy(path):
    full_trail(path)
    anchor_path(path).unlink()

    assert "audit.log.chain is missing" in found(path).broken.text
    told = found(path, archive=True)
    assert (told.broken, told.anchored, len(told.files)) == (None, False, 6)


@pytest.mark.parametrize("change", [{"hash": "zz" * 32}, {"oldest_hash": "A" * 64}, {"size": -1}])
def test_an_anchor_that_cannot_be_worked_with_is_none_though_its_seal_fits(change):
    bad = dataclasses.replace(Anchor.new(keyed=False), **change).encoded(Hasher())

    with pytest.raises(AnchorError):
        Anchor.decoded(bad[:BYTES], Hasher())
