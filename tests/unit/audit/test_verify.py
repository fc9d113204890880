"""Each thing that can be done to a trail is found, and named at the first line where it shows."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.audit.anchor import anchor_path
from gateway.audit.chain import Hasher, parted
from gateway.audit.file_target import FileSettings, FileTarget
from gateway.audit.formats import FORMATS
from gateway.audit.rotation import full_files
from gateway.audit.verify import NotVerifiableError, trail_of, verify
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from tests.unit.audit.events import ANSWERED, STAMP

KEY = Secret("a key of the chain for tests")
PLAIN = Hasher()
KEYED = Hasher(KEY)
BODIES = {
    "json": [json.dumps({"number": number, "text": "x" * 40}) for number in range(1, 9)],
    "leef": [f"LEEF:2.0|v|p|1|e|x09|n={number}" for number in range(1, 9)],
    "cef": [f"CEF:0|v|p|1|c|n|3|n={number}" for number in range(1, 9)],
}


def written(folder: Path, key: Secret = KEY, format_: str = "json", **settings) -> Path:
    """Write a trail of eight lines and return its current file."""
    path = folder / "audit.log"
    target = FileTarget(
        FileSettings(path, chain=True, chain_key=key, **settings), FORMATS[format_].chained, SYSTEM_CLOCK
    )
    for body in BODIES[format_]:
        target.write(body)
    target.close()
    return path


def found(path: Path, hasher: Hasher = KEYED, **how):
    return verify(trail_of([path]), hasher, **how)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def rewrite(path: Path, change: Callable[[list[str]], None]) -> None:
    lines = lines_of(path)
    change(lines)
    path.write_text("".join(lines))


@pytest.mark.parametrize("format_", sorted(BODIES))
@pytest.mark.parametrize("key", [Secret(""), KEY], ids=["plain", "keyed"])
def test_a_trail_as_it_was_written_is_right(tmp_path, format_, key):
    path = written(tmp_path, key, format_)

    told = found(path, Hasher(key))

    assert (told.broken, told.lines, told.first, told.last) == (None, 8, 1, 8)
    assert (told.keyed, told.anchored, told.notes) == (bool(key), True, ())


@pytest.mark.parametrize("format_", sorted(BODIES))
def test_a_line_without_its_link_is_the_line_that_the_format_wrote(tmp_path, format_):
    path = written(tmp_path, format_=format_)

    bodies = [parted(line.rstrip("\n").encode()).body.decode() for line in lines_of(path)]

    assert bodies == BODIES[format_]


def test_a_line_of_a_real_record_has_its_link_at_its_end_in_every_format(tmp_path):
    from gateway.audit.requests import of_request

    for name, format_ in FORMATS.items():
        line = format_.line(of_request(ANSWERED, STAMP))
        linked = parted(format_.chained(line, f"k7:{'ab' * 32}").encode())
        assert linked is not None, name
        assert linked.body.decode() == line
        assert (linked.link.sequence, linked.link.keyed) == (7, True)
    said = json.loads(FORMATS["json"].chained(FORMATS["json"].line(of_request(ANSWERED, STAMP)), "1:x"))
    assert said["chain"] == "1:x"


def drop(number: int) -> Callable[[list[str]], None]:
    return lambda lines: lines.__delitem__(number - 1)


def swap(lines: list[str]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


MANIPULATIONS = {
    "changed": (lambda lines: lines.__setitem__(3, lines[3].replace("xx", "yy", 1)), 4, "was changed"),
    "number changed": (lambda lines: lines.__setitem__(3, lines[3].replace('": 4', '": 5')), 4, "was changed"),
    "removed": (drop(4), 4, "sequence 4 missing before it"),
    "two removed": (lambda lines: lines.__delitem__(slice(2, 4)), 3, "sequences 3 to 4 missing"),
    "first removed": (drop(1), 1, "sequence 1 missing"),
    "doubled": (lambda lines: lines.insert(4, lines[3]), 5, "inserted"),
    "swapped": (swap, 4, "missing before it"),
    "old line put last": (lambda lines: lines.append(lines[2]), 9, "inserted, or lines were swapped"),
    "foreign line inserted": (lambda lines: lines.insert(3, '{"number": 99}\n'), 4, "inserted"),
    "empty line inserted": (lambda lines: lines.insert(3, "\n"), 4, "inserted"),
    "link taken off": (
        lambda lines: lines.__setitem__(3, lines[3].split(',"chain"')[0] + "}\n"),
        4,
        "inserted",
    ),
    "tail cut": (lambda lines: lines.__delitem__(slice(6, 8)), 0, "the end is missing: sequences 7 to 8"),
    "tail cut within a line": (
        lambda lines: lines.__setitem__(7, lines[7][:20]),
        0,
        "the end is missing: sequences 8 to 8",
    ),
    "all lines cut": (lambda lines: lines.clear(), 0, "the end is missing: sequences 1 to 8"),
}


@pytest.mark.parametrize("name", MANIPULATIONS)
def test_what_was_done_to_a_trail_is_found_where_it_shows_first(tmp_path, name):
    change, line, words = MANIPULATIONS[name]
    path = written(tmp_path)
    rewrite(path, change)

    broken = found(path).broken

    assert broken is not None
    assert (broken.line, words in broken.text) == (line, True), broken


@pytest.mark.parametrize("format_", sorted(BODIES))
def test_a_whole_line_without_a_link_at_the_end_was_inserted_in_every_format(tmp_path, format_):
    path = written(tmp_path, format_=format_)
    with path.open("a") as file:
        file.write(f"{BODIES[format_][0]}\n")

    broken = found(path).broken

    assert broken is not None
    assert (broken.line, "inserted" in broken.text) == (9, True)


def test_a_line_that_was_put_before_an_archived_part_is_found(tmp_path):
    path = written(tmp_path)
    rewrite(path, lambda lines: lines.__setitem__(slice(0, 3), ['{"number": 99}\n']))
    anchor_path(path).unlink()

    broken = found(path, archive=True).broken

    assert broken is not None
    assert (broken.line, "inserted" in broken.text) == (1, True)


def test_what_is_torn_at_the_end_hides_nothing_that_the_anchor_tells(tmp_path):
    path = written(tmp_path)
    anchor_path(path).unlink()
    target = FileTarget(FileSettings(path, chain=True, chain_key=KEY), FORMATS["json"].chained, SYSTEM_CLOCK)
    target.write('{"number": 9}')
    target.close()
    with path.open("a") as file:
        file.write('{"tor')

    broken = found(path).broken

    assert broken is not None
    assert "the anchor was missing when sequence 9 was written" in broken.text


@pytest.mark.parametrize("place", [Path, anchor_path], ids=["trail", "anchor"])
def test_no_depth_of_json_keeps_verify_from_its_verdict(tmp_path, place):
    path = written(tmp_path)
    with place(path).open("ab") as file:
        file.write(b"[" * 200_000)

    assert (found(path).lines, found(path).broken) == (8, None)


def test_who_can_write_the_file_but_lacks_the_key_can_make_no_line_that_fits(tmp_path):
    path = written(tmp_path)
    last = parted(lines_of(path)[-1].rstrip("\n").encode())
    for hasher in (PLAIN, Hasher(Secret("another key of that length"))):
        forged = '{"number": 9}'
        link = hasher.link(last.link.hash, 9, forged.encode())
        other = tmp_path / "copy"
        shutil.copytree(tmp_path, other, ignore=shutil.ignore_patterns("copy"))
        with (other / path.name).open("a") as file:
            file.write(FORMATS["json"].chained(forged, str(link)) + "\n")
        assert found(other / path.name).broken is not None
        shutil.rmtree(other)


def test_an_anchor_of_earlier_shows_as_an_end_that_it_does_not_know(tmp_path):
    """Cutting the end and putting back the anchor of that moment is what no file beside the trail can show."""
    path = written(tmp_path)
    anchor_path(path).write_bytes(anchor_path(path).read_bytes().replace(b'"sequence":8', b'"sequence":7'))

    with pytest.raises(NotVerifiableError, match="its seal is not right"):
        found(path)


def test_what_was_noted_down_elsewhere_shows_an_end_that_was_cut_with_the_anchor(tmp_path):
    path = written(tmp_path)
    before = found(path)
    shutil.copy(anchor_path(path), tmp_path / "old")
    target = FileTarget(FileSettings(path, chain=True, chain_key=KEY), FORMATS["json"].chained, SYSTEM_CLOCK)
    target.write('{"number": 9}')
    target.close()
    after = found(path)
    rewrite(path, drop(9))
    shutil.copy(tmp_path / "old", anchor_path(path))

    assert found(path).broken is None
    assert found(path, witness=(before.last, before.hash)).broken is None
    assert "noted down as sequence 9" in found(path, witness=(after.last, after.hash)).broken.text


def test_an_anchor_that_was_taken_away_shows_for_good(tmp_path):
    path = written(tmp_path)
    anchor_path(path).unlink()
    rewrite(path, drop(8))
    written(tmp_path)

    broken = found(path).broken

    assert "the anchor was missing when sequence 8 was written" in broken.text


def test_without_an_anchor_the_lines_are_verified_and_the_end_is_not(tmp_path):
    path = written(tmp_path)
    anchor_path(path).unlink()

    told = found(path, archive=True)

    assert (told.broken, told.lines, told.anchored) == (None, 8, False)


def test_files_that_were_put_aside_are_part_of_the_trail(tmp_path):
    path = written(tmp_path, max_bytes=320)

    assert len(full_files(path)) >= 3
    assert (found(path).broken, found(path).lines) == (None, 8)


def test_a_file_that_is_missing_in_the_middle_is_found(tmp_path):
    path = written(tmp_path, max_bytes=320)
    full_files(path)[1].unlink()

    assert "removed, moved, or in a file that is missing" in found(path).broken.text


def test_the_oldest_file_that_somebody_has_deleted_is_found(tmp_path):
    path = written(tmp_path, max_bytes=320)
    full_files(path)[0].unlink()

    assert "missing before it" in found(path).broken.text


def test_the_current_file_that_somebody_has_deleted_is_found(tmp_path):
    path = written(tmp_path, max_bytes=320)
    path.unlink()

    assert "the end is missing" in found(path).broken.text


def test_old_files_that_the_gateway_has_deleted_are_no_fault(tmp_path):
    path = written(tmp_path, max_bytes=320, keep_files=2)

    told = found(path)

    assert len(full_files(path)) == 2
    assert (told.broken, told.last) == (None, 8)
    assert told.first > 1
    assert f"up to sequence {told.first - 1} were deleted" in told.notes[0]


def test_a_file_that_was_archived_is_verified_by_itself_but_for_its_first_line(tmp_path):
    path = written(tmp_path, max_bytes=320)
    archived = shutil.copy(full_files(path)[1], tmp_path / "archived")

    told = verify(trail_of([Path(archived)]), KEYED, archive=True)

    assert (told.broken, told.anchored) == (None, False)
    assert "the first line is believed" in told.notes[0]


@pytest.mark.parametrize("hasher", [PLAIN, Hasher(Secret("another key of that length"))], ids=["none", "other"])
def test_a_missing_or_another_key_is_no_verdict(tmp_path, hasher):
    with pytest.raises(NotVerifiableError):
        found(written(tmp_path), hasher)


def test_a_file_without_a_chain_is_no_verdict(tmp_path):
    (tmp_path / "plain").write_text('{"a": 1}\n')

    with pytest.raises(NotVerifiableError, match="no line with a link"):
        verify([tmp_path / "plain"], PLAIN)
    with pytest.raises(NotVerifiableError, match="cannot be read"):
        verify([tmp_path / "none"], PLAIN)
