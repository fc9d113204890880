"""The words of an IMS command: verb, keywords, parameters, and the answer that it was done."""

from collections.abc import Sequence
from typing import Final

from gateway.standin import dfs

SHORTEST: Final = 3
"""Letters that tell a verb or keyword at the least."""
NAME_LENGTH: Final = 8


class CommandError(Exception):
    """IMS does not take the command; the text is its answer."""


def is_word(text: str, word: str) -> bool:
    """Tell whether `text` is `word`, or its beginning of at least three letters."""
    return word.startswith(text) and len(text) >= min(SHORTEST, len(word))


class Words:
    """What follows the verb, taken from left to right."""

    def __init__(self, words: Sequence[str]) -> None:
        self._left = list(words)

    def keyword(self, *known: str) -> str:
        """Take one of these keywords and return it in full. Raises CommandError."""
        if not self._left:
            raise CommandError(dfs.MISSING_KEYWORD)
        text = self._left.pop(0)
        for word in known:
            if is_word(text, word):
                return word
        raise CommandError(dfs.INVALID_KEYWORD)

    def expect(self, word: str) -> None:
        """Take this keyword. Raises CommandError."""
        self.keyword(word)

    def parameter(self) -> str:
        """Take one name. Raises CommandError."""
        if not self._left:
            raise CommandError(dfs.INVALID_SYNTAX)
        name = self._left.pop(0)
        if len(name) > NAME_LENGTH:
            raise CommandError(dfs.PARAMETER_TOO_LONG)
        return name

    def parameters(self) -> tuple[str, ...]:
        """Take all names that are left, ALL or others. Raises CommandError."""
        names = [self.parameter()]
        while self._left:
            names.append(self.parameter())
        if "ALL" in names and len(names) > 1:
            raise CommandError(dfs.MIXED_WITH_ALL)
        return tuple(names)

    @property
    def left(self) -> bool:
        """Whether words are left."""
        return bool(self._left)

    def end(self) -> None:
        """Raise CommandError when words are left."""
        if self._left:
            raise CommandError(dfs.INVALID_SYNTAX)


def completed(verb: str, keyword: str = "", unknown: Sequence[str] = ()) -> str:
    """Return DFS058I; with the names that the command does not know behind EXCEPT."""
    text = f"{dfs.COMMAND_COMPLETED} {verb} COMMAND COMPLETED"
    return f"{text} EXCEPT {keyword} {' '.join(unknown)}" if unknown else text
