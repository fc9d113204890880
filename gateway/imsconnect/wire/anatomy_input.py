"""A message to IMS Connect, field by field.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for
HWSSMPL0, HWSSMPL1, and user-written message exit routines; Format of IRM extensions; Returning callout
responses to IMS; Changing RACF passwords. The exits other than HWSSMPL0, HWSSMPL1 and HWSSOAP1 have user
portions of their own: of their messages the fixed portion is explained and the rest is not shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.imsconnect.wire.anatomy import Damage, Field, hide, whole
from gateway.imsconnect.wire.anatomy_head import Head
from gateway.imsconnect.wire.anatomy_irm import irm_fields
from gateway.imsconnect.wire.anatomy_layout import BY_NAME
from gateway.imsconnect.wire.anatomy_words import text, zeros
from gateway.imsconnect.wire.flags import CARRIES_BLOCK, F1
from gateway.imsconnect.wire.frame import LLLL, LLZZ, MAX_SEGMENT
from gateway.imsconnect.wire.header import HeaderCode
from gateway.imsconnect.wire.message import END_MARKER

PASSWORD_CHANGE: Final = "HWSPWCH"  # noqa: S105  the keyword, no password
PING: Final = "PING IMS_CONNECT"
SHORTEST_SECRET: Final = 4
"""A password at least so long is looked for in all other fields; one of fewer bytes is anywhere by chance."""
_UNICODE: Final = {1: "utf-8", 2: "utf-16-be"}
_PASSWORD: Final = BY_NAME["IRM_RACF_PW"]


def input_anatomy(data: bytes) -> Iterator[Field]:
    """Yield the fields of the one message from a client that `data` is. Never raises; linear in `data`.

    Hidden are IRM_RACF_PW unless it is blank, the data of HWSPWCH, IRM extensions other than those that IBM
    describes as names, bytes of the IRM that IBM does not describe, and whatever holds the same bytes as
    IRM_RACF_PW. Where the message is not in order, names and data that may be the password in a wrong place
    are hidden too.
    """
    irm = Head.read(data)
    repeated = _Repeated(data, irm.code)
    for found in whole(data, _message(data, irm), irm.code):
        yield hide(found, irm.code) if not found.hidden and repeated.in_(found) else found


class _Repeated:
    """Where the bytes of IRM_RACF_PW stand in a message. It is asked for the fields in their order."""

    def __init__(self, data: bytes, code: HeaderCode) -> None:
        self._data = data
        self._secret = _password(data, code)
        self._at = -1 if self._secret is None else data.find(self._secret)

    def in_(self, found: Field) -> bool:
        """Tell whether the field has some of these bytes."""
        length = len(self._secret or b"")
        if self._secret is not None and 0 <= self._at <= found.offset - length:
            self._at = self._data.find(self._secret, found.offset - length + 1)
        return 0 <= self._at < found.end


def _password(data: bytes, code: HeaderCode) -> bytes | None:
    value = data[_PASSWORD.offset : _PASSWORD.end].rstrip(b"\x00").strip(code.blank)
    return value if len(value) >= SHORTEST_SECRET else None


def _message(data: bytes, irm: Head) -> Iterator[Field]:
    yield from irm_fields(data, irm)
    body = _Body(data, irm)
    yield from body.block() if irm.verb in CARRIES_BLOCK else body.segments()
    yield from body.end()


@dataclass(slots=True)
class _Body:
    """What follows the IRM."""

    data: bytes
    irm: Head
    position: int = -1
    secret: bool = False
    """The data is, or may be, a password change."""

    def __post_init__(self) -> None:
        self.position = self.irm.end
        self.secret = not self.irm.in_place or self._changes_password()

    def _changes_password(self) -> bool:
        start = self.data[self.position : self.position + LLZZ + 64]
        return any(
            word in start.upper()
            for code in HeaderCode
            for word in (PASSWORD_CHANGE.encode(code.value), PASSWORD_CHANGE.lower().encode(code.value))
        )

    def _damage(self, why: str) -> Damage:
        return Damage(why, shown=not self.secret)

    def _take(self, name: str, length: int, meaning: str) -> Field:
        start, self.position = self.position, self.position + length
        return Field(start, name, self.data[start : self.position], meaning)

    def segments(self) -> Iterator[Field]:
        number = 0
        while self.data[self.position : self.position + LLZZ] != END_MARKER:
            number += 1
            length = self._segment_length()
            yield self._take("segment LL", 2, f"{length} bytes, segment {number}")
            zz = self.data[self.position : self.position + 2]
            yield self._take("ZZ", 2, "zeros" if not any(zz) else zeros(zz))
            if length > LLZZ:
                yield self._data(length - LLZZ, first=number == 1)

    def _segment_length(self) -> int:
        left = self.irm.limit - self.position
        if left < LLZZ:
            raise self._damage(f"{self.irm.ends_early} without the end marker X'00040000'")
        length = int.from_bytes(self.data[self.position : self.position + 2])
        if length > MAX_SEGMENT:
            raise self._damage(f"LL X'{length:04X}' is negative")
        if length < LLZZ:
            raise self._damage(f"LL {length} is less than {LLZZ}")
        if length > left:
            raise self._damage(f"{self.irm.ends_early} inside a segment of {length} bytes")
        return length

    def _data(self, length: int, *, first: bool = False) -> Field:
        found = self._take("DATA", length, "")
        if self.secret:
            return hide(found, self.irm.code)
        meaning = text(found.data, self._encoding())
        if first and found.data.startswith(PING.encode(self.irm.code.value)):
            meaning += " (answered by IMS Connect itself)"
        return Field(found.offset, found.name, found.data, meaning)

    def _encoding(self) -> str:
        unicode = self.irm.f1 & F1.UC
        return _UNICODE.get(self.irm.encoding, "utf-8") if unicode else self.irm.code.value

    def block(self) -> Iterator[Field]:
        if self.data[self.position : self.position + LLLL] == END_MARKER:
            return
        left = self.irm.limit - self.position
        length = int.from_bytes(self.data[self.position : self.position + LLLL])
        if left < LLLL or length < LLLL:
            raise self._damage(f"LLLL {length} of the data block" if left >= LLLL else self.irm.ends_early)
        if length > left:
            raise self._damage(f"{self.irm.ends_early} inside a data block of {length} bytes")
        yield self._take("data LLLL", LLLL, f"{length} bytes")
        if length > LLLL:
            yield self._data(length - LLLL)

    def end(self) -> Iterator[Field]:
        if self.data[self.position : min(self.position + LLZZ, self.irm.limit)] != END_MARKER:
            raise self._damage(f"{self.irm.ends_early} without the end marker X'00040000'")
        yield self._take("EOM", LLZZ, "end of message")
        self.irm.check_end(self.position)
