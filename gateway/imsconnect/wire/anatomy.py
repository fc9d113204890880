"""A message taken apart for people: each byte belongs to one field with name, offset, and what it says.

`input_anatomy` (anatomy_input) and `output_anatomy` (anatomy_output) yield the fields. They never raise: what
cannot be read comes as a last field `?` that says why. What is secret is not in a field at all: its bytes are
replaced by asterisks before anybody sees them, and nothing turns that off.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.imsconnect.wire.flags import SocketType, Verb
from gateway.imsconnect.wire.header import HeaderCode
from gateway.imsconnect.wire.irm import MAX_ARCH

UNREADABLE: Final = "?"
"""Name of the field that holds what could not be read."""
HIDDEN: Final = "********"
"""Meaning of a field that is not shown."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message. The fields of a message follow each other without gap and overlap."""

    offset: int
    """From the first byte of the message, which is LLLL where there is one."""
    name: str
    data: bytes = field(repr=False)
    """The bytes; asterisks in the header's code when `hidden`."""
    meaning: str
    """One line: flags in words, times in seconds, texts decoded. Not translated, not cut apart by programs."""
    hidden: bool = False

    @property
    def end(self) -> int:
        """Offset of the first byte behind the field."""
        return self.offset + len(self.data)

    @property
    def readable(self) -> bool:
        """Tell whether this is a field, and not the rest of a message that could not be read."""
        return self.name != UNREADABLE


class Damage(Exception):  # noqa: N818 - it is what was found, not a failure
    """What stands at a place cannot be read. `shown` tells whether the rest may be: it can hold no secret."""

    def __init__(self, why: str, *, shown: bool = False) -> None:
        super().__init__(why)
        self.shown = shown


def hide(found: Field, code: HeaderCode | None) -> Field:
    """Return the field with asterisks for its bytes."""
    star = "*".encode((code or HeaderCode.EBCDIC).value)
    meaning = found.meaning if not found.readable else HIDDEN
    return Field(found.offset, found.name, star * len(found.data), meaning, hidden=True)


def whole(data: bytes, fields: Iterable[Field], code: HeaderCode | None) -> Iterator[Field]:
    """Yield the `fields` of `data`, and `?` for what is left when they end in Damage."""
    at = 0
    try:
        for found in fields:
            at = found.end
            yield found
    except Damage as damage:
        rest = Field(at, UNREADABLE, data[at:], f"cannot be read: {damage}")
        yield rest if damage.shown and not another_message(rest.data) else hide(rest, code)


def another_message(data: bytes) -> bool:
    """Tell whether a message of a client may begin in these bytes: they hold the id of a message exit."""
    return any(irm_id in data for irm_id in IRM_IDS)


def looks_like_request(data: bytes) -> bool:
    """Tell whether a message has the fixed portion of an IRM, whatever exit it is for."""
    if len(data) < SHORTEST_IRM:
        return False
    irm_length = int.from_bytes(data[4:6])
    return (
        SHORTEST_IRM - 4 <= irm_length <= LONGEST_IRM
        and data[6] <= MAX_ARCH
        and data[18:20] == b"\x00\x00"
        and data[22] in _SOCKET_TYPES
        and data[35:36] in _VERBS
    )


SHORTEST_IRM: Final = 40
"""LLLL and the shortest IRM that IBM allows for exits of a site's own."""
LONGEST_IRM: Final = 0x7FFF
_SOCKET_TYPES: Final = frozenset(map(int, SocketType))
_VERBS: Final = frozenset(verb.value.encode(code.value) for verb in Verb for code in HeaderCode)
_NAMES: Final = (
    ("*SAMPLE*", "HWSSMPL0"),
    ("*SAMPL1*", "HWSSMPL1"),
    ("*HWSJAV*", "HWSJAVA0"),
    ("*HWSOA1*", "HWSSOAP1"),  # unverified: the ids of HWSSOAP1, HWSCSLO0, HWSCSLO1 and HWSDPWR1, from memory
    ("*HWSCSL*", "HWSCSLO0"),
    ("*HWSCS1*", "HWSCSLO1"),
    ("*HWSDPW*", "HWSDPWR1"),
    ("*IRMREQ*", "HWSIMSO0"),
    ("*IRMRE1*", "HWSIMSO1"),
)
IRM_IDS: Final = {
    irm_id.encode(code.value): (exit_name, code) for irm_id, exit_name in _NAMES for code in HeaderCode
}
"""The eight bytes of IRM_ID of every exit that IBM ships or shipped: its name, and the header's code."""
