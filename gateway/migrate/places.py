"""Where something stands in the installation that is read."""

from dataclasses import dataclass

from gateway.config.words import shown


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An element, attribute or line of one file."""

    file: str
    """Relative to the installation, with slashes."""
    line: int = 0
    """0: the file as a whole."""
    name: str = ""
    """As it is written there: `connectionBundle/@hostName`. Never a value: that may be a secret."""

    def __str__(self) -> str:
        where = f"{shown(self.file)}:{self.line}" if self.line else shown(self.file)
        return f"{where}: {shown(self.name)}" if self.name else where


class RefusedError(ValueError):
    """Something of the installation that cannot be read. The text follows its place in a sentence."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line
