"""Control data: what a program put beside its ICAL to change converter, port or address of this one call.

Source: Dynamic synchronous callout request processing; Control data in synchronous callout requests. A program
may use tags of its own for anything, so those that mean nothing here are passed over.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from gateway.callout.codes import CalloutError, Status
from gateway.callout.values import Control
from gateway.codepage import CodePage

CONVERTER: Final = "DFSCNVTR"
HOST_PORT: Final = "DFSHOSTPORT"
PORT_NAME: Final = "DFSPORTNAME"
ENDPOINT_URL: Final = "DFSENDPOINTURL"
TAGS: Final = (CONVERTER, HOST_PORT, PORT_NAME, ENDPOINT_URL)

LONGEST: Final = 2048
"""Most characters of a value; no address that is meant for people is longer."""

_NAMES_CCSID: Final = 37
"""Names of members have the same bytes in every code page, which are those that 37 shows as A-Z 0-9 @ # $."""
_CONVERTER: Final = re.compile(r"(?:[A-Z@#$][A-Z0-9@#$]{0,6})?D")
"""The name of a converter has 1 to 8 characters and ends in D."""
_PADDING: Final = " \x00"
"""What a field of fixed length has around its value."""


def read_control(sections: tuple[tuple[str, bytes], ...], ccsid: int) -> Control:
    """Return what the sections (tag, EBCDIC data) change; `ccsid` is the code page of the bundle.

    Addresses are not looked into. Raises CalloutError: CONTROL_DATA_LENGTH for what is no section (its tag is
    empty), a tag twice or in lower case, data that is no text, is too long or empty; PORT_NAME_EMPTY;
    ENDPOINT_URL_EMPTY; CONVERTER_NAME.
    """
    given: dict[str, bytes] = {}
    for tag, data in sections:
        if not tag:
            raise CalloutError(Status.CONTROL_DATA_LENGTH, "the control data is not made of <TAG>data</TAG>")
        known = tag.strip(_PADDING).upper()
        if known not in TAGS:
            continue
        if tag != known:
            raise CalloutError(Status.CONTROL_DATA_LENGTH, f"tag {known} must be in upper case, without blanks")
        if tag in given:
            raise CalloutError(Status.CONTROL_DATA_LENGTH, f"{tag} is there twice")
        given[tag] = data
    values = {tag: _READERS[tag](_text(tag, data, ccsid)) for tag, data in given.items()}
    return Control(
        converter=values.get(CONVERTER, ""),
        origin=values.get(HOST_PORT, ""),
        port=values.get(PORT_NAME, ""),
        address=values.get(ENDPOINT_URL, ""),
    )


def _text(tag: str, data: bytes, ccsid: int) -> str:
    try:
        text = CodePage.of(_NAMES_CCSID if tag == CONVERTER else ccsid).decode(data).strip(_PADDING)
    except UnicodeDecodeError:
        raise CalloutError(Status.CONTROL_DATA_LENGTH, f"{tag} is no text of CCSID {ccsid}") from None
    if len(text) > LONGEST:
        raise CalloutError(Status.CONTROL_DATA_LENGTH, f"{tag} has more than {LONGEST} characters")
    return text


def _converter(text: str) -> str:
    if _CONVERTER.fullmatch(text) is None:
        told = f"{CONVERTER} is no name of a converter: 1 to 8 of A-Z 0-9 @ # $, the last a D"
        raise CalloutError(Status.CONVERTER_NAME, told)
    return text


def _needed(tag: str, status: Status) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text:
            raise CalloutError(status, f"{tag} has no value")
        return text

    return read


_READERS: Final[Mapping[str, Callable[[str], str]]] = {
    CONVERTER: _converter,
    HOST_PORT: _needed(HOST_PORT, Status.CONTROL_DATA_LENGTH),
    PORT_NAME: _needed(PORT_NAME, Status.PORT_NAME_EMPTY),
    ENDPOINT_URL: _needed(ENDPOINT_URL, Status.ENDPOINT_URL_EMPTY),
}
