"""What can go wrong with a code page, beside bytes that are not text in it (UnicodeDecodeError)."""


class UnmappableCharacter(ValueError):  # noqa: N818 - the name says what it is
    """A character that a code page does not have; `position` counts characters from 0."""

    def __init__(self, character: str, position: int) -> None:
        super().__init__(f"character U+{ord(character):04X} at position {position}")
        self.character = character
        self.position = position


class CodePageNotServed(ValueError):  # noqa: N818 - the name says what it is
    """A code page that we know of and this machine has no table for; the text names what is missing."""

    def __init__(self, ccsid: int, missing: str) -> None:
        super().__init__(f"CCSID {ccsid} cannot be served by this machine: {missing}")
        self.ccsid = ccsid
        self.missing = missing
