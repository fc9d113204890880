"""Where commands find a running `imsgw callout`: Unix sockets in a folder of the state that only we may enter.

    <state>/callout/1.sock   the first instance's socket; 2.sock is a second instance's on the same state
    <state>/callout/1.lock   locked as long as that instance lives

An instance takes the lowest number whose lock it gets. A lock goes with its process however that ends, so the
socket beside it is then nobody's and may be replaced; nothing depends on process ids, which mean nothing
between containers that share the state.
"""

import errno
import fcntl
import os
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

FOLDER: Final = "callout"
"""Below the state folder."""
_MOST_INSTANCES: Final = 64
_LONGEST: Final = 107
"""Bytes of a path in an address of a Unix socket (sun_path, unix(7)), its NUL apart."""
_BACKLOG: Final = 16
_FOLDER_MODE: Final = 0o700
_SOCKET_MODE: Final = 0o600


class Seat:
    """One instance's number, its lock and its listening socket."""

    def __init__(self, folder: int, number: int, lock: int, listening: socket.socket) -> None:
        """Take over the descriptors of folder and lock, and the socket."""
        self.number = number
        self.socket = listening
        self._folder = folder
        self._lock = lock

    @classmethod
    def take(cls, state: Path) -> Self:
        """Take the lowest number that is free. Raises OSError: no folder can be had, or all are taken."""
        folder = _own_folder(state / FOLDER)
        try:
            for number in range(1, _MOST_INSTANCES + 1):
                lock = _locked(folder, number)
                if lock is not None:
                    return cls(folder, number, lock, _listening(state, folder, number, lock))
        except OSError:
            os.close(folder)
            raise
        os.close(folder)
        raise OSError(errno.EMFILE, f"{_MOST_INSTANCES} instances run already")

    def close(self) -> None:
        """Give it up: the socket goes, then the lock."""
        self.socket.close()
        with suppress(OSError):
            os.unlink(_socket_name(self.number), dir_fd=self._folder)
        os.close(self._lock)
        os.close(self._folder)


def numbers(state: Path) -> list[int]:
    """Return the numbers that have a socket, whether somebody answers there or not.

    Raises OSError when the folder may not be read; one that is missing has none.
    """
    try:
        names = [entry.name for entry in (state / FOLDER).iterdir()]
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(".sock") for name in names if name.endswith(".sock"))
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit() and len(stem) < 4)


def connect(state: Path, number: int, seconds: float) -> socket.socket:
    """Connect to an instance, and wait `seconds` for its turn and then for each send or receive.

    Raises OSError: ConnectionRefusedError, FileNotFoundError when it is gone, BlockingIOError when it is busy.
    """
    folder = os.open(state / FOLDER, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # a socket that does not block would not wait for room in the backlog (unix(7), EAGAIN)
        whole = int(seconds)
        timeout = struct.pack("ll", whole, int((seconds - whole) * 1_000_000) or 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        connection.connect(_address(state, folder, number))
        connection.settimeout(seconds)
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def _socket_name(number: int) -> str:
    return f"{number}.sock"


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


def _listening(state: Path, folder: int, number: int, lock: int) -> socket.socket:
    """Bind the socket of a number whose lock is ours, in place of one that a dead process has left."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(FileNotFoundError):
            os.unlink(_socket_name(number), dir_fd=folder)
        listening.bind(_address(state, folder, number))
        # until here the folder's mode alone has kept others out
        os.chmod(_socket_name(number), _SOCKET_MODE, dir_fd=folder)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        os.close(lock)
        raise
    return listening


def _address(state: Path, folder: int, number: int) -> str:
    """Return an address of the socket that is short enough: for a long path, by way of the open folder."""
    path = str(state / FOLDER / _socket_name(number))
    return path if len(os.fsencode(path)) <= _LONGEST else f"/proc/self/fd/{folder}/{_socket_name(number)}"
