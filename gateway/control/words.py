"""What goes over a control socket: one object of JSON on a line each way.

Both ends are the same product, perhaps of two versions: members that are not known are passed over.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

MOST_BYTES: Final = 1 << 22
"""Of a line, either way."""


class ControlError(Exception):
    """What was said cannot be understood or done; its text is for people."""


def line_of(facts: Mapping[str, Any]) -> bytes:
    """Return an object as a line."""
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def object_of(line: bytes) -> dict[str, Any]:
    """Read a line. Raises ControlError, with the words of the other side where those say what is wrong."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ControlError("this is no line of JSON with an object")
    if "error" in said:
        error = said["error"]
        raise ControlError(error if isinstance(error, str) else "the process says that something is wrong")
    return said


def refusal(text: str) -> bytes:
    """Return the line that says why something was not done."""
    return line_of({"error": text})
