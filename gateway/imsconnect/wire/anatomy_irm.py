"""The IRM of a message to IMS Connect, field by field, as far as it can be trusted to be one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

from gateway.imsconnect.wire import anatomy_words as words
from gateway.imsconnect.wire.anatomy import HIDDEN, IRM_IDS, Damage, Field, hide
from gateway.imsconnect.wire.anatomy_layout import (
    BY_NAME,
    EXTENSION,
    FIXED,
    FIXED_END,
    IRM_TOKEN,
    TOKEN,
    TOKEN_LENGTH,
    USER,
    Place,
)
from gateway.imsconnect.wire.extensions import HEADER_LENGTH, NETSID, NETUID
from gateway.imsconnect.wire.flags import CARRIES_BLOCK, F0, F1, F2, F3, F5, F6, Verb
from gateway.imsconnect.wire.frame import LLZZ, MAX_SEGMENT
from gateway.imsconnect.wire.header import Exit, HeaderCode
from gateway.imsconnect.wire.irm import IRM_START, MAX_ARCH, MIN_IRM_LENGTH
from gateway.imsconnect.wire.message import END_MARKER
from gateway.imsconnect.wire.rules import TOKEN_PREFIX

TRACKING_ID: Final = "*TRCKID*"
SHOWN_EXTENSIONS: Final = frozenset({NETUID, NETSID, TRACKING_ID})
"""Names and numbers that IBM describes. All others may hold a phrase, a token, or a site's mark of trust."""
BEYOND: Final = "IRM (not described)"
"""Bytes of the IRM that its level does not define."""
MIN_FIXED: Final = FIXED_END - IRM_START
_USER_EXITS: Final = frozenset(exit_.name for exit_ in Exit)
"""Exits whose user portion is the one of `anatomy_layout`."""
_MAY_SLIDE: Final = frozenset(place.name for place in USER if place.length >= 8 and place.name != "IRM_RACF_PW")
"""Fields that could hold the password when bytes before it are missing or too many."""


