"""How a command asks the running `imsgw callout` processes of a state folder."""

from pathlib import Path
from typing import Final

from gateway.callout import control_socket
from gateway.callout.control_line import LineError, receive_line, send_line
from gateway.callout.control_words import MOST_BYTES, Ask, ControlError, Told
from gateway.clock import Clock

SECONDS: Final = 10.0
"""For an answer, beyond what was asked takes by itself."""


def ask(state: Path, number: int, what: Ask, clock: Clock, seconds: float = SECONDS) -> Told | None:
    """Ask one instance; None: it has ended. Raises ControlError with what is wrong, in words."""
    deadline = clock.monotonic() + seconds
    try:
        with control_socket.connect(state, number, seconds) as connection:
            send_line(connection, what.line(), deadline, clock)
            return Told.of(receive_line(connection, MOST_BYTES, deadline, clock))
    except (ConnectionRefusedError, FileNotFoundError):
        return None
    except BlockingIOError as error:
        raise ControlError(f"instance {number} does not answer: others ask it, and it is busy") from error
    except LineError as error:
        raise ControlError(f"instance {number} does not answer: {error}") from error
    except OSError as error:
        raise ControlError(f"instance {number} cannot be asked: {error.strerror or error}") from error


def living(state: Path) -> list[int]:
    """Return the numbers of instances that may live. Raises ControlError."""
    try:
        return control_socket.numbers(state)
    except OSError as error:
        folder = state / control_socket.FOLDER
        raise ControlError(f"{folder} cannot be read: {error.strerror or error}") from error
