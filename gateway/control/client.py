"""How a command, or a process of ours, asks a running one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.clock import Clock
from gateway.control import seat
from gateway.control.line import LineError, receive_line, send_line
from gateway.control.words import MOST_BYTES, ControlError, line_of, object_of

SECONDS: Final = 10.0
"""For an answer, beyond what was asked takes by itself."""


def ask(
    folder: Path, name: str, what: Mapping[str, Any], clock: Clock, seconds: float = SECONDS
) -> dict[str, Any] | None:
    """Ask the process behind a socket; None: it has ended. Raises ControlError with what is wrong, in words."""
    deadline = clock.monotonic() + seconds
    process = f"{folder.name} {name.removesuffix('.sock')}"
    try:
        with seat.connect(folder, name, seconds) as connection:
            send_line(connection, line_of(what), deadline, clock)
            return object_of(receive_line(connection, MOST_BYTES, deadline, clock))
    except (ConnectionRefusedError, FileNotFoundError):
        return None
    except BlockingIOError as error:
        raise ControlError(f"{process} does not answer: others ask it, and it is busy") from error
    except LineError as error:
        raise ControlError(f"{process} does not answer: {error}") from error
    except OSError as error:
        raise ControlError(f"{process} cannot be asked: {error.strerror or error}") from error


def living(folder: Path) -> list[int]:
    """Return the numbers of instances that may live. Raises ControlError."""
    try:
        return seat.instances(folder)
    except OSError as error:
        raise ControlError(f"{folder} cannot be read: {error.strerror or error}") from error