@dataclass(frozen=True, slots=True)
class Irm:
    """What of an IRM decides how the rest of its message reads."""

    length: int
    limit: int
    """Where the message ends: LLLL, or what there is of it."""
    size: int
    """How many bytes there are."""
    llll: int
    arch: int
    f0: int
    f1: int
    f5: int
    encoding: int
    exit_name: str
    """Empty for an id of nobody's."""
    code: HeaderCode
    verb: Verb | None
    in_place: bool
    """What follows the IRM looks like it, so the fields are where they seem to be."""

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what the bytes say; what is not there reads as zero."""
        padded = data[: TOKEN + TOKEN_LENGTH].ljust(TOKEN, b"\x00")
        llll, length = int.from_bytes(padded[:4]), int.from_bytes(padded[4:6])
        exit_name, code = IRM_IDS.get(padded[8:16], ("", _code_like(padded[8:16])))
        end, limit = IRM_START + length, min(llll, len(data))
        verb = _verb(padded[35:36], code)
        return cls(
            length=length,
            limit=limit,
            size=len(data),
            llll=llll,
            arch=padded[6],
            f0=padded[7],
            f1=padded[32],
            f5=padded[20],
            encoding=padded[23],
            exit_name=exit_name,
            code=code,
            verb=verb,
            in_place=length >= MIN_IRM_LENGTH and end < limit and _in_place(data, end, llll, verb),
        )

    @property
    def end(self) -> int:
        """Offset behind the IRM."""
        return IRM_START + self.length

    @property
    def ends_early(self) -> str:
        """Words for a message that ends where it should not."""
        if self.size < self.llll:
            return f"{self.size} bytes of LLLL {self.llll} are there, they end"
        return f"LLLL {self.llll} ends"

    def check_end(self, position: int) -> None:
        """Raise Damage when the message does not end at `position`."""
        if position < self.limit:
            raise Damage(f"{self.limit - position} bytes follow the end marker", shown=self.in_place)
        if position < self.llll:
            raise Damage(f"{self.ends_early} with an end marker")
        if position < self.size:
            raise Damage(f"{self.size - position} bytes follow the message of LLLL {self.llll}")


def _code_like(irm_id: bytes) -> HeaderCode:
    """Return the code that an unknown id seems to be in; asterisks and letters of ASCII are below X'80'."""
    return HeaderCode.ASCII if irm_id[:1] == b"*" else HeaderCode.EBCDIC


def _verb(data: bytes, code: HeaderCode) -> Verb | None:
    try:
        return Verb(data.decode(code.value))
    except ValueError:
        return None


def _in_place(data: bytes, start: int, total: int, verb: Verb | None) -> bool:
    """Tell whether segments, or a data block, lead from `start` to an end marker at the end of the message.

    One that is cut short inside them, or has a bad segment behind a good one, counts too. When bytes before
    `start` are missing or too many, they hardly ever do.
    """
    position = start
    is_block = verb in CARRIES_BLOCK
    while position + LLZZ <= len(data) and data[position : position + LLZZ] != END_MARKER:
        head = data[position : position + LLZZ]
        length = int.from_bytes(head) if is_block else int.from_bytes(head[:2])
        if length < LLZZ or (not is_block and (length > MAX_SEGMENT or any(head[2:]))):
            return position > start
        position += length
        if is_block:
            break
    if position + LLZZ > len(data):
        # four bytes of a data block, or none at all, are no evidence
        return start < position < total and not is_block
    return data[position : position + LLZZ] == END_MARKER and position + LLZZ == total


def irm_fields(data: bytes, irm: Irm) -> Iterator[Field]:
    """Yield LLLL and the fields of the IRM. Raises Damage where it cannot be one."""
    for place in FIXED:
        yield _field(data, irm, place)
    if irm.length < MIN_FIXED:
        raise Damage(f"IRM_LEN {irm.length} is less than {MIN_FIXED}")
    if irm.exit_name not in _USER_EXITS:
        who = irm.exit_name or "an exit of the site's own"
        raise Damage(f"the user portion of the IRM is that of {who}, which is not described here")
    if irm.f5 & F5.OTMA:
        raise Damage("the client built the OTMA headers (IRM_F5 X'80'), which are not described here")
    if irm.f5 & F5.XID:
        raise Damage("an X/Open XID is in the IRM (IRM_F5 X'08'), whose layout is not described here")
    at = FIXED_END
    for place in USER:
        if place.arch > irm.arch or place.end > irm.end:
            break
        for found in _user_fields(data, irm, place):
            at = found.end
            yield found
    if irm.length < MIN_IRM_LENGTH:
        raise Damage(f"IRM_LEN {irm.length} is less than {MIN_IRM_LENGTH}")
    yield from _behind(data, irm, at)


def _field(data: bytes, irm: Irm, place: Place) -> Field:
    if place.end > irm.limit and place.end > 4:
        raise Damage(f"{irm.ends_early} before the end of {place.name}")
    if place.end > irm.size:
        raise Damage(f"{irm.size} bytes are no {place.name}")
    if place.offset >= IRM_START and place.end > max(irm.end, IRM_START + 2):
        raise Damage(f"IRM_LEN {irm.length} ends before the end of {place.name}")
    value = data[place.offset : place.end]
    return Field(place.offset, place.name, value, _MEANINGS.get(place.name, _name)(value, irm))


def _user_fields(data: bytes, irm: Irm, place: Place) -> Iterator[Field]:
    found = _field(data, irm, place)
    empty = not any(found.data) or found.data == irm.code.blank * place.length
    if place.name == "IRM_RACF_PW":
        yield found if empty else hide(found, irm.code)
    elif place.name == "IRM_CORTKN" and not empty and (irm.in_place or found.data[:2] == TOKEN_PREFIX):
        yield from token_fields(found, IRM_TOKEN, irm.code)
    elif place.name in _MAY_SLIDE and not irm.in_place and not empty:
        meaning = f"{HIDDEN} not shown: what follows the IRM is not in order"
        yield replace(hide(found, irm.code), meaning=meaning)
    else:
        yield found


def token_fields(token: Field, places: tuple[Place, ...], code: HeaderCode) -> Iterator[Field]:
    """Yield the fields of a correlation token. IMS made it; clients take it as it is."""
    for place in places:
        value = token.data[place.offset : place.end]
        number = int.from_bytes(value)
        if place.length == 2:
            meaning = f"{number} bytes" if place.offset == 0 else f"region {number}"
        elif place.name.endswith("TK"):
            meaning = "token"
        else:
            meaning = words.name(value, code)
        yield Field(token.offset + place.offset, place.name, value, meaning)


def _behind(data: bytes, irm: Irm, at: int) -> Iterator[Field]:
    """Yield what stands between the last field that the level has and the end of the IRM."""
    if irm.end + LLZZ > irm.limit and irm.size >= irm.llll:
        raise Damage(f"IRM_LEN {irm.length} in a message of LLLL {irm.llll}")
    start = irm.end
    if irm.f0 & F0.EXTENS and irm.arch >= MAX_ARCH:
        place = BY_NAME["IRM_EXTN_OFF"]
        start = IRM_START + int.from_bytes(data[place.offset : place.end])
        if not at <= start < irm.end:
            raise Damage(f"IRM_EXTN_OFF {start - IRM_START} in an IRM of {irm.length} bytes")
    elif irm.f0 & F0.EXTENS:
        raise Damage(f"IRM extensions at IRM_ARCH {irm.arch}")
    if start > irm.limit:
        raise Damage(f"{irm.ends_early} inside the IRM")
    if at < start:
        beyond = Field(at, BEYOND, data[at:start], f"not defined at IRM_ARCH {irm.arch}")
        yield hide(beyond, irm.code) if beyond.data.strip(b"\x00" + irm.code.blank) else beyond
    yield from _extensions(data, irm, start)


def _extensions(data: bytes, irm: Irm, at: int) -> Iterator[Field]:
    while at < irm.end:
        length = int.from_bytes(data[at : at + 2])
        if at + HEADER_LENGTH > irm.limit:
            raise Damage(f"{irm.ends_early} inside an IRM extension")
        if length < HEADER_LENGTH or at + length > irm.end:
            raise Damage(f"IRMEXTN_LL {length} with {irm.end - at} bytes of the IRM left")
        if at + length > irm.limit:
            raise Damage(f"{irm.ends_early} inside an IRM extension")
        values = [data[at + place.offset : at + place.end] for place in EXTENSION]
        irm_id = words.name(values[2], irm.code)
        meanings = (f"{length} bytes", words.zeros(values[1]), irm_id)
        for place, value, meaning in zip(EXTENSION, values, meanings, strict=True):
            yield Field(at + place.offset, place.name, value, meaning)
        if length > HEADER_LENGTH:
            value = data[at + HEADER_LENGTH : at + length]
            found = Field(at + HEADER_LENGTH, "IRMEXTN_DATA", value, words.text(value, irm.code.value))
            yield found if irm_id in SHOWN_EXTENSIONS and irm.in_place else hide(found, irm.code)
        at += length


def _name(value: bytes, irm: Irm) -> str:
    return words.name(value, irm.code)


def _irm_id(value: bytes, irm: Irm) -> str:
    shown = words.name(value, irm.code)
    return (
        f"{shown}: {irm.exit_name}, header in {irm.code.name}" if irm.exit_name else f"{shown}: exit not known"
    )


def _f2(value: bytes, _irm: Irm) -> str:
    return words.flags(F2, value[0], "no commit mode: the exit's default")


def _f5(value: bytes, irm: Irm) -> str:
    is_resume = irm.verb is Verb.RESUME_TPIPE
    return words.resume_option(value[0]) if is_resume else words.flags(F5, value[0], "none")


def _extension_offset(value: bytes, _irm: Irm) -> str:
    offset = int.from_bytes(value)
    return f"first IRM extension at offset {IRM_START + offset}" if offset else "no IRM extensions"


_MEANINGS: Final[dict[str, Callable[[bytes, Irm], str]]] = {
    "LLLL": lambda value, _: f"{int.from_bytes(value)} bytes",
    "IRM_LEN": lambda value, _: f"{int.from_bytes(value)} bytes",
    "IRM_ARCH": lambda value, _: words.architecture(value[0]),
    "IRM_F0": lambda value, _: words.flags(F0, value[0], "none"),
    "IRM_ID": _irm_id,
    "IRM_NAK_RSNCDE": lambda value, irm: words.nak_reason(int.from_bytes(value), irm.f0),
    "IRM_RES1": lambda value, _: words.zeros(value),
    "IRM_F5": _f5,
    "IRM_TIMER": lambda value, _: words.timer(value[0]),
    "IRM_SOCT": lambda value, _: words.socket_type(value[0]),
    "IRM_ES": lambda value, _: words.encoding(value[0]),
    "IRM_F1": lambda value, _: words.flags(F1, value[0], "nothing asked for"),
    "IRM_F2": _f2,
    "IRM_F3": lambda value, _: words.flags(F3, value[0], "sync level NONE"),
    "IRM_F4": lambda value, irm: words.verb(value, irm.code),
    "IRM_CORTKN": lambda value, _: words.opaque(value),
    "IRM_SESTKN": lambda value, _: words.opaque(value),
    "IRM_EXTN_OFF": _extension_offset,
    "IRM_F6": lambda value, _: words.flags(F6, value[0], "none"),
    "IRM_RES6": lambda value, _: words.zeros(value),
}
