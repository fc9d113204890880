"""Values as they stand in IBM's files: whole numbers, yes and no, times that contradict each other."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.migrate.entries import Entry
from gateway.migrate.findings import Findings, Whom
from gateway.migrate.mapping import NameMap

LONGEST_EXECUTION_MS: Final = 3_600_000
LONGEST_SOCKET_MS: Final = 3_700_000
DEFAULT_EXECUTION_MS: Final = 5000
"""executionTimeout where nothing is said: as in the original."""
BEYOND_MS: Final = 5000
"""How much longer the socket waits where the original's own value was no longer than the execution timeout."""


class UnclearError(ValueError):
    """A value that cannot be guessed. The text says which and why; never the value of a secret."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads values of entries and tells of those that are not what they should be."""

    names: NameMap
    findings: Findings

    def number(self, entry: Entry, name: str) -> int | None:
        """Return a whole number; None: there is none, or it is none, which is told."""
        text = entry.text(name)
        if not text:
            return None
        if re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            return int(text)
        self.findings.contradict(f"{name.replace('_', ' ')} is no whole number", entry.at(name))
        return None

    def flag(self, entry: Entry, name: str) -> bool | None:
        """Return yes or no; None: nothing is said, or neither, which is told."""
        text = entry.text(name)
        if not text:
            return None
        if self.names.value_is("yes", text):
            return True
        if self.names.value_is("no", text):
            return False
        self.findings.contradict(f"{name.replace('_', ' ')} is neither yes nor no", entry.at(name))
        return None

    def is_one_of(self, meaning: str, text: str) -> bool:
        """Tell whether a value is one of the spellings of a meaning."""
        return self.names.value_is(meaning, text)


@dataclass(frozen=True, slots=True)
class Times:
    """Timeouts of an operation, in milliseconds."""

    execution: int
    socket: int


def times_of(entry: Entry, reader: Reader, about: str) -> Times:
    """Return the timeouts, in an order that works; what had to be changed is told.

    Execution 0: IMS Connect's own timeout; -1: without limit. Socket 0: without limit.
    """
    findings = reader.findings
    execution = reader.number(entry, "execution_timeout")
    socket = reader.number(entry, "socket_timeout")
    chosen = DEFAULT_EXECUTION_MS if execution is None else execution
    if execution == 0:
        chosen = DEFAULT_EXECUTION_MS
        text = f"executionTimeout 0 means TIMEOUT= of IMS Connect; here it is {chosen} ms"
        findings.change(text, entry.at("execution_timeout"))
        findings.ask(Whom.IMS, "which TIMEOUT= does IMS Connect have? Put it into execution_timeout_ms.", about)
    elif not 0 < chosen <= LONGEST_EXECUTION_MS:
        chosen = LONGEST_EXECUTION_MS
        text = f"an executionTimeout without limit, or beyond an hour, is {chosen} ms here"
        findings.change(text, entry.at("execution_timeout"))
    waits = min(chosen + BEYOND_MS, LONGEST_SOCKET_MS)
    if socket is None:
        return Times(chosen, waits)
    if socket <= 0:
        findings.change(f"a socketTimeout without limit is {waits} ms here", entry.at("socket_timeout"))
        return Times(chosen, waits)
    if socket <= chosen:
        text = f"socketTimeout ({socket} ms) is not longer than executionTimeout ({chosen} ms): {waits} ms here"
        findings.contradict(text, entry.at("socket_timeout"))
        return Times(chosen, waits)
    if socket > LONGEST_SOCKET_MS:
        findings.change(
            f"a socketTimeout beyond the longest is {LONGEST_SOCKET_MS} ms", entry.at("socket_timeout")
        )
    return Times(chosen, min(socket, LONGEST_SOCKET_MS))
