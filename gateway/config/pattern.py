"""Patterns that a configuration matches against what callers send: RE2, so in linear time whatever comes."""

from typing import Final

import re2

MAX_LENGTH: Final = 500
"""Characters of a pattern."""
MAX_MEMORY: Final = 1024 * 1024
"""Bytes that matching may take; RE2 becomes slower beyond that, not wrong."""


class Pattern:
    """A regular expression of RE2 that must match a whole text, case and all."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        """Compile `text`; ValueError, with a reason, when RE2 cannot."""
        self.text = text
        if len(text) > MAX_LENGTH:
            raise ValueError(f"has more than {MAX_LENGTH} characters")
        options = re2.Options()
        options.log_errors = False
        options.max_mem = MAX_MEMORY
        try:
            self._compiled = re2.compile(text, options)
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            shown = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            raise ValueError(f"is no regular expression of RE2: {shown}") from None

    @property
    def groups(self) -> int:
        """The number of groups."""
        return int(self._compiled.groups)

    def match(self, text: str) -> tuple[str | None, ...] | None:
        """Return what the groups matched, from the first on, None when the text as a whole does not match."""
        found = self._compiled.fullmatch(text)
        return None if found is None else tuple(found.groups())

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"
