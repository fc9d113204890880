"""Where lines of the audit trail go: what every target promises."""

from typing import Protocol


class AuditUnavailableError(OSError):
    """A record could not be put where it is safe; the text says why, for the log and `imsgw status`."""


class Target(Protocol):
    """A place for records. Thread-safe; made in the process that uses it, after any fork."""

    def write(self, line: str) -> None:
        """Return when the record is safe there. Raises AuditUnavailableError when it is not.

        `line` is one record without a line end.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; a write that comes later raises AuditUnavailableError."""
        ...
