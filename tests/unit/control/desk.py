"""Something that answers commands as a test wants it."""

import threading
from collections.abc import Mapping
from typing import Any, Final

from gateway.control.words import line_of, object_of

LIST: Final = {"do": "list"}
TOLD: Final = {"instance": 1, "said": "\u00e9\n"}


class Desk:
    """Remembers what was asked; refuses what says nothing to do."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.says: Mapping[str, Any] | Exception = TOLD

    def answer(self, line: bytes) -> bytes:
        self.asked.append(object_of(line))
        assert self.hold.wait(30)
        if isinstance(self.says, Exception):
            raise self.says
        return line_of(self.says)
