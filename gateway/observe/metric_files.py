"""The files that workers count in: a file a kind and worker, mapped into memory, all in one folder.

Their format is that of prometheus_client's multi-process mode: four bytes say how much is used, from byte 8 on
stand entries, each a length, a key (JSON: names, labels, help), padding to 8 bytes, a value and a time.
"""

import logging
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

log = logging.getLogger("gateway.observe")

FILE_BYTES: Final = 1 << 16
"""The library's first size of a file."""
MARGIN_BYTES: Final = 1 << 14
"""Kept free on the disk in each file: more than the values of any new service take."""
_FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_KINDS: Final = (
    "counter",
    "histogram",
    "gauge_livemin",
    "gauge_livemax",
    "gauge_livesum",
    "gauge_livemostrecent",
)
"""The library's files."""
_INTEGER: Final = struct.Struct("i")
_HEAD: Final = 8
_VALUE: Final = 16
_BROKEN: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError, struct.error)
"""What the library raises for files that are not as it writes them."""


def empty(folder: Path) -> None:
    """Make the folder, without what an earlier run has counted. Call it before there are workers.

    Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()


def worker_ended(folder: Path, pid: int) -> None:
    """Forget the gauges of a worker that has ended, however it did; what it has counted stays. Does not raise.

    This is the library's `mark_process_dead`. The master does without the library: what that counts with is
    decided when it is imported, in each worker.
    """
    try:
        for file in folder.glob(f"gauge_live*_{pid}.db"):
            file.unlink(missing_ok=True)
    except OSError as error:
        log.error("metrics of the ended worker %d stay: %s", pid, error)  # noqa: TRY400  no trace needed


def count_in(folder: Path) -> "Room":
    """Have the library, which is not imported yet, count in files; RuntimeError when it comes too late.

    Their space is taken first: a page of a mapped file that finds no room on the disk would end the process
    (SIGBUS).
    """
    if "prometheus_client" in sys.modules and os.environ.get(_FOLDER_VARIABLE) != str(folder):
        raise RuntimeError("prometheus_client was imported too early to count in files")
    os.environ.pop(_FOLDER_VARIABLE, None)
    files = tuple(folder / f"{kind}_{os.getpid()}.db" for kind in _KINDS)
    try:
        for file in files:
            _reserve(file)
    except OSError as error:
        log.error("metrics of worker %d are not shown, %s cannot be written: %s", os.getpid(), folder, error)  # noqa: TRY400
        return Room()
    os.environ[_FOLDER_VARIABLE] = str(folder)
    return Room(files)


def _reserve(path: Path) -> None:
    """Make a file of zeros, which the library takes for an empty one; one of an earlier worker stays.

    It gets its name when it is whole: to a reader a shorter one would be a damaged one.
    """
    if path.exists():
        return
    making = path.with_suffix(".new")
    descriptor = os.open(making, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, FILE_BYTES)
    except OSError:
        making.unlink()
        raise
    finally:
        os.close(descriptor)
    making.rename(path)


class Room:
    """Takes room on the disk for the files of this process before the library needs it. Thread-safe.

    The library doubles a file that is full, which takes no room on the disk by itself. Without files there is
    always room.
    """

    def __init__(self, files: Iterable[Path] = ()) -> None:
        self._files = tuple(files)
        self._told = False

    def made(self) -> bool:
        """Tell whether there is room for more values, and make it; the log tells once where there is none."""
        try:
            for file in self._files:
                _grow(file)
        except OSError as error:
            if not self._told:
                log.error("no room for more metrics, what is new is not counted: %s", error)  # noqa: TRY400
            self._told = True
            return False
        self._told = False
        return True


def _grow(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        (used,) = _INTEGER.unpack(os.pread(descriptor, _INTEGER.size, 0))
        size = os.fstat(descriptor).st_size
        if used + MARGIN_BYTES > size:
            os.posix_fallocate(descriptor, size, size)
    finally:
        os.close(descriptor)


class Files:
    """A collector: the sums over all files of a folder that are sound. For one thread at a time.

    A worker that was killed, or a disk that was full, may leave one that is not: it costs what it held, never
    the page.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told: set[str] = set()
        self.skipped = 0
        """Files that were not sound when it was asked last."""

    def collect(self) -> "Iterator[Metric]":
        """Yield all metrics. Raises ValueError when the folder has gone."""
        if not self._folder.is_dir():
            raise ValueError(f"{self._folder} is no folder")
        files = {str(file): _is_sound(file) for file in sorted(self._folder.glob("*.db"))}
        sound = [file for file, is_sound in files.items() if is_sound]
        damaged = {file for file, is_sound in files.items() if is_sound is False}
        try:
            found = _merged(sound)
        except _BROKEN:
            readable = [file for file in sound if _is_readable(file)]
            damaged |= set(sound) - set(readable)
            found = _merged(readable)
        self._tell(damaged)
        yield from found

    def _tell(self, damaged: set[str]) -> None:
        self.skipped = len(damaged)
        for file in sorted(damaged - self._told):
            log.error("%s is damaged: what was counted there is not shown", file)
        self._told = damaged


def _merged(files: list[str]) -> "list[Metric]":
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415  not before `count_in`

    merge: Any = MultiProcessCollector.merge
    return list(merge(files))


def _is_readable(file: str) -> bool:
    try:
        _merged([file])
    except _BROKEN:
        return False
    return True


def _is_sound(file: Path) -> bool | None:
    """Tell whether the entries of a file lie in it one behind the other: the library trusts their lengths.

    None: it has gone meanwhile, with its worker.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return False
    if len(data) < _HEAD:
        return False
    (used,) = _INTEGER.unpack_from(data, 0)
    if used == 0:
        return True  # made, and nothing counted yet
    at = _HEAD
    while at + _INTEGER.size <= used <= len(data):
        (length,) = _INTEGER.unpack_from(data, at)
        if length <= 0:
            return False
        at += _INTEGER.size + length + (8 - (length + 4) % 8) + _VALUE
    return bool(at == used)
