"""The IRM of a message to IMS Connect, field by field, as far as it can be trusted to be one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from gateway.imsconnect.wire import anatomy_words as words
from gateway.imsconnect.wire.anatomy import HIDDEN, Damage, Field, hide
from gateway.imsconnect.wire.anatomy_head import Head
from gateway.imsconnect.wire.anatomy_layout import (
    BY_NAME,
    EXTENSION,
    FIXED,
    FIXED_END,
    IRM_TOKEN,
    USER,
    Place,
)
from gateway.imsconnect.wire.extensions import HEADER_LENGTH, NETSID, NETUID, TRCKID
from gateway.imsconnect.wire.flags import F0, F1, F2, F3, F5, F6, Verb
from gateway.imsconnect.wire.frame import LLZZ
from gateway.imsconnect.wire.header import Exit, HeaderCode
from gateway.imsconnect.wire.irm import IRM_START, MAX_ARCH, MIN_IRM_LENGTH
from gateway.imsconnect.wire.rules import TOKEN_PREFIX

SHOWN_EXTENSIONS: Final = frozenset({NETUID, NETSID, TRCKID})
"""Names and numbers that IBM describes. All others may hold a phrase, a token, or a site's mark of trust."""
BEYOND: Final = "IRM (not described)"
"""Bytes of the IRM that its level does not define."""
MIN_FIXED: Final = FIXED_END - IRM_START
_USER_EXITS: Final = frozenset(exit_.name for exit_ in Exit)
"""Exits whose user portion is the one of `anatomy_layout`."""
_MAY_SLIDE: Final = frozenset(place.name for place in USER if place.length >= 8 and place.name != "IRM_RACF_PW")
"""Fields that could hold the password when bytes before it are missing or too many."""


def irm_fields(data: bytes, irm: Head) -> Iterator[Field]:
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


def _field(data: bytes, irm: Head, place: Place) -> Field:
    if place.end > irm.limit and place.end > 4:
        raise Damage(f"{irm.ends_early} before the end of {place.name}")
    if place.end > irm.size:
        raise Damage(f"{irm.size} bytes are no {place.name}")
    if place.offset >= IRM_START and place.end > max(irm.end, IRM_START + 2):
        raise Damage(f"IRM_LEN {irm.length} ends before the end of {place.name}")
    value = data[place.offset : place.end]
    return Field(place.offset, place.name, value, _MEANINGS.get(place.name, _name)(value, irm))


def _user_fields(data: bytes, irm: Head, place: Place) -> Iterator[Field]:
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


def _behind(data: bytes, irm: Head, at: int) -> Iterator[Field]:
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


def _extensions(data: bytes, irm: Head, at: int) -> Iterator[Field]:
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


def _name(value: bytes, irm: Head) -> str:
    return words.name(value, irm.code)


def _irm_id(value: bytes, irm: Head) -> str:
    shown = words.name(value, irm.code)
    return (
        f"{shown}: {irm.exit_name}, header in {irm.code.name}" if irm.exit_name else f"{shown}: exit not known"
    )


def _f2(value: bytes, _irm: Head) -> str:
    return words.flags(F2, value[0], "no commit mode: the exit's default")


def _f5(value: bytes, irm: Head) -> str:
    is_resume = irm.verb is Verb.RESUME_TPIPE
    return words.resume_option(value[0]) if is_resume else words.flags(F5, value[0], "none")


def _extension_offset(value: bytes, _irm: Head) -> str:
    offset = int.from_bytes(value)
    return f"first IRM extension at offset {IRM_START + offset}" if offset else "no IRM extensions"


_MEANINGS: Final[dict[str, Callable[[bytes, Head], str]]] = {
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
