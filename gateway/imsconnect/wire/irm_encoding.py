"""The IRM as bytes: what never changes from message to message is laid out once for each level.

Source: as `irm`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final

from gateway.imsconnect.wire.errors import LocalProtocolError
from gateway.imsconnect.wire.extensions import encode_extensions
from gateway.imsconnect.wire.flags import Verb
from gateway.imsconnect.wire.header import NAME_LENGTH, Exit, HeaderCode
from gateway.imsconnect.wire.irm import (
    BYTES,
    EXTN_OFF_PLACE,
    F6_PLACE,
    IRM_EXTN_OFF,
    IRM_F4,
    IRM_F6,
    IRM_ID,
    IRM_NAK_RSNCDE,
    IRM_START,
    MAX_ARCH,
    PASSWORD,
    TEXTS,
    TOKENS,
    Irm,
    Place,
    irm_length,
)

_Values = Callable[[Irm], tuple[Any, ...]]

_VALUES_OF_BYTES: Final = attrgetter(*(attribute for _name, _offset, attribute in BYTES))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which fields an IRM of one level has, and its bytes while nothing is in them."""

    length: int
    """IRM_LEN without extensions."""
    blank: bytes
    """From LLLL on: IRM_LEN, IRM_ID, texts blank, all else zero."""
    texts: tuple[Place, ...]
    values_of_texts: _Values
    tokens: tuple[Place, ...]
    absent: tuple[Place, ...]
    """Fields that need a higher level."""
    values_of_absent: _Values


@cache
def _layout(exit: Exit, code: HeaderCode, arch: int, *, with_application: bool) -> _Layout:  # noqa: A002
    """Return the layout. There are few, and nothing of a message is in them."""
    length = irm_length(arch, with_application=with_application)
    blank = bytearray(IRM_START + length)
    blank[IRM_START : IRM_START + 2] = length.to_bytes(2)
    blank[IRM_ID : IRM_ID + NAME_LENGTH] = code.encode(exit.irm_id)
    texts = tuple(place for place in TEXTS if place.present(arch, length))
    for place in texts:
        blank[place.offset : place.offset + place.length] = code.blank * place.length
    places = (*TEXTS, *TOKENS, F6_PLACE, EXTN_OFF_PLACE)
    absent = tuple(place for place in places if not place.present(arch, length))
    tokens = tuple(place for place in TOKENS if place.present(arch, length))
    return _Layout(length, bytes(blank), texts, _values(texts), tokens, absent, _values(absent))


def _values(places: tuple[Place, ...]) -> _Values:
    """Return what reads the attributes of the places."""
    names = [place.attribute for place in places]
    return attrgetter(*names) if len(names) > 1 else lambda irm: tuple(getattr(irm, name) for name in names)


def encode_irm(irm: Irm) -> bytes:
    """Return the IRM from IRM_LEN to its last extension.

    Raises LocalProtocolError when a value does not fit its field or needs a higher architecture level.
    """
    if not 0 <= irm.arch <= MAX_ARCH:
        raise LocalProtocolError(f"IRM_ARCH is 0 to {MAX_ARCH}, not {irm.arch}")
    with_application = irm.application_field or bool(irm.application)
    layout = _layout(irm.exit, irm.code, irm.arch, with_application=with_application)
    if any(layout.values_of_absent(irm)):
        raise _out_of_place(layout, irm)
    out = bytearray(layout.blank)
    _put_bytes(out, irm)
    _put_texts(out, irm, layout)
    for place in layout.tokens:
        _put_token(out, place, getattr(irm, place.attribute))
    if irm.f6:
        _put(out, "IRM_F6", IRM_F6, irm.f6, 1)
    if irm.extensions:
        return _with_extensions(out, irm, layout)
    return bytes(out[IRM_START:])


def _put_bytes(out: bytearray, irm: Irm) -> None:
    if irm.nak_reason:
        _put(out, "IRM_NAK_RSNCDE", IRM_NAK_RSNCDE, irm.nak_reason, 2)
    out[IRM_F4] = _verb(irm.verb, irm.code)
    for (name, offset, _attribute), value in zip(BYTES, _VALUES_OF_BYTES(irm), strict=True):
        try:
            out[offset] = value
        except ValueError:
            raise LocalProtocolError(f"{name} {value} does not fit 1 byte(s)") from None


@cache
def _verb(verb: Verb, code: HeaderCode) -> int:
    return code.encode(verb.value, 1)[0]


def _put_texts(out: bytearray, irm: Irm, layout: _Layout) -> None:
    code = irm.code
    for place, value in zip(layout.texts, layout.values_of_texts(irm), strict=True):
        if not value:
            continue
        text = value.reveal() if place is PASSWORD else value
        try:
            out[place.offset : place.offset + place.length] = code.encode(text, place.length)
        except ValueError as error:
            raise LocalProtocolError(f"{place.name}: {error}") from None


def _put_token(out: bytearray, place: Place, token: bytes) -> None:
    if not token:
        return
    if len(token) != place.length:
        raise LocalProtocolError(f"{place.name} is {place.length} bytes, not {len(token)}")
    out[place.offset : place.offset + place.length] = token


def _with_extensions(out: bytearray, irm: Irm, layout: _Layout) -> bytes:
    extensions = encode_extensions(irm.extensions, irm.code)
    # unverified: IRM_LEN counts the extensions, since IRM_LEN is what locates the data behind them
    _put(out, "IRM_LEN", IRM_START, layout.length + len(extensions), 2)
    _put(out, "IRM_EXTN_OFF", IRM_EXTN_OFF, layout.length, 2)
    return bytes(out[IRM_START:]) + extensions


def _put(out: bytearray, name: str, offset: int, value: int, length: int) -> None:
    if not 0 <= value < 1 << (8 * length):
        raise LocalProtocolError(f"{name} {value} does not fit {length} byte(s)")
    out[offset : offset + length] = value.to_bytes(length)


def _out_of_place(layout: _Layout, irm: Irm) -> LocalProtocolError:
    """Return the error for the first field that has a value and no place."""
    filled = (place for place, value in zip(layout.absent, layout.values_of_absent(irm), strict=True) if value)
    place = next(filled)
    return LocalProtocolError(f"{place.name} needs IRM_ARCH {place.arch}")
