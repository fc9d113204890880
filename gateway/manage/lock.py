"""Two that change the same home exclude each other: a lock on a file of the state folder (flock(2)).

It goes with its process however that ends. The file stays; only its lock counts.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why

LOCK_FILE: Final = "manage.lock"
WAIT_SECONDS: Final = 60.0
"""How long one waits for another: the judgement of a large home takes seconds."""
_PAUSE: Final = 0.05


@contextmanager
def changing(installation: Installation, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock. Raises ManageError: CANNOT_WRITE without a state folder, BUSY when nobody lets go."""
    descriptor = _opened(installation)
    try:
        _take(descriptor, installation, seconds)
        yield
    finally:
        os.close(descriptor)


def _opened(installation: Installation) -> int:
    path = installation.state / LOCK_FILE
    try:
        installation.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        text = f"{path} cannot be opened: {error.strerror}; IMSGW_STATE names another state folder"
        raise ManageError(Why.CANNOT_WRITE, text) from error


def _take(descriptor: int, installation: Installation, seconds: float) -> None:
    deadline = installation.clock.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if installation.clock.monotonic() >= deadline:
                text = f"another change of this home has gone on for {seconds:g} s: try again later"
                raise ManageError(Why.BUSY, text) from None
            time.sleep(_PAUSE)
        else:
            return
