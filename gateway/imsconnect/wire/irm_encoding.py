"""The IRM as bytes: what does not change from message to message is laid out once.

That is what an operation says at one IMS (`_head`). Who signs on, and on which socket, is put in each time.

Source: as `irm`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
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

_WHO: Final = frozenset({"client_id", "user", "group", "password", "application"})
"""Texts that are another's with each socket or caller: they are no part of a head."""
_HEAD_TEXTS: Final = tuple(place for place in TEXTS if place.attribute not in _WHO)
_values_of_head: Final = attrgetter(
    "verb",
    "nak_reason",
    *(attribute for _name, _offset, attribute in BYTES),
    *(place.attribute for place in _HEAD_TEXTS),
)
_HEADS_KEPT: Final = 512
"""As many as operations are in use, times their timeouts. A head has 80 to 176 bytes."""
_NAMES_KEPT: Final = 2_048


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which fields an IRM of one level has, and its bytes while nothing is in them."""

    length: int
    """IRM_LEN without extensions."""
    blank: bytes
    """From LLLL on: IRM_LEN, IRM_ID, texts blank, all else zero."""
    who: tuple[Place, ...]
    """Texts that `_head` does not have."""
    values_of_who: _Values
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
    who = tuple(place for place in texts if place.attribute in _WHO)
    return _Layout(length, bytes(blank), who, _values(who), tokens, absent, _values(absent))


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
    out = bytearray(_head(irm.exit, irm.code, irm.arch, with_application, *_values_of_head(irm)))
    _put_who(out, irm, layout)
    for place in layout.tokens:
        _put_token(out, place, getattr(irm, place.attribute))
    if irm.f6:
        _put(out, "IRM_F6", IRM_F6, irm.f6, 1)
    if irm.extensions:
        return _with_extensions(out, irm, layout)
    return bytes(out[IRM_START:])


@lru_cache(maxsize=_HEADS_KEPT)
def _head(  # noqa: PLR0913, PLR0917  all that a head depends on
    exit: Exit,  # noqa: A002
    code: HeaderCode,
    arch: int,
    with_application: bool,
    verb: Verb,
    nak_reason: int,
    *values: Any,
) -> bytes:
    """Return the IRM without who signs on, tokens and extensions; `values` are of `BYTES` and `_HEAD_TEXTS`.

    Heads are kept, so nothing is in them that is secret, or a message's alone.
    """
    out = bytearray(_layout(exit, code, arch, with_application=with_application).blank)
    if nak_reason:
        _put(out, "IRM_NAK_RSNCDE", IRM_NAK_RSNCDE, nak_reason, 2)
    out[IRM_F4] = code.encode(verb.value, 1)[0]
    for (name, offset, _attribute), value in zip(BYTES, values[: len(BYTES)], strict=True):
        try:
            out[offset] = value
        except ValueError:
            raise LocalProtocolError(f"{name} {value} does not fit 1 byte(s)") from None
    for place, text in zip(_HEAD_TEXTS, values[len(BYTES) :], strict=True):
        if text:
            _put_text(out, place, text, code)
    return bytes(out)


def _put_who(out: bytearray, irm: Irm, layout: _Layout) -> None:
    code = irm.code
    for place, value in zip(layout.who, layout.values_of_who(irm), strict=True):
        if not value:
            continue
        if place is PASSWORD:
            _put_text(out, place, value.reveal(), code)
            continue
        try:
            out[place.offset : place.offset + NAME_LENGTH] = _name(code, value)
        except ValueError as error:
            raise LocalProtocolError(f"{place.name}: {error}") from None


def _put_text(out: bytearray, place: Place, text: str, code: HeaderCode) -> None:
    try:
        out[place.offset : place.offset + place.length] = code.encode(text, place.length)
    except ValueError as error:
        raise LocalProtocolError(f"{place.name}: {error}") from None


@lru_cache(maxsize=_NAMES_KEPT)
def _name(code: HeaderCode, text: str) -> bytes:
    """Return a name as its field has it, and keep it: not for passwords. Raises ValueError."""
    return code.encode(text)


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
