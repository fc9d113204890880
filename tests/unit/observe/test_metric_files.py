"""Files that workers count in: room on the disk, and what becomes of the page when one is damaged."""

import os
import struct
from pathlib import Path
from random import Random

import pytest

from gateway.observe import metric_files
from gateway.observe.metric_files import FILE_BYTES, MARGIN_BYTES, Room
from tests.unit.observe.test_metrics import folder as folder  # noqa: PLC0414  a fixture
from tests.unit.observe.test_metrics import in_a_process, values

DAMAGED = "imsgw_metrics_files_damaged"
FULL = "imsgw_replay_store_full_total"
PAGE = "import sys; sys.stdout.buffer.write(m.page())"


def looked(folder: Path) -> tuple[dict[str, float], str]:
    """The page as another worker shows it, and its log."""
    _, page, log = in_a_process(folder, PAGE)
    return values(page), log


def entry(key: bytes, length: int | None = None) -> bytes:
    """An entry by hand, as docs of the format have it, with value 1."""
    padded = key + b" " * (8 - (len(key) + 4) % 8)
    return struct.pack("i", len(key) if length is None else length) + padded + struct.pack("dd", 1.0, 0.0)


def file_of(*entries: bytes, used: int | None = None) -> bytes:
    body = b"".join(entries)
    return struct.pack("ii", 8 + len(body) if used is None else used, 0) + body


KEY = b'["imsgw_x", "imsgw_x_total", {}, "X."]'
DAMAGES = {
    "empty": b"",
    "one byte": b"\x08",
    "cut": file_of(entry(KEY))[:-9],
    "used beyond its end": file_of(entry(KEY), used=1 << 30),
    "used below zero": file_of(entry(KEY), used=-8),
    "used ends in an entry": file_of(entry(KEY), used=9),
    "length below zero": file_of(entry(KEY, length=-24)),
    "length zero": file_of(entry(KEY, length=0)),
    "length beyond its end": file_of(entry(KEY, length=1 << 30)),
    "second length below zero": file_of(entry(KEY), entry(KEY, length=-48)),
    "no text": file_of(entry(b"\xff\xfe" * 20)),
    "no list": file_of(entry(b'{"not": "a list of four"}')),
    "no labels": file_of(entry(b'["imsgw_x", "imsgw_x_total", [], "X."]')),
    "noise": Random(7).randbytes(4096),
}


class TestDamage:
    def test_a_sound_file_made_by_hand_counts(self, folder):
        (folder / "counter_1.db").write_bytes(file_of(entry(KEY)))
        page, log = looked(folder)
        assert (page["imsgw_x_total"], page[DAMAGED]) == (1, 0)
        assert "damaged" not in log

    @pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES.keys())
    @pytest.mark.parametrize("kind", ["counter", "histogram", "gauge_livesum"])
    def test_a_damaged_file_costs_what_it_held_never_the_page(self, folder, caplog, kind, content):
        (folder / "counter_2.db").write_bytes(file_of(entry(KEY)))
        (folder / f"{kind}_1.db").write_bytes(content)
        files = metric_files.Files(folder)
        found = {family.name: family.samples for family in files.collect()}
        assert [sample.value for sample in found["imsgw_x"]] == [1]
        assert files.skipped == 1
        list(files.collect())
        told = [record.message for record in caplog.records if "damaged" in record.message]
        assert told == [f"{folder}/{kind}_1.db is damaged: what was counted there is not shown"], "told once"

    def test_the_page_tells_how_many(self, folder):
        (folder / "counter_1.db").write_bytes(b"\x08")
        (folder / "histogram_1.db").write_bytes(file_of(entry(KEY, length=-24)))
        page, log = looked(folder)
        assert page[DAMAGED] == 2
        assert FULL in page
        assert log.count("damaged") == 2

    def test_a_file_that_goes_with_its_worker_is_no_damage(self, folder, monkeypatch):
        (folder / "counter_1.db").write_bytes(file_of(entry(KEY)))
        gone = folder / "gauge_livesum_1.db"
        real = Path.glob
        monkeypatch.setattr(Path, "glob", lambda self, pattern: [*real(self, pattern), gone])
        files = metric_files.Files(folder)
        assert [family.name for family in files.collect()] == ["imsgw_x"]
        assert files.skipped == 0

    def test_a_folder_that_has_gone_is_an_error(self, tmp_path):
        with pytest.raises(ValueError, match="is no folder"):
            list(metric_files.Files(tmp_path / "nowhere").collect())


class TestRoom:
    def test_a_file_is_doubled_on_the_disk_before_it_is_full(self, tmp_path):
        file = tmp_path / "counter_1.db"
        file.write_bytes(struct.pack("ii", FILE_BYTES - MARGIN_BYTES, 0) + bytes(FILE_BYTES - 8))
        room = Room([file])
        assert room.made()
        assert file.stat().st_size == FILE_BYTES, "there is a margin left"
        with file.open("r+b") as opened:
            opened.write(struct.pack("i", FILE_BYTES - MARGIN_BYTES + 1))
        assert room.made()
        assert file.stat().st_size == 2 * FILE_BYTES
        assert file.stat().st_blocks * 512 >= 2 * FILE_BYTES, "the disk has the room, not only the name of it"

    def test_without_room_it_says_so_once_and_nothing_is_taken(self, tmp_path, monkeypatch, caplog):
        file = tmp_path / "counter_1.db"
        file.write_bytes(struct.pack("ii", FILE_BYTES - 8, 0) + bytes(FILE_BYTES - 8))

        def full(*_arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", full)
        room = Room([file])
        assert [room.made(), room.made()] == [False, False]
        assert len([record for record in caplog.records if "no room for more metrics" in record.message]) == 1
        assert file.stat().st_size == FILE_BYTES

    def test_without_files_there_is_room(self):
        assert Room().made()

    def test_many_services_are_counted_in_a_process_whose_files_grow(self, folder):
        work = (
            "from dataclasses import replace\n"
            "from tests.unit.observe.test_request_metrics import ANSWERED\n"
            "for n in range(200): m.emit(replace(ANSWERED, service=f'service-{n}'))\n" + PAGE
        )
        pid, page, _ = in_a_process(folder, work)
        counts = [
            value for name, value in values(page).items() if name.startswith("imsgw_request_seconds_count")
        ]
        assert counts == [1] * 200
        file = folder / f"histogram_{pid}.db"
        assert file.stat().st_size > FILE_BYTES
        assert file.stat().st_blocks * 512 >= file.stat().st_size, "a page without room would end the process"
