"""Where commands find the running processes of an installation: Unix sockets in a folder that is ours alone.

    <folder>/1.sock     the first instance's socket; 2.sock is a second instance's on the same state
    <folder>/1-7.sock   a socket of a worker of the first instance
    <folder>/1.lock     locked as long as that instance lives

An instance takes the lowest number whose lock it gets. A lock goes with its process however that ends, so the
sockets of that number are then nobody's and may be replaced; nothing depends on process ids, which mean nothing
between containers that share the state.
"""

import errno
import fcntl
import os
import re
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

SERVE: Final = "serve"
CALLOUT: Final = "callout"
"""Folders below the state folder."""

_MOST_INSTANCES: Final = 64
_LONGEST: Final = 107
"""Bytes of a path in an address of a Unix socket (sun_path, unix(7)), its NUL apart."""
_BACKLOG: Final = 16
_FOLDER_MODE: Final = 0o700
_SOCKET_MODE: Final = 0o600
_INSTANCE: Final = re.compile(r"([1-9][0-9]{0,2})\.sock")


class Seat:
    """One instance's number, its lock and its listening socket."""

    def __init__(self, path: Path, folder: int, number: int, lock: int) -> None:
        """Take over the descriptors of folder and lock. Raises OSError."""
        self.number = number
        self._path = path
        self._folder = folder
        self._lock = lock
        self._forget_sockets()
        self.socket = self._listen(f"{number}.sock")

    @classmethod
    def take(cls, path: Path) -> Self:
        """Take the lowest number that is free. Raises OSError: no folder can be had, or all are taken."""
        folder = _own_folder(path)
        try:
            for number in range(1, _MOST_INSTANCES + 1):
                lock = _locked(folder, number)
                if lock is not None:
                    try:
                        return cls(path, folder, number, lock)
                    except OSError:
                        os.close(lock)
                        raise
        except OSError:
            os.close(folder)
            raise
        os.close(folder)
        raise OSError(errno.EMFILE, f"{_MOST_INSTANCES} instances run already")

    def for_worker(self, age: int) -> socket.socket:
        """Return a listening socket for a worker; `age` names it. Raises OSError."""
        return self._listen(self._of_worker(age))

    def worker_gone(self, age: int) -> None:
        """Take away the socket of a worker that has ended."""
        self._unlink(self._of_worker(age))

    def close(self) -> None:
        """Give it up: the sockets go, then the lock."""
        self.socket.close()
        self._forget_sockets()
        os.close(self._lock)
        os.close(self._folder)

    def _of_worker(self, age: int) -> str:
        return f"{self.number}-{age}.sock"

    def _forget_sockets(self) -> None:
        mine = re.compile(rf"{self.number}(-[0-9]+)?\.sock")
        for name in os.listdir(self._folder):  # noqa: PTH208  a path can be moved, a descriptor not
            if mine.fullmatch(name):
                self._unlink(name)

    def _unlink(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(name, dir_fd=self._folder)

    def _listen(self, name: str) -> socket.socket:
        """Bind a socket of a number whose lock is ours, in place of one that a dead process has left."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._folder)
            listening.bind(_address(self._path, self._folder, name))
            # until here the folder's mode alone has kept others out
            os.chmod(name, _SOCKET_MODE, dir_fd=self._folder)
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
        return listening


def instances(path: Path) -> list[int]:
    """Return the numbers that have a socket, whether somebody answers there or not.

    Raises OSError when the folder may not be read; one that is missing has none.
    """
    found = (_INSTANCE.fullmatch(name) for name in _names(path))
    return sorted(int(match[1]) for match in found if match)


def workers(path: Path, number: int) -> list[str]:
    """Return the names of the sockets of an instance's workers, by age. Raises OSError as `instances`."""
    mine = re.compile(rf"{number}-([0-9]{{1,9}})\.sock")
    found = (mine.fullmatch(name) for name in _names(path))
    return [match[0] for match in sorted((one for one in found if one), key=lambda one: int(one[1]))]


def connect(path: Path, name: str, seconds: float) -> socket.socket:
    """Connect to a socket, and wait `seconds` for our turn and then for each send or receive.

    Raises OSError: ConnectionRefusedError, FileNotFoundError when it is gone, BlockingIOError when it is busy.
    """
    folder = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # a socket that does not block would not wait for room in the backlog (unix(7), EAGAIN)
        whole = int(seconds)
        timeout = struct.pack("ll", whole, int((seconds - whole) * 1_000_000) or 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        connection.connect(_address(path, folder, name))
        connection.settimeout(seconds)
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def _names(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.iterdir()]
    except FileNotFoundError:
        return []


def _own_folder(path: Path) -> int:
    """Return a descriptor of the folder, which is ours alone; made where it is missing."""
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=_FOLDER_MODE)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _close_to_others(folder)
    except OSError:
        os.close(folder)
        raise
    return folder


def _close_to_others(folder: int) -> None:
    found = os.fstat(folder)
    if found.st_uid != os.geteuid():
        # its owner could put a socket of his own in place of ours, and hear what we are to be told
        raise OSError(errno.EPERM, "the folder belongs to another user")
    if stat.S_IMODE(found.st_mode) != _FOLDER_MODE:
        os.fchmod(folder, _FOLDER_MODE)


def _locked(folder: int, number: int) -> int | None:
    """Return the descriptor of a number's lock, or None while another has it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(f"{number}.lock", flags, _SOCKET_MODE, dir_fd=folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    return lock


def _address(path: Path, folder: int, name: str) -> str:
    """Return an address of the socket that is short enough: for a long path, by way of the open folder."""
    whole = str(path / name)
    return whole if len(os.fsencode(whole)) <= _LONGEST else f"/proc/self/fd/{folder}/{name}"
